// The guard on POSIX systems: handlers of SIGBUS and SIGSEGV for our own mapped ranges, chained to whatever was there before.
//
// SIGBUS in one of our ranges means that the page cannot be had (mmap(2): behind the end of the file; an error of the disk; no
// space for a hole): a private page of zeroes takes its place and the access is done again there. SIGSEGV means a
// store into a range for reading: a private copy of the page takes its place. Everything else goes to the handler before:
// V8's for WebAssembly and Node's for SIGSEGV, or the default, which ends the process as it should.
#include <dlfcn.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mutex>

#include "../guard_table.h"
#include "kernel.h"

namespace holdfast {
namespace platform {
namespace guard {

namespace {

// Set before the handlers are installed, and never again.
struct sigaction previous_bus;
struct sigaction previous_segv;
size_t page_size;

void* NewPage(void* wished, int protection, int flags) {
  return mmap(wished, page_size, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

// SAFETY: here and below, `page` lies in a range that this process has mapped through a Region, which nobody else maps anything over.
bool PutZeroes(uintptr_t page, bool writable) {
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  return NewPage(reinterpret_cast<void*>(page), protection, MAP_FIXED) != MAP_FAILED;
}

// Should the page itself be unreachable, the copying raises SIGBUS here, and that handler's zeroes are what is copied.
bool PutCopy(uintptr_t page) {
  void* copy = NewPage(nullptr, PROT_READ | PROT_WRITE, 0);
  if (copy == MAP_FAILED) return false;
  // SAFETY: as above; the range is mapped for reading.
  void* target = reinterpret_cast<void*>(page);
  memcpy(copy, target, page_size);
  return kernel::MovePage(copy, target, page_size);
}

// True if the fault was in one of our ranges and the access can be done again.
bool Absorb(int signal, const siginfo_t* info) {
  // Sent by somebody, so there is no address in it.
  if (info->si_code <= 0 || info->si_code == SI_USER || info->si_code == SI_QUEUE) return false;
  // SAFETY: only to be looked up.
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  Entry* entry = Find(address);
  if (entry == nullptr || IsStuck(address)) return false;
  const uintptr_t page = address - address % page_size;
  if (signal == SIGBUS) {
    if (!PutZeroes(page, entry->writable.load())) return false;
    Note(entry, &entry->unreachable, page, page_size);
    return true;
  }
  if (entry->writable.load() || info->si_code != SEGV_ACCERR || !PutCopy(page)) return false;
  Note(entry, &entry->stray_stores, page, page_size);
  return true;
}

void Chain(int signal, siginfo_t* info, void* context) {
  const struct sigaction& previous = signal == SIGBUS ? previous_bus : previous_segv;
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, info, context);
    return;
  }
  const bool sent = info->si_code <= 0 || info->si_code == SI_USER || info->si_code == SI_QUEUE;
  if (previous.sa_handler == SIG_IGN && sent) return;
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
    return;
  }
  // A fault happens again when this returns, and then ends the process; a signal that was sent must be sent again.
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  if (sent) raise(signal);
}

void OnFault(int signal, siginfo_t* info, void* context) {
  const int saved = errno;
  if (!Absorb(signal, info)) Chain(signal, info, context);
  errno = saved;
}

// The handlers stay when the last environment that uses the addon ends, so its code must stay too.
void StayLoaded() {
  Dl_info self;
  // SAFETY: only the address counts.
  if (dladdr(reinterpret_cast<void*>(&OnFault), &self) != 0) dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

Status InstallOnce() {
  page_size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  StayLoaded();
  struct sigaction ours = {};
  ours.sa_sigaction = OnFault;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&ours.sa_mask);
  if (sigaction(SIGBUS, nullptr, &previous_bus) != 0 || sigaction(SIGSEGV, nullptr, &previous_segv) != 0 ||
      sigaction(SIGBUS, &ours, nullptr) != 0 || sigaction(SIGSEGV, &ours, nullptr) != 0)
    return kernel::Failed("sigaction");
  return Status{};
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
