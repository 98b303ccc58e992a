// Mutexes: the lock on one byte is the ownership. The shared word only says if the last owner released: it is 1 while owned, and a
// new owner who finds it so has inherited from the dead.
//
// The owner is the agent, whichever of its handles it used: the lock belongs to one handle's file, which the agent keeps open.
#include "wait_target.h"

namespace holdfast {
namespace platform {

namespace {

class MutexFile : public WaitableOf<Mutex, ObjectKind::kMutex> {
 public:
  explicit MutexFile(std::shared_ptr<ObjectFile> file) : WaitableOf(std::move(file)) { agent().mutex_handles[id()]++; }

  ~MutexFile() override {
    if (--agent().mutex_handles[id()] > 0) return;
    agent().mutex_handles.erase(id());
    const auto held = agent().owned.find(id());
    if (held == agent().owned.end()) return;
    // Nobody can release it any more: abandoned.
    const PosixAgent::Hold last = held->second;
    agent().owned.erase(held);
    last.file->Unlock(kOwnerByte);
    last.file->Ring();
  }

  Status TryAcquire(bool* acquired, bool* abandoned) override {
    *acquired = *abandoned = false;
    const Status status = file_->Require(kAccessWait);
    return status.ok() ? Take(acquired, abandoned) : status;
  }

  Status Release() override {
    const auto held = agent().owned.find(id());
    if (held == agent().owned.end()) return Refused(kErrorNotOwner, "release");
    if (--held->second.count > 0) return Status{};
    const std::shared_ptr<ObjectFile> owner = held->second.file;
    agent().owned.erase(held);
    owner->header().state.store(0);
    const Status status = owner->Unlock(kOwnerByte);
    owner->Ring();
    return status;
  }

  Status Take(bool* taken, bool* abandoned) override {
    const auto held = agent().owned.find(id());
    if (held != agent().owned.end()) {
      held->second.count++;
      *taken = true;
      return Status{};
    }
    const Status status = file_->TryLock(kOwnerByte, taken);
    if (!*taken) return status;
    if (file_->header().state.exchange(1) == 1) *abandoned = true;
    agent().owned[id()] = {file_, 1};
    return status;
  }

  void GiveBack(bool abandoned) override {
    const auto held = agent().owned.find(id());
    if (held == agent().owned.end()) return;
    if (!abandoned || held->second.count > 1) {
      Release();
      return;
    }
    // The word stays, and tells the next.
    const PosixAgent::Hold last = held->second;
    agent().owned.erase(held);
    last.file->Unlock(kOwnerByte);
    last.file->Ring();
  }

  bool MayTake() override { return true; }
  double RestMs() override { return kLookAgainMs; }

 private:
  PosixAgent& agent() const { return file_->agent(); }
};

Status Finish(const Status& status, std::shared_ptr<ObjectFile> file, std::shared_ptr<Mutex>* mutex) {
  if (status.ok()) *mutex = std::make_shared<MutexFile>(std::move(file));
  return status;
}

}  // namespace

Status Mutex::Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<Mutex>* mutex, bool* existed) {
  NewObject object;
  object.kind = ObjectKind::kMutex;
  std::shared_ptr<ObjectFile> file;
  Status status = ObjectFile::Create(ToPosix(agent), options, object, nullptr, &file, existed);
  status = Finish(status, std::move(file), mutex);
  if (!status.ok() || *existed || !options.initially_owned) return status;
  // Others can have it first, as soon as there is a name: then it existed before this call, so to speak.
  bool acquired = false;
  bool abandoned = false;
  status = (*mutex)->TryAcquire(&acquired, &abandoned);
  if (status.ok() && !acquired) *existed = true;
  return status;
}

Status Mutex::Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<Mutex>* mutex) {
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Open(ToPosix(agent), ObjectKind::kMutex, options, &file);
  return Finish(status, std::move(file), mutex);
}

Status Mutex::Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<Mutex>* mutex) {
  std::shared_ptr<ObjectFile> file;
  const Status status = ObjectFile::Adopt(ToPosix(agent), ObjectKind::kMutex, handle, access, &file);
  return Finish(status, std::move(file), mutex);
}

}  // namespace platform
}  // namespace holdfast
