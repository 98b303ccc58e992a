// A wait under way that does not block, on Windows.
#include "pending_wait.h"

#include <algorithm>
#include <cmath>

#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

// How often a wait looks that no thread can do for it.
constexpr double kPolledRestMs = 5;

}  // namespace

Win32PendingWait::Win32PendingWait(std::shared_ptr<Win32Agent> agent, std::vector<std::shared_ptr<Waitable>> objects, bool all)
    : agent_(std::move(agent)), objects_(std::move(objects)), all_(all) {
  agent_->pending_waits.push_back(this);
}

Win32PendingWait::~Win32PendingWait() {
  Pause();
  for (const auto& object : objects_) object->target()->Disarm();
  auto& waits = agent_->pending_waits;
  waits.erase(std::remove(waits.begin(), waits.end(), this), waits.end());
}

// What a thread can wait for. A wait for all: everything or nothing of it. False: nothing.
bool Win32PendingWait::MakeJob(Waiter::Job* job) {
  polls_ = false;
  for (uint32_t i = 0; i < objects_.size(); i++) {
    WaitTarget* target = objects_[i]->target();
    const Way way = target->way();
    const bool takes = way == Way::kKernel || (way == Way::kMutex && !target->IsOwnedByProxy());
    const bool rings = way == Way::kRung && (!all_ || objects_.size() == 1);
    if (!takes && !rings) {
      polls_ = true;
      if (all_) return false;
      continue;
    }
    job->handles[job->count] = target->kernel().handle();
    job->indices[job->count] = i;
    job->rings[job->count++] = rings;
  }
  job->all = all_ && objects_.size() > 1;
  return job->count > 0;
}

Status Win32PendingWait::BeginWaiting() {
  Waiter::Job job;
  if (!MakeJob(&job)) return Status{};
  waiter_ = agent_->IdleWaiter();
  if (waiter_ == nullptr) return win32::Failed("_beginthreadex");
  waiter_->Begin(job);
  return Status{};
}

template <typename Action>
void Win32PendingWait::ForEachTaken(const Waiter::Claim& claim, Action action) {
  if (!claim.taken) return;
  const bool several = all_ && objects_.size() > 1;
  for (size_t i = several ? 0 : claim.index; i < (several ? objects_.size() : claim.index + 1); i++) action(objects_[i]->target());
}

// True if it was told by the record that a mutex was abandoned.
bool Win32PendingWait::Accept(const Waiter::Claim& claim) {
  bool abandoned = claim.abandoned;
  ForEachTaken(claim, [&](WaitTarget* target) { target->TakenBy(waiter_, &abandoned); });
  return abandoned;
}

void Win32PendingWait::Refuse(const Waiter::Claim& claim) {
  ForEachTaken(claim, [&](WaitTarget* target) {
    bool abandoned = claim.abandoned;
    target->TakenBy(waiter_, &abandoned);
    target->GiveBack(abandoned);
  });
}

void Win32PendingWait::Pause() {
  if (waiter_ == nullptr) return;
  Refuse(waiter_->End());
  waiter_ = nullptr;
}

Status Win32PendingWait::Try(Outcome* outcome) {
  *outcome = Outcome{};
  if (waiter_ != nullptr) {
    const Waiter::Claim claim = waiter_->Peek();
    if (claim.error != 0) {
      Pause();
      return Status{claim.error, "WaitForMultipleObjects"};
    }
    if (claim.taken) {
      waiter_->End();
      *outcome = {true, claim.index, Accept(claim)};
      waiter_ = nullptr;
      return Status{};
    }
  }
  for (const auto& object : objects_) object->target()->Arm();
  const Status status = TryWait(*agent_, objects_.data(), objects_.size(), all_, outcome);
  if (!status.ok() || outcome->satisfied) {
    Pause();
    return status;
  }
  return waiter_ == nullptr ? BeginWaiting() : status;
}

double Win32PendingWait::RetryAfterMs() const {
  double rest = polls_ ? kPolledRestMs : INFINITY;
  // A timer knows its time better.
  const bool timers = std::all_of(objects_.begin(), objects_.end(), [](const auto& object) {
    const Way way = object->target()->way();
    return object->kind() == ObjectKind::kTimer || way == Way::kKernel || way == Way::kMutex;
  });
  if (timers && !all_) rest = INFINITY;
  for (const auto& object : objects_) rest = std::min(rest, object->target()->RestMs());
  return rest;
}

Status PendingWait::Start(const std::shared_ptr<Agent>& agent, const std::vector<std::shared_ptr<Waitable>>& objects, bool all,
                          std::unique_ptr<PendingWait>* wait) {
  if (objects.empty() || objects.size() > kMaxWaitObjects) return Refused(kErrorInvalidParameter, "WaitForMultipleObjects");
  *wait = std::make_unique<Win32PendingWait>(ToWin32(agent), objects, all);
  return Status{};
}

}  // namespace platform
}  // namespace holdfast
