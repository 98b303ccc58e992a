// Files on POSIX systems: open, read, write, grow, cut, flush.
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "kernel.h"

namespace holdfast {
namespace platform {

const Traits kTraits = {
    /*view_may_pass_end=*/true,
    /*writes_reach_views=*/true,
    /*mapped_file_can_shrink=*/true,
    /*stdio_carries_handles=*/true,
};

namespace {

// Without O_TRUNC, which would cut a file that is mapped: File::Truncate looks.
int OpenFlags(const OpenOptions& options) {
  // Without O_NONBLOCK the open of a FIFO would wait; it means nothing for a regular file.
  const int flags = (options.inheritable ? 0 : O_CLOEXEC) | O_NOCTTY | O_NONBLOCK | (options.writable ? O_RDWR : O_RDONLY);
  switch (options.disposition) {
    case Disposition::kOpenExisting:
      return flags;
    case Disposition::kCreateNew:
      return flags | O_CREAT | O_EXCL;
    case Disposition::kOpenAlways:
      return flags | O_CREAT;
    case Disposition::kCreateAlways:
      return flags | O_CREAT;
    case Disposition::kTruncateExisting:
      return flags;
  }
  return flags;
}

// Holds the byte of kMappedLockOffset alone while a file is being cut. A lock that cannot be had for another reason than that
// somebody has it (a file system without locks) keeps nobody from anything.
class CutLock {
 public:
  explicit CutLock(int descriptor) : descriptor_(descriptor) {
    held_ = kernel::SetLock(descriptor, F_WRLCK, kernel::kMappedLockOffset) == 0;
    refused_ = !held_ && (errno == EAGAIN || errno == EACCES);
  }
  ~CutLock() {
    if (held_) kernel::SetLock(descriptor_, F_UNLCK, kernel::kMappedLockOffset);
  }
  CutLock(const CutLock&) = delete;
  CutLock& operator=(const CutLock&) = delete;

  bool refused() const { return refused_; }

 private:
  const int descriptor_;
  bool held_;
  bool refused_;
};

Status SetSize(int descriptor, uint64_t size) {
  int result;
  do {
    result = ftruncate(descriptor, static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  return result == 0 ? Status{} : kernel::Failed("ftruncate");
}

// Stores zeroes in [offset, end), for file systems that cannot allocate.
Status WriteZeroes(const File& file, uint64_t offset, uint64_t end) {
  const std::vector<uint8_t> zeroes(static_cast<size_t>(std::min<uint64_t>(end - offset, 1 << 20)));
  while (offset < end) {
    const ConstSpan span = {zeroes.data(), static_cast<size_t>(std::min<uint64_t>(end - offset, zeroes.size()))};
    const Status status = file.WriteGather(offset, &span, 1);
    if (!status.ok()) return status;
    offset += span.length;
  }
  return Status{};
}

// Fills `vectors` with what is left of the spans, of which `skip` bytes of the first are done.
int FillVectors(const ConstSpan* spans, size_t count, size_t skip, iovec* vectors) {
  const int used = static_cast<int>(std::min<size_t>(count, IOV_MAX));
  for (int i = 0; i < used; i++) {
    const size_t done = i == 0 ? skip : 0;
    // SAFETY: pwritev only reads through iov_base; the type lacks the const.
    vectors[i].iov_base = const_cast<uint8_t*>(spans[i].data + done);
    vectors[i].iov_len = spans[i].length - done;
  }
  return used;
}

}  // namespace

Status File::Open(const OpenOptions& options, std::unique_ptr<File>* file) {
  int descriptor;
  do {
    descriptor = open(options.path.c_str(), OpenFlags(options), static_cast<mode_t>(options.mode));
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return kernel::Failed("open");
  // SAFETY: the constructor is private; the File owns the descriptor from here on.
  file->reset(new File(descriptor, options.writable));
  struct stat attributes;
  if (fstat(descriptor, &attributes) != 0) return kernel::Failed("fstat");
  if (S_ISDIR(attributes.st_mode)) return Status{EISDIR, "open"};
  if (!S_ISREG(attributes.st_mode)) return Status{EINVAL, "open"};
  const bool empties = options.disposition == Disposition::kCreateAlways || options.disposition == Disposition::kTruncateExisting;
  return empties && attributes.st_size > 0 ? (*file)->Truncate(0) : Status{};
}

File::~File() { close(static_cast<int>(handle_)); }

Status File::Size(uint64_t* size) const {
  struct stat attributes;
  if (fstat(static_cast<int>(handle_), &attributes) != 0) return kernel::Failed("fstat");
  *size = static_cast<uint64_t>(attributes.st_size);
  return Status{};
}

Status File::Read(uint64_t offset, uint8_t* target, size_t length, size_t* count) const {
  *count = 0;
  while (*count < length) {
    const ssize_t got = pread(static_cast<int>(handle_), target + *count, length - *count, static_cast<off_t>(offset + *count));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return kernel::Failed("pread");
    if (got == 0) break;
    *count += static_cast<size_t>(got);
  }
  return Status{};
}

Status File::WriteGather(uint64_t offset, const ConstSpan* spans, size_t count) const {
  iovec vectors[IOV_MAX];
  // Bytes of the first span that are written.
  size_t skip = 0;
  for (;;) {
    while (count > 0 && skip >= spans->length) {
      skip -= spans->length;
      spans++;
      count--;
    }
    if (count == 0) return Status{};
    const int used = FillVectors(spans, count, skip, vectors);
    const ssize_t put = pwritev(static_cast<int>(handle_), vectors, used, static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return kernel::Failed("pwritev");
    // A kernel that takes nothing and says nothing would keep us here for ever.
    if (put == 0) return Status{EIO, "pwritev"};
    offset += static_cast<uint64_t>(put);
    skip += static_cast<size_t>(put);
  }
}

Status File::Allocate(uint64_t size) const {
  uint64_t now = 0;
  Status status = Size(&now);
  if (!status.ok() || size <= now) return status;
  status = kernel::AllocateRange(static_cast<int>(handle_), now, size - now);
  if (status.os_error == EOPNOTSUPP || status.os_error == ENOSYS) return WriteZeroes(*this, now, size);
  return status;
}

Status File::Truncate(uint64_t size) const {
  const int descriptor = static_cast<int>(handle_);
  uint64_t now = 0;
  const Status status = Size(&now);
  if (!status.ok()) return status;
  if (size >= now) return SetSize(descriptor, size);
  const CutLock lock(descriptor);
  return lock.refused() ? Status{EBUSY, "ftruncate"} : SetSize(descriptor, size);
}

Status File::Flush() const { return kernel::FlushFile(static_cast<int>(handle_)); }

}  // namespace platform
}  // namespace holdfast
