// Bells: made, rung, heard.
#include "agent.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"

namespace holdfast {
namespace platform {

namespace {

// Bells kept open for ringing.
constexpr size_t kMaxRingers = 64;

}  // namespace

Status Agent::Create(std::shared_ptr<Agent>* agent) {
  *agent = std::make_shared<PosixAgent>();
  return Status{};
}

PosixAgent::PosixAgent() : names_(FindNamespace()) {}

PosixAgent::~PosixAgent() { End(); }

void PosixAgent::End() {
  for (const OwnBell& bell : bells_) {
    if (bell.id != 0) unlink(bell.path.c_str());
  }
}

intptr_t PosixAgent::WakeHandle(Scope scope) const { return bells_[static_cast<uint32_t>(scope)].fifo.get(); }

void PosixAgent::ClearWake() {
  char bytes[64];
  for (const OwnBell& bell : bells_) {
    while (bell.id != 0 && read(bell.fifo.get(), bytes, sizeof bytes) == static_cast<ssize_t>(sizeof bytes)) continue;
  }
}

Status PosixAgent::Bell(Scope scope, uint64_t* id) {
  OwnBell& bell = bells_[static_cast<uint32_t>(scope)];
  if (bell.id == 0) {
    LockedDirectory directory;
    const Status status = directory.Open(path(scope), scope);
    if (!status.ok()) return status;
    const uint64_t wished = RandomId();
    bell.path = path(scope) + "/b-" + Hex(wished);
    if (mkfifo(bell.path.c_str(), 0600) != 0) return kernel::Failed("mkfifo");
    // For reading and writing, so that it never reports the end of its last writer; others see a reader as long as this lives.
    bell.fifo.Reset(open(bell.path.c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
    // Whoever may use the scope may ring; a ring is a hint and nothing else.
    if (!bell.fifo.valid() || (scope == Scope::kGlobal && fchmod(bell.fifo.get(), 0622) != 0)) {
      const Status failed = kernel::Failed("open");
      unlink(bell.path.c_str());
      bell.fifo.Reset();
      return failed;
    }
    bell.id = wished;
  }
  *id = bell.id;
  return Status{};
}

// An open end of a bell; -1 if there is none, for now or (`*alive` false) for ever.
int PosixAgent::Ringer(Scope scope, uint64_t id, bool* alive) {
  *alive = true;
  const OwnBell& own = bells_[static_cast<uint32_t>(scope)];
  if (id == own.id) return own.fifo.get();
  const auto found = ringers_.find(id);
  if (found != ringers_.end()) return found->second.get();
  Descriptor fifo(open((path(scope) + "/b-" + Hex(id)).c_str(), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!fifo.valid()) {
    *alive = errno != ENXIO && errno != ENOENT;
    return -1;
  }
  struct stat attributes;
  // Something else of this name would be a trap.
  if (fstat(fifo.get(), &attributes) != 0 || !S_ISFIFO(attributes.st_mode)) return -1;
  if (ringers_.size() >= kMaxRingers) ringers_.erase(ringers_.begin());
  return ringers_.emplace(id, std::move(fifo)).first->second.get();
}

void PosixAgent::Ring(Scope scope, uint64_t id, bool* alive) {
  const int fifo = Ringer(scope, id, alive);
  if (fifo < 0) return;
  const char byte = 1;
  ssize_t result;
  do {
    result = write(fifo, &byte, 1);
  } while (result < 0 && errno == EINTR);
  // A full FIFO is rung already. EPIPE: the last reader is gone (SIGPIPE is ignored in every Node process).
  if (result >= 0 || errno != EPIPE) return;
  ringers_.erase(id);
  *alive = false;
}

bool PosixAgent::IsAlive(Scope scope, uint64_t id) {
  if (id == bells_[static_cast<uint32_t>(scope)].id) return true;
  // Opened anew: a kept one does not say that its reader has died.
  ringers_.erase(id);
  bool alive;
  Ringer(scope, id, &alive);
  return alive;
}

void PosixAgent::RingSelf() {
  for (const Scope scope : {Scope::kLocal, Scope::kGlobal}) {
    const OwnBell& bell = bells_[static_cast<uint32_t>(scope)];
    bool alive;
    if (bell.id != 0) Ring(scope, bell.id, &alive);
  }
}

}  // namespace platform
}  // namespace holdfast
