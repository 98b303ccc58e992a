// Where named objects live on POSIX systems: one directory for each scope, with a file for each object and a FIFO for each bell.
//
// `Local\`: HOLDFAST-UID-SESSION, for its owner only. `Global\`: one directory for all users, sticky, so that nobody removes what is
// another's. Both under /dev/shm where there is one, else under the temporary directory, or where the environment variable
// HOLDFAST_OBJECTS says. Who creates, opens, closes or sweeps holds the directory's lock (flock(2)) for that moment.
//
// A file is alive while anybody holds a shared lock on its reference byte; the kernel frees those of the dead.
#ifndef HOLDFAST_NATIVE_POSIX_OBJECT_NAMESPACE_H_
#define HOLDFAST_NATIVE_POSIX_OBJECT_NAMESPACE_H_

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "../objects.h"

namespace holdfast {
namespace platform {

// Far behind the end of every object file.
constexpr uint64_t kReferenceByte = 1ULL << 40;

// A descriptor that closes by itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { Reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  int get() const { return number_; }
  bool valid() const { return number_ >= 0; }
  int Release() {
    const int number = number_;
    number_ = -1;
    return number;
  }
  void Reset(int number = -1);

 private:
  int number_ = -1;
};

// The directories of both scopes, as one agent sees them.
struct Namespace {
  std::string path[2];
};
Namespace FindNamespace();

// fcntl of one lock on one byte. `type` is F_RDLCK, F_WRLCK or F_UNLCK; `*locked` says if it was to be had.
Status SetByteLock(int descriptor, short type, uint64_t byte, bool* locked);
// Waits for an exclusive lock.
Status WaitForByteLock(int descriptor, uint64_t byte);
// Frees all locks of the descriptor's open file description.
void FreeAllLocks(int descriptor);
// Whether anybody else holds a lock on the byte.
Status IsByteHeld(int descriptor, uint64_t byte, bool* held);

// A scope's directory, locked from Open to destruction.
class LockedDirectory {
 public:
  LockedDirectory() = default;
  ~LockedDirectory() { Close(); }
  LockedDirectory(const LockedDirectory&) = delete;
  LockedDirectory& operator=(const LockedDirectory&) = delete;
  // Creates the directory if it is missing and checks whose it is. kErrorAccessDenied if it cannot be trusted.
  Status Open(const std::string& path, Scope scope);
  void Close();
  int descriptor() const { return directory_.get(); }

  // Removes up to `limit` files that nobody holds, going on where the last call stopped. `*live` counts the others.
  Status Sweep(size_t limit, uint32_t* live);

 private:
  Descriptor directory_;
};

// A unix socket that does not block and is not inherited.
Descriptor OpenSocket();
// The address of an entry of a directory; false if it is too long.
bool SocketAddress(int directory, const std::string& entry, sockaddr_un* address);

// A random number that is not 0.
uint64_t RandomId();
std::string Hex(uint64_t number);

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_POSIX_OBJECT_NAMESPACE_H_
