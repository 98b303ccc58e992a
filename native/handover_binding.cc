// JavaScript classes Offer and Claim: a handle on its way to another process.
#include "arguments.h"
#include "loop_watch.h"
#include "object_bindings.h"

namespace holdfast {

namespace {

// Either of both, and what wakes JavaScript for it. Freed when its object is, or the environment ends.
struct Handover {
  napi_env env = nullptr;
  std::unique_ptr<platform::Offer> offer;
  std::unique_ptr<platform::Claim> claim;
  LoopWatch* watch = nullptr;
  napi_ref wake = nullptr;
  napi_async_context context = nullptr;

  intptr_t WakeHandle() const { return offer ? offer->WakeHandle() : claim->WakeHandle(); }

  void End() {
    if (watch != nullptr) watch->Close();
    watch = nullptr;
    offer.reset();
    claim.reset();
  }
};

void OnReady(void* data) {
  // SAFETY: the watch is closed before the handover is freed.
  const Handover* handover = static_cast<Handover*>(data);
  const napi_env env = handover->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value wake = nullptr;
  napi_value receiver = nullptr;
  napi_value result = nullptr;
  if (napi_get_reference_value(env, handover->wake, &wake) == napi_ok && wake != nullptr && napi_get_global(env, &receiver) == napi_ok)
    napi_make_callback(env, handover->context, receiver, wake, 0, nullptr, &result);
  napi_close_handle_scope(env, scope);
}

void Free(napi_env env, void* data, void*) {
  // SAFETY: Wrap let go of it, and Node calls this once.
  const std::unique_ptr<Handover> handover(static_cast<Handover*>(data));
  handover->End();
  if (handover->wake != nullptr) napi_delete_reference(env, handover->wake);
  if (handover->context != nullptr) napi_async_destroy(env, handover->context);
}

// Ties a handover to its object, and has the event loop call `wake` for it.
napi_value Wrap(napi_env env, napi_value self, napi_value wake, std::unique_ptr<Handover> handover) {
  napi_value name = nullptr;
  handover->env = env;
  napi_create_string_utf8(env, "holdfast.handover", NAPI_AUTO_LENGTH, &name);
  if (napi_async_init(env, nullptr, name, &handover->context) != napi_ok ||
      napi_create_reference(env, wake, 1, &handover->wake) != napi_ok ||
      napi_wrap(env, self, handover.get(), Free, nullptr, nullptr) != napi_ok) {
    Free(env, handover.release(), nullptr);
    return ThrowWrongArguments(env);
  }
  // SAFETY: Free takes it over.
  Handover* kept = handover.release();
  if (kept->WakeHandle() == -1) return self;
  kept->watch = LoopWatch::Create(env, OnReady, kept);
  if (kept->watch == nullptr || !kept->watch->Watch(kept->WakeHandle()))
    return ThrowObjectError(env, platform::Refused(platform::kErrorNotSupported, "event loop"));
  kept->watch->KeepAwake(true);
  return self;
}

bool IsFunction(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_function;
}

// `new Offer(agent, handle, access, uid, wake)`.
napi_value NewOffer(napi_env env, napi_callback_info info) {
  size_t count = 5;
  napi_value arguments[5];
  napi_value self;
  if (!IsConstruction(env, info) || napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok || count < 5)
    return ThrowWrongArguments(env);
  const std::shared_ptr<platform::Agent> agent = ToAgent(env, arguments[0]);
  const auto handle = ToOffset(env, arguments[1]);
  const auto access = ToUint32(env, arguments[2]);
  double uid = -1;
  if (!agent || !handle || !access || napi_get_value_double(env, arguments[3], &uid) != napi_ok || !(uid >= -1 && uid < 4294967295.0) ||
      !IsFunction(env, arguments[4]))
    return ThrowWrongArguments(env);
  auto handover = std::make_unique<Handover>();
  const platform::Status status =
      platform::Offer::Create(agent, static_cast<intptr_t>(*handle), *access, static_cast<int64_t>(uid), &handover->offer);
  return status.ok() ? Wrap(env, self, arguments[4], std::move(handover)) : ThrowObjectError(env, status);
}

// `new Claim(agent, address, wake)`.
napi_value NewClaim(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3];
  napi_value self;
  if (!IsConstruction(env, info) || napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok || count < 3)
    return ThrowWrongArguments(env);
  const std::shared_ptr<platform::Agent> agent = ToAgent(env, arguments[0]);
  const auto address = ToString(env, arguments[1]);
  if (!agent || !address || !IsFunction(env, arguments[2])) return ThrowWrongArguments(env);
  auto handover = std::make_unique<Handover>();
  const platform::Status status = platform::Claim::Create(agent, *address, &handover->claim);
  return status.ok() ? Wrap(env, self, arguments[2], std::move(handover)) : ThrowObjectError(env, status);
}

// The receiver of a method, whose class V8 has checked; null if it was never made or has ended.
Handover* ToHandover(napi_env env, napi_callback_info info) {
  napi_value self;
  void* data = nullptr;
  if (napi_get_cb_info(env, info, nullptr, nullptr, &self, nullptr) != napi_ok || napi_unwrap(env, self, &data) != napi_ok) return nullptr;
  // SAFETY: methods are only called on objects of their class, and nothing else is wrapped in those.
  Handover* handover = static_cast<Handover*>(data);
  return handover->offer || handover->claim ? handover : nullptr;
}

// `address()`.
napi_value Address(napi_env env, napi_callback_info info) {
  const Handover* handover = ToHandover(env, info);
  if (handover == nullptr || !handover->offer) return ThrowWrongArguments(env);
  napi_value value = nullptr;
  napi_create_string_utf8(env, handover->offer->address().c_str(), NAPI_AUTO_LENGTH, &value);
  return value;
}

// `attempt()`: an offer's: 1 if it was claimed, else -1; a claim's: the handle, or -1.
napi_value Attempt(napi_env env, napi_callback_info info) {
  const Handover* handover = ToHandover(env, info);
  if (handover == nullptr) return ThrowWrongArguments(env);
  intptr_t handle = -1;
  bool claimed = false;
  const platform::Status status = handover->offer ? handover->offer->Serve(&claimed) : handover->claim->Try(&handle);
  if (!status.ok()) return ThrowObjectError(env, status);
  napi_value value = nullptr;
  napi_create_double(env, claimed ? 1 : static_cast<double>(handle), &value);
  return value;
}

// `keepAwake(awake)`: whether an offer that is not claimed keeps the process running; at first it does.
napi_value KeepAwake(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_value self;
  const Handover* handover = ToHandover(env, info);
  if (handover == nullptr || napi_get_cb_info(env, info, &count, &argument, &self, nullptr) != napi_ok) return ThrowWrongArguments(env);
  const auto awake = ToBool(env, argument);
  if (!awake) return ThrowWrongArguments(env);
  if (handover->watch != nullptr) handover->watch->KeepAwake(*awake);
  return nullptr;
}

// `end()`.
napi_value End(napi_env env, napi_callback_info info) {
  Handover* handover = ToHandover(env, info);
  if (handover != nullptr) handover->End();
  return nullptr;
}

napi_property_descriptor Method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

}  // namespace

napi_value DefineOffer(napi_env env) {
  const napi_property_descriptor methods[] = {Method("address", Address), Method("attempt", Attempt), Method("keepAwake", KeepAwake),
                                              Method("end", End)};
  napi_value constructor = nullptr;
  napi_define_class(env, "Offer", NAPI_AUTO_LENGTH, NewOffer, nullptr, 4, methods, &constructor);
  return constructor;
}

napi_value DefineClaim(napi_env env) {
  const napi_property_descriptor methods[] = {Method("attempt", Attempt), Method("end", End)};
  napi_value constructor = nullptr;
  napi_define_class(env, "Claim", NAPI_AUTO_LENGTH, NewClaim, nullptr, 2, methods, &constructor);
  return constructor;
}

}  // namespace holdfast
