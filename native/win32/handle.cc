// What the Win32 files share: overlapped calls and paths.
#include "handle.h"

namespace holdfast {
namespace platform {
namespace win32 {

OverlappedCall::OverlappedCall(uint64_t offset) : event_(CreateEventW(nullptr, TRUE, FALSE, nullptr)) {
  overlapped_.Offset = static_cast<DWORD>(offset);
  overlapped_.OffsetHigh = static_cast<DWORD>(offset >> 32);
  overlapped_.hEvent = event_.get();
}

DWORD OverlappedCall::Wait(HANDLE handle, BOOL returned, DWORD* count) {
  *count = 0;
  if (!returned && GetLastError() != ERROR_IO_PENDING) return GetLastError();
  return GetOverlappedResult(handle, &overlapped_, count, TRUE) ? ERROR_SUCCESS : GetLastError();
}

namespace {

std::wstring ToWide(const std::string& text) {
  const int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), static_cast<int>(text.size()), nullptr, 0);
  std::wstring wide(static_cast<size_t>(length > 0 ? length : 0), L'\0');
  if (length > 0) MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), &wide[0], length);
  return wide;
}

bool StartsWith(const std::wstring& text, const wchar_t* start) { return text.rfind(start, 0) == 0; }

}  // namespace

std::wstring ToWidePath(const std::string& path) {
  const std::wstring wide = ToWide(path);
  // Paths in the system's own name space are left as they are.
  if (wide.empty() || StartsWith(wide, L"\\\\?\\") || StartsWith(wide, L"\\\\.\\")) return wide;
  const DWORD size = GetFullPathNameW(wide.c_str(), 0, nullptr, nullptr);
  std::wstring full(size, L'\0');
  const DWORD length = size > 0 ? GetFullPathNameW(wide.c_str(), size, &full[0], nullptr) : 0;
  // 0: it has no full form; more than there was room for: the current directory changed meanwhile.
  if (length == 0 || length >= size) return wide;
  full.resize(length);
  if (StartsWith(full, L"\\\\.\\")) return full;
  return StartsWith(full, L"\\\\") ? L"\\\\?\\UNC\\" + full.substr(2) : L"\\\\?\\" + full;
}

}  // namespace win32
}  // namespace platform
}  // namespace holdfast
