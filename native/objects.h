// What Holdfast asks of an operating system for named objects: the second half of the contract that native/posix and
// native/win32 keep, beside platform.h.
//
// The model is Win32's. A semaphore, mutex, event, waitable timer or memory has a name in one of two scopes, or none, and
// lives while a handle to it is open anywhere; all kinds share one namespace. An object of this header is one handle.
//
// Errors are Win32's numbers on every platform where the model decides, made by `Refused`; the system's own where it failed.
//
// Threads: everything belongs to one Agent, and so to one thread: calls on an agent, its objects and its waits must not
// overlap. Different agents share nothing but what the operating system shares between processes.
#ifndef HOLDFAST_NATIVE_OBJECTS_H_
#define HOLDFAST_NATIVE_OBJECTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "platform.h"

namespace holdfast {
namespace platform {

// Win32's numbers, for what the model refuses on every platform.
constexpr uint32_t kErrorFileNotFound = 2;       // no object of that name
constexpr uint32_t kErrorPathNotFound = 3;       // a backslash in the name, behind the scope
constexpr uint32_t kErrorAccessDenied = 5;       // the handle's rights, the object's mode or its owner forbid it
constexpr uint32_t kErrorInvalidHandle = 6;      // the name belongs to an object of another kind
constexpr uint32_t kErrorInvalidParameter = 87;  // e.g. initial > max
constexpr uint32_t kErrorCallNotImplemented = 120;
constexpr uint32_t kErrorFilenameTooLong = 206;  // ERROR_FILENAME_EXCED_RANGE
constexpr uint32_t kErrorNotOwner = 288;         // release of a mutex by a thread that does not own it
constexpr uint32_t kErrorTooManyPosts = 298;     // release past a semaphore's max; nothing was released
constexpr uint32_t kErrorNotSupported = 50;      // the platform has no such thing

// Bit 29, which Win32 leaves to applications: the number below it is Win32's and one of the above. On Windows too: what the system
// returned and means one of them is passed on by `Refused`.
constexpr uint32_t kModelError = 0x20000000;
inline Status Refused(uint32_t win32_code, const char* call) { return Status{win32_code | kModelError, call}; }

enum class ObjectKind : uint32_t { kSemaphore = 1, kMutex = 2, kEvent = 3, kTimer = 4, kMemory = 5 };

// kLocal: the user's login session. kGlobal: the machine.
enum class Scope : uint32_t { kLocal = 0, kGlobal = 1 };

// The longest name, in UTF-16 code units (MAX_PATH, prefix not counted).
constexpr size_t kMaxNameUnits = 260;

// A name without its prefix. Empty: an unnamed object, which only duplication and inheritance can share.
struct ObjectName {
  Scope scope = Scope::kLocal;
  std::string text;  // UTF-8, valid, without null characters; compared byte by byte
};

// Who may use a new object. An existing one keeps its own.
struct Security {
  uint32_t mode = 0600;  // POSIX: permissions of the object; write permission is needed to open anything but memory
  int64_t uid = -1;      // POSIX: owner of a new object (-1: the caller). Of an existing one: the owner that is trusted beside root and oneself
  int64_t gid = -1;      // POSIX: group of a new object
  std::string sddl;      // Windows: security descriptor; empty: the default one. Elsewhere it must be empty (kErrorNotSupported)
};

// Rights of a handle. An operation without its right fails with kErrorAccessDenied.
constexpr uint32_t kAccessWait = 1;    // SYNCHRONIZE: wait, try, acquire
constexpr uint32_t kAccessModify = 2;  // xxx_MODIFY_STATE: release, set, reset, cancel. Memory: write views
constexpr uint32_t kAccessQuery = 4;   // count(), parameters. Memory: read views
constexpr uint32_t kAccessAll = 7;

// One thread's part in this: owns mutexes and is woken when something that it waits for may have happened.
// Destroyed after all its objects and waits. Mutexes that it owns then are abandoned.
class Agent {
 public:
  static Status Create(std::shared_ptr<Agent>* agent);
  virtual ~Agent() = default;

  // What becomes ready when the agent is woken: a descriptor that becomes readable, or an auto-reset event's HANDLE; -1 while
  // nothing has been waited for in that scope. It stays the same from then on. Both scopes may share one handle.
  virtual intptr_t WakeHandle(Scope scope) const = 0;

  // To be called when a wake handle was ready, before the pending waits are tried.
  virtual void ClearWake() = 0;

  // Removes what it has in the namespace, before a process ends that runs no destructors. Nothing is waited for after that.
  virtual void End() = 0;

 protected:
  Agent() = default;
};

// A handle to an object of any kind. Closes when destroyed, which never blocks for long and cannot fail. The name goes with the
// last handle anywhere, also when processes die; whoever opens it then gets kErrorFileNotFound or creates a fresh object.
class Object {
 public:
  virtual ~Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  virtual ObjectKind kind() const = 0;
  // Random, given to the object when it was created: equal for all handles of one object, different for any two objects.
  virtual uint64_t id() const = 0;
  virtual uint32_t access() const = 0;

