// Names and security of kernel objects on Windows, the lock of the namespace.
#include "object_namespace.h"

#include <sddl.h>

#include <cwchar>

// RtlGenRandom, by the only name that advapi32 exports it under.
extern "C" BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

namespace holdfast {
namespace platform {
namespace win32 {

namespace {

constexpr DWORD kLockPatienceMs = 2000;

// For `Global\`, where all users meet: they may lock and unlock, no more.
constexpr wchar_t kEverybodyLocks[] = L"D:(A;;0x00100001;;;WD)(A;;GA;;;SY)(A;;GA;;;BA)";

std::wstring Hex(uint64_t number) {
  wchar_t digits[17];
  std::swprintf(digits, 17, L"%016llx", static_cast<unsigned long long>(number));
  return digits;
}

// FNV-1a over the name.
uint64_t Hash(const std::wstring& text, uint64_t basis) {
  uint64_t hash = basis;
  for (const wchar_t character : text) hash = (hash ^ static_cast<uint16_t>(character)) * 0x100000001b3ULL;
  return hash;
}

// Has everybody read and write whom the descriptor allows anything. Who is denied a part of it is denied that part of the object, not this.
void OpenRecordToUsers(PSECURITY_DESCRIPTOR descriptor) {
  BOOL present = FALSE;
  BOOL defaulted = FALSE;
  PACL list = nullptr;
  if (!GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted) || !present || list == nullptr) return;
  for (DWORD i = 0; i < list->AceCount; i++) {
    void* entry = nullptr;
    if (!GetAce(list, i, &entry)) return;
    // SAFETY: entries of these two types begin with a header and a mask.
    auto* allowed = static_cast<ACCESS_ALLOWED_ACE*>(entry);
    const bool denies_all = (allowed->Mask & GENERIC_ALL) != 0;
    if (allowed->Header.AceType == ACCESS_ALLOWED_ACE_TYPE) allowed->Mask = SECTION_QUERY | SECTION_MAP_READ | SECTION_MAP_WRITE;
    if (allowed->Header.AceType == ACCESS_DENIED_ACE_TYPE && !denies_all) allowed->Mask = 0;
  }
}

// Where HOLDFAST_OBJECTS is set, all names begin with what follows from it: processes that have it alike share a namespace of their own.
std::wstring OwnNamespace() {
  wchar_t value[4096];
  const DWORD length = GetEnvironmentVariableW(L"HOLDFAST_OBJECTS", value, 4096);
  if (length == 0 || length >= 4096) return L"";
  return L"holdfast-" + Hex(Hash(value, 0x100001b3cbf29ce4ULL)) + L"-";
}

}  // namespace

const wchar_t* Prefix(Scope scope) { return scope == Scope::kGlobal ? L"Global\\" : L"Local\\"; }

Status ToObjectName(const ObjectName& name, std::wstring* text) {
  if (name.text.find('\\') != std::string::npos) return Refused(kErrorPathNotFound, "object name");
  const int bytes = static_cast<int>(name.text.size());
  const int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, name.text.data(), bytes, nullptr, 0);
  if (length <= 0) return Refused(kErrorInvalidParameter, "object name");
  if (static_cast<size_t>(length) > kMaxNameUnits) return Refused(kErrorFilenameTooLong, "object name");
  text->assign(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, name.text.data(), bytes, &(*text)[0], length);
  *text = OwnNamespace() + *text;
  return Status{};
}

uint64_t RandomId() {
  uint64_t id = 0;
  while (id == 0) {
    if (!SystemFunction036(&id, sizeof id)) id = GetTickCount64() ^ (uint64_t{GetCurrentThreadId()} << 40);
  }
  return id;
}

std::wstring RandomObjectName() { return L"holdfast-unnamed-" + Hex(RandomId()) + Hex(RandomId()); }

std::wstring RecordName(Scope scope, const std::wstring& text) {
  // The scope is in no hash: for a service both are one directory, and the kernel does not say by which name an object was found.
  return Prefix(scope) + (L"holdfast-record-" + Hex(Hash(text, 0xcbf29ce484222325ULL)) + Hex(Hash(text, 0x84222325cbf29ce4ULL)));
}

uint64_t HashName(const std::wstring& text) { return Hash(text, 0x5bd1e9955bd1e995ULL) | 1; }

DWORD RightsOf(ObjectKind kind, uint32_t access) {
  const bool wait = (access & kAccessWait) != 0;
  const bool modify = (access & kAccessModify) != 0;
  if (kind == ObjectKind::kMemory) {
    return SECTION_QUERY | ((access & kAccessQuery) != 0 ? SECTION_MAP_READ : 0) | (modify ? SECTION_MAP_WRITE : 0);
  }
  // Bit 0 is the right to query of all four kinds; of a mutex it has the name MUTEX_MODIFY_STATE too.
  static_assert(SEMAPHORE_MODIFY_STATE == 2 && EVENT_MODIFY_STATE == 2 && TIMER_MODIFY_STATE == 2 && MUTEX_MODIFY_STATE == 1,
                "one rule for all kinds");
  return 1U | (wait ? SYNCHRONIZE : 0) | (modify && kind != ObjectKind::kMutex ? 2U : 0);
}

Status SecurityOf::Read(const std::string& sddl) {
  if (sddl.empty()) return Status{};
  const Status invalid = Refused(kErrorInvalidParameter, "ConvertStringSecurityDescriptorToSecurityDescriptor");
  const int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, sddl.c_str(), -1, nullptr, 0);
  if (length <= 0) return invalid;
  std::wstring wide(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, sddl.c_str(), -1, &wide[0], length);
  for (SECURITY_ATTRIBUTES* attributes : {&object_, &record_}) {
    *attributes = {sizeof *attributes, nullptr, FALSE};
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(wide.c_str(), SDDL_REVISION_1, &attributes->lpSecurityDescriptor, nullptr)) {
      attributes->lpSecurityDescriptor = nullptr;
      return invalid;
    }
  }
  OpenRecordToUsers(record_.lpSecurityDescriptor);
  return Status{};
}

HANDLE OpenNamespaceMutex(Scope scope) {
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  SECURITY_ATTRIBUTES attributes = {};
  const bool shared = scope == Scope::kGlobal &&
                      ConvertStringSecurityDescriptorToSecurityDescriptorW(kEverybodyLocks, SDDL_REVISION_1, &descriptor, nullptr);
  if (shared) attributes = {sizeof attributes, descriptor, FALSE};
  const std::wstring name = std::wstring(Prefix(scope)) + L"holdfast-namespace-1";
  const HANDLE mutex = CreateMutexExW(shared ? &attributes : nullptr, name.c_str(), 0, SYNCHRONIZE | MUTEX_MODIFY_STATE);
  if (descriptor != nullptr) LocalFree(descriptor);
  return mutex;
}

NamespaceLock::NamespaceLock(HANDLE mutex) : mutex_(mutex) {
  if (mutex == nullptr) return;
  const DWORD result = WaitForSingleObject(mutex, kLockPatienceMs);
  held_ = result == WAIT_OBJECT_0 || result == WAIT_ABANDONED;
}

NamespaceLock::~NamespaceLock() {
  if (held_) ReleaseMutex(mutex_);
}

}  // namespace win32
}  // namespace platform
}  // namespace holdfast
