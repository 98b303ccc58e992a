// A thread that waits for kernel objects in the place of an agent's. It rests alertably, and is called by an asynchronous procedure call
// that does nothing: so all 64 objects of a wait may be the caller's.
#include "waiter.h"

#include <process.h>

namespace holdfast {
namespace platform {

namespace {

class Locked {
 public:
  explicit Locked(SRWLOCK* lock) : lock_(lock) { AcquireSRWLockExclusive(lock_); }
  ~Locked() { ReleaseSRWLockExclusive(lock_); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  SRWLOCK* const lock_;
};

void CALLBACK Nothing(ULONG_PTR) {}

}  // namespace

Waiter::Waiter(HANDLE wake) : wake_(wake), done_(CreateEventW(nullptr, FALSE, FALSE, nullptr)) {
  if (!done_.valid()) return;
  // SAFETY: _beginthreadex returns a HANDLE as an integer, or 0; the destructor waits for the thread that uses `this`.
  thread_ = reinterpret_cast<HANDLE>(_beginthreadex(nullptr, 65536, Run, this, 0, nullptr));
}

Waiter::~Waiter() {
  if (thread_ == nullptr) return;
  {
    const Locked locked(&lock_);
    exiting_ = true;
  }
  Kick(false);
  WaitForSingleObject(thread_, INFINITE);
  CloseHandle(thread_);
}

void Waiter::Kick(bool acknowledged) {
  QueueUserAPC(Nothing, thread_, 0);
  if (acknowledged) WaitForSingleObject(done_.get(), INFINITE);
}

void Waiter::Begin(const Job& job) {
  busy_ = true;
  {
    const Locked locked(&lock_);
    job_ = job;
    claim_ = Claim{};
    waiting_ = true;
  }
  Kick(false);
}

Waiter::Claim Waiter::Peek() {
  const Locked locked(&lock_);
  return claim_;
}

Waiter::Claim Waiter::End() {
  if (!busy_) return Claim{};
  busy_ = false;
  bool waiting;
  {
    const Locked locked(&lock_);
    waiting = waiting_;
    ending_ = waiting;
  }
  if (waiting) Kick(true);
  const Locked locked(&lock_);
  const Claim claim = claim_;
  claim_ = Claim{};
  return claim;
}

void Waiter::Release(HANDLE mutex) {
  {
    const Locked locked(&lock_);
    released_ = mutex;
  }
  Kick(true);
}

unsigned __stdcall Waiter::Run(void* waiter) {
  // SAFETY: the destructor waits for this thread.
  static_cast<Waiter*>(waiter)->Loop();
  return 0;
}

// What the agent wants done. `*waiting` says whether to wait after that.
bool Waiter::Obey(bool* waiting) {
  const Locked locked(&lock_);
  if (released_ != nullptr) {
    ReleaseMutex(released_);
    released_ = nullptr;
    SetEvent(done_.get());
  }
  if (ending_) {
    ending_ = waiting_ = false;
    SetEvent(done_.get());
  }
  *waiting = waiting_;
  return !exiting_;
}

void Waiter::Loop() {
  bool waiting;
  while (Obey(&waiting)) {
    if (!waiting) {
      SleepEx(INFINITE, TRUE);
      continue;
    }
    // Only this thread's Obey and OnWaited end the wait, so the job stays as it is.
    const DWORD result = WaitForMultipleObjectsEx(job_.count, job_.handles, job_.all, INFINITE, TRUE);
    if (result != WAIT_IO_COMPLETION) OnWaited(result);
  }
}

void Waiter::OnWaited(DWORD result) {
  {
    const Locked locked(&lock_);
    const bool abandoned = result >= WAIT_ABANDONED_0 && result < WAIT_ABANDONED_0 + job_.count;
    const DWORD place = result - (abandoned ? WAIT_ABANDONED_0 : WAIT_OBJECT_0);
    if (place >= job_.count) {
      claim_.error = result == WAIT_FAILED ? GetLastError() : ERROR_GEN_FAILURE;
    } else if (!job_.rings[place]) {
      claim_ = {true, job_.all ? 0 : job_.indices[place], abandoned, 0};
    }
    if (claim_.taken || claim_.error != 0) {
      waiting_ = false;
      // End came too late to stop it, and gets it.
      if (ending_) SetEvent(done_.get());
      ending_ = false;
    }
  }
  SetEvent(wake_);
}

}  // namespace platform
}  // namespace holdfast
