// The file behind one handle to a named object: its reference, its mapped header, its lock bytes, its waiter slots.
//
// The first page holds the header, drawn below; a crash-safe semaphore's permits follow at kPermitsOffset, memory begins at
// kDataOffset. All processes of a machine share it and it never outlives them, so it has the machine's byte order. Words that
// change are atomic; everything else is written before the file can be found.
#ifndef HOLDFAST_NATIVE_POSIX_OBJECT_FILE_H_
#define HOLDFAST_NATIVE_POSIX_OBJECT_FILE_H_

#include <atomic>
#include <memory>
#include <string>

#include "object_namespace.h"

namespace holdfast {
namespace platform {

class PosixAgent;

constexpr uint32_t kObjectMagic = 0x424f4648;  // "HFOB"
constexpr uint32_t kObjectVersion = 1;
constexpr size_t kWaiterSlots = 64;
constexpr size_t kPermitsOffset = 4096;
constexpr size_t kBackingOffset = 4096;
constexpr size_t kMaxBackingLength = 4096;
constexpr uint64_t kDataOffset = kAllocationGranularity;

// Lock bytes beside kReferenceByte.
constexpr uint64_t kOwnerByte = kReferenceByte + 1;  // a mutex's owner
constexpr uint64_t kPosterByte = kReferenceByte + 2;  // who releases several permits at once, or sets a timer
constexpr uint64_t kPermitBytes = 1ULL << 41;        // first of the permits'

struct ObjectHeader {
  uint32_t magic;
  uint32_t version;
  uint32_t kind;
  uint32_t name_length;
  uint64_t id;
  uint64_t parameters[4];  // the kind's own
  uint32_t backing_length;
  uint8_t padding[60];
  // The state of the object; each on a line of its own, since different processes change them.
  alignas(64) std::atomic<uint64_t> state;
  alignas(64) std::atomic<uint64_t> more;
  // Bells of those who wait: 0 is a free slot. No slot behind `slots_used` was ever taken.
  alignas(64) std::atomic<uint32_t> slots_used;
  alignas(64) std::atomic<uint64_t> slots[kWaiterSlots];
  char name[kMaxNameUnits * 3];
};
static_assert(sizeof(ObjectHeader) <= kPermitsOffset, "the header fits into its page");
static_assert(std::atomic<uint64_t>::is_always_lock_free, "words are shared between processes");

// What a new object's file needs.
struct NewObject {
  ObjectKind kind;
  uint64_t parameters[4] = {};
  uint64_t state = 0;
  std::string backing;
  // Bytes that are mapped here, those of the file, and those of it that are allocated at once.
  size_t mapped = kPermitsOffset;
  uint64_t size = kPermitsOffset;
  uint64_t allocated = kPermitsOffset;
};

class ObjectFile {
 public:
  // As objects.h says of Create, Open and Adopt. `fill` writes what the mapped bytes need besides, before anybody can find them.
  static Status Create(const std::shared_ptr<PosixAgent>& agent, const CreateOptions& options, const NewObject& object,
                       void (*fill)(uint8_t* mapped, const NewObject& object), std::shared_ptr<ObjectFile>* file, bool* existed);
  static Status Open(const std::shared_ptr<PosixAgent>& agent, ObjectKind kind, const ObjectOpenOptions& options,
                     std::shared_ptr<ObjectFile>* file);
  static Status Adopt(const std::shared_ptr<PosixAgent>& agent, ObjectKind kind, intptr_t handle, uint32_t access,
                      std::shared_ptr<ObjectFile>* file);
  // Wakes whoever waits, then gives up the reference: the last one removes the name.
  ~ObjectFile();
  ObjectFile(const ObjectFile&) = delete;
  ObjectFile& operator=(const ObjectFile&) = delete;

  ObjectHeader& header() const { return *header_; }
  uint8_t* mapped() const { return mapped_; }
  size_t mapped_length() const { return mapped_length_; }
  int descriptor() const { return file_.get(); }
  uint32_t access() const { return access_; }
  PosixAgent& agent() const { return *agent_; }
  Scope scope() const { return scope_; }

  // kErrorAccessDenied unless the handle has the right.
  Status Require(uint32_t right) const { return (access_ & right) == right ? Status{} : Refused(kErrorAccessDenied, "access"); }

  Status TryLock(uint64_t byte, bool* locked) const;
  Status Unlock(uint64_t byte) const;

  // Has this agent's bell rung by whoever changes the object from now on. Counted; `*armed` is false if all slots are taken by the living.
  Status Arm(bool* armed);
  void Disarm();
  // To be called after every change that a wait may be waiting for. No system call when nobody waits.
  void Ring() const;

  // See Object::Export.
  Status Export(uint32_t access, intptr_t* handle) const;

 private:
  ObjectFile(const std::shared_ptr<PosixAgent>& agent, Scope scope) : agent_(agent), scope_(scope) {}

  Status OpenEntry(const LockedDirectory& directory, ObjectKind kind, const ObjectOpenOptions& options);
  Status Build(const LockedDirectory& directory, const CreateOptions& options, const NewObject& object,
               void (*fill)(uint8_t* mapped, const NewObject& object));
  Status Attach(ObjectKind kind, const std::string* name);
  bool IsEntry(const LockedDirectory& directory) const;

  const std::shared_ptr<PosixAgent> agent_;
  Scope scope_;
  uint32_t access_ = kAccessAll;
  Descriptor file_;
  std::string entry_;
  bool referenced_ = false;
  uint8_t* mapped_ = nullptr;
  size_t mapped_length_ = 0;
  ObjectHeader* header_ = nullptr;
  size_t armed_slot_ = 0;
  uint32_t armed_ = 0;
};

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_POSIX_OBJECT_FILE_H_
