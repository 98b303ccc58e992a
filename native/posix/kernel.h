// The few calls in which POSIX kernels differ; linux.cc and darwin.cc define them and the build picks one.
#ifndef HOLDFAST_NATIVE_POSIX_KERNEL_H_
#define HOLDFAST_NATIVE_POSIX_KERNEL_H_

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>

#include "../platform.h"

namespace holdfast {
namespace platform {
namespace kernel {

// The status of a call that has just set errno.
inline Status Failed(const char* call) { return Status{static_cast<uint32_t>(errno), call}; }

// fcntl command that locks for the open file description, which a close of another descriptor does not undo.
extern const int kSetDescriptionLock;
// The same, waiting for the lock; and the command that asks who stands against one.
extern const int kSetDescriptionLockWait;
extern const int kGetDescriptionLock;

// A path that opens the file behind a descriptor anew, as an open file description of its own; empty if there is none.
std::string ReopenPath(int descriptor);

// The path of an open directory into `path` (PATH_MAX characters), where ReopenPath has none.
bool PathOf(int descriptor, char* path);

// The user at the other end of a unix socket.
Status PeerUser(int socket, uint32_t* uid);

// The login session of this process; 0 if it has none.
uint32_t LoginSession();

// Where memory is kept as files: a directory on a file system in memory that every user may use; empty if there is none.
const char* MemoryDirectory();

// Flags of msync that let a following FlushFile see what was stored through a mapping.
extern const int kStartFlushFlags;

// Behind every byte that JavaScript can name: held shared by Sections, alone by whoever cuts the file.
constexpr uint64_t kMappedLockOffset = uint64_t{1} << 62;

// Sets (F_RDLCK, F_WRLCK) or removes (F_UNLCK) the description's lock of one byte: 0, or -1 with errno. Defined in lock.cc.
int SetLock(int descriptor, short type, uint64_t offset);

// Flag of mmap that makes a wished address an order which never replaces anything; 0 where it can only be a wish.
extern const int kMapAtFlag;

// Puts one mapped page where another one is, for use in a signal handler. False if the system refuses.
bool MovePage(void* from, void* to, size_t length);

// Opens the file behind a descriptor once more, as a description of its own.
Status Reopen(int descriptor, bool writable, bool inheritable, int* opened);

// Opens an empty file without a name, in memory.
Status OpenMemory(bool inheritable, int* opened);

// Fails with ENOMEM if so many bytes of memory are not to be had: the kernel would hand them out and then kill processes. Asks for large amounts only.
Status RequireMemory(uint64_t length);

// Gives a range of a memory file real space.
Status FillMemory(int descriptor, uint64_t offset, uint64_t length);

// What statfs says of the file system.
Status ReadVolume(int descriptor, Volume* volume);

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
