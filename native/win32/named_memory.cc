// Named memory: the kernel's own section objects, of memory or of a file. What the kernel does not tell of them is in the record.
#include "object_namespace.h"
#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

class KernelMemory : public KernelObjectOf<NamedMemory, ObjectKind::kMemory> {
 public:
  explicit KernelMemory(std::shared_ptr<KernelObject> kernel) : KernelObjectOf(std::move(kernel)) {
    const size_t length = record()->backing_length;
    // SAFETY: the range is checked against the mapped bytes.
    if (length <= kernel_->extra_length()) backing_.assign(reinterpret_cast<const char*>(kernel_->extra()), length);
  }

  uint64_t size() const override { return record()->size; }
  const std::string& backing() const override { return backing_; }
  uint32_t protection() const override { return record()->protection; }
  bool reserve() const override { return record()->reserve != 0; }
  // SAFETY: the contract keeps a HANDLE as an integer of the same size.
  intptr_t handle() const override { return reinterpret_cast<intptr_t>(kernel_->handle()); }
  uint64_t data_offset() const override { return 0; }

  // Memory is committed through a view, for all views of the section.
  Status Commit(uint64_t offset, uint64_t length) override {
    const Status status = kernel_->Require(kAccessModify);
    if (!status.ok()) return status;
    if (!backing_.empty() || length == 0 || offset > size() || length > size() - offset) return Refused(kErrorInvalidParameter, "VirtualAlloc");
    if (!reserve()) return Status{};
    const uint64_t start = offset / kAllocationGranularity * kAllocationGranularity;
    const size_t mapped = static_cast<size_t>(offset - start + length);
    void* view = MapViewOfFile(kernel_->handle(), FILE_MAP_WRITE, static_cast<DWORD>(start >> 32), static_cast<DWORD>(start), mapped);
    if (view == nullptr) return win32::Failed("MapViewOfFile");
    // SAFETY: the view covers the range.
    const bool done = VirtualAlloc(static_cast<uint8_t*>(view) + (offset - start), static_cast<size_t>(length), MEM_COMMIT, PAGE_READWRITE) != nullptr;
    const Status committed = done ? Status{} : win32::Failed("VirtualAlloc");
    UnmapViewOfFile(view);
    return committed;
  }

 private:
  std::string backing_;
};

Status Finish(const Status& status, std::shared_ptr<KernelObject> kernel, std::shared_ptr<NamedMemory>* memory) {
  if (status.ok()) *memory = std::make_shared<KernelMemory>(std::move(kernel));
  return status;
}

}  // namespace

Status NamedMemory::Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<NamedMemory>* memory, bool* existed) {
  if (options.size == 0 || options.size > INT64_MAX || options.backing.size() > kMaxBackingLength)
    return Refused(kErrorInvalidParameter, "CreateFileMapping");
  NewObject object;
  object.kind = ObjectKind::kMemory;
  object.size = options.size;
  object.reserve = options.reserve;
  object.protection = options.protection;
  object.backing = options.backing;
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Create(agent, options, object, &kernel, existed);
  return Finish(status, std::move(kernel), memory);
}

Status NamedMemory::Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<NamedMemory>* memory) {
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Open(agent, ObjectKind::kMemory, options, &kernel);
  return Finish(status, std::move(kernel), memory);
}

Status NamedMemory::Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<NamedMemory>* memory) {
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Adopt(agent, ObjectKind::kMemory, handle, access, &kernel);
  return Finish(status, std::move(kernel), memory);
}

}  // namespace platform
}  // namespace holdfast
