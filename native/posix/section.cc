// Sections on POSIX systems: a file by a description of its own that keeps others from cutting it, or a memory file.
//
// The kernel lets anybody cut a mapped file. Cooperating processes do not: every Section holds a shared lock on one byte far
// behind any file's end, for as long as it or a Region of it lives, and whoever cuts through a File takes that byte alone.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"

namespace holdfast {
namespace platform {

namespace {

constexpr int kLockAttempts = 1000;

// The byte is only ever held alone for the length of one ftruncate(2).
Status HoldAgainstCuts(int descriptor) {
  for (int attempt = 0; attempt < kLockAttempts; attempt++) {
    if (kernel::SetLock(descriptor, F_RDLCK, kernel::kMappedLockOffset) == 0) return Status{};
    // A file system without locks: there is nothing to cooperate by.
    if (errno != EAGAIN && errno != EACCES) return Status{};
    const timespec pause = {0, 1000000};
    nanosleep(&pause, nullptr);
  }
  return Status{EBUSY, "fcntl"};
}

}  // namespace

Handle::~Handle() {
  const int descriptor = static_cast<int>(value_);
  if (unlocks_) kernel::SetLock(descriptor, F_UNLCK, kernel::kMappedLockOffset);
  close(descriptor);
}

Status Section::Create(const File* file, const SectionOptions& options, std::unique_ptr<Section>* section) {
  const bool writable = options.protection == Protection::kReadWrite;
  int descriptor = -1;
  Status status = file == nullptr ? kernel::OpenMemory(options.inheritable, &descriptor)
                                  : kernel::Reopen(static_cast<int>(file->handle_), writable, options.inheritable, &descriptor);
  if (!status.ok()) return status;
  // A child that inherits the handle shares the lock.
  auto handle = std::make_shared<const Handle>(descriptor, file != nullptr && !options.inheritable);
  if (file == nullptr) {
    if (ftruncate(descriptor, static_cast<off_t>(options.size)) != 0) return kernel::Failed("ftruncate");
    if (!options.reserve) status = kernel::FillMemory(descriptor, 0, options.size);
  } else {
    status = HoldAgainstCuts(descriptor);
    uint64_t now = 0;
    if (status.ok()) status = file->Size(&now);
    if (status.ok() && now < options.size) status = writable ? file->Allocate(options.size) : Status{ENOMEM, "mmap"};
  }
  if (!status.ok()) return status;
  // SAFETY: the constructor is private.
  section->reset(new Section(std::move(handle), options.size, writable, file == nullptr && options.reserve, file != nullptr));
  return Status{};
}

// By a description of its own, which does not refer to the name.
Status Section::OverMemory(intptr_t handle, uint64_t base, const SectionOptions& options, std::unique_ptr<Section>* section) {
  const bool writable = options.protection == Protection::kReadWrite;
  int descriptor = -1;
  const Status status = kernel::Reopen(static_cast<int>(handle), writable, options.inheritable, &descriptor);
  if (!status.ok()) return status;
  auto owned = std::make_shared<const Handle>(descriptor);
  // SAFETY: the constructor is private.
  section->reset(new Section(std::move(owned), options.size, writable, options.reserve, false, base));
  return Status{};
}

Status Section::Map(const MapOptions& options, std::unique_ptr<Region>* region) const {
  MapOptions placed = options;
  placed.offset += base_;
  return Region::MapHandle(handle_, handle_->get(), placed, reserved_, region);
}

Status Section::Commit(uint64_t offset, uint64_t length) const {
  return kernel::FillMemory(static_cast<int>(handle_->get()), base_ + offset, length);
}

Status Section::Duplicate(bool writable, bool inheritable, std::unique_ptr<Section>* section) const {
  const int own = static_cast<int>(handle_->get());
  int descriptor = -1;
  // A description of its own, with fewer rights and a lock for itself. Memory on macOS cannot be opened again: there the
  // fewer rights are this object's alone.
  const Status opened = kernel::Reopen(own, writable, inheritable, &descriptor);
  if (!opened.ok() && file_) return opened;
  if (!opened.ok()) descriptor = fcntl(own, inheritable ? F_DUPFD : F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) return kernel::Failed("fcntl");
  auto handle = std::make_shared<const Handle>(descriptor, file_ && !inheritable);
  const Status status = file_ ? HoldAgainstCuts(descriptor) : Status{};
  if (!status.ok()) return status;
  section->reset(new Section(std::move(handle), size_, writable, reserved_, file_, base_));
  return Status{};
}

}  // namespace platform
}  // namespace holdfast
