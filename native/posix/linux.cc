// Linux's own calls: open-file-description locks, fallocate(2), fdatasync(2), renameat2(2).
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
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

// MAP_FIXED_NOREPLACE, which older C libraries do not name; kernels before 4.17 take it as nothing, and the address as a wish.
const int kMapAtFlag = 0x100000;

bool MovePage(void* from, void* to, size_t length) {
  return mremap(from, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED;
}

Status Reopen(int descriptor, bool writable, bool inheritable, int* opened) {
  char path[40];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  do {
    *opened = open(path, (writable ? O_RDWR : O_RDONLY) | (inheritable ? 0 : O_CLOEXEC));
  } while (*opened < 0 && errno == EINTR);
  return *opened >= 0 ? Status{} : Failed("open");
}

Status OpenMemory(bool inheritable, int* opened) {
  // By number: older C libraries have no wrapper. MFD_CLOEXEC is 1.
  *opened = static_cast<int>(syscall(SYS_memfd_create, "holdfast", inheritable ? 0u : 1u));
  return *opened >= 0 ? Status{} : Failed("memfd_create");
}

namespace {

// The number behind `label` in a file, or the first one without a label; UINT64_MAX if there is none.
uint64_t NumberIn(const char* path, const char* label) {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return UINT64_MAX;
  char line[256];
  uint64_t number = UINT64_MAX;
  while (number == UINT64_MAX && std::fgets(line, sizeof line, file) != nullptr) {
    const size_t length = std::strlen(label);
    unsigned long long found;
    if (std::strncmp(line, label, length) == 0 && std::sscanf(line + length, "%llu", &found) == 1) number = found;
  }
  std::fclose(file);
  return number;
}

}  // namespace

Status RequireMemory(uint64_t length) {
  constexpr uint64_t kWorthAsking = 64 * 1024 * 1024;
  if (length < kWorthAsking) return Status{};
  const uint64_t available = NumberIn("/proc/meminfo", "MemAvailable:");
  if (available != UINT64_MAX && length / 1024 >= available) return Status{ENOMEM, "fallocate"};
  // A container's own limit.
  const uint64_t most = NumberIn("/sys/fs/cgroup/memory.max", "");
  const uint64_t used = NumberIn("/sys/fs/cgroup/memory.current", "");
  if (most != UINT64_MAX && used != UINT64_MAX && (used >= most || length >= most - used)) return Status{ENOMEM, "fallocate"};
  return Status{};
}

Status FillMemory(int descriptor, uint64_t offset, uint64_t length) {
  const Status status = RequireMemory(length);
  return status.ok() ? AllocateRange(descriptor, offset, length) : status;
}

Status ReadVolume(int descriptor, Volume* volume) {
  struct statfs attributes;
  if (fstatfs(descriptor, &attributes) != 0) return Failed("fstatfs");
  // The numbers are 32 bits wide; the field is signed and wider.
  volume->type = static_cast<uint32_t>(attributes.f_type);
  return Status{};
}

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
