// Waiting on POSIX systems: attempts on this thread, between which a bell is slept on.
#include <poll.h>
#include <time.h>

#include <algorithm>
#include <cmath>

#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

// How often a wait looks again for which no slot was left.
constexpr double kUnarmedRestMs = 2;
// The longest single sleep.
constexpr double kLongestSleepMs = 1e9;

using Objects = const std::shared_ptr<Waitable>*;

double NowMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

Status TryAny(Objects objects, size_t count, Outcome* outcome) {
  for (size_t i = 0; i < count; i++) {
    bool taken = false;
    bool abandoned = false;
    const Status status = objects[i]->target()->Take(&taken, &abandoned);
    if (!status.ok()) return status;
    if (!taken) continue;
    *outcome = {true, static_cast<uint32_t>(i), abandoned};
    return status;
  }
  return Status{};
}

// Whether an object is taken first of several: those whose taking others notice least when it is undone.
bool IsTakenFirst(const Waitable& object) { return object.kind() == ObjectKind::kSemaphore || object.kind() == ObjectKind::kMutex; }

Status TryAll(Objects objects, size_t count, Outcome* outcome) {
  for (size_t i = 0; i < count; i++) {
    if (!objects[i]->target()->MayTake()) return Status{};
  }
  WaitTarget* done[kMaxWaitObjects];
  bool abandoned[kMaxWaitObjects];
  size_t taken_count = 0;
  Status status;
  bool all = true;
  for (const bool first : {true, false}) {
    for (size_t i = 0; i < count && all && status.ok(); i++) {
      if (IsTakenFirst(*objects[i]) != first) continue;
      WaitTarget* target = objects[i]->target();
      bool taken = false;
      abandoned[taken_count] = false;
      status = target->Take(&taken, &abandoned[taken_count]);
      all = taken;
      if (taken) done[taken_count++] = target;
    }
  }
  if (all && status.ok()) {
    *outcome = {true, 0, std::find(abandoned, abandoned + count, true) != abandoned + count};
    return status;
  }
  while (taken_count-- > 0) done[taken_count]->GiveBack(abandoned[taken_count]);
  return status;
}

double RestMs(Objects objects, size_t count, bool all_armed) {
  double rest = all_armed ? INFINITY : kUnarmedRestMs;
  for (size_t i = 0; i < count; i++) rest = std::min(rest, objects[i]->target()->RestMs());
  return rest;
}

// Slots in the objects, for as long as this lives.
class Arming {
 public:
  ~Arming() {
    for (ObjectFile* file : files_) file->Disarm();
  }
  Status Arm(Objects objects, size_t count) {
    files_.reserve(count);
    for (size_t i = 0; i < count; i++) {
      ObjectFile& file = objects[i]->target()->file();
      bool armed;
      const Status status = file.Arm(&armed);
      if (!status.ok()) return status;
      if (armed) files_.push_back(&file);
      all_armed_ = all_armed_ && armed;
    }
    return Status{};
  }
  bool all_armed() const { return all_armed_; }

 private:
  std::vector<ObjectFile*> files_;
  bool all_armed_ = true;
};

void Sleep(const PosixAgent& agent, double milliseconds) {
  pollfd bells[2];
  nfds_t count = 0;
  for (const Scope scope : {Scope::kLocal, Scope::kGlobal}) {
    const intptr_t handle = agent.WakeHandle(scope);
    if (handle >= 0) bells[count++] = {static_cast<int>(handle), POLLIN, 0};
  }
  // Rounded up, so that it does not wake just before the time; 0 only if there is nothing to wait for.
  poll(bells, count, static_cast<int>(std::ceil(std::min(std::max(milliseconds, 0.0), kLongestSleepMs))));
}

class PosixPendingWait : public PendingWait {
 public:
  PosixPendingWait(std::shared_ptr<PosixAgent> agent, std::vector<std::shared_ptr<Waitable>> objects, bool all)
      : agent_(std::move(agent)), objects_(std::move(objects)), all_(all) {
    agent_->pending_waits++;
  }
  ~PosixPendingWait() override { agent_->pending_waits--; }
  Status Arm() { return arming_.Arm(objects_.data(), objects_.size()); }
  Status Try(Outcome* outcome) override { return TryWait(*agent_, objects_.data(), objects_.size(), all_, outcome); }
  double RetryAfterMs() const override { return RestMs(objects_.data(), objects_.size(), arming_.all_armed()); }

 private:
  const std::shared_ptr<PosixAgent> agent_;
  const std::vector<std::shared_ptr<Waitable>> objects_;
  const bool all_;
  // Goes before the objects do.
  Arming arming_;
};

}  // namespace

Status TryWait(Agent&, Objects objects, size_t count, bool all, Outcome* outcome) {
  *outcome = Outcome{};
  if (count == 0 || count > kMaxWaitObjects) return Refused(kErrorInvalidParameter, "wait");
  for (size_t i = 0; i < count; i++) {
    const Status status = objects[i]->target()->file().Require(kAccessWait);
    if (!status.ok()) return status;
  }
  return all ? TryAll(objects, count, outcome) : TryAny(objects, count, outcome);
}

Status Wait(Agent& agent, Objects objects, size_t count, bool all, double timeout_ms, Outcome* outcome) {
  Status status = TryWait(agent, objects, count, all, outcome);
  if (!status.ok() || outcome->satisfied || timeout_ms <= 0) return status;
  const double deadline = NowMs() + timeout_ms;
  // SAFETY: Agent::Create makes nothing else here.
  PosixAgent& own = static_cast<PosixAgent&>(agent);
  Arming arming;
  status = arming.Arm(objects, count);
  while (status.ok()) {
    own.ClearWake();
    status = TryWait(agent, objects, count, all, outcome);
    const double left = deadline - NowMs();
    if (!status.ok() || outcome->satisfied || left <= 0) break;
    Sleep(own, std::min(left, RestMs(objects, count, arming.all_armed())));
  }
  // What was heard here was perhaps meant for them.
  if (own.pending_waits > 0) own.RingSelf();
  return status;
}

Status PendingWait::Start(const std::shared_ptr<Agent>& agent, const std::vector<std::shared_ptr<Waitable>>& objects, bool all,
                          std::unique_ptr<PendingWait>* wait) {
  if (objects.empty() || objects.size() > kMaxWaitObjects) return Refused(kErrorInvalidParameter, "wait");
  auto started = std::make_unique<PosixPendingWait>(ToPosix(agent), objects, all);
  const Status status = started->Arm();
  if (status.ok()) *wait = std::move(started);
  return status;
}

}  // namespace platform
}  // namespace holdfast
