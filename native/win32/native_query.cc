// What only the native interface tells of a kernel object: ntdll's queries, found at run time. Their numbers and layouts are those of winternl.h
// and the driver kit's headers, unchanged since Windows 2000.
#include <cstring>
#include <iterator>

#include "object_namespace.h"

namespace holdfast {
namespace platform {
namespace win32 {

namespace {

using Query = LONG(NTAPI*)(HANDLE handle, int information, void* target, ULONG length, ULONG* returned);
using QuerySized = LONG(NTAPI*)(HANDLE handle, int information, void* target, SIZE_T length, SIZE_T* returned);

constexpr int kBasicInformation = 0;
constexpr int kObjectNameInformation = 1;
constexpr int kObjectTypeInformation = 2;

struct Text {
  USHORT length;  // bytes
  USHORT maximum;
  wchar_t* characters;
};

template <typename Function>
Function Find(const char* name) {
  const HMODULE module = GetModuleHandleW(L"ntdll.dll");
  const FARPROC found = module != nullptr ? GetProcAddress(module, name) : nullptr;
  // SAFETY: the caller names the function that has this type.
  return reinterpret_cast<Function>(reinterpret_cast<void*>(found));
}

bool Ask(const char* function, HANDLE handle, int information, void* target, ULONG length) {
  const Query query = Find<Query>(function);
  return query != nullptr && query(handle, information, target, length, nullptr) >= 0;
}

const wchar_t* TypeName(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kSemaphore:
      return L"Semaphore";
    case ObjectKind::kMutex:
      return L"Mutant";
    case ObjectKind::kEvent:
      return L"Event";
    case ObjectKind::kTimer:
      return L"Timer";
    case ObjectKind::kMemory:
      return L"Section";
  }
  return L"";
}

// A text of the object's, with room for the longest.
bool AskText(HANDLE handle, int information, std::wstring* text) {
  alignas(8) uint8_t buffer[4096];
  if (!Ask("NtQueryObject", handle, information, buffer, sizeof buffer)) return false;
  Text answer;
  std::memcpy(&answer, buffer, sizeof answer);
  if (answer.characters == nullptr || answer.length == 0) return false;
  text->assign(answer.characters, answer.length / sizeof(wchar_t));
  return true;
}

}  // namespace

bool QuerySemaphore(HANDLE handle, uint32_t* count, uint32_t* max) {
  ULONG answer[2] = {};
  if (!Ask("NtQuerySemaphore", handle, kBasicInformation, answer, sizeof answer)) return false;
  *count = answer[0];
  *max = answer[1];
  return true;
}

bool QueryEvent(HANDLE handle, bool* manual) {
  LONG answer[2] = {};
  if (!Ask("NtQueryEvent", handle, kBasicInformation, answer, sizeof answer)) return false;
  *manual = answer[0] == 0;
  return true;
}

bool QueryTimer(HANDLE handle, double* remaining_ms, bool* signalled) {
  struct {
    LARGE_INTEGER remaining;
    BOOLEAN state;
  } answer = {};
  if (!Ask("NtQueryTimer", handle, kBasicInformation, &answer, sizeof answer)) return false;
  *remaining_ms = static_cast<double>(answer.remaining.QuadPart) / 10000;
  *signalled = answer.state != 0;
  return true;
}

bool QuerySectionSize(HANDLE handle, uint64_t* size) {
  struct {
    void* base;
    ULONG attributes;
    LARGE_INTEGER size;
  } answer = {};
  const auto query = Find<QuerySized>("NtQuerySection");
  if (query == nullptr || query(handle, kBasicInformation, &answer, sizeof answer, nullptr) < 0) return false;
  *size = static_cast<uint64_t>(answer.size.QuadPart);
  return true;
}

bool QueryObjectName(HANDLE handle, Scope* scope, std::wstring* text) {
  std::wstring path;
  if (!AskText(handle, kObjectNameInformation, &path)) return false;
  const size_t end = path.rfind(L'\\');
  if (end == std::wstring::npos || end + 1 == path.size()) return false;
  *scope = path.rfind(L"\\BaseNamedObjects\\", 0) == 0 ? Scope::kGlobal : Scope::kLocal;
  *text = path.substr(end + 1);
  return true;
}

bool IsOfKind(HANDLE handle, ObjectKind kind) {
  std::wstring name;
  return AskText(handle, kObjectTypeInformation, &name) && name == TypeName(kind);
}

}  // namespace win32
}  // namespace platform
}  // namespace holdfast
