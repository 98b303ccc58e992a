// Permits of a crash-safe semaphore on Windows: a word each in the object's record.
//
// A word holds the number of the handle that has the permit: 0 is free, kAbsent was never posted. Every handle that takes permits has a number of its own,
// never given twice, and a named kernel object, its token, whose name follows from the number and which it alone keeps open. The kernel closes
// it with the handle or the process; a permit whose holder's token is gone is the next one's who looks, with `abandoned`. So neither
// acquire nor release needs a system call while nobody waits, every change is one change of one word, and what a
// suspended process holds stays its own. There are no files, and nothing to clean up.
#ifndef HOLDFAST_NATIVE_WIN32_PERMITS_H_
#define HOLDFAST_NATIVE_WIN32_PERMITS_H_

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "kernel_object.h"

namespace holdfast {
namespace platform {

class Permits {
 public:
  // REQUIRES: the object's record is that of a crash-safe semaphore, with a word for each permit.
  explicit Permits(KernelObject& object);
  // What is held comes back to the next ones, who are told.
  ~Permits();
  Permits(const Permits&) = delete;
  Permits& operator=(const Permits&) = delete;

  Status Take(bool* taken, bool* abandoned);
  // Undoes the last Take.
  void GiveBack();
  Status Release(uint32_t count, uint32_t* previous);
  uint32_t CountFree() const;
  bool holds_any() const { return !held_.empty(); }

 private:
  using Word = std::atomic<uint32_t>;

  Status TakeNumber();
  bool IsAlive(uint32_t holder, std::vector<uint32_t>* alive) const;
  bool TakeFree();
  bool TakeFromDead();
  bool Gather(uint32_t count);
  void FreeGathered(bool release);
  uint32_t ReleaseOwn(uint32_t count);
  void DropStale();

  KernelObject& object_;
  Word* const words_;
  const uint32_t max_;
  // This handle's number and token, from the first Take on.
  uint32_t number_ = 0;
  HANDLE token_ = nullptr;
  // Permits that this handle took, in their order; others may have released some.
  std::vector<uint32_t> held_;
  // What the last taken word was before, and where to look next.
  uint32_t before_ = 0;
  uint32_t hint_ = 0;
  // Others' permits that a release has chosen, with their words.
  std::vector<std::pair<uint32_t, uint32_t>> gathered_;
};

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_WIN32_PERMITS_H_
