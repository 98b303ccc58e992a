// Mutexes: the kernel's own, which belong to threads.
//
// The owner that the contract means is the agent. It owns a mutex by its own thread, or by the waiting thread that got it for a wait that did not
// block; that thread keeps it until the agent releases it. When the agent's last handle goes, the mutex is released; that it was
// abandoned is then told by its record, since for the kernel the thread lives on.
#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

class KernelMutex : public WaitableOf<Mutex, ObjectKind::kMutex> {
 public:
  KernelMutex(std::shared_ptr<KernelObject> kernel, bool owned) : WaitableOf(std::move(kernel)) {
    agent().mutex_handles[id()]++;
    if (owned) agent().owned[id()].count = 1;
  }

  ~KernelMutex() override {
    if (--agent().mutex_handles[id()] > 0) return;
    agent().mutex_handles.erase(id());
    const auto held = agent().owned.find(id());
    if (held != agent().owned.end()) Abandon(held->second);
  }

  Status TryAcquire(bool* acquired, bool* abandoned) override {
    *acquired = *abandoned = false;
    const Status status = kernel_->Require(kAccessWait);
    return status.ok() ? Take(acquired, abandoned) : status;
  }

  Status Take(bool* taken, bool* abandoned) override {
    if (!IsOwnedByProxy()) return WaitableOf::Take(taken, abandoned);
    agent().owned[id()].count++;
    *taken = true;
    return Status{};
  }

  Status Release() override {
    const auto held = agent().owned.find(id());
    if (held == agent().owned.end()) return Refused(kErrorNotOwner, "ReleaseMutex");
    AgentHold& hold = held->second;
    if (hold.proxy == nullptr && !ReleaseMutex(object())) return win32::Failed("ReleaseMutex");
    if (--hold.count > 0) return Status{};
    if (hold.proxy != nullptr) LeaveProxy(hold.proxy);
    agent().owned.erase(held);
    return Status{};
  }

  Way way() const override { return Way::kMutex; }

  // A mutex owned anew, which nobody has changed anything under yet: the next owner is to hear what this one was told.
  void GiveBack(bool abandoned) override {
    if (abandoned && record() != nullptr) record()->abandoned = 1;
    Release();
  }

  void Taken(bool* abandoned) override {
    if (++agent().owned[id()].count == 1) ReadRecord(abandoned);
  }

  void TakenBy(Waiter* waiter, bool* abandoned) override {
    agent().owned[id()] = {1, waiter};
    waiter->mutexes++;
    ReadRecord(abandoned);
  }

  bool IsOwnedByProxy() const override {
    const auto held = agent().owned.find(id());
    return held != agent().owned.end() && held->second.proxy != nullptr;
  }

 private:
  using AgentHold = Win32Agent::Hold;

  Win32Agent& agent() const { return kernel_->agent(); }

  void ReadRecord(bool* abandoned) const {
    if (record() != nullptr && record()->abandoned.load() != 0 && record()->abandoned.exchange(0) != 0) *abandoned = true;
  }

  void LeaveProxy(Waiter* proxy) const {
    proxy->Release(object());
    proxy->mutexes--;
  }

  void Abandon(const AgentHold& hold) {
    if (record() != nullptr) record()->abandoned = 1;
    if (hold.proxy != nullptr) {
      LeaveProxy(hold.proxy);
    } else {
      for (uint32_t i = 0; i < hold.count; i++) ReleaseMutex(object());
    }
    agent().owned.erase(id());
  }
};

Status Finish(const Status& status, std::shared_ptr<KernelObject> kernel, bool owned, std::shared_ptr<Mutex>* mutex) {
  if (status.ok()) *mutex = std::make_shared<KernelMutex>(std::move(kernel), owned);
  return status;
}

}  // namespace

Status Mutex::Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<Mutex>* mutex, bool* existed) {
  NewObject object;
  object.kind = ObjectKind::kMutex;
  object.owned = options.initially_owned;
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Create(agent, options, object, &kernel, existed);
  return Finish(status, std::move(kernel), options.initially_owned && !*existed, mutex);
}

Status Mutex::Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<Mutex>* mutex) {
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Open(agent, ObjectKind::kMutex, options, &kernel);
  return Finish(status, std::move(kernel), false, mutex);
}

Status Mutex::Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<Mutex>* mutex) {
  std::shared_ptr<KernelObject> kernel;
  const Status status = KernelObject::Adopt(agent, ObjectKind::kMutex, handle, access, &kernel);
  return Finish(status, std::move(kernel), false, mutex);
}

}  // namespace platform
}  // namespace holdfast
