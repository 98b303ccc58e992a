// Object files: created and opened whole or not at all, removed by the last holder.
#include "object_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <set>

#include "agent.h"
#include "kernel.h"
#include "sha256.h"

namespace holdfast {
namespace platform {

namespace {

// Files looked at beside each creation, and when a process closes its last handle.
constexpr size_t kSweepStep = 16;
constexpr size_t kSweepAtEnd = 256;
// Every so many creations.
constexpr uint32_t kSweepEvery = 8;

std::atomic<uint32_t> creations{0};
std::atomic<uint32_t> handles{0};

// Whether this process uses the directory for the first time.
bool IsFirstUse(const std::string& path) {
  static std::mutex guard;
  static std::set<std::string>* const seen = new std::set<std::string>();
  const std::lock_guard<std::mutex> lock(guard);
  return seen->insert(path).second;
}

std::string EntryName(const std::string& name) { return "o-" + Sha256Hex(name).substr(0, 40); }

// Removes what the dead have left; a failure leaves it to the next.
void SweepBeside(LockedDirectory& directory, const std::string& path) {
  uint32_t live;
  if (IsFirstUse(path)) {
    directory.Sweep(SIZE_MAX, &live);
  } else if (creations.fetch_add(1, std::memory_order_relaxed) % kSweepEvery == 0) {
    directory.Sweep(kSweepStep, &live);
  }
}

// UTF-16 code units of valid UTF-8.
size_t Utf16Units(const std::string& text) {
  size_t units = 0;
  for (const char byte : text) {
    const uint8_t value = static_cast<uint8_t>(byte);
    if (value < 0x80 || value >= 0xc0) units += value >= 0xf0 ? 2 : 1;
  }
  return units;
}

Status CheckName(const std::string& name) {
  if (name.find('\\') != std::string::npos) return Refused(kErrorPathNotFound, "name");
  if (Utf16Units(name) > kMaxNameUnits || name.size() > kMaxNameUnits * 3) return Refused(kErrorFilenameTooLong, "name");
  return Status{};
}

// A status that means: there is nothing alive of this name.
constexpr uint32_t kNothingThere = kErrorFileNotFound | kModelError;

}  // namespace

Status ObjectFile::Create(const std::shared_ptr<PosixAgent>& agent, const CreateOptions& options, const NewObject& object,
                          void (*fill)(uint8_t* mapped, const NewObject& object), std::shared_ptr<ObjectFile>* file, bool* existed) {
  const ObjectName& name = options.name;
  *existed = false;
  Status status = CheckName(name.text);
  if (!status.ok()) return status;
  if (!options.security.sddl.empty()) return Refused(kErrorNotSupported, "security");
  LockedDirectory directory;
  status = directory.Open(agent->path(name.scope), name.scope);
  if (!status.ok()) return status;
  SweepBeside(directory, agent->path(name.scope));
  // SAFETY: the constructor is private. Destroyed while the directory is locked here it would wait for itself: see below.
  std::shared_ptr<ObjectFile> made(new ObjectFile(agent, name.scope));
  if (!name.text.empty()) {
    ObjectOpenOptions opening;
    opening.name = name;
    opening.trusted_uid = options.security.uid;
    status = made->OpenEntry(directory, object.kind, opening);
    if (status.os_error != kNothingThere) {
      directory.Close();
      if (status.ok()) status = made->Attach(object.kind, &name.text);
      if (!status.ok()) return status;
      *existed = true;
      *file = std::move(made);
      return Status{};
    }
  }
  status = made->Build(directory, options, object, fill);
  directory.Close();
  if (status.ok()) *file = std::move(made);
  return status;
}

Status ObjectFile::Open(const std::shared_ptr<PosixAgent>& agent, ObjectKind kind, const ObjectOpenOptions& options,
                        std::shared_ptr<ObjectFile>* file) {
  const ObjectName& name = options.name;
  Status status = CheckName(name.text);
  if (!status.ok()) return status;
  // SAFETY: the constructor is private; the pointer owns it from here on.
  std::shared_ptr<ObjectFile> opened(new ObjectFile(agent, name.scope));
  {
    LockedDirectory directory;
    status = directory.Open(agent->path(name.scope), name.scope);
    if (!status.ok()) return status;
    if (IsFirstUse(agent->path(name.scope))) {
      uint32_t live;
      directory.Sweep(SIZE_MAX, &live);
    }
    status = opened->OpenEntry(directory, kind, options);
  }
  if (status.ok()) status = opened->Attach(kind, &name.text);
  if (!status.ok()) return status;
  *file = std::move(opened);
  return Status{};
}

Status ObjectFile::Adopt(const std::shared_ptr<PosixAgent>& agent, ObjectKind kind, intptr_t handle, uint32_t access,
                         std::shared_ptr<ObjectFile>* file) {
  // SAFETY: the constructor is private; the pointer owns it from here on.
  std::shared_ptr<ObjectFile> adopted(new ObjectFile(agent, Scope::kLocal));
  adopted->file_.Reset(static_cast<int>(handle));
  adopted->access_ = access;
  struct stat attributes;
  if (fstat(adopted->descriptor(), &attributes) != 0) return kernel::Failed("fstat");
  if (!S_ISREG(attributes.st_mode) || attributes.st_size < static_cast<off_t>(kPermitsOffset)) return Refused(kErrorInvalidHandle, "fstat");
  if (fcntl(adopted->descriptor(), F_SETFD, FD_CLOEXEC) != 0) return kernel::Failed("fcntl");
  // It has the lock already, if it is what Export made.
  bool locked;
  Status status = SetByteLock(adopted->descriptor(), F_RDLCK, kReferenceByte, &locked);
  if (!status.ok()) return status;
  if (!locked) return Refused(kErrorInvalidHandle, "fcntl");
  adopted->referenced_ = true;
  handles.fetch_add(1);
  status = adopted->Attach(kind, nullptr);
  if (!status.ok()) return status;
  const ObjectHeader& header = adopted->header();
  const bool named = header.name_length > 0;
  adopted->entry_ = named ? EntryName(std::string(header.name, header.name_length)) : "u-" + Hex(header.id);
  adopted->scope_ = static_cast<Scope>(header.parameters[3] & 1);
  *file = std::move(adopted);
  return Status{};
}

// Opens the living file of a name and refers to it. REQUIRES: the directory is locked.
Status ObjectFile::OpenEntry(const LockedDirectory& directory, ObjectKind kind, const ObjectOpenOptions& options) {
  entry_ = EntryName(options.name.text);
  access_ = options.access;
  // What waits or changes stores into the file, whatever the rights; memory's rights are the descriptor's.
  const int mode = kind == ObjectKind::kMemory && (options.access & kAccessModify) == 0 ? O_RDONLY : O_RDWR;
  file_.Reset(openat(directory.descriptor(), entry_.c_str(), mode | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file_.valid()) {
    if (errno == ENOENT) return Refused(kErrorFileNotFound, "open");
    if (errno == EACCES || errno == ELOOP || errno == ENXIO) return Refused(kErrorAccessDenied, "open");
    return kernel::Failed("open");
  }
  struct stat attributes;
  if (fstat(descriptor(), &attributes) != 0) return kernel::Failed("fstat");
  const bool trusted = attributes.st_uid == geteuid() || attributes.st_uid == 0 ||
                       (options.trusted_uid >= 0 && attributes.st_uid == static_cast<uint64_t>(options.trusted_uid));
  if (!S_ISREG(attributes.st_mode) || attributes.st_nlink != 1 || !trusted) return Refused(kErrorAccessDenied, "fstat");
  bool held = false;
  Status status = IsByteHeld(descriptor(), kReferenceByte, &held);
  if (!status.ok()) return status;
  if (!held) {
    // Its holders have died.
    file_.Reset();
    if (unlinkat(directory.descriptor(), entry_.c_str(), 0) != 0) return Refused(kErrorAccessDenied, "unlink");
    return Refused(kErrorFileNotFound, "open");
  }
  bool locked;
  status = SetByteLock(descriptor(), F_RDLCK, kReferenceByte, &locked);
  if (!status.ok()) return status;
  if (!locked) return Refused(kErrorAccessDenied, "fcntl");
  referenced_ = true;
  handles.fetch_add(1);
  return Status{};
}

// Makes the file of a new object. REQUIRES: the directory is locked, and has no entry of this name.
Status ObjectFile::Build(const LockedDirectory& directory, const CreateOptions& options, const NewObject& object,
                         void (*fill)(uint8_t* mapped, const NewObject& object)) {
  const uint64_t id = RandomId();
  const std::string& name = options.name.text;
  const Security& security = options.security;
  entry_ = name.empty() ? "u-" + Hex(id) : EntryName(name);
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  file_.Reset(openat(directory.descriptor(), entry_.c_str(), kFlags, 0600));
  if (!file_.valid()) return errno == EACCES ? Refused(kErrorAccessDenied, "open") : kernel::Failed("open");
  Status status;
  bool locked = false;
  if (security.mode != 0600 && fchmod(descriptor(), static_cast<mode_t>(security.mode & 0777)) != 0) status = kernel::Failed("fchmod");
  const auto group = security.gid >= 0 ? static_cast<gid_t>(security.gid) : static_cast<gid_t>(-1);
  if (status.ok() && security.uid >= 0 && fchown(descriptor(), static_cast<uid_t>(security.uid), group) != 0)
    status = kernel::Failed("fchown");
  if (status.ok()) status = kernel::RequireMemory(object.allocated);
  if (status.ok()) status = kernel::AllocateRange(descriptor(), 0, object.allocated);
  if (status.os_error == EOPNOTSUPP) status = Status{};
  if (status.ok() && ftruncate(descriptor(), static_cast<off_t>(object.size)) != 0) status = kernel::Failed("ftruncate");
  if (status.ok()) status = SetByteLock(descriptor(), F_RDLCK, kReferenceByte, &locked);
  void* memory = MAP_FAILED;
  if (status.ok()) {
    memory = mmap(nullptr, object.mapped, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor(), 0);
    if (memory == MAP_FAILED) status = kernel::Failed("mmap");
  }
  if (!status.ok()) {
    unlinkat(directory.descriptor(), entry_.c_str(), 0);
    file_.Reset();
    return status;
  }
  referenced_ = true;
  handles.fetch_add(1);
  // SAFETY: mmap returned `object.mapped` zeroed bytes, at least a page; the destructor unmaps them.
  mapped_ = static_cast<uint8_t*>(memory);
  mapped_length_ = object.mapped;
  // SAFETY: the header begins the page, and is a type without construction whose atomics are lock-free.
  header_ = reinterpret_cast<ObjectHeader*>(mapped_);
  header_->version = kObjectVersion;
  header_->kind = static_cast<uint32_t>(object.kind);
  header_->id = id;
  std::copy(std::begin(object.parameters), std::end(object.parameters), header_->parameters);
  header_->parameters[3] = static_cast<uint64_t>(options.name.scope);
  header_->name_length = static_cast<uint32_t>(name.size());
  std::memcpy(header_->name, name.data(), name.size());
  header_->backing_length = static_cast<uint32_t>(object.backing.size());
  if (!object.backing.empty()) std::memcpy(mapped_ + kBackingOffset, object.backing.data(), object.backing.size());
  header_->state.store(object.state);
  if (fill != nullptr) fill(mapped_, object);
  header_->magic = kObjectMagic;
  return Status{};
}

// Maps an existing object's file and checks that it is the one that is meant.
Status ObjectFile::Attach(ObjectKind kind, const std::string* name) {
  struct stat attributes;
  if (fstat(descriptor(), &attributes) != 0) return kernel::Failed("fstat");
  // Memory is mapped by views; here only what describes it.
  const uint64_t whole = static_cast<uint64_t>(attributes.st_size);
  const size_t length = static_cast<size_t>(kind == ObjectKind::kMemory ? std::min<uint64_t>(whole, kDataOffset) : whole);
  if (length < kPermitsOffset) return Refused(kErrorInvalidHandle, "fstat");
  const int protection = (fcntl(descriptor(), F_GETFL) & O_ACCMODE) == O_RDWR ? PROT_READ | PROT_WRITE : PROT_READ;
  // Waiting and changing store into the file.
  if (protection == PROT_READ && kind != ObjectKind::kMemory) return Refused(kErrorAccessDenied, "open");
  void* memory = mmap(nullptr, length, protection, MAP_SHARED, descriptor(), 0);
  if (memory == MAP_FAILED) return kernel::Failed("mmap");
  // SAFETY: mmap returned `length` bytes, at least a page; the destructor unmaps them.
  mapped_ = static_cast<uint8_t*>(memory);
  mapped_length_ = length;
  // SAFETY: the header begins the page; what it says is checked before it is used.
  header_ = reinterpret_cast<ObjectHeader*>(mapped_);
  const bool ours = header_->magic == kObjectMagic && header_->version == kObjectVersion && header_->name_length <= sizeof header_->name &&
                    header_->kind == static_cast<uint32_t>(kind);
  if (!ours) return Refused(kErrorInvalidHandle, "open");
  // Another name with the same hash.
  if (name != nullptr && *name != std::string(header_->name, header_->name_length)) return Refused(kErrorAccessDenied, "open");
  return Status{};
}

bool ObjectFile::IsEntry(const LockedDirectory& directory) const {
  struct stat here;
  struct stat there;
  return fstat(descriptor(), &here) == 0 && fstatat(directory.descriptor(), entry_.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
         here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

ObjectFile::~ObjectFile() {
  if (referenced_) {
    if (armed_ > 0) {
      armed_ = 1;
      Disarm();
    }
    LockedDirectory directory;
    const bool last_handle = handles.fetch_sub(1) == 1;
    const bool locked = !entry_.empty() && directory.Open(agent_->path(scope_), scope_).ok();
    bool held = true;
    if (locked && IsByteHeld(descriptor(), kReferenceByte, &held).ok() && !held && IsEntry(directory))
      unlinkat(directory.descriptor(), entry_.c_str(), 0);
    // At once, not when a child that is just being started has let go of its copy.
    FreeAllLocks(descriptor());
    uint32_t live;
    if (locked && last_handle) directory.Sweep(kSweepAtEnd, &live);
  }
  if (mapped_ != nullptr) munmap(mapped_, mapped_length_);
}

Status ObjectFile::TryLock(uint64_t byte, bool* locked) const { return SetByteLock(descriptor(), F_WRLCK, byte, locked); }

Status ObjectFile::Unlock(uint64_t byte) const {
  bool unlocked;
  return SetByteLock(descriptor(), F_UNLCK, byte, &unlocked);
}

Status ObjectFile::Arm(bool* armed) {
  *armed = true;
  if (armed_ > 0) {
    armed_++;
    return Status{};
  }
  uint64_t bell;
  const Status status = agent_->Bell(scope_, &bell);
  if (!status.ok()) return status;
  for (int round = 0; round < 2; round++) {
    for (size_t i = 0; i < kWaiterSlots; i++) {
      std::atomic<uint64_t>& slot = header_->slots[i];
      uint64_t taken = slot.load();
      // The second time, slots of the dead count as free.
      if (taken != 0 && (round == 0 || agent_->IsAlive(scope_, taken))) continue;
      if (!slot.compare_exchange_strong(taken, bell)) continue;
      uint32_t used = header_->slots_used.load();
      while (used < i + 1 && !header_->slots_used.compare_exchange_weak(used, static_cast<uint32_t>(i + 1))) continue;
      armed_slot_ = i;
      armed_ = 1;
      return Status{};
    }
  }
  *armed = false;
  return Status{};
}

void ObjectFile::Disarm() {
  if (armed_ == 0 || --armed_ > 0) return;
  uint64_t bell;
  if (agent_->Bell(scope_, &bell).ok()) header_->slots[armed_slot_].compare_exchange_strong(bell, 0);
}

void ObjectFile::Ring() const {
  const size_t used = std::min<size_t>(header_->slots_used.load(), kWaiterSlots);
  for (size_t i = 0; i < used; i++) {
    uint64_t bell = header_->slots[i].load();
    if (bell == 0) continue;
    bool alive;
    agent_->Ring(scope_, bell, &alive);
    if (!alive) header_->slots[i].compare_exchange_strong(bell, 0);
  }
}

Status ObjectFile::Export(uint32_t access, intptr_t* handle) const {
  if ((access & ~access_) != 0) return Refused(kErrorAccessDenied, "access");
  const bool memory = header_->kind == static_cast<uint32_t>(ObjectKind::kMemory);
  const int flags = (memory && (access & kAccessModify) == 0 ? O_RDONLY : O_RDWR) | O_CLOEXEC;
  Descriptor copy;
  const std::string path = kernel::ReopenPath(descriptor());
  if (!path.empty()) copy.Reset(open(path.c_str(), flags));
  if (!copy.valid()) {
    // No such path here: by its name, which it keeps as long as this handle refers to it.
    LockedDirectory directory;
    const Status status = directory.Open(agent_->path(scope_), scope_);
    if (!status.ok()) return status;
    if (!IsEntry(directory)) return Refused(kErrorFileNotFound, "open");
    copy.Reset(openat(directory.descriptor(), entry_.c_str(), flags | O_NOFOLLOW));
  }
  if (!copy.valid()) return errno == EACCES ? Refused(kErrorAccessDenied, "open") : kernel::Failed("open");
  bool locked;
  const Status status = SetByteLock(copy.get(), F_RDLCK, kReferenceByte, &locked);
  if (!status.ok()) return status;
  *handle = copy.Release();
  return Status{};
}

}  // namespace platform
}  // namespace holdfast
