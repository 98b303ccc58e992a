// JavaScript class NamedObject: a handle to an object of any kind. By the plain C interface and without allocation, since acquire and
// release are called often.
#include <cmath>
#include <limits>

#include "arguments.h"
#include "object_bindings.h"

namespace holdfast {

namespace {

using platform::ObjectKind;
using platform::Status;

constexpr napi_type_tag kObjectTag = {0x1c5f92e07b3d4a68, 0xb3a96e40f2d8175c};

// Numbers that the constructor takes: six for create.
constexpr uint32_t kMostNumbers = 6;

// One of the pointers is set, by kind; all are null once closed.
struct Handle {
  std::shared_ptr<platform::Semaphore> semaphore;
  std::shared_ptr<platform::Mutex> mutex;
  std::shared_ptr<platform::Event> event;
  std::shared_ptr<platform::Timer> timer;
  std::shared_ptr<platform::NamedMemory> memory;
  bool existed = false;

  platform::Object* object() const {
    if (semaphore) return semaphore.get();
    if (mutex) return mutex.get();
    if (event) return event.get();
    if (timer) return timer.get();
    return memory.get();
  }
  std::shared_ptr<platform::Waitable> waitable() const {
    if (semaphore) return semaphore;
    if (mutex) return mutex;
    if (event) return event;
    return timer;
  }
};

// What `new NamedObject(agent, how, kind, scope, name, numbers, sddl, backing)` was given.
struct Request {
  std::shared_ptr<platform::Agent> agent;
  uint32_t how = 0;  // 0 create, 1 open, 2 adopt
  uint32_t kind = 0;
  platform::ObjectName name;
  double numbers[kMostNumbers] = {};
  std::string sddl;
  std::string backing;
};

bool ReadNumbers(napi_env env, napi_value value, double* numbers) {
  bool is_array = false;
  uint32_t length = 0;
  if (napi_is_array(env, value, &is_array) != napi_ok || !is_array || napi_get_array_length(env, value, &length) != napi_ok) return false;
  if (length > kMostNumbers) return false;
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    if (napi_get_element(env, value, i, &element) != napi_ok || napi_get_value_double(env, element, &numbers[i]) != napi_ok) return false;
    if (!(std::fabs(numbers[i]) <= 9007199254740991.0)) return false;
  }
  return true;
}

bool ReadRequest(napi_env env, const napi_value* arguments, Request* request) {
  request->agent = ToAgent(env, arguments[0]);
  const auto how = ToUint32(env, arguments[1]);
  const auto kind = ToUint32(env, arguments[2]);
  const auto scope = ToUint32(env, arguments[3]);
  const auto name = ToString(env, arguments[4]);
  const bool numbers = ReadNumbers(env, arguments[5], request->numbers);
  const auto sddl = ToString(env, arguments[6]);
  const auto backing = ToString(env, arguments[7]);
  if (!request->agent || !how || *how > 2 || !kind || !scope || *scope > 1 || !name || !numbers || !sddl || !backing) return false;
  if (name->find('\0') != std::string::npos || (*how == 1 && name->empty())) return false;
  request->how = *how;
  request->kind = *kind;
  request->name = {static_cast<platform::Scope>(*scope), *name};
  request->sddl = *sddl;
  request->backing = *backing;
  return true;
}

// A number that is not one of the type's becomes 0, which the platform refuses or which means nothing.
template <typename Integer>
Integer To(double number) {
  const bool fits = number >= static_cast<double>(std::numeric_limits<Integer>::min()) && number <= static_cast<double>(std::numeric_limits<Integer>::max());
  return fits ? static_cast<Integer>(number) : 0;
}

void FillOptions(const Request& request, platform::Semaphore::Options* options) {
  options->initial = To<uint32_t>(request.numbers[3]);
  options->max = To<uint32_t>(request.numbers[4]);
  options->mode = static_cast<platform::SemaphoreMode>(To<uint32_t>(request.numbers[5]) % 3);
}
void FillOptions(const Request& request, platform::Mutex::Options* options) { options->initially_owned = request.numbers[3] != 0; }
void FillOptions(const Request& request, platform::Event::Options* options) {
  options->manual_reset = request.numbers[3] != 0;
  options->initially_set = request.numbers[4] != 0;
}
void FillOptions(const Request& request, platform::Timer::Options* options) { options->manual_reset = request.numbers[3] != 0; }
void FillOptions(const Request& request, platform::NamedMemory::Options* options) {
  options->size = To<uint64_t>(request.numbers[3]);
  options->reserve = request.numbers[4] != 0;
  options->protection = To<uint32_t>(request.numbers[5]);
  options->backing = request.backing;
}

template <typename Kind>
Status Make(const Request& request, std::shared_ptr<Kind>* object, bool* existed) {
  const double* numbers = request.numbers;
  if (request.how == 0) {
    typename Kind::Options options;
    options.name = request.name;
    options.security.mode = To<uint32_t>(numbers[0]);
    options.security.uid = To<int64_t>(numbers[1]);
    options.security.gid = To<int64_t>(numbers[2]);
    options.security.sddl = request.sddl;
    FillOptions(request, &options);
    return Kind::Create(request.agent, options, object, existed);
  }
  *existed = true;
  if (request.how == 2)
    return Kind::Adopt(request.agent, To<intptr_t>(numbers[0]), To<uint32_t>(numbers[1]) & platform::kAccessAll, object);
  platform::ObjectOpenOptions options;
  options.name = request.name;
  options.access = To<uint32_t>(numbers[0]) & platform::kAccessAll;
  options.trusted_uid = To<int64_t>(numbers[1]);
  return Kind::Open(request.agent, options, object);
}

Status MakeHandle(const Request& request, Handle* handle) {
  switch (static_cast<ObjectKind>(request.kind)) {
    case ObjectKind::kSemaphore:
      return Make(request, &handle->semaphore, &handle->existed);
    case ObjectKind::kMutex:
      return Make(request, &handle->mutex, &handle->existed);
    case ObjectKind::kEvent:
      return Make(request, &handle->event, &handle->existed);
    case ObjectKind::kTimer:
      return Make(request, &handle->timer, &handle->existed);
    case ObjectKind::kMemory:
      return Make(request, &handle->memory, &handle->existed);
  }
  return platform::Refused(platform::kErrorInvalidParameter, "create");
}

void FreeHandle(napi_env, void* data, void*) {
  // SAFETY: NewObject let go of it, and Node calls this once.
  delete static_cast<Handle*>(data);
}

napi_value NewObject(napi_env env, napi_callback_info info) {
  size_t count = 8;
  napi_value arguments[8];
  napi_value self;
  Request request;
  if (!IsConstruction(env, info) || napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok || count < 8 || !ReadRequest(env, arguments, &request))
    return ThrowWrongArguments(env);
  auto handle = std::make_unique<Handle>();
  const Status status = MakeHandle(request, handle.get());
  if (!status.ok()) return ThrowObjectError(env, status);
  if (napi_wrap(env, self, handle.get(), FreeHandle, nullptr, nullptr) != napi_ok) return ThrowWrongArguments(env);
  // SAFETY: FreeHandle takes it over.
  handle.release();
  napi_type_tag_object(env, self, &kObjectTag);
  return self;
}

// The receiver of a method, whose class V8 has checked, and its arguments; null if it was never made or is closed.
Handle* ToReceiver(napi_env env, napi_callback_info info, size_t wanted = 0, napi_value* arguments = nullptr) {
  size_t count = wanted;
  napi_value self;
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok || count < wanted) return nullptr;
  if (napi_unwrap(env, self, &data) != napi_ok) return nullptr;
  // SAFETY: methods are only called on objects of their class, and nothing else is wrapped in those.
  Handle* handle = static_cast<Handle*>(data);
  return handle->object() == nullptr ? nullptr : handle;
}

