// A thread that waits for kernel objects in the place of an agent's, whose event loop must not stop.
//
// The kernel knows no wait that only looks: who waits takes. So this thread takes, keeps what it took until the agent fetches it, and the agent gives
// back what it does not want. A mutex that was taken here is owned by this thread until the agent releases it.
#ifndef HOLDFAST_NATIVE_WIN32_WAITER_H_
#define HOLDFAST_NATIVE_WIN32_WAITER_H_

#include "../objects.h"
#include "handle.h"

namespace holdfast {
namespace platform {

class Waiter {
 public:
  struct Job {
    HANDLE handles[kMaxWaitObjects];
    // Where each was in the wait, and whether it only rings: then the agent tries, and the wait goes on.
    uint32_t indices[kMaxWaitObjects];
    bool rings[kMaxWaitObjects];
    DWORD count = 0;
    bool all = false;
  };
  struct Claim {
    bool taken = false;
    uint32_t index = 0;  // in the wait; 0 for all
    bool abandoned = false;
    DWORD error = 0;
  };

  // `wake` is set whenever there is something to fetch or to try.
  explicit Waiter(HANDLE wake);
  // Ends the thread. Mutexes that it owns are abandoned.
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  bool valid() const { return thread_ != nullptr; }

  // All below are called by the agent's thread.

  // Neither waiting nor the owner of a mutex.
  bool idle() const { return !busy_ && mutexes == 0; }
  // REQUIRES: idle. The handles stay open until End.
  void Begin(const Job& job);
  // What was taken, if anything. The wait goes on if nothing was.
  Claim Peek();
  // Ends the wait; what had been taken by then is the caller's to give back or to keep.
  Claim End();
  // REQUIRES: this thread owns the mutex.
  void Release(HANDLE mutex);

  // How many mutexes this thread owns for the agent.
  uint32_t mutexes = 0;

 private:
  static unsigned __stdcall Run(void* waiter);
  void Loop();
  // False: the thread shall end.
  bool Obey(bool* waiting);
  void OnWaited(DWORD result);
  void Kick(bool acknowledged);

  const HANDLE wake_;
  const win32::ScopedHandle done_;
  SRWLOCK lock_ = SRWLOCK_INIT;
  HANDLE thread_ = nullptr;
  bool busy_ = false;
  // Under the lock.
  Job job_;
  bool waiting_ = false;
  bool ending_ = false;
  bool exiting_ = false;
  HANDLE released_ = nullptr;
  Claim claim_;
};

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_WIN32_WAITER_H_
