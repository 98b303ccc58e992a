// The guard's table: the mapped ranges of this process whose faults are absorbed, and what has happened in them.
//
// One for the process, whatever number of environments use it. Entries are added and released under a mutex by ordinary
// code; the handlers in posix/guard.cc and win32/guard.cc, which may interrupt anything, only load and store atomics.
// A fault's address belongs to a range that is mapped while the handler runs, so its entry does not change meanwhile.
#ifndef HOLDFAST_NATIVE_GUARD_TABLE_H_
#define HOLDFAST_NATIVE_GUARD_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "platform.h"

namespace holdfast {
namespace platform {
namespace guard {

// Pages from the first to the last that something happened to, as offsets; nothing happened while `end` is 0.
struct Span {
  std::atomic<uint64_t> start{UINT64_MAX};
  std::atomic<uint64_t> end{0};
};

struct Entry {
  std::atomic<uintptr_t> start{0};  // 0: not in use
  std::atomic<uintptr_t> end{0};
  std::atomic<bool> writable{false};
  std::atomic<bool> reserved{false};
  Span unreachable;
  Span stray_stores;
};

// Sees to it that the handler is installed: once in the life of the process. Defined by each platform.
Status Install();

// Adds a range; 0 if the table is full. `reserved`: pages may have no space yet and get it when they are touched.
uint32_t Add(uintptr_t start, size_t length, bool writable, bool reserved);

// To be called before the range is unmapped. Nothing happens for 0.
void Release(uint32_t number);

Faults FaultsOf(uint32_t number);

// For handlers: the entry whose range holds the address; null if none does.
Entry* Find(uintptr_t address);

// For handlers: remembers what happened to the page, and counts it everywhere.
void Note(Entry* entry, Span* span, uintptr_t page, size_t page_size);

// For handlers: true if the same address has faulted so often in a row that absorbing does not help.
bool IsStuck(uintptr_t address);

// A counter of all faults in this process, for one environment to look at; null if all are taken. One for each, because an
// isolate can have no two ArrayBuffers over one address.
std::atomic<uint32_t>* TakeCounter();
void ReleaseCounter(std::atomic<uint32_t>* counter);

}  // namespace guard
}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_GUARD_TABLE_H_
