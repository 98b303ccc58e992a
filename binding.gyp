{
  'targets': [
    {
      'target_name': 'holdfast',
      'sources': [
        'native/binding.cc',
        'native/crc32c.cc',
        'native/file_object.cc',
        'native/flush_job.cc',
        'native/node_error.cc',
        'native/page_runs.cc',
        'native/view_object.cc',
        'native/win32_names.cc',
      ],
      'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
      'defines': ['NAPI_VERSION=9', 'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'],
      'cflags': ['-O2', '-Wall', '-Wextra', '-Werror'],
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
      'cflags_cc': ['-std=c++17', '-fvisibility=hidden'],
      'msvs_settings': {'VCCLCompilerTool': {'WarningLevel': 3, 'WarnAsError': 'true', 'AdditionalOptions': ['/std:c++17']}},
      'xcode_settings': {
        'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
        'GCC_OPTIMIZATION_LEVEL': '2',
        'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
        'GCC_TREAT_WARNINGS_AS_ERRORS': 'YES',
        'MACOSX_DEPLOYMENT_TARGET': '11.0',
        'WARNING_CFLAGS': ['-Wall', '-Wextra'],
      },
      'conditions': [
        ["OS=='win'", {
          'sources': [
            'native/win32/directory.cc',
            'native/win32/error.cc',
            'native/win32/file.cc',
            'native/win32/handle.cc',
            'native/win32/lock.cc',
            'native/win32/view.cc',
          ],
          'defines': ['UNICODE', 'NOMINMAX', 'WIN32_LEAN_AND_MEAN', '_WIN32_WINNT=0x0A00'],
        }, {
          'sources': [
            'native/posix/directory.cc',
            'native/posix/error.cc',
            'native/posix/file.cc',
            'native/posix/lock.cc',
            'native/posix/view.cc',
          ],
        }],
        ["OS=='mac'", {'sources': ['native/posix/darwin.cc']}],
        ["OS!='mac' and OS!='win'", {'sources': ['native/posix/linux.cc'], 'defines': ['_FILE_OFFSET_BITS=64']}],
        ["target_arch=='x64'", {'sources': ['native/crc32c_x64.cc']}],
        ["target_arch=='arm64'", {'sources': ['native/crc32c_arm64.cc']}],
        ["target_arch!='x64' and target_arch!='arm64'", {'sources': ['native/crc32c_other.cc']}],
      ],
    },
  ],
}
