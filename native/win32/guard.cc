// The guard on Windows: a vectored exception handler for our own mapped ranges. What it does not take goes on to the others.
//
// A store into a range for reading makes that page PAGE_WRITECOPY, which gives it a private copy: the system allows that
// for any view of a section that can be read. EXCEPTION_IN_PAGE_ERROR (the disk failed, the network is gone) takes the
// whole view away and puts private zeroes in its place, since no single page of a view can be replaced. A page of
// reserved memory that has no space yet gets it when it is touched, as on POSIX systems.
#include "../guard_table.h"

#include <mutex>

#include "handle.h"

namespace holdfast {
namespace platform {
namespace guard {

namespace {

// The first element of an exception's information, by the manual of EXCEPTION_RECORD.
constexpr ULONG_PTR kStore = 1;
constexpr ULONG_PTR kExecute = 8;
constexpr uintptr_t kPageSize = 4096;

// One replacement at a time; another thread that faults in the same view meanwhile waits and finds it done.
SRWLOCK replacing = SRWLOCK_INIT;

// SAFETY of the addresses below: they lie in a range that this process has mapped through a Region.
void* PageOf(uintptr_t address) { return reinterpret_cast<void*>(address - address % kPageSize); }

bool IsCommitted(void* page, DWORD* type) {
  MEMORY_BASIC_INFORMATION information;
  if (VirtualQuery(page, &information, sizeof information) == 0) return false;
  *type = information.Type;
  return information.State == MEM_COMMIT;
}

bool ReplaceView(Entry* entry, void* page) {
  AcquireSRWLockExclusive(&replacing);
  DWORD type = 0;
  bool done = IsCommitted(page, &type) && type == MEM_PRIVATE;
  if (!done) {
    void* start = reinterpret_cast<void*>(entry->start.load());
    const size_t length = entry->end.load() - entry->start.load();
    done = UnmapViewOfFile(start) && VirtualAlloc(start, length, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) == start;
  }
  ReleaseSRWLockExclusive(&replacing);
  return done;
}

bool AbsorbUnreachable(Entry* entry, void* page) {
  if (!ReplaceView(entry, page)) return false;
  Note(entry, &entry->unreachable, reinterpret_cast<uintptr_t>(page), kPageSize);
  return true;
}

bool AbsorbViolation(Entry* entry, uintptr_t address, ULONG_PTR what) {
  if (what == kExecute) return false;
  DWORD type = 0;
  void* page = PageOf(address);
  const bool committed = IsCommitted(page, &type);
  if (!committed && entry->reserved.load()) {
    const bool writable = entry->writable.load();
    return VirtualAlloc(page, kPageSize, MEM_COMMIT, writable ? PAGE_READWRITE : PAGE_READONLY) != nullptr;
  }
  // Between the two calls of another thread's ReplaceView; do it again when that is through.
  if (!committed) return ReplaceView(entry, page);
  // Allowed by the page's protection and failed all the same: what Wine says instead of EXCEPTION_IN_PAGE_ERROR.
  if (what != kStore || entry->writable.load()) return AbsorbUnreachable(entry, page);
  DWORD old;
  if (!VirtualProtect(page, kPageSize, PAGE_WRITECOPY, &old)) return false;
  Note(entry, &entry->stray_stores, reinterpret_cast<uintptr_t>(page), kPageSize);
  return true;
}

LONG CALLBACK OnException(EXCEPTION_POINTERS* exception) {
  const EXCEPTION_RECORD& record = *exception->ExceptionRecord;
  const bool in_page = record.ExceptionCode == EXCEPTION_IN_PAGE_ERROR;
  if ((!in_page && record.ExceptionCode != EXCEPTION_ACCESS_VIOLATION) || record.NumberParameters < 2) return EXCEPTION_CONTINUE_SEARCH;
  const auto address = static_cast<uintptr_t>(record.ExceptionInformation[1]);
  Entry* entry = Find(address);
  if (entry == nullptr || IsStuck(address)) return EXCEPTION_CONTINUE_SEARCH;
  const bool absorbed =
      in_page ? AbsorbUnreachable(entry, PageOf(address)) : AbsorbViolation(entry, address, record.ExceptionInformation[0]);
  return absorbed ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

Status InstallOnce() {
  // The handler stays when the last environment that uses the addon ends, so its code must stay too.
  HMODULE self;
  // SAFETY: only the address counts.
  if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                          reinterpret_cast<LPCWSTR>(&OnException), &self))
    return win32::Failed("GetModuleHandleEx");
  return AddVectoredExceptionHandler(1, OnException) != nullptr ? Status{} : win32::Failed("AddVectoredExceptionHandler");
}

}  // namespace

Status Install() {
  static std::once_flag once;
  static Status status;
  std::call_once(once, [] { status = InstallOnce(); });
  return status;
}

}  // namespace guard
}  // namespace platform
}  // namespace holdfast
