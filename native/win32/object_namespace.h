// Names and security of kernel objects on Windows, the lock of the namespace, and what only the native interface tells of an object.
#ifndef HOLDFAST_NATIVE_WIN32_OBJECT_NAMESPACE_H_
#define HOLDFAST_NATIVE_WIN32_OBJECT_NAMESPACE_H_

#include <string>

#include "../objects.h"
#include "handle.h"

namespace holdfast {
namespace platform {
namespace win32 {

// `Local\` or `Global\`.
const wchar_t* Prefix(Scope scope);

// The name in UTF-16, without its prefix, with what HOLDFAST_OBJECTS adds. kErrorPathNotFound, kErrorFilenameTooLong.
Status ToObjectName(const ObjectName& name, std::wstring* text);

// A name that nobody else has.
std::wstring RandomObjectName();
// A random number that is not 0.
uint64_t RandomId();

// The name of the record of the object of that name, with its prefix. By a hash, to stay below the limit of names.
std::wstring RecordName(Scope scope, const std::wstring& text);
// What stands for the identity of an object without a record.
uint64_t HashName(const std::wstring& text);

// The rights of a kernel handle that is to have `access`.
DWORD RightsOf(ObjectKind kind, uint32_t access);

// What Create functions take; from SDDL, or the default. The rights in the text are the object's: its record has a descriptor of its own, by
// which whoever may do anything with the object may read and write the record.
class SecurityOf {
 public:
  SecurityOf() = default;
  ~SecurityOf() {
    if (object_.lpSecurityDescriptor != nullptr) LocalFree(object_.lpSecurityDescriptor);
    if (record_.lpSecurityDescriptor != nullptr) LocalFree(record_.lpSecurityDescriptor);
  }
  SecurityOf(const SecurityOf&) = delete;
  SecurityOf& operator=(const SecurityOf&) = delete;
  // kErrorInvalidParameter if the text is no security descriptor.
  Status Read(const std::string& sddl);
  // Null: the default.
  SECURITY_ATTRIBUTES* object() { return object_.lpSecurityDescriptor == nullptr ? nullptr : &object_; }
  SECURITY_ATTRIBUTES* record() { return record_.lpSecurityDescriptor == nullptr ? nullptr : &record_; }

 private:
  SECURITY_ATTRIBUTES object_ = {};
  SECURITY_ATTRIBUTES record_ = {};
};

// The kernel mutex that guards the making, opening and closing of objects in a scope; created with the agent. Null if it cannot be had.
HANDLE OpenNamespaceMutex(Scope scope);

// Holds it. After two seconds it goes on without: a suspended process must not stop the others, and all that it guards is the
// pairing of objects and records at the moment of their making.
class NamespaceLock {
 public:
  explicit NamespaceLock(HANDLE mutex);
  ~NamespaceLock();
  NamespaceLock(const NamespaceLock&) = delete;
  NamespaceLock& operator=(const NamespaceLock&) = delete;

 private:
  const HANDLE mutex_;
  bool held_ = false;
};

// Queries of the native interface (winternl.h). False: not to be known.
bool QuerySemaphore(HANDLE handle, uint32_t* count, uint32_t* max);
bool QueryEvent(HANDLE handle, bool* manual);
// `*remaining_ms` is 0 or less behind its time; without a meaning for a timer that is not set.
bool QueryTimer(HANDLE handle, double* remaining_ms, bool* signalled);
bool QuerySectionSize(HANDLE handle, uint64_t* size);
// Without its directory; the scope by the directory.
bool QueryObjectName(HANDLE handle, Scope* scope, std::wstring* text);
bool IsOfKind(HANDLE handle, ObjectKind kind);

}  // namespace win32
}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_WIN32_OBJECT_NAMESPACE_H_
