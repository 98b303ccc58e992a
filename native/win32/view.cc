// Mapped regions on Windows: MapViewOfFileEx. A view keeps its section alive.
#include "../guard_table.h"
#include "handle.h"

namespace holdfast {
namespace platform {

using win32::ScopedHandle;

namespace {

// FlushViewOfFile fails with ERROR_LOCK_VIOLATION while the system's own writer has the pages, which passes.
constexpr int kFlushAttempts = 20;

DWORD ViewAccess(Access access) {
  switch (access) {
    case Access::kRead:
      return FILE_MAP_READ;
    case Access::kWrite:
      return FILE_MAP_READ | FILE_MAP_WRITE;
    case Access::kCopy:
      return FILE_MAP_COPY;
  }
  return FILE_MAP_READ;
}

}  // namespace

Status Region::Map(const File& file, const MapOptions& options, std::unique_ptr<Region>* region) {
  // Size 0 means the file as it is: mapping never grows it.
  const DWORD protection = options.access == Access::kWrite ? PAGE_READWRITE : PAGE_READONLY;
  const ScopedHandle section(CreateFileMappingW(win32::ToHandle(file.handle_), nullptr, protection, 0, 0, nullptr));
  if (!section.valid()) return win32::Failed("CreateFileMapping");
  // SAFETY: the contract keeps a HANDLE as an integer of the same size.
  return MapHandle(nullptr, reinterpret_cast<intptr_t>(section.get()), options, false, region);
}

Status Region::MapHandle(std::shared_ptr<const Handle>, intptr_t handle, const MapOptions& options, bool reserved,
                         std::unique_ptr<Region>* region) {
  const Status status = options.guard ? guard::Install() : Status{};
  if (!status.ok()) return status;
  // SAFETY: the address is taken only if nothing is there.
  void* wished = reinterpret_cast<void*>(static_cast<uintptr_t>(options.address));
  void* address = MapViewOfFileEx(win32::ToHandle(handle), ViewAccess(options.access), static_cast<DWORD>(options.offset >> 32),
                                  static_cast<DWORD>(options.offset), options.length, wished);
  if (address == nullptr) return win32::Failed("MapViewOfFileEx");
  const bool writable = options.access != Access::kRead;
  // SAFETY: only to be looked up.
  const uint32_t number =
      options.guard ? guard::Add(reinterpret_cast<uintptr_t>(address), options.length, writable, reserved) : 0;
  if (options.guard && number == 0) {
    UnmapViewOfFile(address);
    return Status{ERROR_NOT_ENOUGH_MEMORY, "MapViewOfFileEx"};
  }
  // SAFETY: MapViewOfFileEx returned `length` bytes at `address`, which the Region alone unmaps.
  region->reset(new Region(static_cast<uint8_t*>(address), options, nullptr, number));
  return Status{};
}

Region::~Region() {
  guard::Release(guard_);
  // Where the guard had to replace the view, private memory is there.
  if (!UnmapViewOfFile(data_)) VirtualFree(data_, 0, MEM_RELEASE);
}

Faults Region::GetFaults() const { return guard::FaultsOf(guard_); }

Status Region::StartFlush(size_t offset, size_t length) const {
  // Length 0 would mean everything behind `offset`.
  if (length == 0) return Status{};
  for (int attempt = 1;; attempt++) {
    if (FlushViewOfFile(data_ + offset, length)) return Status{};
    const Status status = win32::Failed("FlushViewOfFile");
    if (status.os_error != ERROR_LOCK_VIOLATION || attempt == kFlushAttempts) return status;
    Sleep(1);
  }
}

Status Region::Advise(Advice advice, size_t offset, size_t length) const {
  // Windows has no word for random access to a view.
  if (advice != Advice::kWillNeed || length == 0) return Status{};
  WIN32_MEMORY_RANGE_ENTRY range = {data_ + offset, length};
  return PrefetchVirtualMemory(GetCurrentProcess(), 1, &range, 0) ? Status{} : win32::Failed("PrefetchVirtualMemory");
}

}  // namespace platform
}  // namespace holdfast
