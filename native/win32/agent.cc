// One thread's part in named objects on Windows.
#include "agent.h"

#include <new>

#include "object_namespace.h"

namespace holdfast {
namespace platform {

Win32Agent::Win32Agent()
    : wake_(CreateEventW(nullptr, FALSE, FALSE, nullptr)),
      local_(win32::OpenNamespaceMutex(Scope::kLocal)),
      global_(win32::OpenNamespaceMutex(Scope::kGlobal)) {}

Win32Agent::~Win32Agent() {
  for (const auto& kept : records_) CloseHandle(kept.second);
}

Status Agent::Create(std::shared_ptr<Agent>* agent) {
  auto made = std::make_shared<Win32Agent>();
  if (!made->valid()) return win32::Failed("CreateEvent");
  *agent = std::move(made);
  return Status{};
}

// SAFETY: the contract keeps a HANDLE as an integer of the same size.
intptr_t Win32Agent::WakeHandle(Scope) const { return reinterpret_cast<intptr_t>(wake_.get()); }

HANDLE Win32Agent::namespace_mutex(Scope scope) const { return scope == Scope::kGlobal ? global_.get() : local_.get(); }

Waiter* Win32Agent::IdleWaiter() {
  for (const auto& waiter : waiters_) {
    if (waiter->idle()) return waiter.get();
  }
  auto waiter = std::make_unique<Waiter>(wake_.get());
  if (!waiter->valid()) return nullptr;
  waiters_.push_back(std::move(waiter));
  return waiters_.back().get();
}

void Win32Agent::KeepRecord(HANDLE object, HANDLE record) {
  const HANDLE old = TakeRecord(object);
  if (old != nullptr) CloseHandle(old);
  if (record != nullptr) records_[object] = record;
}

HANDLE Win32Agent::TakeRecord(HANDLE object) {
  const auto found = records_.find(object);
  if (found == records_.end()) return nullptr;
  const HANDLE record = found->second;
  records_.erase(found);
  return record;
}

// The kernel frees everything with the last handle: nothing is ever left.
Status Sweep(uint32_t* left) {
  *left = 0;
  return Status{};
}

}  // namespace platform
}  // namespace holdfast
