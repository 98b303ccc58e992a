// What a wait needs to know of an object on POSIX systems.
#ifndef HOLDFAST_NATIVE_POSIX_WAIT_TARGET_H_
#define HOLDFAST_NATIVE_POSIX_WAIT_TARGET_H_

#include <cmath>
#include <memory>

#include "object_file.h"

namespace holdfast {
namespace platform {

// Nobody rings for the dead: where a kernel lock says that somebody holds, a wait looks again after this long.
constexpr double kLookAgainMs = 20;

struct WaitTarget {
  virtual ~WaitTarget() = default;
  // Takes the object if it is signalled. `*abandoned` is only set, never cleared.
  virtual Status Take(bool* taken, bool* abandoned) = 0;
  // Undoes the Take before, whose `abandoned` is given, as if it had not happened.
  virtual void GiveBack(bool abandoned) = 0;
  // Whether a Take may succeed; false only if it would surely fail. Takes nothing.
  virtual bool MayTake() = 0;
  // How long a wait may rest without being rung.
  virtual double RestMs() = 0;
  virtual ObjectFile& file() = 0;
};

// What all kinds do alike.
template <typename Contract, ObjectKind Kind>
class FileObjectOf : public Contract {
 public:
  ObjectKind kind() const override { return Kind; }
  uint64_t id() const override { return file_->header().id; }
  uint32_t access() const override { return file_->access(); }
  Status Export(uint32_t access, intptr_t* handle) override { return file_->Export(access, handle); }

 protected:
  explicit FileObjectOf(std::shared_ptr<ObjectFile> file) : file_(std::move(file)) {}
  std::shared_ptr<ObjectFile> file_;
};

template <typename Contract, ObjectKind Kind>
class WaitableOf : public FileObjectOf<Contract, Kind>, public WaitTarget {
 public:
  WaitTarget* target() override { return this; }
  ObjectFile& file() override { return *this->file_; }

 protected:
  explicit WaitableOf(std::shared_ptr<ObjectFile> file) : FileObjectOf<Contract, Kind>(std::move(file)) {}
};

// The agent of this platform behind the contract's.
inline std::shared_ptr<PosixAgent> ToPosix(const std::shared_ptr<Agent>& agent);

}  // namespace platform
}  // namespace holdfast

#include "agent.h"

namespace holdfast {
namespace platform {

inline std::shared_ptr<PosixAgent> ToPosix(const std::shared_ptr<Agent>& agent) {
  // SAFETY: Agent::Create makes nothing else here.
  return std::static_pointer_cast<PosixAgent>(agent);
}

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_POSIX_WAIT_TARGET_H_