napi_value NewNumber(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

// `tryAcquire()`.
napi_value TryAcquire(napi_env env, napi_callback_info info) {
  const Handle* handle = ToReceiver(env, info);
  if (handle == nullptr || !(handle->semaphore || handle->mutex)) return ThrowWrongArguments(env);
  platform::Outcome outcome;
  const Status status = handle->semaphore ? handle->semaphore->TryAcquire(&outcome.satisfied, &outcome.abandoned)
                                          : handle->mutex->TryAcquire(&outcome.satisfied, &outcome.abandoned);
  return status.ok() ? ToOutcome(env, outcome) : ThrowObjectError(env, status);
}

// `release(count)`.
napi_value Release(napi_env env, napi_callback_info info) {
  napi_value argument;
  const Handle* handle = ToReceiver(env, info, 1, &argument);
  uint32_t count = 0;
  if (handle == nullptr || !(handle->semaphore || handle->mutex) || napi_get_value_uint32(env, argument, &count) != napi_ok)
    return ThrowWrongArguments(env);
  uint32_t previous = 0;
  const Status status = handle->semaphore ? handle->semaphore->Release(count, &previous) : handle->mutex->Release();
  if (!status.ok()) return ThrowObjectError(env, status);
  napi_value value = nullptr;
  napi_create_uint32(env, previous, &value);
  return value;
}

// `count()`.
napi_value Count(napi_env env, napi_callback_info info) {
  const Handle* handle = ToReceiver(env, info);
  if (handle == nullptr || !handle->semaphore) return ThrowWrongArguments(env);
  uint32_t count = 0;
  const Status status = handle->semaphore->Count(&count);
  return status.ok() ? NewNumber(env, count) : ThrowObjectError(env, status);
}

// `set(dueMs, periodMs)`.
napi_value Set(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  const Handle* handle = ToReceiver(env, info, 2, arguments);
  double due_ms = 0;
  double period_ms = 0;
  if (handle == nullptr || !(handle->event || handle->timer) || napi_get_value_double(env, arguments[0], &due_ms) != napi_ok ||
      napi_get_value_double(env, arguments[1], &period_ms) != napi_ok)
    return ThrowWrongArguments(env);
  // About 300 years of nanoseconds fit into the platform's words.
  if (!(due_ms >= 0 && due_ms < 9e12 && period_ms >= 0 && period_ms < 9e12)) return ThrowWrongArguments(env);
  const Status status = handle->event ? handle->event->Set() : handle->timer->Set(due_ms, period_ms);
  return status.ok() ? nullptr : ThrowObjectError(env, status);
}

// `reset()`.
napi_value Reset(napi_env env, napi_callback_info info) {
  const Handle* handle = ToReceiver(env, info);
  if (handle == nullptr || !(handle->event || handle->timer)) return ThrowWrongArguments(env);
  const Status status = handle->event ? handle->event->Reset() : handle->timer->Cancel();
  return status.ok() ? nullptr : ThrowObjectError(env, status);
}

// `parameter(index)`.
napi_value Parameter(napi_env env, napi_callback_info info) {
  napi_value argument;
  const Handle* handle = ToReceiver(env, info, 1, &argument);
  uint32_t index = 0;
  if (handle == nullptr || napi_get_value_uint32(env, argument, &index) != napi_ok) return ThrowWrongArguments(env);
  if (handle->semaphore) return NewNumber(env, index == 0 ? handle->semaphore->max() : static_cast<double>(handle->semaphore->mode()));
  if (handle->event) return NewNumber(env, handle->event->manual_reset());
  if (handle->timer) return NewNumber(env, handle->timer->manual_reset());
  if (handle->memory && index == 0) return NewNumber(env, static_cast<double>(handle->memory->size()));
  if (handle->memory) return NewNumber(env, index == 1 ? handle->memory->protection() : handle->memory->reserve());
  return NewNumber(env, 0);
}

// `exportHandle(access)`.
napi_value ExportHandle(napi_env env, napi_callback_info info) {
  napi_value argument;
  const Handle* handle = ToReceiver(env, info, 1, &argument);
  if (handle == nullptr) return ThrowWrongArguments(env);
  const auto access = ToUint32(env, argument);
  if (!access) return ThrowWrongArguments(env);
  intptr_t exported = -1;
  const Status status = handle->object()->Export(*access, &exported);
  return status.ok() ? NewNumber(env, static_cast<double>(exported)) : ThrowObjectError(env, status);
}

napi_value Existed(napi_env env, napi_callback_info info) {
  const Handle* handle = ToReceiver(env, info);
  if (handle == nullptr) return ThrowWrongArguments(env);
  napi_value value = nullptr;
  napi_get_boolean(env, handle->existed, &value);
  return value;
}

napi_value Id(napi_env env, napi_callback_info info) {
  const Handle* handle = ToReceiver(env, info);
  if (handle == nullptr) return ThrowWrongArguments(env);
  const uint64_t id = handle->object()->id();
  char text[16];
  for (int i = 0; i < 16; i++) text[i] = "0123456789abcdef"[id >> (60 - 4 * i) & 15];
  napi_value value = nullptr;
  napi_create_string_latin1(env, text, sizeof text, &value);
  return value;
}

napi_value Access(napi_env env, napi_callback_info info) {
  const Handle* handle = ToReceiver(env, info);
  return handle == nullptr ? ThrowWrongArguments(env) : NewNumber(env, handle->object()->access());
}

napi_value Backing(napi_env env, napi_callback_info info) {
  const Handle* handle = ToReceiver(env, info);
  if (handle == nullptr || !handle->memory) return ThrowWrongArguments(env);
  const std::string& backing = handle->memory->backing();
  napi_value value = nullptr;
  napi_create_string_utf8(env, backing.data(), backing.size(), &value);
  return value;
}

napi_value Close(napi_env env, napi_callback_info info) {
  Handle* handle = ToReceiver(env, info);
  if (handle != nullptr) *handle = Handle();
  return nullptr;
}

napi_property_descriptor Method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

napi_property_descriptor Getter(const char* name, napi_callback callback) {
  return {name, nullptr, nullptr, callback, nullptr, nullptr, napi_default, nullptr};
}

}  // namespace