  // A second handle with the same or fewer rights, ready to be passed on: inherited by a child or sent to another process. The
  // caller owns it (a descriptor; a HANDLE). What this handle holds (permits, a mutex) stays here. More rights: kErrorAccessDenied.
  virtual Status Export(uint32_t access, intptr_t* handle) = 0;

 protected:
  Object() = default;
};

// A platform's own view of something to wait for.
struct WaitTarget;

// Something to wait for. Signalled: a wait would succeed now.
class Waitable : public Object {
 public:
  // For the platform's TryWait, Wait and PendingWait only.
  virtual WaitTarget* target() = 0;
};

struct CreateOptions {
  ObjectName name;
  Security security;
};

// All `Create`: makes the object, or opens the existing one with all rights and sets `*existed` (ERROR_ALREADY_EXISTS, 183, as
// information); the parameters of an existing one stay as they are. Atomic among all processes: of many who create one name
// at once exactly one gets `*existed` false.
// Fails with kErrorInvalidHandle if the name is of another kind, kErrorPathNotFound, kErrorFilenameTooLong, kErrorAccessDenied.
//
// All `Open`: kErrorFileNotFound if there is none, kErrorInvalidHandle, kErrorPathNotFound, kErrorAccessDenied. REQUIRES: a name.
//
// All `Adopt`: a handle that Export made, arrived in this process. It belongs to the object from here on, also after a failure.
struct ObjectOpenOptions {
  ObjectName name;
  uint32_t access = kAccessAll;
  int64_t trusted_uid = -1;  // see Security::uid
};

enum class SemaphoreMode : uint32_t {
  // A permit is bound to the handle that acquired it. When the handle closes or its process dies with permits, they come back
  // one by one to those who acquire next, who are told `abandoned`. kMaxCrashSafePermits at most.
  kCrashSafe = 0,
  // Win32's own: a count; what a dead process had is lost.
  kLost = 1,
  // The operating system's own semaphore, for programs that are not ours. Where there is none, as kLost.
  kInterop = 2,
};
constexpr uint32_t kMaxCrashSafePermits = 65536;

class Semaphore : public Waitable {
 public:
  struct Options : CreateOptions {
    uint32_t initial = 0;
    uint32_t max = 1;  // 1 to 2^31 - 1
    SemaphoreMode mode = SemaphoreMode::kCrashSafe;
  };
  // kErrorInvalidParameter: max is 0, too large for the mode, or less than initial.
  static Status Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<Semaphore>* semaphore, bool* existed);
  static Status Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<Semaphore>* semaphore);
  static Status Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<Semaphore>* semaphore);

  // Takes a permit if there is one: `*acquired`. The same as TryWait for this object alone, and the fast way.
  virtual Status TryAcquire(bool* acquired, bool* abandoned) = 0;

  // Gives `count` permits back, `*previous` of which count there were. Past max: kErrorTooManyPosts, and nothing was released. Permits
  // that this handle holds first; else permits of other holders, or such as were never posted (producer and consumer).
  virtual Status Release(uint32_t count, uint32_t* previous) = 0;

  // Permits to be had now, those of dead holders not counted.
  virtual Status Count(uint32_t* count) = 0;
  virtual uint32_t max() const = 0;
  virtual SemaphoreMode mode() const = 0;
};

// Owned by the agent (thread) whose wait succeeded, as often as it waited, over all its handles of the mutex. The owner's death, and
// the close of its last handle, abandon it: the next owner is told.
class Mutex : public Waitable {
 public:
  struct Options : CreateOptions {
    bool initially_owned = false;  // no effect on an existing mutex
  };
  static Status Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<Mutex>* mutex, bool* existed);
  static Status Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<Mutex>* mutex);
  static Status Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<Mutex>* mutex);

  virtual Status TryAcquire(bool* acquired, bool* abandoned) = 0;
  // Undoes one wait. kErrorNotOwner if the agent does not own it. Needs no right but the handle.
  virtual Status Release() = 0;
};

class Event : public Waitable {
 public:
  struct Options : CreateOptions {
    bool manual_reset = false;
    bool initially_set = false;
  };
  static Status Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<Event>* event, bool* existed);
  static Status Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<Event>* event);
  static Status Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<Event>* event);

  virtual Status Set() = 0;
  virtual Status Reset() = 0;
  virtual bool manual_reset() const = 0;
};

// Signalled when its time has come: until it is set anew (manual reset), or for one wait a period (auto reset).
class Timer : public Waitable {
 public:
  struct Options : CreateOptions {
    bool manual_reset = false;
  };
  static Status Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<Timer>* timer, bool* existed);
  static Status Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<Timer>* timer);
  static Status Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<Timer>* timer);

  // Unsignalled now, signalled in `due_ms`, then every `period_ms` (0: once). By a clock that nobody sets.
  virtual Status Set(double due_ms, double period_ms) = 0;
  // Stops it; a timer that is signalled stays so.
  virtual Status Cancel() = 0;
  virtual bool manual_reset() const = 0;
};

