// The permits of a crash-safe semaphore: for each a word in shared memory, and a lock byte for each of its generations.
//
// The word of permit i says its generation g and whether it is free, taken or not posted. Whoever takes it locks the byte of (i, g)
// and then changes the word; whoever gives it back changes the word to (g + 1, free), which is the moment of the release, and frees
// the byte then. So a permit that is taken and whose byte nobody locks had a holder that died. A release by another process is the
// same change of the word; the holder's lock is on a byte that means nothing any more, and it notices at its next operation.
// docs/decisions, "Permits are lock bytes with a generation", has the argument.
#ifndef HOLDFAST_NATIVE_POSIX_PERMITS_H_
#define HOLDFAST_NATIVE_POSIX_PERMITS_H_

#include <vector>

#include "object_file.h"

namespace holdfast {
namespace platform {

class Permits {
 public:
  // REQUIRES: the file has a word for each of `max` permits, at kPermitsOffset.
  Permits(ObjectFile& file, uint32_t max);

  // Writes the words of a new semaphore.
  static void Fill(uint8_t* mapped, const NewObject& object);

  // Takes a permit: a free one, or else one whose holder has died.
  Status Take(bool* taken, bool* abandoned);
  // Undoes the last Take.
  Status GiveBack(bool abandoned);
  // Releases `count` or none (kErrorTooManyPosts).
  Status Release(uint32_t count, uint32_t* previous);
  uint32_t CountFree() const;
  // Frees the locks of all that is held here, for others to find.
  void AbandonAll();

 private:
  using Word = std::atomic<uint32_t>;

  Status TakeFree(bool* taken, bool* contested);
  Status TakeFromDead(bool* taken);
  Status Probe(uint32_t index, bool* taken);
  Status ReleaseOne(uint32_t* previous, bool* settled);
  Status ReleaseSeveral(uint32_t count, uint32_t* previous);
  void FinishPosting();
  uint32_t MarkPostings(uint32_t count);
  bool MarkPosting(uint32_t index, uint32_t wanted_state);
  void Hold(uint32_t index, uint32_t generation);
  void Forget(size_t place);
  void DropStale();
  uint64_t ByteOf(uint32_t index, uint32_t generation) const;
  bool IsMine(uint32_t index, uint32_t word) const;

  ObjectFile& file_;
  Word* const words_;
  const uint32_t max_;
  // Indexes of the permits that this handle holds, the newest last, and for each index its generation + 1; 0 if it is not held.
  std::vector<uint32_t> held_;
  std::vector<uint32_t> mine_;
  // Where the last look for dead holders stopped.
  uint32_t probed_ = 0;
};

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_POSIX_PERMITS_H_
