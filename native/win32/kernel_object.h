// One handle to a named kernel object on Windows, with its record.
//
// The objects are the kernel's own, by the user's names, so that other programs can share them. What the kernel does not keep (an
// identity, a crash-safe semaphore's permits, how a mutex was left) is in a record: a small section whose name follows from
// the object's. Whoever has a handle to the object has one to its record; both are made, opened and closed under the lock of the namespace, so that
// a record never outlives its object for anybody who looks. An unnamed object has a random name.
//
// Section objects in `Global\` need a privilege (SeCreateGlobalPrivilege); objects that can do without a record then have none.
#ifndef HOLDFAST_NATIVE_WIN32_KERNEL_OBJECT_H_
#define HOLDFAST_NATIVE_WIN32_KERNEL_OBJECT_H_

#include <atomic>
#include <memory>
#include <string>

#include "../objects.h"
#include "handle.h"

namespace holdfast {
namespace platform {

class Win32Agent;

constexpr uint32_t kRecordMagic = 0x31524648;  // "HFR1"
constexpr size_t kRecordBytes = 256;
constexpr size_t kMaxBackingLength = 32768;

// Shared by all processes that have the object open; of the machine's byte order, since it outlives no process. Words that change are atomic;
// everything else is written under the lock of the namespace before anybody can read it.
struct Record {
  uint32_t magic;
  uint32_t kind;
  uint64_t id;
  uint32_t mode;        // semaphore
  uint32_t max;         // semaphore
  uint32_t manual;      // event, timer
  uint32_t protection;  // memory
  uint64_t size;        // memory
  uint32_t reserve;     // memory
  uint32_t backing_length;  // memory: bytes of the path behind the record
  // Mutex: it was left by an owner whose thread lives on (a handle closed), which the kernel cannot tell.
  alignas(64) std::atomic<uint32_t> abandoned;
  // Crash-safe semaphore: somebody waits and wants to be rung.
  std::atomic<uint32_t> armed;
  // Crash-safe semaphore: the number that the last holder got.
  std::atomic<uint32_t> last_holder;
};
static_assert(sizeof(Record) <= kRecordBytes, "the record fits into its place");
static_assert(std::atomic<uint32_t>::is_always_lock_free, "words are shared between processes");

// What a new object needs.
struct NewObject {
  ObjectKind kind = ObjectKind::kEvent;
  uint32_t initial = 0;
  uint32_t max = 0;
  SemaphoreMode mode = SemaphoreMode::kInterop;
  bool manual = false;
  bool set = false;
  bool owned = false;
  uint64_t size = 0;
  bool reserve = false;
  uint32_t protection = 0;
  std::string backing;

  bool crash_safe() const { return kind == ObjectKind::kSemaphore && mode == SemaphoreMode::kCrashSafe; }
  // Bytes behind the record.
  size_t extra() const { return crash_safe() ? size_t{max} * 4 : backing.size(); }
};

class KernelObject {
 public:
  // As objects.h says of Create, Open and Adopt.
  static Status Create(const std::shared_ptr<Agent>& agent, const CreateOptions& options, const NewObject& object,
                       std::shared_ptr<KernelObject>* opened, bool* existed);
  static Status Open(const std::shared_ptr<Agent>& agent, ObjectKind kind, const ObjectOpenOptions& options,
                     std::shared_ptr<KernelObject>* opened);
  static Status Adopt(const std::shared_ptr<Agent>& agent, ObjectKind kind, intptr_t handle, uint32_t access,
                      std::shared_ptr<KernelObject>* opened);
  ~KernelObject();
  KernelObject(const KernelObject&) = delete;
  KernelObject& operator=(const KernelObject&) = delete;

  HANDLE handle() const { return handle_; }
  ObjectKind kind() const { return kind_; }
  uint32_t access() const { return access_; }
  Scope scope() const { return scope_; }
  uint64_t id() const { return id_; }
  Win32Agent& agent() const { return *agent_; }
  // Null where there is none.
  Record* record() const { return record_; }
  uint8_t* extra() const { return reinterpret_cast<uint8_t*>(record_) + kRecordBytes; }  // SAFETY: mapped behind the record, extra_length() bytes
  size_t extra_length() const { return mapped_length_ > kRecordBytes ? mapped_length_ - kRecordBytes : 0; }

  // kErrorAccessDenied unless the handle has the right.
  Status Require(uint32_t right) const { return (access_ & right) == right ? Status{} : Refused(kErrorAccessDenied, "access"); }

  // See Object::Export. The handle is not inheritable: it would go to every child. The agent keeps its record until somebody takes it.
  Status Export(uint32_t access, intptr_t* handle) const;

 private:
  KernelObject(const std::shared_ptr<Win32Agent>& agent, ObjectKind kind, Scope scope, uint32_t access)
      : agent_(agent), kind_(kind), scope_(scope), access_(access) {}

  void Close();
  Status Attach(const std::wstring& text, const NewObject* fresh, SECURITY_ATTRIBUTES* security, bool* stale);
  Status MapRecord(const std::wstring& text, size_t length, SECURITY_ATTRIBUTES* security, bool* existed);
  bool IsStale(bool record_existed, const NewObject* fresh) const;
  void Fill(const NewObject& object);

  const std::shared_ptr<Win32Agent> agent_;
  const ObjectKind kind_;
  Scope scope_;
  const uint32_t access_;
  HANDLE handle_ = nullptr;
  HANDLE section_ = nullptr;
  Record* record_ = nullptr;
  size_t mapped_length_ = 0;
  uint64_t id_ = 0;
};

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_WIN32_KERNEL_OBJECT_H_
