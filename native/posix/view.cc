// Mapped regions on POSIX systems: mmap(2) with MAP_SHARED, or MAP_PRIVATE for a copy.
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>

#include "../guard_table.h"
#include "kernel.h"

namespace holdfast {
namespace platform {

namespace {

// msync and madvise want the beginning of a page, and no system's pages are larger than the granularity.
size_t PageStart(size_t offset) { return offset - offset % static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

// Where the last region of a section was: a good place for the next one, if nobody else has taken it.
std::atomic<uintptr_t> last_freed{0};

// SAFETY: here and below, an address becomes an integer only to be computed with.
uintptr_t ToNumber(const void* address) { return reinterpret_cast<uintptr_t>(address); }

uintptr_t AlignDown(uintptr_t address) { return address - address % kAllocationGranularity; }

struct Mmap {
  int descriptor;
  int protection;
  int flags;
};

// Maps at `wished`, anywhere if that is 0. On success the address is a multiple of the granularity; else `*near` is
// where one may be had, if the system said so.
void* TryAligned(const Mmap& how, const MapOptions& options, uintptr_t wished, uintptr_t* near) {
  const int flags = how.flags | (wished != 0 ? kernel::kMapAtFlag : 0);
  // SAFETY: the address is only ever a wish, or taken if nothing is mapped there.
  void* address = mmap(reinterpret_cast<void*>(wished), options.length, how.protection, flags, how.descriptor, static_cast<off_t>(options.offset));
  if (address == MAP_FAILED || ToNumber(address) % kAllocationGranularity == 0) return address;
  munmap(address, options.length);
  *near = AlignDown(ToNumber(address));
  return MAP_FAILED;
}

// Maps into a reservation that has a multiple of the granularity, and gives the rest of it back.
void* MapInReservation(const Mmap& how, const MapOptions& options) {
  const size_t room = options.length + kAllocationGranularity;
  void* reservation = mmap(nullptr, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reservation == MAP_FAILED) return MAP_FAILED;
  // SAFETY: all of these addresses lie in the reservation, which nobody else knows of.
  auto* start = static_cast<uint8_t*>(reservation);
  uint8_t* aligned = start + (AlignDown(ToNumber(start) + kAllocationGranularity - 1) - ToNumber(start));
  void* address =
      mmap(aligned, options.length, how.protection, how.flags | MAP_FIXED, how.descriptor, static_cast<off_t>(options.offset));
  if (address == MAP_FAILED) {
    const int error = errno;
    munmap(start, room);
    errno = error;
    return MAP_FAILED;
  }
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  uint8_t* end = aligned + (options.length + page - 1) / page * page;
  if (aligned != start) munmap(start, static_cast<size_t>(aligned - start));
  if (end != start + room) munmap(end, static_cast<size_t>(start + room - end));
  return address;
}

// Maps at a multiple of the granularity, which the system does not care for: most often the first or second try hits one.
void* MapAligned(const Mmap& how, const MapOptions& options) {
  uintptr_t near = last_freed.exchange(0);
  void* address = near != 0 ? TryAligned(how, options, near, &near) : MAP_FAILED;
  near = 0;
  if (address == MAP_FAILED) address = TryAligned(how, options, 0, &near);
  if (address == MAP_FAILED && near != 0) address = TryAligned(how, options, near, &near);
  return address != MAP_FAILED ? address : MapInReservation(how, options);
}

// Systems that do not know the flag for "never over anything" take the address as a wish.
Status MapAt(int descriptor, const MapOptions& options, bool aligned, void** address) {
  const int protection = options.access == Access::kRead ? PROT_READ : PROT_READ | PROT_WRITE;
  const int flags = (options.access == Access::kCopy ? MAP_PRIVATE : MAP_SHARED) | (options.address != 0 ? kernel::kMapAtFlag : 0);
  // SAFETY: the address is only ever a wish, or taken if nothing is mapped there.
  void* wished = reinterpret_cast<void*>(static_cast<uintptr_t>(options.address));
  *address = aligned && options.address == 0
                 ? MapAligned({descriptor, protection, flags}, options)
                 : mmap(wished, options.length, protection, flags, descriptor, static_cast<off_t>(options.offset));
  // Outside of what programs may map: no better than taken.
  if (*address == MAP_FAILED && options.address != 0 && (errno == EPERM || errno == EINVAL || errno == ENOMEM)) errno = EEXIST;
  if (*address == MAP_FAILED) return kernel::Failed("mmap");
  if (options.address == 0 || *address == wished) return Status{};
  munmap(*address, options.length);
  return Status{EEXIST, "mmap"};
}

}  // namespace

Status Region::Map(const File& file, const MapOptions& options, std::unique_ptr<Region>* region) {
  return MapHandle(nullptr, file.handle_, options, false, region);
}

Status Region::MapHandle(std::shared_ptr<const Handle> keeps, intptr_t handle, const MapOptions& options, bool reserved,
                         std::unique_ptr<Region>* region) {
  Status status = options.guard ? guard::Install() : Status{};
  void* address = nullptr;
  if (status.ok()) status = MapAt(static_cast<int>(handle), options, keeps != nullptr, &address);
  if (!status.ok()) return status;
  const bool writable = options.access != Access::kRead;
  const uint32_t number =
      options.guard ? guard::Add(ToNumber(address), options.length, writable, reserved) : 0;
  if (options.guard && number == 0) {
    munmap(address, options.length);
    return Status{ENOMEM, "mmap"};
  }
  // SAFETY: mmap returned `length` bytes at `address`, which the Region alone unmaps.
  region->reset(new Region(static_cast<uint8_t*>(address), options, std::move(keeps), number));
  return Status{};
}

Region::~Region() {
  guard::Release(guard_);
  munmap(data_, length_);
  if (keeps_ != nullptr) last_freed.store(ToNumber(data_));
}

Faults Region::GetFaults() const { return guard::FaultsOf(guard_); }

Status Region::StartFlush(size_t offset, size_t length) const {
  if (length == 0) return Status{};
  const size_t start = PageStart(offset);
  const int result = msync(data_ + start, offset - start + length, kernel::kStartFlushFlags);
  return result == 0 ? Status{} : kernel::Failed("msync");
}

Status Region::Advise(Advice advice, size_t offset, size_t length) const {
  if (length == 0) return Status{};
  const int flag = advice == Advice::kRandom ? MADV_RANDOM : MADV_WILLNEED;
  const size_t start = PageStart(offset);
  return madvise(data_ + start, offset - start + length, flag) == 0 ? Status{} : kernel::Failed("madvise");
}

}  // namespace platform
}  // namespace holdfast
