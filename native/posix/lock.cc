// One-byte locks on POSIX systems: open-file-description locks.
//
// Not the classic record locks, which belong to the process: the close of any other descriptor of the same file drops them
// all, and two Files of one process would not exclude each other.
#include <fcntl.h>
#include <unistd.h>

#include "kernel.h"

namespace holdfast {
namespace platform {

namespace kernel {

int SetLock(int descriptor, short type, uint64_t offset) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(offset);
  lock.l_len = 1;
  int result;
  do {
    result = fcntl(descriptor, kSetDescriptionLock, &lock);
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace kernel

Status File::TryLock(uint64_t offset, bool exclusive, bool* locked) const {
  *locked = kernel::SetLock(static_cast<int>(handle_), exclusive ? F_WRLCK : F_RDLCK, offset) == 0;
  return *locked || errno == EAGAIN || errno == EACCES ? Status{} : kernel::Failed("fcntl");
}

Status File::Unlock(uint64_t offset) const {
  return kernel::SetLock(static_cast<int>(handle_), F_UNLCK, offset) == 0 ? Status{} : kernel::Failed("fcntl");
}

}  // namespace platform
}  // namespace holdfast
