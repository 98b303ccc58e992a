// One-byte locks on Windows: LockFileEx, which belong to the handle and go with it.
#include "handle.h"

namespace holdfast {
namespace platform {

using win32::OverlappedCall;
using win32::ToHandle;

Status File::TryLock(uint64_t offset, bool exclusive, bool* locked) const {
  *locked = false;
  OverlappedCall call(offset);
  if (!call.valid()) return win32::Failed("CreateEvent");
  const DWORD flags = LOCKFILE_FAIL_IMMEDIATELY | (exclusive ? LOCKFILE_EXCLUSIVE_LOCK : 0);
  DWORD count;
  const DWORD error = call.Wait(ToHandle(handle_), LockFileEx(ToHandle(handle_), flags, 0, 1, 0, call.get()), &count);
  *locked = error == ERROR_SUCCESS;
  return *locked || error == ERROR_LOCK_VIOLATION ? Status{} : Status{error, "LockFileEx"};
}

Status File::Unlock(uint64_t offset) const {
  OverlappedCall call(offset);
  if (!call.valid()) return win32::Failed("CreateEvent");
  DWORD count;
  const DWORD error = call.Wait(ToHandle(handle_), UnlockFileEx(ToHandle(handle_), 0, 1, 0, call.get()), &count);
  return error == ERROR_SUCCESS ? Status{} : Status{error, "UnlockFileEx"};
}

}  // namespace platform
}  // namespace holdfast