// Memory that a name leads to: what a named section needs. Either memory of its own (page-file-backed; zero at first), or the name
// of a file's mapping, which holds no memory but what finds and describes the file.
class NamedMemory : public Object {
 public:
  struct Options : CreateOptions {
    uint64_t size = 0;       // > 0, else kErrorInvalidParameter
    bool reserve = false;    // allocate nothing yet: Commit does
    std::string backing;     // absolute path of the backing file, empty for memory of its own
    uint32_t protection = 0;  // the section layer's own numbers, kept for whoever opens
  };
  static Status Create(const std::shared_ptr<Agent>& agent, const Options& options, std::shared_ptr<NamedMemory>* memory, bool* existed);
  static Status Open(const std::shared_ptr<Agent>& agent, const ObjectOpenOptions& options, std::shared_ptr<NamedMemory>* memory);
  static Status Adopt(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, std::shared_ptr<NamedMemory>* memory);

  // As the object was created.
  virtual uint64_t size() const = 0;
  virtual const std::string& backing() const = 0;
  virtual uint32_t protection() const = 0;
  virtual bool reserve() const = 0;

  // Allocates a part of reserved memory, so that a lack of it is an error here.
  virtual Status Commit(uint64_t offset, uint64_t length) = 0;

  // What to map, and where in it the memory begins (a multiple of kAllocationGranularity). REQUIRES: no backing file. The handle stays the
  // object's. Views outlive it; the name does not outlive the last handle.
  virtual intptr_t handle() const = 0;
  virtual uint64_t data_offset() const = 0;
};

// The most objects that one wait takes (MAXIMUM_WAIT_OBJECTS).
constexpr size_t kMaxWaitObjects = 64;

struct Outcome {
  bool satisfied = false;
  uint32_t index = 0;      // of the first object that satisfied a wait for any
  bool abandoned = false;  // that one's, or for all: any one's, holder died with it
};

// One attempt, without waiting. For any: takes the first that is signalled. For all: takes all or none.
// REQUIRES: 1 to kMaxWaitObjects objects of this agent, none twice. kErrorAccessDenied without the right to wait.
Status TryWait(Agent& agent, const std::shared_ptr<Waitable>* objects, size_t count, bool all, Outcome* outcome);

// The same, blocking the thread for at most `timeout_ms` (infinity: for ever). Not satisfied: time is up.
Status Wait(Agent& agent, const std::shared_ptr<Waitable>* objects, size_t count, bool all, double timeout_ms, Outcome* outcome);

// A wait under way that does not block. Destroying it cancels it: nothing that it had not reported was taken, or it is given back.
// The caller tries once after Start, whenever the agent was woken, and `RetryAfterMs` after the last attempt.
class PendingWait {
 public:
  static Status Start(const std::shared_ptr<Agent>& agent, const std::vector<std::shared_ptr<Waitable>>& objects, bool all,
                      std::unique_ptr<PendingWait>* wait);
  virtual ~PendingWait() = default;
  // REQUIRES: not satisfied before. What is taken belongs to the thread that calls.
  virtual Status Try(Outcome* outcome) = 0;
  // The longest time to go without an attempt although nobody wakes the agent: a timer's due time, or the next look for dead
  // holders; infinity if there is no need.
  virtual double RetryAfterMs() const = 0;

 protected:
  PendingWait() = default;
};

// Handing a handle over to a process that runs already: one offers what Object::Export made and gets an address, a short text that goes to
// the other by any channel; the other claims it there, once. Neither blocks. Where a process can take handles out of another
// (DuplicateHandle), the address may simply name process and handle, and a claim succeed at once.
class Offer {
 public:
  // The handle is the offer's from here on. `uid`: POSIX: the user that may claim it beside root; -1: the caller's own. `access`
  // are the handle's rights, for platforms that reduce them on the way.
  static Status Create(const std::shared_ptr<Agent>& agent, intptr_t handle, uint32_t access, int64_t uid, std::unique_ptr<Offer>* offer);
  // Withdraws the offer, if it was not claimed.
  virtual ~Offer() = default;
  // Letters, digits, '-' and '.'.
  virtual const std::string& address() const = 0;
  // What becomes ready when somebody claims; -1 if the platform does not say.
  virtual intptr_t WakeHandle() const = 0;
  // To be called then: hands over; `*claimed` says if the handle has gone. Somebody else's attempt is turned away.
  virtual Status Serve(bool* claimed) = 0;

 protected:
  Offer() = default;
};

class Claim {
 public:
  // kErrorFileNotFound: there is no such offer, any more. kErrorAccessDenied: it is another user's.
  static Status Create(const std::shared_ptr<Agent>& agent, const std::string& address, std::unique_ptr<Claim>* claim);
  virtual ~Claim() = default;
  // What becomes ready when the handle has come; -1 if Try succeeds at once.
  virtual intptr_t WakeHandle() const = 0;
  // `*handle` is -1 as long as it has not come; then it is the caller's. kErrorFileNotFound: the offer was withdrawn.
  virtual Status Try(intptr_t* handle) = 0;

 protected:
  Claim() = default;
};

// Files of the namespace that nobody holds any more, left by processes that died: removes all of them. Done by itself at a
// process's first use and last close; here for tests and tools. `*left` counts what is in use by anybody.
Status Sweep(uint32_t* left);

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_OBJECTS_H_
