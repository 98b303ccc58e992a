// Linux's own calls: open-file-description locks, fallocate(2), fdatasync(2), renameat2(2).
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdio>

#include "kernel.h"

namespace holdfast {
namespace platform {
namespace kernel {

const int kSetDescriptionLock = F_OFD_SETLK;

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

Status FillMemory(int descriptor, uint64_t offset, uint64_t length) { return AllocateRange(descriptor, offset, length); }

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

}  // namespace kernel
}  // namespace platform
}  // namespace holdfast
