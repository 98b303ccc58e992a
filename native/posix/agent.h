// One thread's part in named objects on POSIX systems: its bells, the bells that it rings, the mutexes that it owns.
//
// A bell is a FIFO in the directory of a scope. Its owner has it open for reading as long as it lives; whoever rings writes a byte, or
// learns from the kernel that there is no reader any more.
#ifndef HOLDFAST_NATIVE_POSIX_AGENT_H_
#define HOLDFAST_NATIVE_POSIX_AGENT_H_

#include <map>
#include <memory>

#include "object_file.h"

namespace holdfast {
namespace platform {

class PosixAgent : public Agent {
 public:
  PosixAgent();
  ~PosixAgent() override;
  intptr_t WakeHandle(Scope scope) const override;
  void ClearWake() override;
  void End() override;

  const std::string& path(Scope scope) const { return names_.path[static_cast<uint32_t>(scope)]; }

  // The bell of a scope, made at its first use.
  Status Bell(Scope scope, uint64_t* id);
  // Rings a bell; `*alive` is false if nobody will ever hear it.
  void Ring(Scope scope, uint64_t id, bool* alive);
  // The same without a sound.
  bool IsAlive(Scope scope, uint64_t id);
  // Rings its own bells, for pending waits whose wake-up somebody else may have swallowed.
  void RingSelf();

  // A mutex that this thread owns: the file that holds the lock, and how often it was acquired.
  struct Hold {
    std::shared_ptr<ObjectFile> file;
    uint32_t count = 0;
  };
  std::map<uint64_t, Hold> owned;
  // Handles of each mutex that this thread has.
  std::map<uint64_t, uint32_t> mutex_handles;
  uint32_t pending_waits = 0;

 private:
  struct OwnBell {
    uint64_t id = 0;
    Descriptor fifo;
    std::string path;
  };
  int Ringer(Scope scope, uint64_t id, bool* alive);

  const Namespace names_;
  OwnBell bells_[2];
  // Open ends of other threads' bells.
  std::map<uint64_t, Descriptor> ringers_;
};

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_POSIX_AGENT_H_
