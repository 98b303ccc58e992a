// What the Win32 files share: handles, the last error, paths, overlapped calls.
#ifndef HOLDFAST_NATIVE_WIN32_HANDLE_H_
#define HOLDFAST_NATIVE_WIN32_HANDLE_H_

#include <windows.h>

#include <cstdint>
#include <string>

#include "../platform.h"

namespace holdfast {
namespace platform {
namespace win32 {

// Codes of winerror.h that older headers lack.
constexpr DWORD kErrorDirectoryNotSupported = 336;
constexpr DWORD kErrorDiskQuotaExceeded = 1295;

// The status of a call that has just failed.
inline Status Failed(const char* call) {
  const DWORD error = GetLastError();
  // A failure without a number must not look like a success.
  return Status{error != ERROR_SUCCESS ? error : ERROR_GEN_FAILURE, call};
}

// SAFETY: the contract keeps a HANDLE as an integer of the same size.
inline HANDLE ToHandle(intptr_t handle) { return reinterpret_cast<HANDLE>(handle); }

// Closes a handle at the end of its scope.
class ScopedHandle {
 public:
  explicit ScopedHandle(HANDLE handle) : handle_(handle) {}
  ~ScopedHandle() {
    if (valid()) CloseHandle(handle_);
  }
  ScopedHandle(const ScopedHandle&) = delete;
  ScopedHandle& operator=(const ScopedHandle&) = delete;

  bool valid() const { return handle_ != nullptr && handle_ != INVALID_HANDLE_VALUE; }
  HANDLE get() const { return handle_; }

 private:
  const HANDLE handle_;
};

// One call on a file that was opened for overlapped work, waited for. Files are opened so because calls on a synchronous
// handle wait for one another: a write would wait for a flush on another thread.
class OverlappedCall {
 public:
  explicit OverlappedCall(uint64_t offset);

  bool valid() const { return event_.valid(); }
  OVERLAPPED* get() { return &overlapped_; }

  // Turns what the call returned into how it ended: 0 or the Win32 code; `*count` is the bytes that it moved.
  DWORD Wait(HANDLE handle, BOOL returned, DWORD* count);

 private:
  OVERLAPPED overlapped_ = {};
  const ScopedHandle event_;
};

// The path in UTF-16, absolute and with the prefix that lifts the limit of 260 characters. Empty if it cannot be one.
std::wstring ToWidePath(const std::string& path);

}  // namespace win32
}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_WIN32_HANDLE_H_
