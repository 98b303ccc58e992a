// One thread's part in named objects on Windows: what wakes it, the threads that wait for it, the mutexes that it owns.
#ifndef HOLDFAST_NATIVE_WIN32_AGENT_H_
#define HOLDFAST_NATIVE_WIN32_AGENT_H_

#include <map>
#include <memory>
#include <vector>

#include "../objects.h"
#include "handle.h"
#include "waiter.h"

namespace holdfast {
namespace platform {

class Win32PendingWait;

class Win32Agent : public Agent {
 public:
  Win32Agent();
  // Ends the waiting threads.
  ~Win32Agent() override;
  bool valid() const { return wake_.valid(); }
  intptr_t WakeHandle(Scope scope) const override;
  // Nothing: the event resets itself, and is set for each new reason.
  void ClearWake() override {}
  // Nothing: the kernel frees everything with the process.
  void End() override {}

  void WakeSelf() const { SetEvent(wake_.get()); }
  HANDLE wake() const { return wake_.get(); }
  HANDLE namespace_mutex(Scope scope) const;

  // A thread that has nothing to do; null if there can be no more.
  Waiter* IdleWaiter();

  // A record that is kept for a handle until it is adopted, and then taken over; null if there is none.
  void KeepRecord(HANDLE object, HANDLE record);
  HANDLE TakeRecord(HANDLE object);

  // A mutex that this agent owns: by its own thread, or by the waiting thread that got it.
  struct Hold {
    uint32_t count = 0;
    Waiter* proxy = nullptr;
  };
  // Both by the object's id.
  std::map<uint64_t, Hold> owned;
  std::map<uint64_t, uint32_t> mutex_handles;
  std::vector<Win32PendingWait*> pending_waits;

 private:
  const win32::ScopedHandle wake_;
  const win32::ScopedHandle local_;
  const win32::ScopedHandle global_;
  std::vector<std::unique_ptr<Waiter>> waiters_;
  std::map<HANDLE, HANDLE> records_;
};

// The agent of this platform behind the contract's.
inline std::shared_ptr<Win32Agent> ToWin32(const std::shared_ptr<Agent>& agent) {
  // SAFETY: Agent::Create makes nothing else here.
  return std::static_pointer_cast<Win32Agent>(agent);
}

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_WIN32_AGENT_H_
