// What a wait needs to know of an object on Windows.
#ifndef HOLDFAST_NATIVE_WIN32_WAIT_TARGET_H_
#define HOLDFAST_NATIVE_WIN32_WAIT_TARGET_H_

#include <cmath>
#include <memory>

#include "agent.h"
#include "kernel_object.h"

namespace holdfast {
namespace platform {

// How a wait for an object is done.
enum class Way {
  kKernel,  // the kernel's wait takes it, on any thread; it can be given back
  kMutex,   // the same; the thread that waited owns it
  kPolled,  // the kernel's wait takes it, but it could not be given back: a wait that does not block looks now and then
  kRung,    // the kernel's wait only rings; Take takes
};

struct WaitTarget {
  virtual ~WaitTarget() = default;
  virtual Way way() const = 0;
  virtual KernelObject& kernel() = 0;
  // Takes the object if it is signalled. `*abandoned` is only set, never cleared.
  virtual Status Take(bool* taken, bool* abandoned) = 0;
  // Undoes the Take, Taken or TakenBy before, as if it had not happened. `abandoned` is what that told.
  virtual void GiveBack(bool abandoned) = 0;
  // The kernel's wait took it: on this thread, or on another.
  virtual void Taken(bool*) {}
  virtual void TakenBy(Waiter*, bool*) {}
  // It is to be had without the kernel, which would refuse it: a mutex that another thread owns for this one.
  virtual bool IsOwnedByProxy() const { return false; }
  // kRung: from now on it is to be rung; and no longer.
  virtual void Arm() {}
  virtual void Disarm() {}
  // How long a wait may rest without being woken.
  virtual double RestMs() { return INFINITY; }
};

// What all kinds do alike.
template <typename Contract, ObjectKind Kind>
class KernelObjectOf : public Contract {
 public:
  ObjectKind kind() const override { return Kind; }
  uint64_t id() const override { return kernel_->id(); }
  uint32_t access() const override { return kernel_->access(); }
  Status Export(uint32_t access, intptr_t* handle) override { return kernel_->Export(access, handle); }

 protected:
  explicit KernelObjectOf(std::shared_ptr<KernelObject> kernel) : kernel_(std::move(kernel)) {}
  HANDLE object() const { return kernel_->handle(); }
  Record* record() const { return kernel_->record(); }

  const std::shared_ptr<KernelObject> kernel_;
};

template <typename Contract, ObjectKind Kind>
class WaitableOf : public KernelObjectOf<Contract, Kind>, public WaitTarget {
 public:
  WaitTarget* target() override { return this; }
  KernelObject& kernel() override { return *this->kernel_; }

  // The kernel's wait, without waiting.
  Status Take(bool* taken, bool* abandoned) override {
    const DWORD result = WaitForSingleObject(this->object(), 0);
    if (result == WAIT_FAILED) return win32::Failed("WaitForSingleObject");
    *taken = result == WAIT_OBJECT_0 || result == WAIT_ABANDONED;
    if (!*taken) return Status{};
    if (result == WAIT_ABANDONED) *abandoned = true;
    Taken(abandoned);
    return Status{};
  }

 protected:
  explicit WaitableOf(std::shared_ptr<KernelObject> kernel) : KernelObjectOf<Contract, Kind>(std::move(kernel)) {}
};

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_WIN32_WAIT_TARGET_H_
