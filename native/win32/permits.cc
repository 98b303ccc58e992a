// Permits of a crash-safe semaphore: taken, released, and taken over from the dead.
#include "permits.h"

#include <algorithm>
#include <cwchar>
#include <optional>

#include "agent.h"
#include "object_namespace.h"

namespace holdfast {
namespace platform {

namespace {

constexpr uint32_t kFree = 0;
constexpr uint32_t kAbsent = UINT32_MAX;

std::wstring TokenName(const KernelObject& object, uint32_t number) {
  wchar_t digits[32];
  std::swprintf(digits, 32, L"%016llx-%08x", static_cast<unsigned long long>(object.id()), number);
  return win32::Prefix(object.scope()) + (L"holdfast-holder-" + std::wstring(digits));
}

}  // namespace

Permits::Permits(KernelObject& object)
    : object_(object),
      // SAFETY: the caller has checked that so many words are mapped there; lock-free atomics have the layout of what they hold.
      words_(reinterpret_cast<Word*>(object.extra())),
      max_(object.record()->max) {}

Permits::~Permits() {
  if (token_ != nullptr) CloseHandle(token_);
}

// A number that no handle ever had, and its token, which exists before the number is in any word.
Status Permits::TakeNumber() {
  while (number_ == 0) {
    const uint32_t number = object_.record()->last_holder.fetch_add(1) + 1;
    if (number == kFree || number == kAbsent) continue;
    token_ = CreateEventW(nullptr, TRUE, FALSE, TokenName(object_, number).c_str());
    if (token_ == nullptr && GetLastError() != ERROR_ACCESS_DENIED && GetLastError() != ERROR_INVALID_HANDLE)
      return win32::Failed("CreateEvent");
    // Somebody has it already, after four thousand million handles: the next one.
    if (token_ != nullptr && GetLastError() == ERROR_ALREADY_EXISTS) {
      CloseHandle(token_);
      token_ = nullptr;
    }
    if (token_ != nullptr) number_ = number;
  }
  return Status{};
}

// Only "there is none" is a proof of death.
bool Permits::IsAlive(uint32_t holder, std::vector<uint32_t>* alive) const {
  if (holder == number_ || std::find(alive->begin(), alive->end(), holder) != alive->end()) return true;
  const win32::ScopedHandle token(OpenEventW(SYNCHRONIZE, FALSE, TokenName(object_, holder).c_str()));
  if (!token.valid() && GetLastError() == ERROR_FILE_NOT_FOUND) return false;
  alive->push_back(holder);
  return true;
}

bool Permits::TakeFree() {
  for (uint32_t k = 0; k < max_; k++) {
    const uint32_t index = hint_ + k < max_ ? hint_ + k : hint_ + k - max_;
    uint32_t word = words_[index].load();
    if (word != kFree || !words_[index].compare_exchange_strong(word, number_)) continue;
    held_.push_back(index);
    before_ = kFree;
    hint_ = index;
    return true;
  }
  return false;
}

bool Permits::TakeFromDead() {
  std::vector<uint32_t> alive;
  for (uint32_t index = 0; index < max_; index++) {
    uint32_t word = words_[index].load();
    if (word == kAbsent || word == kFree || IsAlive(word, &alive)) continue;
    // Nobody but another heir changes the word of a dead holder to anything; a number is never given again.
    before_ = word;
    if (!words_[index].compare_exchange_strong(word, number_)) continue;
    held_.push_back(index);
    return true;
  }
  return false;
}

Status Permits::Take(bool* taken, bool* abandoned) {
  const Status status = TakeNumber();
  if (!status.ok()) return status;
  // Permits that others released stay in the list until they are a burden.
  if (held_.size() >= max_) DropStale();
  *taken = TakeFree();
  if (*taken) return status;
  *taken = TakeFromDead();
  if (*taken) *abandoned = true;
  return status;
}

void Permits::GiveBack() {
  if (held_.empty()) return;
  uint32_t word = number_;
  words_[held_.back()].compare_exchange_strong(word, before_);
  held_.pop_back();
}

uint32_t Permits::CountFree() const {
  uint32_t free = 0;
  for (uint32_t i = 0; i < max_; i++) free += words_[i].load(std::memory_order_relaxed) == kFree ? 1 : 0;
  return free;
}

void Permits::DropStale() {
  const auto stale = [this](uint32_t index) { return words_[index].load() != number_; };
  held_.erase(std::remove_if(held_.begin(), held_.end(), stale), held_.end());
}

// Chooses permits of others, by making them this handle's for the moment. Should it die meanwhile, they come back as a dead holder's. False, and
// everything as it was, if there are too few. REQUIRES: the lock of the namespace, or two such releases could choose from one another.
bool Permits::Gather(uint32_t count) {
  gathered_.clear();
  if (max_ - CountFree() < count) return false;
  for (const bool absent : {true, false}) {
    for (uint32_t i = 0; i < max_ && gathered_.size() < count; i++) {
      uint32_t word = words_[i].load();
      if (word == kFree || word == number_ || (word == kAbsent) != absent) continue;
      if (words_[i].compare_exchange_strong(word, number_)) gathered_.emplace_back(i, word);
    }
  }
  if (gathered_.size() == count) return true;
  FreeGathered(false);
  return false;
}

// Carries a release of others' permits through, or undoes the choice.
void Permits::FreeGathered(bool release) {
  for (const auto& [index, before] : gathered_) {
    uint32_t word = number_;
    words_[index].compare_exchange_strong(word, release ? kFree : before);
  }
  gathered_.clear();
}

// Returns how many of these were not this handle's any more, because another process had just released them.
uint32_t Permits::ReleaseOwn(uint32_t count) {
  uint32_t missing = 0;
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t index = held_.back();
    held_.pop_back();
    hint_ = index;
    uint32_t word = number_;
    if (!words_[index].compare_exchange_strong(word, kFree)) missing++;
  }
  return missing;
}

Status Permits::Release(uint32_t count, uint32_t* previous) {
  const Status too_many = Refused(kErrorTooManyPosts, "ReleaseSemaphore");
  if (count > max_) return too_many;
  // The newest is looked at first, and nearly always it is this handle's still.
  if (count > 1 || held_.empty() || words_[held_.back()].load() != number_) DropStale();
  const uint32_t own = static_cast<uint32_t>(std::min<size_t>(count, held_.size()));
  std::optional<win32::NamespaceLock> lock;
  if (own < count) {
    const Status status = TakeNumber();
    if (!status.ok()) return status;
    lock.emplace(object_.agent().namespace_mutex(object_.scope()));
    if (!Gather(count - own)) return too_many;
  }
  *previous = CountFree();
  const uint32_t missing = ReleaseOwn(own);
  FreeGathered(true);
  if (missing == 0) return Status{};
  // The other process's release came first; so these are others' permits.
  if (!lock) lock.emplace(object_.agent().namespace_mutex(object_.scope()));
  if (!Gather(missing)) return too_many;
  FreeGathered(true);
  return Status{};
}

}  // namespace platform
}  // namespace holdfast
