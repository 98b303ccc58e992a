// macOS's own calls: shm_open(2), F_GETPATH, F_PREALLOCATE, F_FULLFSYNC, renamex_np(2).
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/param.h>
#include <sys/stat.h>
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

const int kMapAtFlag = 0;

// No mremap here: for a moment another thread may see zeroes.
bool MovePage(void* from, void* to, size_t length) {
  if (mmap(to, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0) == MAP_FAILED) return false;
  memcpy(to, from, length);
  munmap(from, length);
  return true;
}

Status Reopen(int descriptor, bool writable, bool inheritable, int* opened) {
  char path[PATH_MAX];
  if (fcntl(descriptor, F_GETPATH, path) == -1) return Failed("fcntl");
  *opened = open(path, (writable ? O_RDWR : O_RDONLY) | (inheritable ? 0 : O_CLOEXEC));
  if (*opened < 0) return Failed("open");
  struct stat wanted;
  struct stat found;
  if (fstat(descriptor, &wanted) == 0 && fstat(*opened, &found) == 0 && wanted.st_dev == found.st_dev && wanted.st_ino == found.st_ino)
    return Status{};
  // The name belongs to another file by now.
  close(*opened);
  *opened = -1;
  return Status{ESTALE, "open"};
}

Status OpenMemory(bool inheritable, int* opened) {
  // At most 31 characters, and gone at once.
  char name[32];
  do {
    snprintf(name, sizeof name, "/holdfast-%08x%08x", arc4random(), arc4random());
    *opened = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  } while (*opened < 0 && errno == EEXIST);
  if (*opened < 0) return Failed("shm_open");
  shm_unlink(name);
  // shm_open sets it.
  if (inheritable) fcntl(*opened, F_SETFD, 0);
  return Status{};
}

Status RequireMemory(uint64_t) { return Status{}; }

// Shared memory is paged to the disk like any other; there is no call that would take the space ahead.
Status FillMemory(int, uint64_t, uint64_t) { return Status{}; }

Status ReadVolume(int descriptor, Volume* volume) {
  struct statfs attributes;
  if (fstatfs(descriptor, &attributes) != 0) return Failed("fstatfs");
  volume->name = attributes.f_fstypename;
  volume->remote = (attributes.f_flags & MNT_LOCAL) == 0;
  return Status{};
}

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
