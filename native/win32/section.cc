// Sections on Windows: CreateFileMapping. The system itself keeps a file with a section from being cut.
#include <algorithm>

#include "handle.h"

namespace holdfast {
namespace platform {

namespace {

// Rights of a duplicate; a handle for storing has all that the creator's has.
constexpr DWORD kReadRights = FILE_MAP_READ | SECTION_QUERY;

DWORD PageProtection(Protection protection) {
  switch (protection) {
    case Protection::kReadOnly:
      return PAGE_READONLY;
    case Protection::kReadWrite:
      return PAGE_READWRITE;
    case Protection::kWriteCopy:
      return PAGE_WRITECOPY;
  }
  return PAGE_READONLY;
}

}  // namespace

Handle::~Handle() { CloseHandle(win32::ToHandle(value_)); }

Status Section::Create(const File* file, const SectionOptions& options, std::unique_ptr<Section>* section) {
  const bool reserve = file == nullptr && options.reserve;
  SECURITY_ATTRIBUTES attributes = {sizeof attributes, nullptr, options.inheritable ? TRUE : FALSE};
  const DWORD protection = PageProtection(options.protection) | (reserve ? SEC_RESERVE : 0);
  const HANDLE handle = CreateFileMappingW(file != nullptr ? win32::ToHandle(file->handle_) : INVALID_HANDLE_VALUE, &attributes, protection,
                                           static_cast<DWORD>(options.size >> 32), static_cast<DWORD>(options.size), nullptr);
  if (handle == nullptr) return win32::Failed("CreateFileMapping");
  // SAFETY: the contract keeps a HANDLE as an integer of the same size; the constructor is private.
  auto owned = std::make_shared<const Handle>(reinterpret_cast<intptr_t>(handle));
  section->reset(new Section(std::move(owned), options.size, options.protection == Protection::kReadWrite, reserve,
                             file != nullptr));
  return Status{};
}

Status Section::OverMemory(intptr_t handle, uint64_t base, const SectionOptions& options, std::unique_ptr<Section>* section) {
  const bool writable = options.protection == Protection::kReadWrite;
  HANDLE duplicate = nullptr;
  const HANDLE self = GetCurrentProcess();
  const DWORD rights = kReadRights | (writable ? FILE_MAP_WRITE : 0);
  if (!DuplicateHandle(self, win32::ToHandle(handle), self, &duplicate, rights, options.inheritable, 0))
    return win32::Failed("DuplicateHandle");
  // SAFETY: as in Create.
  auto owned = std::make_shared<const Handle>(reinterpret_cast<intptr_t>(duplicate));
  section->reset(new Section(std::move(owned), options.size, writable, options.reserve, false, base));
  return Status{};
}

Status Section::Map(const MapOptions& options, std::unique_ptr<Region>* region) const {
  MapOptions placed = options;
  placed.offset += base_;
  return Region::MapHandle(handle_, handle_->get(), placed, reserved_, region);
}

// Pages are committed through a view, for all views of the section.
Status Section::Commit(uint64_t offset, uint64_t length) const {
  constexpr uint64_t kStep = uint64_t{1} << 30;
  const HANDLE handle = win32::ToHandle(handle_->get());
  offset += base_;
  while (length > 0) {
    const uint64_t start = offset - offset % kAllocationGranularity;
    const size_t step = static_cast<size_t>(std::min(length, kStep));
    const size_t room = static_cast<size_t>(offset - start) + step;
    void* address = MapViewOfFile(handle, writable_ ? FILE_MAP_WRITE : FILE_MAP_READ, static_cast<DWORD>(start >> 32),
                                  static_cast<DWORD>(start), room);
    if (address == nullptr) return win32::Failed("MapViewOfFile");
    const bool committed = VirtualAlloc(address, room, MEM_COMMIT, writable_ ? PAGE_READWRITE : PAGE_READONLY) != nullptr;
    const Status status = committed ? Status{} : win32::Failed("VirtualAlloc");
    UnmapViewOfFile(address);
    if (!status.ok()) return status;
    offset += step;
    length -= step;
  }
  return Status{};
}

Status Section::Duplicate(bool writable, bool inheritable, std::unique_ptr<Section>* section) const {
  HANDLE duplicate = nullptr;
  const HANDLE self = GetCurrentProcess();
  const bool same = writable == writable_;
  if (!DuplicateHandle(self, win32::ToHandle(handle_->get()), self, &duplicate, kReadRights, inheritable,
                       same ? DUPLICATE_SAME_ACCESS : 0))
    return win32::Failed("DuplicateHandle");
  // SAFETY: as in Create.
  auto owned = std::make_shared<const Handle>(reinterpret_cast<intptr_t>(duplicate));
  section->reset(new Section(std::move(owned), size_, writable, reserved_, file_, base_));
  return Status{};
}

}  // namespace platform
}  // namespace holdfast
