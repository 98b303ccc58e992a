// What the bindings of named objects share, and the waits that block.
#include "object_bindings.h"

#include "arguments.h"
#include "node_error.h"

namespace holdfast {

namespace {

constexpr uint32_t kAbandonedFlag = 0x10000;

napi_value AddFunction(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) == napi_ok)
    napi_set_named_property(env, exports, name, function);
  return function;
}

template <typename Call>
napi_value WaitNow(napi_env env, napi_callback_info info, Call call) {
  size_t count = 4;
  napi_value arguments[4];
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count < 3) return ThrowWrongArguments(env);
  const std::shared_ptr<platform::Agent> agent = ToAgent(env, arguments[0]);
  const auto objects = ToWaitables(env, arguments[1]);
  const auto all = ToBool(env, arguments[2]);
  double timeout_ms = 0;
  const bool timed = count < 4 || napi_get_value_double(env, arguments[3], &timeout_ms) == napi_ok;
  if (!agent || !objects || !all || !timed || !(timeout_ms >= 0)) return ThrowWrongArguments(env);
  platform::Outcome outcome;
  const platform::Status status = call(*agent, objects->data(), objects->size(), *all, timeout_ms, &outcome);
  return status.ok() ? ToOutcome(env, outcome) : ThrowObjectError(env, status);
}

}  // namespace

napi_value ThrowObjectError(napi_env env, const platform::Status& status) {
  const uint32_t number = status.os_error & ~platform::kModelError;
  if ((status.os_error & platform::kModelError) == 0) return ThrowSystemError(env, status, "");
  napi_value message = nullptr;
  napi_value error = nullptr;
  napi_value value = nullptr;
  napi_create_string_utf8(env, "refused by the object model", NAPI_AUTO_LENGTH, &message);
  if (napi_create_error(env, nullptr, message, &error) != napi_ok) return nullptr;
  if (napi_create_uint32(env, number, &value) == napi_ok) napi_set_named_property(env, error, "win32Code", value);
  if (napi_get_boolean(env, true, &value) == napi_ok) napi_set_named_property(env, error, "win32Model", value);
  napi_throw(env, error);
  return nullptr;
}

napi_value ToOutcome(napi_env env, const platform::Outcome& outcome) {
  napi_value value = nullptr;
  const uint32_t number = outcome.satisfied ? 1 + outcome.index + (outcome.abandoned ? kAbandonedFlag : 0) : 0;
  napi_create_uint32(env, number, &value);
  return value;
}

// `waitSync(agent, objects, all, timeoutMs)`.
napi_value WaitSync(napi_env env, napi_callback_info info) { return WaitNow(env, info, platform::Wait); }

// `tryWait(agent, objects, all)`.
napi_value TryWaitNow(napi_env env, napi_callback_info info) {
  return WaitNow(env, info,
                 [](platform::Agent& agent, const std::shared_ptr<platform::Waitable>* objects, size_t count, bool all, double,
                    platform::Outcome* outcome) { return platform::TryWait(agent, objects, count, all, outcome); });
}

// `sweepObjects()`.
napi_value SweepObjects(napi_env env, napi_callback_info) {
  uint32_t left = 0;
  const platform::Status status = platform::Sweep(&left);
  if (!status.ok()) return ThrowObjectError(env, status);
  napi_value value = nullptr;
  napi_create_uint32(env, left, &value);
  return value;
}

void DefineObjects(napi_env env, napi_value exports) {
  napi_set_named_property(env, exports, "Agent", DefineAgent(env));
  napi_set_named_property(env, exports, "NamedObject", DefineNamedObject(env));
  napi_set_named_property(env, exports, "PendingWait", DefinePendingWait(env));
  napi_set_named_property(env, exports, "Offer", DefineOffer(env));
  napi_set_named_property(env, exports, "Claim", DefineClaim(env));
  AddFunction(env, exports, "waitSync", WaitSync);
  AddFunction(env, exports, "tryWait", TryWaitNow);
  AddFunction(env, exports, "sweepObjects", SweepObjects);
}

}  // namespace holdfast
