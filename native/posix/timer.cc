// Waitable timers: the due time in a shared word, by the machine's monotonic clock. Nobody makes a timer go off; who waits looks.
//
// `state`: 0 not set; kSignalledForGood; else nanoseconds. `more`: the period in nanoseconds. Setting goes through 0, so that a period
// read between two looks at the same due time belongs to it.
#include <time.h>

#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

constexpr uint64_t kSignalledForGood = 1;
constexpr double kNanoseconds = 1e6;

uint64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

class TimerFile : public WaitableOf<Timer, ObjectKind::kTimer> {
 public:
  explicit TimerFile(std::shared_ptr<ObjectFile> file) : WaitableOf(std::move(file)) {}

  Status Set(double due_ms, double period_ms) override {
    return Change([&](ObjectHeader& header) {
      const uint64_t due = Now() + static_cast<uint64_t>(due_ms * kNanoseconds);
      header.state.store(0);
      header.more.store(static_cast<uint64_t>(period_ms * kNanoseconds));
      header.state.store(due);
    });
  }

  Status Cancel() override {
    return Change([](ObjectHeader& header) {
      uint64_t due = header.state.load();
      // A wait may take it meanwhile, which is before or after this.
      while (!header.state.compare_exchange_weak(due, due != 0 && due <= Now() ? kSignalledForGood : 0)) continue;
      header.more.store(0);
    });
  }

  bool manual_reset() const override { return file_->header().parameters[0] != 0; }

  Status Take(bool* taken, bool*) override {
    *taken = false;
    ObjectHeader& header = file_->header();
    uint64_t due = header.state.load();
    for (;;) {
      const uint64_t now = Now();
      if (due == 0 || due > now) return Status{};
      if (manual_reset()) break;
      const uint64_t period = header.more.load();
      const uint64_t next = due == kSignalledForGood || period == 0 ? 0 : due + ((now - due) / period + 1) * period;
      if (header.state.compare_exchange_weak(due, next)) break;
    }
    taken_due_ = due;
    *taken = true;
    return Status{};
  }

  void GiveBack(bool) override {
    if (manual_reset()) return;
    ObjectHeader& header = file_->header();
    uint64_t now_due = header.state.load();
    // Set anew meanwhile by somebody else: then that holds.
    const uint64_t period = header.more.load();
    const bool same = period == 0 ? now_due == 0 : now_due > taken_due_ && (now_due - taken_due_) % period == 0;
    if (same && header.state.compare_exchange_strong(now_due, taken_due_)) file_->Ring();
  }

  bool MayTake() override {
    const uint64_t due = file_->header().state.load();
    return due != 0 && due <= Now();
  }

  double RestMs() override {
    const uint64_t due = file_->header().state.load();
    if (due == 0) return INFINITY;
    const uint64_t now = Now();
    return due <= now ? 0 : static_cast<double>(due - now) / kNanoseconds;
  }

 private:
  // One setter at a time, by a lock that the kernel frees if it dies.
  template <typename Function>
  Status Change(Function change) {
    Status status = file_->Require(kAccessModify);
    if (status.ok()) status = WaitForByteLock(file_->descriptor(), kPosterByte);
    if (!status.ok()) return status;
    change(file_->header());
    status = file_->Unlock(kPosterByte);
    file_->Ring();
    return status;
  }

  uint64_t taken_due_ = 0;
};

}  // namespace

Status Timer::Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<Timer>* timer, bool* existed) {
  NewObject object;
  object.kind = ObjectKind::kTimer;
  object.parameters[0] = options.manual_reset;
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Create(ToPosix(agent), options, object, nullptr, &file, existed);
  if (status.ok()) *timer = std::make_shared<TimerFile>(std::move(file));
  return status;
}

Status Timer::Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<Timer>* timer) {
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Open(ToPosix(agent), ObjectKind::kTimer, options, &file);
  if (status.ok()) *timer = std::make_shared<TimerFile>(std::move(file));
  return status;
}

Status Timer::Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<Timer>* timer) {
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Adopt(ToPosix(agent), ObjectKind::kTimer, handle, access, &file);
  if (status.ok()) *timer = std::make_shared<TimerFile>(std::move(file));
  return status;
}

}  // namespace platform
}  // namespace holdfast