std::optional<std::vector<std::shared_ptr<platform::Waitable>>> ToWaitables(napi_env env, napi_value value) {
  bool is_array = false;
  uint32_t length = 0;
  if (napi_is_array(env, value, &is_array) != napi_ok || !is_array || napi_get_array_length(env, value, &length) != napi_ok)
    return std::nullopt;
  if (length == 0 || length > platform::kMaxWaitObjects) return std::nullopt;
  std::vector<std::shared_ptr<platform::Waitable>> objects;
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    if (napi_get_element(env, value, i, &element) != napi_ok) return std::nullopt;
    // SAFETY: only NewObject puts this tag on an object, and it has wrapped a Handle then.
    const Handle* handle = static_cast<Handle*>(Untag(env, element, kObjectTag));
    std::shared_ptr<platform::Waitable> object = handle == nullptr ? nullptr : handle->waitable();
    if (!object) return std::nullopt;
    objects.push_back(std::move(object));
  }
  return objects;
}

std::shared_ptr<platform::NamedMemory> ToNamedMemory(napi_env env, napi_value value) {
  // SAFETY: only NewObject puts this tag on an object, and it has wrapped a Handle then.
  const Handle* handle = static_cast<Handle*>(Untag(env, value, kObjectTag));
  return handle == nullptr ? nullptr : handle->memory;
}

napi_value DefineNamedObject(napi_env env) {
  const napi_property_descriptor members[] = {
      Method("tryAcquire", TryAcquire), Method("release", Release),     Method("count", Count),
      Method("set", Set),               Method("reset", Reset),         Method("parameter", Parameter),
      Method("exportHandle", ExportHandle), Method("close", Close),     Getter("existed", Existed),
      Getter("id", Id),                 Getter("access", Access),         Method("backing", Backing),
  };
  napi_value constructor = nullptr;
  napi_define_class(env, "NamedObject", NAPI_AUTO_LENGTH, NewObject, nullptr, sizeof members / sizeof members[0], members, &constructor);
  return constructor;
}

}  // namespace holdfast
