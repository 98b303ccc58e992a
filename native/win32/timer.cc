// Waitable timers: the kernel's own.
//
// An auto-reset timer that was taken cannot be made signalled again without losing its period. So no other thread takes it for a wait that does
// not block: that looks when the timer is due, and now and then, in case another process has set it anew.
#include <algorithm>

#include "object_namespace.h"
#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

constexpr double kLookAgainMs = 10;
constexpr double kTicksPerMs = 10000;

class KernelTimer : public WaitableOf<Timer, ObjectKind::kTimer> {
 public:
  explicit KernelTimer(std::shared_ptr<KernelObject> kernel) : WaitableOf(std::move(kernel)) {}

  Status Set(double due_ms, double period_ms) override {
    const Status status = kernel_->Require(kAccessModify);
    if (!status.ok()) return status;
    if (!(due_ms >= 0 && due_ms <= kMostDueMs && period_ms >= 0 && period_ms <= INT32_MAX)) return Refused(kErrorInvalidParameter, "SetWaitableTimer");
    // Negative: from now on.
    LARGE_INTEGER due;
    due.QuadPart = -static_cast<LONGLONG>(std::ceil(due_ms * kTicksPerMs));
    // A period shorter than a millisecond is not none.
    const LONG period = static_cast<LONG>(std::ceil(period_ms));
    return SetWaitableTimer(object(), &due, period, nullptr, nullptr, FALSE) ? Status{} : win32::Failed("SetWaitableTimer");
  }

  Status Cancel() override {
    const Status status = kernel_->Require(kAccessModify);
    if (!status.ok()) return status;
    return CancelWaitableTimer(object()) ? Status{} : win32::Failed("CancelWaitableTimer");
  }

  bool manual_reset() const override { return record() != nullptr && record()->manual != 0; }

  Way way() const override { return Way::kPolled; }

  double RestMs() override {
    double remaining_ms;
    bool signalled;
    if (!win32::QueryTimer(object(), &remaining_ms, &signalled) || remaining_ms <= 0) return kLookAgainMs;
    return std::min(remaining_ms, kLookAgainMs);
  }

  // Only of one that was just taken, together with others that were not to be had; those are taken first.
  void GiveBack(bool) override {}

 private:
  static constexpr double kMostDueMs = 9e14;
};

Status Finish(const Status& status, std::shared_ptr<KernelObject> kernel, std::shared_ptr<Timer>* timer) {
  if (status.ok()) *timer = std::make_shared<KernelTimer>(std::move(kernel));
  return status;
}

}  // namespace

Status Timer::Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<Timer>* timer, bool* existed) {
  NewObject object;
  object.kind = ObjectKind::kTimer;
  object.manual = options.manual_reset;
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Create(agent, options, object, &kernel, existed);
  return Finish(status, std::move(kernel), timer);
}

Status Timer::Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<Timer>* timer) {
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Open(agent, ObjectKind::kTimer, options, &kernel);
  return Finish(status, std::move(kernel), timer);
}

Status Timer::Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<Timer>* timer) {
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Adopt(agent, ObjectKind::kTimer, handle, access, &kernel);
  return Finish(status, std::move(kernel), timer);
}

}  // namespace platform
}  // namespace holdfast
