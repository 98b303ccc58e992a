// Linux's own calls: open-file-description locks, fallocate(2), fdatasync(2), renameat2(2).
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "kernel.h"

namespace holdfast {
namespace platform {
namespace kernel {

const int kSetDescriptionLock = F_OFD_SETLK;
const int kSetDescriptionLockWait = F_OFD_SETLKW;
const int kGetDescriptionLock = F_OFD_GETLK;

// fdatasync(2) finds what was stored through mappings by itself.
const int kStartFlushFlags = MS_ASYNC;

// Not posix_fallocate(3): where the file system cannot allocate, glibc reads and rewrites every block behind the back of
// other processes.
Status AllocateRange(int descriptor, uint64_t offset, uint64_t length) {
  int result;
  do {
    result = fallocate(descriptor, 0, static_cast<off_t>(offset), static_cast<off_t>(length));
  } while (result != 0 && errno == EINTR);
  return result == 0 ? Status{} : Failed("fallocate");
}

Status FlushFile(int descriptor) {
  int result;
  do {
    result = fdatasync(descriptor);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? Status{} : Failed("fdatasync");
}

// By number: older C libraries have no wrapper.
Status RenameNoReplace(const char* from, const char* to) {
  const long result = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
  return result == 0 ? Status{} : Failed("rename");
}

std::string ReopenPath(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

bool PathOf(int, char*) { return false; }

Status PeerUser(int socket, uint32_t* uid) {
  ucred peer = {};
  socklen_t length = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return Failed("getsockopt");
  *uid = peer.uid;
  return Status{};
}

uint32_t LoginSession() {
  char text[16] = {};
  const int descriptor = open("/proc/self/sessionid", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  const ssize_t length = read(descriptor, text, sizeof text - 1);
  close(descriptor);
  const unsigned long long session = length > 0 ? std::strtoull(text, nullptr, 10) : 0;
  // All ones: not set, which is usual in containers and services.
  return session >= UINT32_MAX ? 0 : static_cast<uint32_t>(session);
}

const char* MemoryDirectory() { return "/dev/shm"; }

}  // namespace kernel
}  // namespace platform
}  // namespace holdfast
