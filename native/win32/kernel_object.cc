// Named kernel objects and their records: made, opened, adopted, closed.
#include "kernel_object.h"

#include <cstring>

#include "agent.h"
#include "object_namespace.h"

namespace holdfast {
namespace platform {

using win32::NamespaceLock;

namespace {

// A crash-safe semaphore's kernel object only rings; no program that means a semaphore of its own has this maximum.
constexpr LONG kBellMaximum = 0x5f484653;

// How often to try again while the kernel is still closing what a dead process had: half a second in all.
constexpr int kStaleTries = 100;
constexpr DWORD kStaleRestMs = 5;

// The model's refusals as such, everything else as the system's.
Status OpenFailed(const char* call) {
  const Status status = win32::Failed(call);
  switch (status.os_error) {
    case kErrorFileNotFound:
    case kErrorPathNotFound:
    case kErrorAccessDenied:
    case kErrorInvalidHandle:
    case kErrorInvalidParameter:
    case kErrorFilenameTooLong:
      return Refused(status.os_error, call);
    default:
      return status;
  }
}

const char* CreateCall(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kSemaphore:
      return "CreateSemaphore";
    case ObjectKind::kMutex:
      return "CreateMutex";
    case ObjectKind::kEvent:
      return "CreateEvent";
    case ObjectKind::kTimer:
      return "CreateWaitableTimer";
    case ObjectKind::kMemory:
      return "CreateFileMapping";
  }
  return "";
}

const char* OpenCall(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kSemaphore:
      return "OpenSemaphore";
    case ObjectKind::kMutex:
      return "OpenMutex";
    case ObjectKind::kEvent:
      return "OpenEvent";
    case ObjectKind::kTimer:
      return "OpenWaitableTimer";
    case ObjectKind::kMemory:
      return "OpenFileMapping";
  }
  return "";
}

// The path in what describes a backing file: behind the numbers that identify the file, if there are such: "1234:5678:C:/path".
std::string PathIn(const std::string& backing) {
  size_t start = 0;
  for (int i = 0; i < 2; i++) {
    const size_t end = backing.find_first_not_of("0123456789", start);
    if (end == std::string::npos || end == start || backing[end] != ':') return backing;
    start = end + 1;
  }
  return backing.substr(start);
}

// A section of the backing file, which it grows; or of memory.
HANDLE CreateSection(const NewObject& object, SECURITY_ATTRIBUTES* security, const wchar_t* name) {
  const DWORD high = static_cast<DWORD>(object.size >> 32);
  const DWORD low = static_cast<DWORD>(object.size);
  if (object.backing.empty()) {
    const DWORD protection = PAGE_READWRITE | (object.reserve ? SEC_RESERVE : 0);
    return CreateFileMappingW(INVALID_HANDLE_VALUE, security, protection, high, low, name);
  }
  constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  const std::wstring path = win32::ToWidePath(PathIn(object.backing));
  const win32::ScopedHandle writable(
      CreateFileW(path.c_str(), GENERIC_READ | GENERIC_WRITE, kShareAll, nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (writable.valid()) return CreateFileMappingW(writable.get(), security, PAGE_READWRITE, high, low, name);
  const win32::ScopedHandle readable(
      CreateFileW(path.c_str(), GENERIC_READ, kShareAll, nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
  return readable.valid() ? CreateFileMappingW(readable.get(), security, PAGE_READONLY, high, low, name) : nullptr;
}

HANDLE CreateKernel(const NewObject& object, SECURITY_ATTRIBUTES* security, const wchar_t* name) {
  switch (object.kind) {
    case ObjectKind::kSemaphore:
      if (object.crash_safe()) return CreateSemaphoreW(security, 0, kBellMaximum, name);
      return CreateSemaphoreW(security, static_cast<LONG>(object.initial), static_cast<LONG>(object.max), name);
    case ObjectKind::kMutex:
      return CreateMutexW(security, object.owned, name);
    case ObjectKind::kEvent:
      return CreateEventW(security, object.manual, object.set, name);
    case ObjectKind::kTimer:
      return CreateWaitableTimerW(security, object.manual, name);
    case ObjectKind::kMemory:
      return CreateSection(object, security, name);
  }
  return nullptr;
}

HANDLE OpenKernel(ObjectKind kind, DWORD rights, const wchar_t* name) {
  switch (kind) {
    case ObjectKind::kSemaphore:
      return OpenSemaphoreW(rights, FALSE, name);
    case ObjectKind::kMutex:
      return OpenMutexW(rights, FALSE, name);
    case ObjectKind::kEvent:
      return OpenEventW(rights, FALSE, name);
    case ObjectKind::kTimer:
      return OpenWaitableTimerW(rights, FALSE, name);
    case ObjectKind::kMemory:
      return OpenFileMappingW(rights, FALSE, name);
  }
  return nullptr;
}

bool IsBell(HANDLE handle, ObjectKind kind) {
  uint32_t count;
  uint32_t max;
  return kind == ObjectKind::kSemaphore && win32::QuerySemaphore(handle, &count, &max) && max == static_cast<uint32_t>(kBellMaximum);
}

}  // namespace

KernelObject::~KernelObject() {
  const NamespaceLock lock(agent_->namespace_mutex(scope_));
  Close();
}

// The object before its record: so a record never goes first for anybody who finds the object.
void KernelObject::Close() {
  if (handle_ != nullptr) CloseHandle(handle_);
  if (record_ != nullptr) UnmapViewOfFile(record_);
  if (section_ != nullptr) CloseHandle(section_);
  handle_ = section_ = nullptr;
  record_ = nullptr;
  mapped_length_ = 0;
}

// Makes or opens the section of the record, unless it came with the handle, and maps all of it.
Status KernelObject::MapRecord(const std::wstring& text, size_t length, SECURITY_ATTRIBUTES* security, bool* existed) {
  const std::wstring name = win32::RecordName(scope_, text);
  // Opened with no more rights than are needed: the maker may have left no others.
  if (section_ == nullptr) section_ = OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, name.c_str());
  *existed = section_ != nullptr;
  if (section_ == nullptr && GetLastError() == ERROR_FILE_NOT_FOUND) {
    section_ = CreateFileMappingW(INVALID_HANDLE_VALUE, security, PAGE_READWRITE, 0, static_cast<DWORD>(length), name.c_str());
    *existed = GetLastError() == ERROR_ALREADY_EXISTS;
  }
  if (section_ == nullptr) return OpenFailed("CreateFileMapping");
  // SAFETY: the section is at least a record long: it was made by this function, and checked below.
  record_ = static_cast<Record*>(MapViewOfFile(section_, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0));
  if (record_ == nullptr) return win32::Failed("MapViewOfFile");
  MEMORY_BASIC_INFORMATION information;
  if (VirtualQuery(record_, &information, sizeof information) == 0) return win32::Failed("VirtualQuery");
  mapped_length_ = information.RegionSize;
  return mapped_length_ >= kRecordBytes ? Status{} : Refused(kErrorInvalidHandle, "VirtualQuery");
}

// A new object's record, or that of an object which a foreign program made. REQUIRES: the lock of the namespace.
void KernelObject::Fill(const NewObject& object) {
  record_->kind = static_cast<uint32_t>(object.kind);
  record_->id = win32::RandomId();
  record_->mode = static_cast<uint32_t>(object.mode);
  record_->max = object.max;
  record_->manual = object.manual ? 1 : 0;
  record_->protection = object.protection;
  record_->size = object.size;
  record_->reserve = object.reserve ? 1 : 0;
  record_->backing_length = static_cast<uint32_t>(object.backing.size());
  record_->abandoned = 0;
  record_->armed = 0;
  record_->last_holder = 0;
  if (object.crash_safe()) {
    // SAFETY: the record was made, or found, with room for a word of each permit.
    auto* words = reinterpret_cast<std::atomic<uint32_t>*>(extra());
    for (uint32_t i = 0; i < object.max; i++) words[i] = i < object.initial ? 0 : UINT32_MAX;
  } else {
    std::memcpy(extra(), object.backing.data(), object.backing.size());
  }
  record_->magic = kRecordMagic;
}

// Object and record belong to processes of which one is still being torn down, so that they do not fit.
bool KernelObject::IsStale(bool record_existed, const NewObject* fresh) const {
  if (fresh != nullptr) return fresh->extra() > extra_length();
  if (record_existed) return record_->magic != kRecordMagic || record_->kind != static_cast<uint32_t>(kind_);
  return IsBell(handle_, kind_);
}

// Finds or makes the record of the open object. `fresh`: the object was made just now.
Status KernelObject::Attach(const std::wstring& text, const NewObject* fresh, SECURITY_ATTRIBUTES* security, bool* stale) {
  *stale = false;
  NewObject foreign;
  foreign.kind = kind_;
  if (fresh == nullptr && kind_ == ObjectKind::kSemaphore) {
    uint32_t count;
    win32::QuerySemaphore(handle_, &count, &foreign.max);
  }
  if (fresh == nullptr && kind_ == ObjectKind::kEvent) win32::QueryEvent(handle_, &foreign.manual);
  if (fresh == nullptr && kind_ == ObjectKind::kMemory) win32::QuerySectionSize(handle_, &foreign.size);
  bool existed = false;
  const Status status = MapRecord(text, kRecordBytes + (fresh != nullptr ? fresh->extra() : 0), security, &existed);
  if (!status.ok()) {
    const bool needed = IsBell(handle_, kind_) || kind_ == ObjectKind::kMemory;
    if (record_ != nullptr) UnmapViewOfFile(record_);
    if (section_ != nullptr) CloseHandle(section_);
    record_ = nullptr;
    section_ = nullptr;
    id_ = win32::HashName(text);
    return needed ? status : Status{};
  }
  *stale = IsStale(existed, fresh);
  if (*stale) return Status{};
  if (fresh != nullptr || !existed) Fill(fresh != nullptr ? *fresh : foreign);
  id_ = record_->id;
  return Status{};
}

Status KernelObject::Create(const std::shared_ptr<Agent>& agent, const CreateOptions& options, const NewObject& object,
                            std::shared_ptr<KernelObject>* opened, bool* existed) {
  std::wstring text;
  win32::SecurityOf security;
  Status status = options.name.text.empty() ? Status{} : win32::ToObjectName(options.name, &text);
  if (status.ok()) status = security.Read(options.security.sddl);
  if (!status.ok()) return status;
  if (text.empty()) text = win32::RandomObjectName();
  const Scope scope = options.name.scope;
  const std::wstring name = win32::Prefix(scope) + text;
  const std::shared_ptr<Win32Agent> own = ToWin32(agent);
  for (int i = 0; i < kStaleTries; i++) {
    // SAFETY: the constructor is private; the pointer takes it over at once.
    std::shared_ptr<KernelObject> made(new KernelObject(own, object.kind, scope, kAccessAll));
    bool stale;
    {
      const NamespaceLock lock(own->namespace_mutex(scope));
      made->handle_ = CreateKernel(object, security.object(), name.c_str());
      if (made->handle_ == nullptr) return OpenFailed(CreateCall(object.kind));
      *existed = GetLastError() == ERROR_ALREADY_EXISTS;
      status = made->Attach(text, *existed ? nullptr : &object, security.record(), &stale);
      if (status.ok() && !stale) {
        *opened = std::move(made);
        return status;
      }
      if (object.owned && !*existed) ReleaseMutex(made->handle_);
      made->Close();
    }
    if (!status.ok()) return status;
    Sleep(kStaleRestMs);
  }
  return Refused(kErrorInvalidHandle, CreateCall(object.kind));
}

Status KernelObject::Open(const std::shared_ptr<Agent>& agent, ObjectKind kind, const ObjectOpenOptions& options,
                          std::shared_ptr<KernelObject>* opened) {
  std::wstring text;
  Status status = win32::ToObjectName(options.name, &text);
  if (!status.ok()) return status;
  const Scope scope = options.name.scope;
  const std::wstring name = win32::Prefix(scope) + text;
  const std::shared_ptr<Win32Agent> own = ToWin32(agent);
  for (int i = 0; i < kStaleTries; i++) {
    // SAFETY: the constructor is private; the pointer takes it over at once.
    std::shared_ptr<KernelObject> made(new KernelObject(own, kind, scope, options.access));
    bool stale;
    {
      const NamespaceLock lock(own->namespace_mutex(scope));
      made->handle_ = OpenKernel(kind, win32::RightsOf(kind, options.access), name.c_str());
      if (made->handle_ == nullptr) return OpenFailed(OpenCall(kind));
      status = made->Attach(text, nullptr, nullptr, &stale);
      if (status.ok() && !stale) {
        *opened = std::move(made);
        return status;
      }
      made->Close();
    }
    if (!status.ok()) return status;
    Sleep(kStaleRestMs);
  }
  return Refused(kErrorInvalidHandle, OpenCall(kind));
}

Status KernelObject::Adopt(const std::shared_ptr<Agent>& agent, ObjectKind kind, intptr_t handle, uint32_t access,
                           std::shared_ptr<KernelObject>* opened) {
  const std::shared_ptr<Win32Agent> own = ToWin32(agent);
  const HANDLE adopted = win32::ToHandle(handle);
  DWORD flags;
  // A number that is no handle must not be closed either; nor one of another kind, which is somebody else's.
  if (!GetHandleInformation(adopted, &flags) || !win32::IsOfKind(adopted, kind)) return Refused(kErrorInvalidHandle, "Adopt");
  // The record's name says where the object is: Wine calls a section of a file by the file's path.
  const HANDLE record = own->TakeRecord(adopted);
  Scope scope = Scope::kLocal;
  std::wstring text;
  const bool named = win32::QueryObjectName(record != nullptr ? record : adopted, &scope, &text);
  // SAFETY: the constructor is private; the pointer takes it over at once.
  std::shared_ptr<KernelObject> made(new KernelObject(own, kind, scope, access));
  made->handle_ = adopted;
  made->section_ = record;
  bool stale;
  {
    const NamespaceLock lock(own->namespace_mutex(scope));
    // A foreign program's unnamed object: the record is this handle's alone.
    const Status status = made->Attach(named ? text : win32::RandomObjectName(), nullptr, nullptr, &stale);
    if (!status.ok()) return status;
  }
  if (stale) return Refused(kErrorInvalidHandle, "Adopt");
  *opened = std::move(made);
  return Status{};
}

Status KernelObject::Export(uint32_t access, intptr_t* handle) const {
  const Status status = Require(access);
  if (!status.ok()) return status;
  HANDLE duplicate = nullptr;
  if (!DuplicateHandle(GetCurrentProcess(), handle_, GetCurrentProcess(), &duplicate, win32::RightsOf(kind_, access), FALSE, 0))
    return OpenFailed("DuplicateHandle");
  HANDLE record = nullptr;
  if (section_ != nullptr && !DuplicateHandle(GetCurrentProcess(), section_, GetCurrentProcess(), &record, 0, FALSE, DUPLICATE_SAME_ACCESS)) {
    const Status failed = OpenFailed("DuplicateHandle");
    CloseHandle(duplicate);
    return failed;
  }
  agent_->KeepRecord(duplicate, record);
  // SAFETY: the contract keeps a HANDLE as an integer of the same size.
  *handle = reinterpret_cast<intptr_t>(duplicate);
  return Status{};
}

}  // namespace platform
}  // namespace holdfast
