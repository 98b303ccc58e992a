// Events: one shared word, 0 or 1.
#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

class EventFile : public WaitableOf<Event, ObjectKind::kEvent> {
 public:
  explicit EventFile(std::shared_ptr<ObjectFile> file) : WaitableOf(std::move(file)) {}

  Status Set() override {
    const Status status = file_->Require(kAccessModify);
    if (!status.ok()) return status;
    if (State().exchange(1) == 0) file_->Ring();
    return status;
  }

  Status Reset() override {
    const Status status = file_->Require(kAccessModify);
    if (status.ok()) State().store(0);
    return status;
  }

  bool manual_reset() const override { return file_->header().parameters[0] != 0; }

  Status Take(bool* taken, bool*) override {
    uint64_t set = 1;
    *taken = manual_reset() ? State().load() == 1 : State().compare_exchange_strong(set, 0);
    return Status{};
  }

  void GiveBack(bool) override {
    if (!manual_reset() && State().exchange(1) == 0) file_->Ring();
  }

  bool MayTake() override { return State().load() == 1; }
  double RestMs() override { return INFINITY; }

 private:
  std::atomic<uint64_t>& State() { return file_->header().state; }
};

}  // namespace

Status Event::Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<Event>* event, bool* existed) {
  NewObject object;
  object.kind = ObjectKind::kEvent;
  object.parameters[0] = options.manual_reset;
  object.state = options.initially_set;
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Create(ToPosix(agent), options, object, nullptr, &file, existed);
  if (status.ok()) *event = std::make_shared<EventFile>(std::move(file));
  return status;
}

Status Event::Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<Event>* event) {
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Open(ToPosix(agent), ObjectKind::kEvent, options, &file);
  if (status.ok()) *event = std::make_shared<EventFile>(std::move(file));
  return status;
}

Status Event::Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<Event>* event) {
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Adopt(ToPosix(agent), ObjectKind::kEvent, handle, access, &file);
  if (status.ok()) *event = std::make_shared<EventFile>(std::move(file));
  return status;
}

}  // namespace platform
}  // namespace holdfast
