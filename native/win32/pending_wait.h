// A wait under way that does not block, on Windows: attempts on the agent's thread, and a waiting thread for what the kernel can wait for.
#ifndef HOLDFAST_NATIVE_WIN32_PENDING_WAIT_H_
#define HOLDFAST_NATIVE_WIN32_PENDING_WAIT_H_

#include <memory>
#include <vector>

#include "agent.h"

namespace holdfast {
namespace platform {

class Win32PendingWait : public PendingWait {
 public:
  Win32PendingWait(std::shared_ptr<Win32Agent> agent, std::vector<std::shared_ptr<Waitable>> objects, bool all);
  ~Win32PendingWait() override;

  Status Try(Outcome* outcome) override;
  double RetryAfterMs() const override;

  // Gives back what was taken and not reported, and takes no more until the next Try.
  void Pause();

 private:
  bool MakeJob(Waiter::Job* job);
  Status BeginWaiting();
  // What the waiting thread took becomes the agent's; or is given back.
  bool Accept(const Waiter::Claim& claim);
  void Refuse(const Waiter::Claim& claim);
  template <typename Action>
  void ForEachTaken(const Waiter::Claim& claim, Action action);
  void EndWaiting();

  const std::shared_ptr<Win32Agent> agent_;
  const std::vector<std::shared_ptr<Waitable>> objects_;
  const bool all_;
  // Null while no thread waits.
  Waiter* waiter_ = nullptr;
  // Some of it is found only by trying again.
  bool polls_ = false;
};

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_WIN32_PENDING_WAIT_H_
