// Mapped regions on Windows: MapViewOfFile over a section that is closed at once, since a view keeps it alive.
#include "handle.h"

namespace holdfast {
namespace platform {

using win32::ScopedHandle;

namespace {

// FlushViewOfFile fails with ERROR_LOCK_VIOLATION while the system's own writer has the pages, which passes.
constexpr int kFlushAttempts = 20;

}  // namespace

Status Region::Map(const File& file, uint64_t offset, size_t length, bool writable, std::unique_ptr<Region>* region) {
  // Size 0 means the file as it is: mapping never grows it.
  const ScopedHandle section(
      CreateFileMappingW(win32::ToHandle(file.handle_), nullptr, writable ? PAGE_READWRITE : PAGE_READONLY, 0, 0, nullptr));
  if (!section.valid()) return win32::Failed("CreateFileMapping");
  void* address = MapViewOfFile(section.get(), writable ? FILE_MAP_READ | FILE_MAP_WRITE : FILE_MAP_READ,
                                static_cast<DWORD>(offset >> 32), static_cast<DWORD>(offset), length);
  if (address == nullptr) return win32::Failed("MapViewOfFile");
  // SAFETY: MapViewOfFile returned `length` bytes at `address`, which the Region alone unmaps.
  region->reset(new Region(static_cast<uint8_t*>(address), length, writable));
  return Status{};
}

Region::~Region() { UnmapViewOfFile(data_); }

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

Status Region::Advise(Advice advice) const {
  // Windows has no word for random access to a view.
  if (advice != Advice::kWillNeed) return Status{};
  WIN32_MEMORY_RANGE_ENTRY range = {data_, length_};
  return PrefetchVirtualMemory(GetCurrentProcess(), 1, &range, 0) ? Status{} : win32::Failed("PrefetchVirtualMemory");
}

}  // namespace platform
}  // namespace holdfast
