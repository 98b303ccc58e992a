// The directories of named objects: found, made, checked, locked, swept.
#include "object_namespace.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "kernel.h"

namespace holdfast {
namespace platform {

namespace {

// Where the next partial sweep goes on, for each scope of the process; a stale place only changes the order.
std::atomic<long> sweep_place{0};

struct flock ByteRange(short type, uint64_t byte, off_t length) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(byte);
  lock.l_len = length;
  return lock;
}

bool IsDirectory(const char* path) {
  struct stat attributes;
  return path[0] != '\0' && stat(path, &attributes) == 0 && S_ISDIR(attributes.st_mode) && access(path, W_OK | X_OK) == 0;
}

std::string Root() {
  const char* wished = std::getenv("HOLDFAST_OBJECTS");
  if (wished != nullptr && wished[0] != '\0') return wished;
  if (IsDirectory(kernel::MemoryDirectory())) return kernel::MemoryDirectory();
  const char* temporary = std::getenv("TMPDIR");
  return temporary != nullptr && temporary[0] != '\0' ? temporary : "/tmp";
}

// The sticky bit cannot be given to mkdir, and the directory must never be seen without it: made under another name.
Status MakeGlobal(const std::string& path) {
  const std::string temporary = path + "-" + Hex(RandomId());
  if (mkdir(temporary.c_str(), 0700) != 0) return kernel::Failed("mkdir");
  Status status = chmod(temporary.c_str(), 01777) == 0 ? Status{} : kernel::Failed("chmod");
  if (status.ok()) {
    status = kernel::RenameNoReplace(temporary.c_str(), path.c_str());
    // Without an exclusive rename: a plain one replaces nothing but an empty directory, which is the same.
    if (status.os_error == EINVAL || status.os_error == ENOSYS)
      status = rename(temporary.c_str(), path.c_str()) == 0 ? Status{} : kernel::Failed("rename");
  }
  if (!status.ok()) rmdir(temporary.c_str());
  return status.os_error == EEXIST || status.os_error == ENOTEMPTY ? Status{} : status;
}

Status Make(const std::string& path, Scope scope) {
  if (scope == Scope::kGlobal) return MakeGlobal(path);
  return mkdir(path.c_str(), 0700) == 0 || errno == EEXIST ? Status{} : kernel::Failed("mkdir");
}

// A directory of ours is nobody else's to write to; one for all must be sticky.
bool Trusted(const struct stat& attributes, Scope scope) {
  if (!S_ISDIR(attributes.st_mode)) return false;
  if (scope == Scope::kLocal) return attributes.st_uid == geteuid() && (attributes.st_mode & 077) == 0;
  return (attributes.st_mode & S_ISVTX) != 0 || (attributes.st_mode & 022) == 0;
}

enum class Life { kLive, kDead, kForeign };

// Whether anybody listens on an offer's socket. Who connects and says nothing is turned away there.
bool IsListening(int directory, const char* entry) {
  const Descriptor socket = OpenSocket();
  sockaddr_un address;
  if (!socket.valid() || !SocketAddress(directory, entry, &address)) return true;
  // SAFETY: the socket calls take every kind of address by this type.
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  return errno != ECONNREFUSED && errno != ENOENT;
}

// Whether anybody holds an object's file or reads a bell's FIFO.
Life LifeOf(int directory, const char* entry) {
  if (entry[0] == 't') return IsListening(directory, entry) ? Life::kLive : Life::kDead;
  const bool bell = entry[0] == 'b';
  const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (bell ? O_WRONLY : O_RDONLY);
  const Descriptor file(openat(directory, entry, flags));
  if (!file.valid()) return bell && errno == ENXIO ? Life::kDead : Life::kForeign;
  if (bell) return Life::kLive;
  bool held = true;
  return IsByteHeld(file.get(), kReferenceByte, &held).ok() && !held ? Life::kDead : Life::kLive;
}

}  // namespace

void Descriptor::Reset(int number) {
  if (number_ >= 0) close(number_);
  number_ = number;
}

Namespace FindNamespace() {
  const std::string root = Root();
  const std::string local = "/holdfast-" + std::to_string(geteuid()) + "-" + std::to_string(kernel::LoginSession());
  return {{root + local, root + "/holdfast-global"}};
}

Status SetByteLock(int descriptor, short type, uint64_t byte, bool* locked) {
  struct flock lock = ByteRange(type, byte, 1);
  int result;
  do {
    result = fcntl(descriptor, kernel::kSetDescriptionLock, &lock);
  } while (result != 0 && errno == EINTR);
  *locked = result == 0;
  return *locked || errno == EAGAIN || errno == EACCES ? Status{} : kernel::Failed("fcntl");
}

Status WaitForByteLock(int descriptor, uint64_t byte) {
  struct flock lock = ByteRange(F_WRLCK, byte, 1);
  int result;
  do {
    result = fcntl(descriptor, kernel::kSetDescriptionLockWait, &lock);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? Status{} : kernel::Failed("fcntl");
}

void FreeAllLocks(int descriptor) {
  struct flock lock = ByteRange(F_UNLCK, 0, 0);
  fcntl(descriptor, kernel::kSetDescriptionLock, &lock);
}

Status IsByteHeld(int descriptor, uint64_t byte, bool* held) {
  struct flock lock = ByteRange(F_WRLCK, byte, 1);
  if (fcntl(descriptor, kernel::kGetDescriptionLock, &lock) != 0) return kernel::Failed("fcntl");
  *held = lock.l_type != F_UNLCK;
  return Status{};
}

Status LockedDirectory::Open(const std::string& path, Scope scope) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  directory_.Reset(open(path.c_str(), kFlags));
  if (!directory_.valid() && errno == ENOENT) {
    const Status made = Make(path, scope);
    if (!made.ok()) return made;
    directory_.Reset(open(path.c_str(), kFlags));
  }
  // A link, or no directory, where ours should be.
  if (!directory_.valid() && (errno == ELOOP || errno == ENOTDIR)) return Refused(kErrorAccessDenied, "open");
  if (!directory_.valid()) return kernel::Failed("open");
  struct stat attributes;
  if (fstat(directory_.get(), &attributes) != 0) return kernel::Failed("fstat");
  if (!Trusted(attributes, scope)) return Refused(kErrorAccessDenied, "fstat");
  int result;
  do {
    result = flock(directory_.get(), LOCK_EX);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? Status{} : kernel::Failed("flock");
}

void LockedDirectory::Close() {
  // By word: a child that is just being started may have a copy of the descriptor.
  if (directory_.valid()) flock(directory_.get(), LOCK_UN);
  directory_.Reset();
}

Status LockedDirectory::Sweep(size_t limit, uint32_t* live) {
  *live = 0;
  // A descriptor of its own, whose close does not free the lock.
  const int own = openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* entries = own < 0 ? nullptr : fdopendir(own);
  if (entries == nullptr) {
    const Status status = kernel::Failed("opendir");
    if (own >= 0) close(own);
    return status;
  }
  const bool complete = limit == SIZE_MAX;
  const long place = sweep_place.load(std::memory_order_relaxed);
  if (!complete && place != 0) seekdir(entries, place);
  const dirent* entry = nullptr;
  for (size_t seen = 0; seen < limit && (entry = readdir(entries)) != nullptr; seen++) {
    if (std::strchr("oubt", entry->d_name[0]) == nullptr || entry->d_name[1] != '-') continue;
    if (LifeOf(directory_.get(), entry->d_name) != Life::kDead) {
      ++*live;
      continue;
    }
    unlinkat(directory_.get(), entry->d_name, 0);
  }
  if (!complete) sweep_place.store(entry == nullptr ? 0 : telldir(entries), std::memory_order_relaxed);
  closedir(entries);
  return Status{};
}

Descriptor OpenSocket() {
  Descriptor made(socket(AF_UNIX, SOCK_STREAM, 0));
  if (made.valid() && (fcntl(made.get(), F_SETFD, FD_CLOEXEC) != 0 || fcntl(made.get(), F_SETFL, O_NONBLOCK) != 0)) made.Reset();
  return made;
}

bool SocketAddress(int directory, const std::string& entry, sockaddr_un* address) {
  *address = {};
  address->sun_family = AF_UNIX;
  // By the descriptor where that has a path, because addresses are short.
  std::string path = kernel::ReopenPath(directory);
  char whole[PATH_MAX];
  if (path.empty() && !kernel::PathOf(directory, whole)) return false;
  path = (path.empty() ? std::string(whole) : path) + "/" + entry;
  if (path.size() >= sizeof address->sun_path) return false;
  std::memcpy(address->sun_path, path.c_str(), path.size() + 1);
  return true;
}

uint64_t RandomId() {
  uint64_t id = 0;
  // getentropy(3) only fails for more than 256 bytes, or in a kernel without random numbers.
  while (getentropy(&id, sizeof id) != 0 || id == 0) continue;
  return id;
}

std::string Hex(uint64_t number) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[number >> shift & 15];
  return text;
}

Status Sweep(uint32_t* left) {
  *left = 0;
  const Namespace names = FindNamespace();
  for (const Scope scope : {Scope::kLocal, Scope::kGlobal}) {
    const std::string& path = names.path[static_cast<uint32_t>(scope)];
    if (access(path.c_str(), F_OK) != 0) continue;
    LockedDirectory directory;
    uint32_t live = 0;
    Status status = directory.Open(path, scope);
    if (status.ok()) status = directory.Sweep(SIZE_MAX, &live);
    if (!status.ok()) return status;
    *left += live;
  }
  return Status{};
}

}  // namespace platform
}  // namespace holdfast
