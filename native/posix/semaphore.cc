// Semaphores: crash-safe by permits (permits.h), or a plain shared count.
#include <algorithm>
#include <optional>

#include "permits.h"
#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

// parameters[]: max, mode, initial.
class SemaphoreFile : public WaitableOf<Semaphore, ObjectKind::kSemaphore> {
 public:
  explicit SemaphoreFile(std::shared_ptr<ObjectFile> file) : WaitableOf(std::move(file)), max_(static_cast<uint32_t>(Parameter(0))) {
    if (mode() == SemaphoreMode::kCrashSafe) permits_.emplace(*file_, max_);
  }

  ~SemaphoreFile() override {
    if (!permits_) return;
    permits_->AbandonAll();
    file_->Ring();
  }

  Status TryAcquire(bool* acquired, bool* abandoned) override {
    *acquired = *abandoned = false;
    const Status status = file_->Require(kAccessWait);
    return status.ok() ? Take(acquired, abandoned) : status;
  }

  Status Release(uint32_t count, uint32_t* previous) override {
    Status status = file_->Require(kAccessModify);
    if (!status.ok()) return status;
    if (count == 0) return Refused(kErrorInvalidParameter, "release");
    status = permits_ ? permits_->Release(count, previous) : ReleaseCount(count, previous);
    if (status.ok()) file_->Ring();
    return status;
  }

  Status Count(uint32_t* count) override {
    *count = permits_ ? permits_->CountFree() : static_cast<uint32_t>(State().load());
    return Status{};
  }

  uint32_t max() const override { return max_; }
  SemaphoreMode mode() const override { return static_cast<SemaphoreMode>(Parameter(1)); }

  Status Take(bool* taken, bool* abandoned) override {
    if (permits_) return permits_->Take(taken, abandoned);
    uint64_t count = State().load();
    while (count > 0 && !State().compare_exchange_weak(count, count - 1)) continue;
    *taken = count > 0;
    return Status{};
  }

  void GiveBack(bool abandoned) override {
    uint32_t previous;
    if (permits_) {
      permits_->GiveBack(abandoned);
    } else {
      ReleaseCount(1, &previous);
    }
    file_->Ring();
  }

  bool MayTake() override { return permits_ || State().load() > 0; }
  double RestMs() override { return permits_ ? kLookAgainMs : INFINITY; }

 private:
  Status ReleaseCount(uint32_t count, uint32_t* previous) {
    uint64_t now = State().load();
    do {
      if (now > max_ || count > max_ - now) return Refused(kErrorTooManyPosts, "release");
    } while (!State().compare_exchange_weak(now, now + count));
    *previous = static_cast<uint32_t>(now);
    return Status{};
  }

  uint64_t Parameter(int index) const { return file_->header().parameters[index]; }
  std::atomic<uint64_t>& State() { return file_->header().state; }

  const uint32_t max_;
  std::optional<Permits> permits_;
};

// A file of the right kind can still say what it has no room for.
Status Finish(const Status& status, std::shared_ptr<ObjectFile> file, std::shared_ptr<Semaphore>* semaphore) {
  if (!status.ok()) return status;
  const uint64_t max = file->header().parameters[0];
  const bool crash_safe = file->header().parameters[1] == static_cast<uint64_t>(SemaphoreMode::kCrashSafe);
  if (max == 0 || max > INT32_MAX || (crash_safe && kPermitsOffset + max * 4 > file->mapped_length()))
    return Refused(kErrorInvalidHandle, "open");
  *semaphore = std::make_shared<SemaphoreFile>(std::move(file));
  return status;
}

}  // namespace

Status Semaphore::Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<Semaphore>* semaphore, bool* existed) {
  const bool crash_safe = options.mode == SemaphoreMode::kCrashSafe;
  if (options.max == 0 || options.max > INT32_MAX || options.initial > options.max || (crash_safe && options.max > kMaxCrashSafePermits))
    return Refused(kErrorInvalidParameter, "create");
  NewObject object;
  object.kind = ObjectKind::kSemaphore;
  object.parameters[0] = options.max;
  object.parameters[1] = static_cast<uint64_t>(options.mode);
  object.parameters[2] = options.initial;
  if (crash_safe) {
    // Up to 16 KiB, the largest page size.
    object.mapped = (kPermitsOffset + options.max * sizeof(uint32_t) + 16383) / 16384 * 16384;
    object.size = object.allocated = object.mapped;
  } else {
    object.state = options.initial;
  }
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Create(ToPosix(agent), options, object, crash_safe ? Permits::Fill : nullptr, &file, existed);
  return Finish(status, std::move(file), semaphore);
}

Status Semaphore::Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<Semaphore>* semaphore) {
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Open(ToPosix(agent), ObjectKind::kSemaphore, options, &file);
  return Finish(status, std::move(file), semaphore);
}

Status Semaphore::Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<Semaphore>* semaphore) {
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Adopt(ToPosix(agent), ObjectKind::kSemaphore, handle, access, &file);
  return Finish(status, std::move(file), semaphore);
}

}  // namespace platform
}  // namespace holdfast
