// The guard's table: adding and releasing ranges, finding them from a handler.
#include "guard_table.h"

#include <mutex>

namespace holdfast {
namespace platform {
namespace guard {

namespace {

// More than a Linux process can have mappings (vm.max_map_count). Memory of entries that were never used is never touched.
constexpr uint32_t kMaxEntries = 65536;
constexpr uint32_t kMaxCounters = 1024;
constexpr uint32_t kMaxRepeats = 1000;

static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uintptr_t>::is_always_lock_free, "handlers take no locks");

// Entry 0 is never used. Handlers look at those below `used`.
Entry entries[kMaxEntries];
std::atomic<uint32_t> used{1};
std::atomic<uint32_t> counters[kMaxCounters];
std::atomic<bool> counter_taken[kMaxCounters];
std::atomic<uint32_t> counters_used{0};
std::atomic<uint32_t> total{0};
std::atomic<uintptr_t> last_address{0};
std::atomic<uint32_t> repeats{0};

// Where the search for a free entry begins. Never destroyed: a worker may still release a range while the process ends.
uint32_t next_free = 1;
std::mutex& Mutex() {
  static std::mutex* const mutex = new std::mutex();
  return *mutex;
}

void Clear(Span* span) {
  span->start.store(UINT64_MAX, std::memory_order_relaxed);
  span->end.store(0, std::memory_order_relaxed);
}

// The two numbers are widened one by one: whoever reads between sees a part of what happened, and the counter not yet.
void Widen(Span* span, uint64_t start, uint64_t end) {
  uint64_t now = span->start.load();
  while (start < now && !span->start.compare_exchange_weak(now, start)) {
  }
  now = span->end.load();
  while (end > now && !span->end.compare_exchange_weak(now, end)) {
  }
}

uint32_t FindFree() {
  const uint32_t limit = used.load();
  for (uint32_t number = next_free; number < limit; number++)
    if (entries[number].start.load() == 0) return number;
  return limit < kMaxEntries ? limit : 0;
}

}  // namespace

uint32_t Add(uintptr_t start, size_t length, bool writable, bool reserved) {
  const std::lock_guard<std::mutex> lock(Mutex());
  const uint32_t number = FindFree();
  if (number == 0) return 0;
  next_free = number + 1;
  Entry& entry = entries[number];
  Clear(&entry.unreachable);
  Clear(&entry.stray_stores);
  entry.end.store(start + length);
  entry.writable.store(writable);
  entry.reserved.store(reserved);
  // Last, since it makes the entry count.
  entry.start.store(start);
  if (number >= used.load()) used.store(number + 1);
  repeats.store(0);
  return number;
}

void Release(uint32_t number) {
  if (number == 0) return;
  const std::lock_guard<std::mutex> lock(Mutex());
  entries[number].start.store(0);
  if (number < next_free) next_free = number;
}

Faults FaultsOf(uint32_t number) {
  Faults faults;
  if (number == 0) return faults;
  const Entry& entry = entries[number];
  faults.unreachable = entry.unreachable.end.load() != 0;
  faults.stray_store = entry.stray_stores.end.load() != 0;
  const Span& span = faults.unreachable ? entry.unreachable : entry.stray_stores;
  if (!faults.unreachable && !faults.stray_store) return faults;
  faults.start = span.start.load();
  faults.end = span.end.load();
  return faults;
}

Entry* Find(uintptr_t address) {
  const uint32_t limit = used.load();
  for (uint32_t number = 1; number < limit; number++) {
    Entry& entry = entries[number];
    const uintptr_t start = entry.start.load();
    if (start == 0 || address < start || address >= entry.end.load() || entry.start.load() != start) continue;
    return &entry;
  }
  return nullptr;
}

void Note(Entry* entry, Span* span, uintptr_t page, size_t page_size) {
  const uintptr_t start = entry->start.load();
  const uintptr_t end = entry->end.load();
  Widen(span, page - start, (page + page_size < end ? page + page_size : end) - start);
  total.fetch_add(1);
  const uint32_t limit = counters_used.load();
  for (uint32_t i = 0; i < limit; i++) counters[i].fetch_add(1);
}

bool IsStuck(uintptr_t address) {
  if (last_address.exchange(address) != address) repeats.store(0);
  return repeats.fetch_add(1) >= kMaxRepeats;
}

std::atomic<uint32_t>* TakeCounter() {
  const std::lock_guard<std::mutex> lock(Mutex());
  for (uint32_t i = 0; i < kMaxCounters; i++) {
    if (counter_taken[i].exchange(true)) continue;
    counters[i].store(total.load());
    if (i >= counters_used.load()) counters_used.store(i + 1);
    return &counters[i];
  }
  return nullptr;
}

void ReleaseCounter(std::atomic<uint32_t>* counter) { counter_taken[counter - counters].store(false); }

}  // namespace guard
}  // namespace platform
}  // namespace holdfast
