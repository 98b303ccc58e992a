// Events: the kernel's own.
#include "object_namespace.h"
#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

class KernelEvent : public WaitableOf<Event, ObjectKind::kEvent> {
 public:
  explicit KernelEvent(std::shared_ptr<KernelObject> kernel) : WaitableOf(std::move(kernel)) {
    if (!win32::QueryEvent(object(), &manual_) && record() != nullptr) manual_ = record()->manual != 0;
  }

  Status Set() override {
    const Status status = kernel_->Require(kAccessModify);
    if (!status.ok()) return status;
    return SetEvent(object()) ? Status{} : win32::Failed("SetEvent");
  }

  Status Reset() override {
    const Status status = kernel_->Require(kAccessModify);
    if (!status.ok()) return status;
    return ResetEvent(object()) ? Status{} : win32::Failed("ResetEvent");
  }

  bool manual_reset() const override { return manual_; }

  // Who may not set it could not give it back.
  Way way() const override { return manual_ || kernel_->Require(kAccessModify).ok() ? Way::kKernel : Way::kPolled; }

  void GiveBack(bool) override {
    if (!manual_) SetEvent(object());
  }

 private:
  bool manual_ = false;
};

Status Finish(const Status& status, std::shared_ptr<KernelObject> kernel, std::shared_ptr<Event>* event) {
  if (status.ok()) *event = std::make_shared<KernelEvent>(std::move(kernel));
  return status;
}

}  // namespace

Status Event::Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<Event>* event, bool* existed) {
  NewObject object;
  object.kind = ObjectKind::kEvent;
  object.manual = options.manual_reset;
  object.set = options.initially_set;
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Create(agent, options, object, &kernel, existed);
  return Finish(status, std::move(kernel), event);
}

Status Event::Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<Event>* event) {
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Open(agent, ObjectKind::kEvent, options, &kernel);
  return Finish(status, std::move(kernel), event);
}

Status Event::Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<Event>* event) {
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Adopt(agent, ObjectKind::kEvent, handle, access, &kernel);
  return Finish(status, std::move(kernel), event);
}

}  // namespace platform
}  // namespace holdfast
