// Named objects on Windows: every call is refused (ERROR_CALL_NOT_IMPLEMENTED).
#include "../objects.h"

namespace holdfast {
namespace platform {

namespace {

Status Missing() { return Refused(kErrorCallNotImplemented, "named objects"); }

}  // namespace

Status Agent::Create(std::shared_ptr<Agent>*) { return Missing(); }

Status Semaphore::Create(const std::shared_ptr<Agent>&, const Options&, std::shared_ptr<Semaphore>*, bool*) { return Missing(); }
Status Semaphore::Open(const std::shared_ptr<Agent>&, const ObjectOpenOptions&, std::shared_ptr<Semaphore>*) { return Missing(); }
Status Semaphore::Adopt(const std::shared_ptr<Agent>&, intptr_t, uint32_t, std::shared_ptr<Semaphore>*) { return Missing(); }

Status Mutex::Create(const std::shared_ptr<Agent>&, const Options&, std::shared_ptr<Mutex>*, bool*) { return Missing(); }
Status Mutex::Open(const std::shared_ptr<Agent>&, const ObjectOpenOptions&, std::shared_ptr<Mutex>*) { return Missing(); }
Status Mutex::Adopt(const std::shared_ptr<Agent>&, intptr_t, uint32_t, std::shared_ptr<Mutex>*) { return Missing(); }

Status Event::Create(const std::shared_ptr<Agent>&, const Options&, std::shared_ptr<Event>*, bool*) { return Missing(); }
Status Event::Open(const std::shared_ptr<Agent>&, const ObjectOpenOptions&, std::shared_ptr<Event>*) { return Missing(); }
Status Event::Adopt(const std::shared_ptr<Agent>&, intptr_t, uint32_t, std::shared_ptr<Event>*) { return Missing(); }

Status Timer::Create(const std::shared_ptr<Agent>&, const Options&, std::shared_ptr<Timer>*, bool*) { return Missing(); }
Status Timer::Open(const std::shared_ptr<Agent>&, const ObjectOpenOptions&, std::shared_ptr<Timer>*) { return Missing(); }
Status Timer::Adopt(const std::shared_ptr<Agent>&, intptr_t, uint32_t, std::shared_ptr<Timer>*) { return Missing(); }

Status NamedMemory::Create(const std::shared_ptr<Agent>&, const Options&, std::shared_ptr<NamedMemory>*, bool*) { return Missing(); }
Status NamedMemory::Open(const std::shared_ptr<Agent>&, const ObjectOpenOptions&, std::shared_ptr<NamedMemory>*) { return Missing(); }
Status NamedMemory::Adopt(const std::shared_ptr<Agent>&, intptr_t, uint32_t, std::shared_ptr<NamedMemory>*) { return Missing(); }

Status TryWait(Agent&, const std::shared_ptr<Waitable>*, size_t, bool, Outcome*) { return Missing(); }
Status Wait(Agent&, const std::shared_ptr<Waitable>*, size_t, bool, double, Outcome*) { return Missing(); }
Status PendingWait::Start(const std::shared_ptr<Agent>&, const std::vector<std::shared_ptr<Waitable>>&, bool, std::unique_ptr<PendingWait>*) {
  return Missing();
}
Status Offer::Create(const std::shared_ptr<Agent>&, intptr_t, uint32_t, int64_t, std::unique_ptr<Offer>*) { return Missing(); }
Status Claim::Create(const std::shared_ptr<Agent>&, const std::string&, std::unique_ptr<Claim>*) { return Missing(); }
Status Sweep(uint32_t*) { return Missing(); }

}  // namespace platform
}  // namespace holdfast
