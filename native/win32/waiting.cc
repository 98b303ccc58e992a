// Waiting on Windows: by the kernel's wait for several objects, which takes any or all of them at once.
//
// Two things are not the kernel's to take: permits of a crash-safe semaphore, for which it only rings, and a mutex that this agent owns by another
// thread. A wait for all of those and others takes them first, and gives them back if the kernel's are not to be had.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "pending_wait.h"
#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

// How often a wait for all looks that the kernel cannot do alone.
constexpr double kMixedRestMs = 2;
// The longest single sleep.
constexpr double kLongestSleepMs = 1e9;

using Objects = const std::shared_ptr<Waitable>*;

double NowMs() { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Rounded up, so that it does not wake just before the time.
DWORD ToSleep(double milliseconds) { return static_cast<DWORD>(std::ceil(std::min(std::max(milliseconds, 0.0), kLongestSleepMs))); }

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

// Objects of a wait for all, divided.
struct Division {
  WaitTarget* ours[kMaxWaitObjects];
  bool abandoned[kMaxWaitObjects] = {};
  size_t our_count = 0;
  WaitTarget* kernels[kMaxWaitObjects];
  HANDLE handles[kMaxWaitObjects];
  DWORD kernel_count = 0;

  Division(Objects objects, size_t count) {
    for (size_t i = 0; i < count; i++) {
      WaitTarget* target = objects[i]->target();
      if (target->way() == Way::kRung || target->IsOwnedByProxy()) {
        ours[our_count++] = target;
      } else {
        handles[kernel_count] = target->kernel().handle();
        kernels[kernel_count++] = target;
      }
    }
  }

  // Takes what is not the kernel's, all or none.
  Status TakeOurs(bool* taken) {
    *taken = true;
    for (size_t i = 0; i < our_count; i++) {
      bool got = false;
      const Status status = ours[i]->Take(&got, &abandoned[i]);
      if (status.ok() && got) continue;
      *taken = false;
      GiveBackOurs(i);
      return status;
    }
    return Status{};
  }

  void GiveBackOurs(size_t count) {
    while (count-- > 0) ours[count]->GiveBack(abandoned[count]);
  }

  // The kernel's wait for the rest; only once ours are taken, if it is not to be given back.
  Status TakeKernels(DWORD sleep, bool* taken, bool* was_abandoned) {
    *taken = true;
    if (kernel_count == 0) return Status{};
    const DWORD result = WaitForMultipleObjects(kernel_count, handles, TRUE, sleep);
    *taken = result < WAIT_OBJECT_0 + kernel_count;
    if (result >= WAIT_ABANDONED_0 && result < WAIT_ABANDONED_0 + kernel_count) *taken = *was_abandoned = true;
    if (result == WAIT_FAILED) return win32::Failed("WaitForMultipleObjects");
    for (DWORD i = 0; i < kernel_count && *taken; i++) kernels[i]->Taken(was_abandoned);
    return Status{};
  }
};

Status TryAll(Objects objects, size_t count, Outcome* outcome) {
  Division division(objects, count);
  bool taken;
  Status status = division.TakeOurs(&taken);
  if (!status.ok() || !taken) return status;
  bool abandoned = std::find(division.abandoned, division.abandoned + division.our_count, true) != division.abandoned + division.our_count;
  status = division.TakeKernels(0, &taken, &abandoned);
  if (status.ok() && taken) {
    *outcome = {true, 0, abandoned};
  } else {
    division.GiveBackOurs(division.our_count);
  }
  return status;
}

bool HasRung(Objects objects, size_t count) {
  return std::any_of(objects, objects + count, [](const auto& object) { return object->target()->way() == Way::kRung; });
}

// Rings are wanted for as long as this lives.
class Arming {
 public:
  Arming(Objects objects, size_t count) : objects_(objects), count_(count) {}
  ~Arming() {
    for (size_t i = 0; i < count_; i++) objects_[i]->target()->Disarm();
  }
  void Arm() {
    for (size_t i = 0; i < count_; i++) objects_[i]->target()->Arm();
  }

 private:
  const Objects objects_;
  const size_t count_;
};

// The kernel's wait for any. Nothing is taken by a ring: the caller tries.
Status SleepForAny(Objects objects, size_t count, double rest_ms, Outcome* outcome) {
  HANDLE handles[kMaxWaitObjects];
  for (size_t i = 0; i < count; i++) handles[i] = objects[i]->target()->kernel().handle();
  const DWORD result = WaitForMultipleObjects(static_cast<DWORD>(count), handles, FALSE, ToSleep(rest_ms));
  if (result == WAIT_FAILED) return win32::Failed("WaitForMultipleObjects");
  if (result == WAIT_TIMEOUT) return Status{};
  bool abandoned = result >= WAIT_ABANDONED_0;
  const DWORD index = result - (abandoned ? WAIT_ABANDONED_0 : WAIT_OBJECT_0);
  if (index >= count) return Status{};
  WaitTarget* target = objects[index]->target();
  if (target->way() == Way::kRung) return Status{};
  target->Taken(&abandoned);
  *outcome = {true, index, abandoned};
  return Status{};
}

Status WaitAny(Objects objects, size_t count, double deadline, Outcome* outcome) {
  const bool rung = HasRung(objects, count);
  Arming arming(objects, rung ? count : 0);
  for (;;) {
    arming.Arm();
    Status status = rung ? TryAny(objects, count, outcome) : Status{};
    const double left = deadline - NowMs();
    if (!status.ok() || outcome->satisfied || left <= 0) return status;
    double rest = left;
    for (size_t i = 0; i < count && rung; i++) rest = std::min(rest, objects[i]->target()->RestMs());
    status = SleepForAny(objects, count, rest, outcome);
    if (!status.ok() || outcome->satisfied) return status;
  }
}

Status WaitAll(Objects objects, size_t count, double deadline, Outcome* outcome) {
  const bool rung = HasRung(objects, count);
  Arming arming(objects, rung ? count : 0);
  Division division(objects, count);
  for (;;) {
    arming.Arm();
    double left = deadline - NowMs();
    Status status;
    if (!rung) {
      // A mutex that the agent owns by another thread stays so meanwhile.
      bool taken = false;
      bool abandoned = false;
      status = division.TakeKernels(ToSleep(left), &taken, &abandoned);
      if (!status.ok() || taken) {
        bool ours;
        if (status.ok()) status = division.TakeOurs(&ours);
        *outcome = {status.ok(), 0, abandoned};
        return status;
      }
    } else {
      status = TryAll(objects, count, outcome);
    }
    left = deadline - NowMs();
    if (!status.ok() || outcome->satisfied || left <= 0) return status;
    if (!rung) continue;
    // A ring is heard by whoever waits for that object alone; several are looked at in turn.
    if (count == 1) {
      Outcome ignored;
      status = SleepForAny(objects, count, std::min(left, objects[0]->target()->RestMs()), &ignored);
      if (!status.ok()) return status;
    } else {
      Sleep(ToSleep(std::min(left, kMixedRestMs)));
    }
  }
}

}  // namespace

