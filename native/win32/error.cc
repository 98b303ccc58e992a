// Win32 codes in the terms of Node's errors: the portable name, libuv's number for it on Windows, the system's message.
#include <algorithm>
#include <iterator>

#include "handle.h"

namespace holdfast {
namespace platform {

namespace {

struct Translation {
  DWORD win32_code;
  const char* name;
  int number;
};

// The numbers are libuv's for Windows (uv/errno.h), where there is no errno of the system behind them.
constexpr Translation kTranslations[] = {
    {ERROR_ACCESS_DENIED, "EACCES", -4092},
    {ERROR_ALREADY_EXISTS, "EEXIST", -4075},
    {ERROR_BAD_NETPATH, "ENOENT", -4058},
    {ERROR_BAD_NET_NAME, "ENOENT", -4058},
    {ERROR_BAD_PATHNAME, "ENOENT", -4058},
    {ERROR_COMMITMENT_LIMIT, "ENOMEM", -4057},
    {ERROR_CRC, "EIO", -4070},
    {ERROR_DIRECTORY, "ENOTDIR", -4052},
    {win32::kErrorDirectoryNotSupported, "EISDIR", -4068},
    {ERROR_DISK_FULL, "ENOSPC", -4055},
    {win32::kErrorDiskQuotaExceeded, "ENOSPC", -4055},
    {ERROR_FILENAME_EXCED_RANGE, "ENAMETOOLONG", -4064},
    {ERROR_FILE_EXISTS, "EEXIST", -4075},
    {ERROR_FILE_INVALID, "EINVAL", -4071},
    {ERROR_FILE_NOT_FOUND, "ENOENT", -4058},
    {ERROR_FILE_TOO_LARGE, "EFBIG", -4036},
    {ERROR_HANDLE_DISK_FULL, "ENOSPC", -4055},
    {ERROR_INVALID_ADDRESS, "EEXIST", -4075},
    {ERROR_INVALID_HANDLE, "EBADF", -4083},
    {ERROR_INVALID_NAME, "ENOENT", -4058},
    {ERROR_INVALID_PARAMETER, "EINVAL", -4071},
    {ERROR_IO_DEVICE, "EIO", -4070},
    {ERROR_LOCK_VIOLATION, "EBUSY", -4082},
    {ERROR_MAPPED_ALIGNMENT, "EINVAL", -4071},
    {ERROR_NOT_ENOUGH_MEMORY, "ENOMEM", -4057},
    {ERROR_NOT_SAME_DEVICE, "EXDEV", -4037},
    {ERROR_NOT_SUPPORTED, "ENOTSUP", -4049},
    {ERROR_NO_SYSTEM_RESOURCES, "ENOMEM", -4057},
    {ERROR_OUTOFMEMORY, "ENOMEM", -4057},
    {ERROR_PATH_NOT_FOUND, "ENOENT", -4058},
    {ERROR_PRIVILEGE_NOT_HELD, "EPERM", -4048},
    {ERROR_READ_FAULT, "EIO", -4070},
    {ERROR_SHARING_VIOLATION, "EBUSY", -4082},
    {ERROR_TOO_MANY_OPEN_FILES, "EMFILE", -4066},
    {ERROR_USER_MAPPED_FILE, "EBUSY", -4082},
    {ERROR_WRITE_FAULT, "EIO", -4070},
    {ERROR_WRITE_PROTECT, "EROFS", -4043},
};

// The system's text for a code, in English if it has that, without its final dot and line break.
std::string SystemMessage(DWORD code) {
  constexpr DWORD kFlags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
  char text[512];
  DWORD length = FormatMessageA(kFlags, nullptr, code, MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), text, sizeof text, nullptr);
  if (length == 0) length = FormatMessageA(kFlags, nullptr, code, 0, text, sizeof text, nullptr);
  while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '.')) length--;
  return length > 0 ? std::string(text, length) : "Win32 error " + std::to_string(code);
}

}  // namespace

ErrorDescription Describe(uint32_t os_error) {
  const auto* found = std::find_if(std::begin(kTranslations), std::end(kTranslations),
                                   [os_error](const Translation& entry) { return entry.win32_code == os_error; });
  if (found == std::end(kTranslations)) return {"UNKNOWN", -4094, SystemMessage(os_error)};
  return {found->name, found->number, SystemMessage(os_error)};
}

uint32_t Win32Code(const Status& status) { return status.os_error; }

}  // namespace platform
}  // namespace holdfast
