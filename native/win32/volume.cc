// The file system of a file on Windows: GetVolumeInformationByHandleW, FileRemoteProtocolInfo.
#include "handle.h"

namespace holdfast {
namespace platform {

namespace {

// Names of file systems are plain ASCII.
std::string ToNarrow(const wchar_t* text) {
  std::string narrow;
  for (; *text != L'\0'; text++) narrow += *text < 128 ? static_cast<char>(*text) : '?';
  return narrow;
}

// The drive or share that a file is on, from its final path: "\\?\UNC\..." is a share.
bool IsOnShare(HANDLE handle) {
  wchar_t path[MAX_PATH + 1];
  const DWORD length = GetFinalPathNameByHandleW(handle, path, MAX_PATH, FILE_NAME_NORMALIZED | VOLUME_NAME_DOS);
  // A longer path is not copied, but a share's would begin as its file's protocol information says.
  if (length == 0 || length > MAX_PATH) return false;
  const std::wstring full(path, length);
  if (full.rfind(L"\\\\?\\UNC\\", 0) == 0) return true;
  if (full.rfind(L"\\\\?\\", 0) != 0 || full.size() < 7) return false;
  return GetDriveTypeW(full.substr(4, 3).c_str()) == DRIVE_REMOTE;
}

}  // namespace

Status File::GetVolume(Volume* volume) const {
  const HANDLE handle = win32::ToHandle(handle_);
  wchar_t name[MAX_PATH + 1] = L"";
  if (!GetVolumeInformationByHandleW(handle, nullptr, 0, nullptr, nullptr, nullptr, name, MAX_PATH))
    return win32::Failed("GetVolumeInformationByHandle");
  volume->name = ToNarrow(name);
  // Fails for every file that is not behind a redirector.
  FILE_REMOTE_PROTOCOL_INFO protocol = {};
  volume->remote = GetFileInformationByHandleEx(handle, FileRemoteProtocolInfo, &protocol, sizeof protocol) != 0 || IsOnShare(handle);
  return Status{};
}

}  // namespace platform
}  // namespace holdfast
