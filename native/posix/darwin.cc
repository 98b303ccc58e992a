// macOS's own calls: F_PREALLOCATE, F_FULLFSYNC, renamex_np(2).
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel.h"

namespace holdfast {
namespace platform {
namespace kernel {

// F_OFD_SETLK; the system has it although older SDK headers do not show it.
const int kSetDescriptionLock = 90;
const int kSetDescriptionLockWait = 91;
const int kGetDescriptionLock = 92;

// fsync(2) here does not look for stores through mappings.
const int kStartFlushFlags = MS_SYNC;

Status AllocateRange(int descriptor, uint64_t offset, uint64_t length) {
  fstore_t store = {};
  store.fst_flags = F_ALLOCATEALL;
  store.fst_posmode = F_PEOFPOSMODE;
  store.fst_length = static_cast<off_t>(length);
  if (fcntl(descriptor, F_PREALLOCATE, &store) == -1) {
    if (errno == ENOTSUP) errno = EOPNOTSUPP;
    return Failed("fcntl");
  }
  return ftruncate(descriptor, static_cast<off_t>(offset + length)) == 0 ? Status{} : Failed("ftruncate");
}

// fsync(2) leaves the data in the drive's cache; only F_FULLFSYNC reaches the medium. Some network and foreign file
// systems do not know it, and then fsync is the best there is.
Status FlushFile(int descriptor) {
  if (fcntl(descriptor, F_FULLFSYNC) == 0) return Status{};
  if (errno != ENOTSUP && errno != ENOTTY && errno != EINVAL) return Failed("fcntl");
  return fsync(descriptor) == 0 ? Status{} : Failed("fsync");
}

Status RenameNoReplace(const char* from, const char* to) {
  if (renamex_np(from, to, RENAME_EXCL) == 0) return Status{};
  if (errno == ENOTSUP) errno = EINVAL;
  return Failed("rename");
}

// /dev/fd duplicates the descriptor here and does not open anew.
std::string ReopenPath(int) { return std::string(); }

bool PathOf(int descriptor, char* path) { return fcntl(descriptor, F_GETPATH, path) == 0; }

Status PeerUser(int socket, uint32_t* uid) {
  uid_t user;
  gid_t group;
  if (getpeereid(socket, &user, &group) != 0) return Failed("getpeereid");
  *uid = user;
  return Status{};
}

uint32_t LoginSession() { return 0; }

const char* MemoryDirectory() { return ""; }

}  // namespace kernel
}  // namespace platform
}  // namespace holdfast
