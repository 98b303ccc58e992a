// Handing handles over by DuplicateHandle: the claimer takes the handle out of the offerer's process.
//
// Whoever may open the offerer's process for that, which the kernel decides (by default the same user), may claim. Three named events go with
// an offer: a token, which is there for one taker; a note that the handle has gone; and a bell that wakes the offerer. They vanish with the
// offerer's process, and so does the offer. An object's record lives with the offer, and then with the claimer.
#include <cstdio>
#include <cwchar>

#include "agent.h"
#include "kernel_object.h"
#include "object_namespace.h"

namespace holdfast {
namespace platform {

namespace {

using win32::ScopedHandle;

// An address: process, handle, the record's handle, and a random number; "1a2b-1c0-1c4-0123456789abcdef".
std::wstring EventName(uint64_t number, wchar_t role) {
  wchar_t digits[32];
  std::swprintf(digits, 32, L"%016llx-%lc", static_cast<unsigned long long>(number), static_cast<wint_t>(role));
  return L"Local\\holdfast-offer-" + std::wstring(digits);
}

constexpr wchar_t kToken = L't';
constexpr wchar_t kGone = L'g';
constexpr wchar_t kBell = L'b';

HANDLE OpenOffered(uint64_t number, wchar_t role) {
  return OpenEventW(SYNCHRONIZE | EVENT_MODIFY_STATE, FALSE, EventName(number, role).c_str());
}

bool IsSignalled(HANDLE handle) { return WaitForSingleObject(handle, 0) == WAIT_OBJECT_0; }

class KernelOffer : public Offer {
 public:
  KernelOffer(HANDLE handle, HANDLE record, uint64_t number)
      : handle_(handle),
        record_(record),
        token_(CreateEventW(nullptr, FALSE, TRUE, EventName(number, kToken).c_str())),
        gone_(CreateEventW(nullptr, TRUE, FALSE, EventName(number, kGone).c_str())),
        bell_(CreateEventW(nullptr, FALSE, FALSE, EventName(number, kBell).c_str())) {
    char text[80];
    // SAFETY: a HANDLE is a small integer in a pointer's place.
    const unsigned long long value = static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(handle));
    const unsigned long long kept = static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(record));
    std::snprintf(text, sizeof text, "%lx-%llx-%llx-%016llx", GetCurrentProcessId(), value, kept, static_cast<unsigned long long>(number));
    address_ = text;
  }

  bool valid() const { return token_.valid() && gone_.valid() && bell_.valid(); }
  const std::string& address() const override { return address_; }
  // SAFETY: the contract keeps a HANDLE as an integer of the same size.
  intptr_t WakeHandle() const override { return reinterpret_cast<intptr_t>(bell_.get()); }

  Status Serve(bool* claimed) override {
    *claimed = IsSignalled(gone_.get());
    return Status{};
  }

 private:
  const ScopedHandle handle_;
  const ScopedHandle record_;
  const ScopedHandle token_;
  const ScopedHandle gone_;
  const ScopedHandle bell_;
  std::string address_;
};

class KernelClaim : public Claim {
 public:
  KernelClaim(std::shared_ptr<Win32Agent> agent, DWORD process, HANDLE offered, HANDLE record, uint64_t number)
      : agent_(std::move(agent)), process_(process), offered_(offered), record_(record), number_(number) {}

  intptr_t WakeHandle() const override { return -1; }

  Status Try(intptr_t* handle) override {
    *handle = -1;
    const ScopedHandle token(OpenOffered(number_, kToken));
    const ScopedHandle gone(OpenOffered(number_, kGone));
    const ScopedHandle bell(OpenOffered(number_, kBell));
    if (!token.valid() || !gone.valid() || !bell.valid())
      return Refused(GetLastError() == ERROR_ACCESS_DENIED ? kErrorAccessDenied : kErrorFileNotFound, "OpenEvent");
    // The process first: a claim that is refused must not use the token up.
    const ScopedHandle process(OpenProcess(PROCESS_DUP_HANDLE, FALSE, process_));
    if (!process.valid()) return Refused(GetLastError() == ERROR_ACCESS_DENIED ? kErrorAccessDenied : kErrorFileNotFound, "OpenProcess");
    if (!IsSignalled(token.get())) return Refused(kErrorFileNotFound, "OpenEvent");
    HANDLE taken = nullptr;
    if (!DuplicateHandle(process.get(), offered_, GetCurrentProcess(), &taken, 0, FALSE, DUPLICATE_SAME_ACCESS))
      return Refused(kErrorFileNotFound, "DuplicateHandle");
    HANDLE record = nullptr;
    if (record_ != nullptr && !DuplicateHandle(process.get(), record_, GetCurrentProcess(), &record, 0, FALSE, DUPLICATE_SAME_ACCESS)) {
      CloseHandle(taken);
      return Refused(kErrorFileNotFound, "DuplicateHandle");
    }
    agent_->KeepRecord(taken, record);
    SetEvent(gone.get());
    SetEvent(bell.get());
    // SAFETY: the contract keeps a HANDLE as an integer of the same size.
    *handle = reinterpret_cast<intptr_t>(taken);
    return Status{};
  }

 private:
  const std::shared_ptr<Win32Agent> agent_;
  const DWORD process_;
  const HANDLE offered_;
  const HANDLE record_;
  const uint64_t number_;
};

}  // namespace

Status Offer::Create(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t, int64_t uid, std::unique_ptr<Offer>* offer) {
  const HANDLE offered = win32::ToHandle(handle);
  auto made = std::make_unique<KernelOffer>(offered, ToWin32(agent)->TakeRecord(offered), win32::RandomId());
  if (uid != -1) return Refused(kErrorNotSupported, "uid");
  if (!made->valid()) return win32::Failed("CreateEvent");
  *offer = std::move(made);
  return Status{};
}

Status Claim::Create(const std::shared_ptr<Agent>& agent, const std::string& address, std::unique_ptr<Claim>* claim) {
  unsigned long process;
  unsigned long long handle;
  unsigned long long record;
  unsigned long long number;
  int end = 0;
  const int found = std::sscanf(address.c_str(), "%8lx-%16llx-%16llx-%16llx%n", &process, &handle, &record, &number, &end);
  if (found != 4 || static_cast<size_t>(end) != address.size()) return Refused(kErrorFileNotFound, "claim");
  // SAFETY: only DuplicateHandle sees it, which refuses what is none of the other process's.
  const HANDLE offered = reinterpret_cast<HANDLE>(static_cast<uintptr_t>(handle));
  const HANDLE kept = reinterpret_cast<HANDLE>(static_cast<uintptr_t>(record));
  *claim = std::make_unique<KernelClaim>(ToWin32(agent), process, offered, kept, number);
  return Status{};
}

}  // namespace platform
}  // namespace holdfast
