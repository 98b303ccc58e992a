// Semaphores: crash-safe by permits (permits.h), or the kernel's own count.
//
// The kernel's semaphore of a crash-safe one has the name, the security and the lifetime; its count is no permits but rings: whoever releases while
// the record is armed adds one, and one of those who wait is woken and tries. Who finds more than it takes passes the ring on.
#include <algorithm>
#include <optional>

#include "object_namespace.h"
#include "permits.h"
#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

// Nobody rings for the dead.
constexpr double kLookAgainMs = 20;

class KernelSemaphore : public WaitableOf<Semaphore, ObjectKind::kSemaphore> {
 public:
  explicit KernelSemaphore(std::shared_ptr<KernelObject> kernel) : WaitableOf(std::move(kernel)) {
    uint32_t count;
    if (record() == nullptr) win32::QuerySemaphore(object(), &count, &max_);
    if (record() == nullptr) return;
    max_ = record()->max;
    mode_ = static_cast<SemaphoreMode>(record()->mode);
    if (mode_ == SemaphoreMode::kCrashSafe) permits_.emplace(*kernel_);
  }

  ~KernelSemaphore() override {
    const bool rings = permits_ && permits_->holds_any();
    permits_.reset();
    if (rings) Ring();
  }

  Status TryAcquire(bool* acquired, bool* abandoned) override {
    *acquired = *abandoned = false;
    const Status status = kernel_->Require(kAccessWait);
    return status.ok() ? Take(acquired, abandoned) : status;
  }

  Status Release(uint32_t count, uint32_t* previous) override {
    Status status = kernel_->Require(kAccessModify);
    if (!status.ok()) return status;
    if (count == 0) return Refused(kErrorInvalidParameter, "ReleaseSemaphore");
    if (!permits_) return ReleaseCount(count, previous);
    status = permits_->Release(count, previous);
    if (status.ok()) Ring();
    return status;
  }

  Status Count(uint32_t* count) override {
    uint32_t max;
    if (permits_) {
      *count = permits_->CountFree();
    } else if (!win32::QuerySemaphore(object(), count, &max)) {
      return Refused(kErrorNotSupported, "NtQuerySemaphore");
    }
    return Status{};
  }

  uint32_t max() const override { return max_; }
  SemaphoreMode mode() const override { return mode_; }

  // Who may not release could not give back.
  Way way() const override {
    if (permits_) return Way::kRung;
    return kernel_->Require(kAccessModify).ok() ? Way::kKernel : Way::kPolled;
  }

  Status Take(bool* taken, bool* abandoned) override { return permits_ ? permits_->Take(taken, abandoned) : WaitableOf::Take(taken, abandoned); }

  void GiveBack(bool) override {
    uint32_t previous;
    if (!permits_) {
      ReleaseCount(1, &previous);
      return;
    }
    permits_->GiveBack();
    Ring();
  }

  void Arm() override {
    if (permits_) record()->armed = 1;
  }

  // The ring that woke this wait was perhaps not the only one's.
  void Disarm() override {
    if (permits_ && permits_->CountFree() > 0) Ring();
  }

  double RestMs() override { return permits_ ? kLookAgainMs : INFINITY; }

 private:
  Status ReleaseCount(uint32_t count, uint32_t* previous) {
    LONG before;
    if (count <= INT32_MAX && ReleaseSemaphore(object(), static_cast<LONG>(count), &before)) {
      *previous = static_cast<uint32_t>(before);
      return Status{};
    }
    const Status status = count > INT32_MAX ? Status{kErrorTooManyPosts, "ReleaseSemaphore"} : win32::Failed("ReleaseSemaphore");
    return status.os_error == kErrorTooManyPosts ? Refused(kErrorTooManyPosts, "ReleaseSemaphore") : status;
  }

  void Ring() {
    if (record()->armed.load() != 0 && record()->armed.exchange(0) != 0) ReleaseSemaphore(object(), 1, nullptr);
  }

  uint32_t max_ = 0;
  SemaphoreMode mode_ = SemaphoreMode::kInterop;
  std::optional<Permits> permits_;
};

// A record of the right kind can still say what it has no room for.
Status Finish(const Status& status, std::shared_ptr<KernelObject> kernel, std::shared_ptr<Semaphore>* semaphore) {
  if (!status.ok()) return status;
  const Record* record = kernel->record();
  const bool crash_safe = record != nullptr && record->mode == static_cast<uint32_t>(SemaphoreMode::kCrashSafe);
  if (crash_safe && (record->max == 0 || record->max > kMaxCrashSafePermits || size_t{record->max} * 4 > kernel->extra_length()))
    return Refused(kErrorInvalidHandle, "OpenSemaphore");
  *semaphore = std::make_shared<KernelSemaphore>(std::move(kernel));
  return status;
}

}  // namespace

Status Semaphore::Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<Semaphore>* semaphore, bool* existed) {
  const bool crash_safe = options.mode == SemaphoreMode::kCrashSafe;
  if (options.max == 0 || options.max > INT32_MAX || options.initial > options.max || (crash_safe && options.max > kMaxCrashSafePermits))
    return Refused(kErrorInvalidParameter, "CreateSemaphore");
  NewObject object;
  object.kind = ObjectKind::kSemaphore;
  object.initial = options.initial;
  object.max = options.max;
  object.mode = options.mode;
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Create(agent, options, object, &kernel, existed);
  return Finish(status, std::move(kernel), semaphore);
}

Status Semaphore::Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<Semaphore>* semaphore) {
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Open(agent, ObjectKind::kSemaphore, options, &kernel);
  return Finish(status, std::move(kernel), semaphore);
}

Status Semaphore::Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<Semaphore>* semaphore) {
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Adopt(agent, ObjectKind::kSemaphore, handle, access, &kernel);
  return Finish(status, std::move(kernel), semaphore);
}

}  // namespace platform
}  // namespace holdfast
