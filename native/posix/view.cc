// Mapped regions on POSIX systems: mmap(2) with MAP_SHARED.
#include <sys/mman.h>
#include <unistd.h>

#include "kernel.h"

namespace holdfast {
namespace platform {

Status Region::Map(const File& file, uint64_t offset, size_t length, bool writable, std::unique_ptr<Region>* region) {
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* address = mmap(nullptr, length, protection, MAP_SHARED, static_cast<int>(file.handle_), static_cast<off_t>(offset));
  if (address == MAP_FAILED) return kernel::Failed("mmap");
  // SAFETY: mmap returned `length` bytes at `address`, which the Region alone unmaps.
  region->reset(new Region(static_cast<uint8_t*>(address), length, writable));
  return Status{};
}

Region::~Region() { munmap(data_, length_); }

Status Region::StartFlush(size_t offset, size_t length) const {
  if (length == 0) return Status{};
  // msync wants the beginning of a page, and no system's pages are larger than the granularity.
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t start = offset - offset % page;
  const int result = msync(data_ + start, offset - start + length, kernel::kStartFlushFlags);
  return result == 0 ? Status{} : kernel::Failed("msync");
}

Status Region::Advise(Advice advice) const {
  const int flag = advice == Advice::kRandom ? MADV_RANDOM : MADV_WILLNEED;
  return madvise(data_, length_, flag) == 0 ? Status{} : kernel::Failed("madvise");
}

}  // namespace platform
}  // namespace holdfast
