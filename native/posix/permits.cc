// Permits of a crash-safe semaphore: taken, released, and taken over from the dead.
#include "permits.h"

#include <fcntl.h>

#include <algorithm>

namespace holdfast {
namespace platform {

namespace {

// A word: generation in the upper bits, state in the lower.
constexpr uint32_t kStateBits = 3;
constexpr uint32_t kStateMask = (1u << kStateBits) - 1;
constexpr uint32_t kFree = 0;
constexpr uint32_t kTaken = 1;
constexpr uint32_t kAbsent = 2;         // not posted yet: initial < max
constexpr uint32_t kPostingTaken = 3;   // a release of several has chosen it; it was taken ...
constexpr uint32_t kPostingAbsent = 4;  // ... or absent
constexpr uint32_t kGenerationMask = UINT32_MAX >> kStateBits;

// Holders looked at in one attempt to find a dead one: each costs a system call.
constexpr uint32_t kProbes = 64;

// ObjectHeader::more, low half: the permit released last. High half: a release of several has passed its point of no return.
constexpr uint64_t kCommitted = 1ULL << 32;

uint32_t StateOf(uint32_t word) { return word & kStateMask; }
uint32_t GenerationOf(uint32_t word) { return word >> kStateBits; }
uint32_t MakeWord(uint32_t generation, uint32_t state) { return (generation & kGenerationMask) << kStateBits | state; }
uint32_t NextFree(uint32_t word) { return MakeWord(GenerationOf(word) + 1, kFree); }

}  // namespace

Permits::Permits(ObjectFile& file, uint32_t max)
    : file_(file),
      // SAFETY: the caller has checked that `max` words are mapped there; lock-free atomics have the layout of what they hold.
      words_(reinterpret_cast<Word*>(file.mapped() + kPermitsOffset)),
      max_(max),
      mine_(max, 0) {}

void Permits::Fill(uint8_t* mapped, const NewObject& object) {
  // SAFETY: the file of a new semaphore is made with room for a word of each permit.
  Word* words = reinterpret_cast<Word*>(mapped + kPermitsOffset);
  const uint32_t initial = static_cast<uint32_t>(object.parameters[2]);
  const uint32_t max = static_cast<uint32_t>(object.parameters[0]);
  for (uint32_t i = 0; i < max; i++) words[i].store(MakeWord(0, i < initial ? kFree : kAbsent), std::memory_order_relaxed);
}

uint64_t Permits::ByteOf(uint32_t index, uint32_t generation) const {
  return kPermitBytes + index + static_cast<uint64_t>(max_) * generation;
}

bool Permits::IsMine(uint32_t index, uint32_t word) const { return mine_[index] == GenerationOf(word) + 1; }

void Permits::Hold(uint32_t index, uint32_t generation) {
  held_.push_back(index);
  mine_[index] = generation + 1;
}

// Gives up the lock of a held permit.
void Permits::Forget(size_t place) {
  const uint32_t index = held_[place];
  file_.Unlock(ByteOf(index, mine_[index] - 1));
  mine_[index] = 0;
  held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(place));
}

// Lets go of permits that others have released.
void Permits::DropStale() {
  for (size_t place = held_.size(); place-- > 0;) {
    const uint32_t word = words_[held_[place]].load();
    const uint32_t state = StateOf(word);
    if (!IsMine(held_[place], word) || (state != kTaken && state != kPostingTaken)) Forget(place);
  }
}

Status Permits::TakeFree(bool* taken, bool* contested) {
  const uint32_t start = static_cast<uint32_t>(file_.header().more.load(std::memory_order_relaxed)) % max_;
  *contested = false;
  for (uint32_t k = 0; k < max_; k++) {
    const uint32_t index = start + k < max_ ? start + k : start + k - max_;
    uint32_t word = words_[index].load();
    if (StateOf(word) != kFree) continue;
    const uint64_t byte = ByteOf(index, GenerationOf(word));
    const Status status = file_.TryLock(byte, taken);
    if (!status.ok()) return status;
    if (!*taken) {
      *contested = true;
      continue;
    }
    if (words_[index].compare_exchange_strong(word, MakeWord(GenerationOf(word), kTaken))) {
      Hold(index, GenerationOf(word));
      return status;
    }
    file_.Unlock(byte);
    *taken = false;
    // It was taken, or skipped, by somebody quicker.
    *contested = true;
  }
  return Status{};
}

// Tries to inherit one taken permit.
Status Permits::Probe(uint32_t index, bool* taken) {
  const uint32_t word = words_[index].load();
  if (StateOf(word) != kTaken || IsMine(index, word)) return Status{};
  const uint64_t byte = ByteOf(index, GenerationOf(word));
  const Status status = file_.TryLock(byte, taken);
  if (!*taken) return status;
  if (words_[index].load() == word) {
    Hold(index, GenerationOf(word));
    return status;
  }
  // Released between the two looks.
  *taken = false;
  return file_.Unlock(byte);
}

Status Permits::TakeFromDead(bool* taken) {
  bool posting = false;
  uint32_t probes = 0;
  for (uint32_t k = 0; k < max_ && probes < kProbes; k++) {
    probed_ = probed_ + 1 < max_ ? probed_ + 1 : 0;
    const uint32_t state = StateOf(words_[probed_].load());
    posting = posting || state == kPostingTaken || state == kPostingAbsent;
    if (state != kTaken) continue;
    probes++;
    const Status status = Probe(probed_, taken);
    if (!status.ok() || *taken) return status;
  }
  if (!posting) return Status{};
  // A release of several is under way, or died on its way.
  bool locked;
  const Status status = file_.TryLock(kPosterByte, &locked);
  if (!locked) return status;
  FinishPosting();
  return file_.Unlock(kPosterByte);
}

Status Permits::Take(bool* taken, bool* abandoned) {
  *taken = false;
  DropStale();
  // Each round, those who were quicker have got something; a bound only keeps one call from being unlucky for ever.
  for (int round = 0; round < 16; round++) {
    bool contested;
    Status status = TakeFree(taken, &contested);
    if (!status.ok() || *taken) return status;
    if (contested) {
      // Free, but its byte is locked: by somebody who is about to take it, or who was stopped there, or by a stale holder of an age ago.
      // The next generation's byte is free, and who was about to take this one starts over.
      for (uint32_t i = 0; i < max_; i++) {
        uint32_t word = words_[i].load();
        if (StateOf(word) == kFree) words_[i].compare_exchange_strong(word, NextFree(word));
      }
      continue;
    }
    status = TakeFromDead(taken);
    if (*taken) *abandoned = true;
    return status;
  }
  return Status{};
}

Status Permits::GiveBack(bool abandoned) {
  if (held_.empty()) return Status{};
  if (abandoned) {
    // Still taken, and its byte free: as the dead holder left it.
    Forget(held_.size() - 1);
    return Status{};
  }
  uint32_t previous;
  return Release(1, &previous);
}

uint32_t Permits::CountFree() const {
  uint32_t free = 0;
  for (uint32_t i = 0; i < max_; i++) free += StateOf(words_[i].load(std::memory_order_relaxed)) == kFree ? 1 : 0;
  return free;
}

// One permit needs no lock: one change of a word releases it. `*settled` is false if that has to wait for a release of several.
Status Permits::ReleaseOne(uint32_t* previous, bool* settled) {
  *settled = true;
  *previous = CountFree();
  while (!held_.empty()) {
    const size_t place = held_.size() - 1;
    const uint32_t index = held_[place];
    uint32_t word = words_[index].load();
    if (IsMine(index, word) && StateOf(word) == kPostingTaken) {
      *settled = false;
      return Status{};
    }
    const bool released =
        IsMine(index, word) && StateOf(word) == kTaken && words_[index].compare_exchange_strong(word, NextFree(word));
    if (released) {
      std::atomic<uint64_t>& more = file_.header().more;
      if (static_cast<uint32_t>(more.load(std::memory_order_relaxed)) != index && max_ > 1) {
        uint64_t hint = more.load(std::memory_order_relaxed);
        more.compare_exchange_strong(hint, (hint & kCommitted) | index);
      }
      Forget(place);
      return Status{};
    }
    // Another process has released it, or is choosing it: look again.
    if (!IsMine(index, words_[index].load())) Forget(place);
  }
  bool posting = false;
  for (const uint32_t wanted : {kAbsent, kTaken}) {
    for (uint32_t i = 0; i < max_; i++) {
      uint32_t word = words_[i].load();
      while (StateOf(word) == wanted) {
        if (words_[i].compare_exchange_weak(word, NextFree(word))) return Status{};
      }
      posting = posting || StateOf(word) > kAbsent;
    }
  }
  *settled = !posting;
  return posting ? Status{} : Refused(kErrorTooManyPosts, "release");
}

bool Permits::MarkPosting(uint32_t index, uint32_t wanted_state) {
  uint32_t word = words_[index].load();
  if (StateOf(word) != wanted_state) return false;
  return words_[index].compare_exchange_strong(word, MakeWord(GenerationOf(word), wanted_state == kTaken ? kPostingTaken : kPostingAbsent));
}

// Chooses up to `count` permits to be posted, own ones first; returns how many there were.
uint32_t Permits::MarkPostings(uint32_t count) {
  uint32_t marked = 0;
  for (size_t place = held_.size(); place-- > 0 && marked < count;) marked += MarkPosting(held_[place], kTaken) ? 1 : 0;
  for (const uint32_t wanted : {kAbsent, kTaken}) {
    for (uint32_t i = 0; i < max_ && marked < count; i++) marked += MarkPosting(i, wanted) ? 1 : 0;
  }
  return marked;
}

// Carries a release of several through, or undoes it if it was not decided. REQUIRES: the lock on kPosterByte.
void Permits::FinishPosting() {
  const bool committed = (file_.header().more.load() & kCommitted) != 0;
  for (uint32_t i = 0; i < max_; i++) {
    const uint32_t word = words_[i].load();
    const uint32_t state = StateOf(word);
    if (state != kPostingTaken && state != kPostingAbsent) continue;
    // Nobody else changes a word in this state.
    words_[i].store(committed ? NextFree(word) : MakeWord(GenerationOf(word), state == kPostingTaken ? kTaken : kAbsent));
  }
  file_.header().more.fetch_and(~kCommitted);
}

Status Permits::ReleaseSeveral(uint32_t count, uint32_t* previous) {
  Status status = WaitForByteLock(file_.descriptor(), kPosterByte);
  if (!status.ok()) return status;
  FinishPosting();
  DropStale();
  *previous = CountFree();
  const bool enough = MarkPostings(count) == count;
  if (enough) file_.header().more.fetch_or(kCommitted);
  FinishPosting();
  status = file_.Unlock(kPosterByte);
  DropStale();
  if (!status.ok()) return status;
  return enough ? Status{} : Refused(kErrorTooManyPosts, "release");
}

Status Permits::Release(uint32_t count, uint32_t* previous) {
  if (count > max_) return Refused(kErrorTooManyPosts, "release");
  if (count == 1) {
    bool settled;
    const Status status = ReleaseOne(previous, &settled);
    if (settled) return status;
  }
  return ReleaseSeveral(count, previous);
}

void Permits::AbandonAll() {
  while (!held_.empty()) Forget(held_.size() - 1);
}

}  // namespace platform
}  // namespace holdfast