Status TryWait(Agent&, Objects objects, size_t count, bool all, Outcome* outcome) {
  *outcome = Outcome{};
  if (count == 0 || count > kMaxWaitObjects) return Refused(kErrorInvalidParameter, "WaitForMultipleObjects");
  for (size_t i = 0; i < count; i++) {
    const Status status = objects[i]->target()->kernel().Require(kAccessWait);
    if (!status.ok()) return status;
  }
  return all ? TryAll(objects, count, outcome) : TryAny(objects, count, outcome);
}

Status Wait(Agent& agent, Objects objects, size_t count, bool all, double timeout_ms, Outcome* outcome) {
  Status status = TryWait(agent, objects, count, all, outcome);
  if (!status.ok() || outcome->satisfied || timeout_ms <= 0) return status;
  // SAFETY: Agent::Create makes nothing else here.
  Win32Agent& own = static_cast<Win32Agent&>(agent);
  // A mutex that another thread gets for a wait of this agent could not be fetched while this one is blocked.
  for (Win32PendingWait* pending : own.pending_waits) pending->Pause();
  const double deadline = NowMs() + timeout_ms;
  status = all ? WaitAll(objects, count, deadline, outcome) : WaitAny(objects, count, deadline, outcome);
  // They go on with their next attempt.
  if (!own.pending_waits.empty()) own.WakeSelf();
  return status;
}

}  // namespace platform
}  // namespace holdfast
