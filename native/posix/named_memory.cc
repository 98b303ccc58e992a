// Named memory: an object file whose data follow the header at kDataOffset; or a name for a file's mapping, with the file's path.
#include <sys/stat.h>

#include "kernel.h"
#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

// parameters[1].
constexpr uint64_t kReserve = 1;

class MemoryFile : public FileObjectOf<NamedMemory, ObjectKind::kMemory> {
 public:
  explicit MemoryFile(std::shared_ptr<ObjectFile> file) : FileObjectOf(std::move(file)) {
    const ObjectHeader& header = file_->header();
    const size_t length = header.backing_length;
    if (length > kMaxBackingLength || kBackingOffset + length > file_->mapped_length()) return;
    // SAFETY: the range was just checked against the mapped bytes.
    backing_.assign(reinterpret_cast<const char*>(file_->mapped()) + kBackingOffset, length);
  }

  uint64_t size() const override { return file_->header().parameters[0]; }
  bool reserve() const override { return file_->header().parameters[1] == kReserve; }
  uint32_t protection() const override { return static_cast<uint32_t>(file_->header().parameters[2]); }
  const std::string& backing() const override { return backing_; }
  intptr_t handle() const override { return file_->descriptor(); }
  uint64_t data_offset() const override { return kDataOffset; }

  Status Commit(uint64_t offset, uint64_t length) override {
    const Status status = file_->Require(kAccessModify);
    if (!status.ok()) return status;
    if (!backing_.empty() || length == 0 || offset > size() || length > size() - offset) return Refused(kErrorInvalidParameter, "commit");
    const Status enough = kernel::RequireMemory(length);
    return enough.ok() ? kernel::AllocateRange(file_->descriptor(), kDataOffset + offset, length) : enough;
  }

 private:
  std::string backing_;
};

Status Finish(const Status& status, std::shared_ptr<ObjectFile> file, std::shared_ptr<NamedMemory>* memory) {
  if (!status.ok()) return status;
  // What the header promises must be there: a view behind the end would be fatal.
  auto made = std::make_shared<MemoryFile>(std::move(file));
  struct stat attributes;
  if (fstat(static_cast<int>(made->handle()), &attributes) != 0) return kernel::Failed("fstat");
  const uint64_t length = static_cast<uint64_t>(attributes.st_size);
  if (made->backing().empty() && (length < kDataOffset || made->size() > length - kDataOffset)) return Refused(kErrorInvalidHandle, "fstat");
  *memory = std::move(made);
  return status;
}

}  // namespace

Status NamedMemory::Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<NamedMemory>* memory, bool* existed) {
  constexpr uint64_t kMost = INT64_MAX - kDataOffset;
  if (options.size == 0 || options.size > kMost || options.backing.size() > kMaxBackingLength)
    return Refused(kErrorInvalidParameter, "create");
  const bool own = options.backing.empty();
  NewObject object;
  object.kind = ObjectKind::kMemory;
  object.parameters[0] = options.size;
  object.parameters[1] = options.reserve ? kReserve : 0;
  object.parameters[2] = options.protection;
  object.backing = options.backing;
  object.mapped = kDataOffset;
  object.size = kDataOffset + (own ? options.size : 0);
  // Of the header's part only what is used.
  object.allocated = own && !options.reserve ? object.size : kBackingOffset + options.backing.size();
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Create(ToPosix(agent), options, object, nullptr, &file, existed);
  return Finish(status, std::move(file), memory);
}

Status NamedMemory::Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<NamedMemory>* memory) {
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Open(ToPosix(agent), ObjectKind::kMemory, options, &file);
  return Finish(status, std::move(file), memory);
}

Status NamedMemory::Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<NamedMemory>* memory) {
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Adopt(ToPosix(agent), ObjectKind::kMemory, handle, access, &file);
  return Finish(status, std::move(file), memory);
}

}  // namespace platform
}  // namespace holdfast
