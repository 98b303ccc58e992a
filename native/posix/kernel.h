// The few calls in which POSIX kernels differ; linux.cc and darwin.cc define them and the build picks one.
#ifndef HOLDFAST_NATIVE_POSIX_KERNEL_H_
#define HOLDFAST_NATIVE_POSIX_KERNEL_H_

#include <cerrno>
#include <cstdint>

#include "../platform.h"

namespace holdfast {
namespace platform {
namespace kernel {

// The status of a call that has just set errno.
inline Status Failed(const char* call) { return Status{static_cast<uint32_t>(errno), call}; }

// fcntl command that locks for the open file description, which a close of another descriptor does not undo.
extern const int kSetDescriptionLock;

// Flags of msync that let a following FlushFile see what was stored through a mapping.
extern const int kStartFlushFlags;

// Allocates [offset, offset + length) and extends the file; fails with EOPNOTSUPP where the file system cannot.
Status AllocateRange(int descriptor, uint64_t offset, uint64_t length);

// Makes the file's data and size durable, in the drive too.
Status FlushFile(int descriptor);

// Renames and fails with EEXIST if `to` exists; with EINVAL or ENOSYS where the file system cannot.
Status RenameNoReplace(const char* from, const char* to);

}  // namespace kernel
}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_POSIX_KERNEL_H_
