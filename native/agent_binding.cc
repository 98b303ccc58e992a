// JavaScript classes Agent and PendingWait: waits that do not block.
#include "arguments.h"
#include "loop_watch.h"
#include "object_bindings.h"

namespace holdfast {

namespace {

constexpr napi_type_tag kAgentTag = {0x52d8b7a1c6e94e37, 0x9f04d1735a2be8c6};

// Shared with the waits under way, which may be freed later than the agent's object when an environment ends.
struct AgentHolder : std::enable_shared_from_this<AgentHolder> {
  napi_env env;
  std::shared_ptr<platform::Agent> agent;
  LoopWatch* watch = nullptr;
  // Waits under way keep the event loop running.
  uint32_t waits = 0;
  bool awake = false;
  bool waking = false;
  napi_ref wake = nullptr;
  napi_async_context context = nullptr;
};

// Tells the event loop if there is anything to stay awake for. Not while JavaScript is being woken: a wait that ends there is usually
// followed by the next.
void UpdateAwake(AgentHolder& holder) {
  const bool awake = holder.waits > 0;
  if (holder.waking || awake == holder.awake || holder.watch == nullptr) return;
  holder.awake = awake;
  holder.watch->KeepAwake(awake);
}

// A wake handle is ready: JavaScript's part, in which the pending waits try.
void OnWake(void* data) {
  // SAFETY: the watch is closed before the holder is freed.
  const std::shared_ptr<AgentHolder> holder = static_cast<AgentHolder*>(data)->shared_from_this();
  const napi_env env = holder->env;
  holder->agent->ClearWake();
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value wake = nullptr;
  napi_value receiver = nullptr;
  napi_value result = nullptr;
  if (napi_get_reference_value(env, holder->wake, &wake) == napi_ok && wake != nullptr && napi_get_global(env, &receiver) == napi_ok)
  {
    holder->waking = true;
    napi_make_callback(env, holder->context, receiver, wake, 0, nullptr, &result);
    holder->waking = false;
  }
  napi_close_handle_scope(env, scope);
  UpdateAwake(*holder);
}

void FreeAgent(napi_env env, void* data, void*) {
  // SAFETY: NewAgent let go of it, and Node calls this once.
  const std::unique_ptr<std::shared_ptr<AgentHolder>> kept(static_cast<std::shared_ptr<AgentHolder>*>(data));
  AgentHolder& holder = **kept;
  if (holder.watch != nullptr) holder.watch->Close();
  holder.watch = nullptr;
  if (holder.wake != nullptr) napi_delete_reference(env, holder.wake);
  if (holder.context != nullptr) napi_async_destroy(env, holder.context);
}

// `new Agent(wake)`.
napi_value NewAgent(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value wake;
  napi_value self;
  napi_valuetype type;
  if (!IsConstruction(env, info) || napi_get_cb_info(env, info, &count, &wake, &self, nullptr) != napi_ok ||
      napi_typeof(env, wake, &type) != napi_ok ||
      type != napi_function)
    return ThrowWrongArguments(env);
  auto kept = std::make_unique<std::shared_ptr<AgentHolder>>(std::make_shared<AgentHolder>());
  AgentHolder* holder = kept->get();
  holder->env = env;
  const platform::Status status = platform::Agent::Create(&holder->agent);
  if (!status.ok()) return ThrowObjectError(env, status);
  napi_value name = nullptr;
  napi_create_string_utf8(env, "holdfast.wake", NAPI_AUTO_LENGTH, &name);
  if (napi_async_init(env, nullptr, name, &holder->context) != napi_ok || napi_create_reference(env, wake, 1, &holder->wake) != napi_ok ||
      napi_wrap(env, self, kept.get(), FreeAgent, nullptr, nullptr) != napi_ok) {
    FreeAgent(env, kept.release(), nullptr);
    return ThrowWrongArguments(env);
  }
  // SAFETY: FreeAgent takes it over.
  kept.release();
  holder->watch = LoopWatch::Create(env, OnWake, holder);
  napi_type_tag_object(env, self, &kAgentTag);
  return self;
}

AgentHolder* ToHolder(napi_env env, napi_value value) {
  // SAFETY: only NewAgent puts this tag on an object, and it has wrapped a holder then.
  const auto* kept = static_cast<std::shared_ptr<AgentHolder>*>(Untag(env, value, kAgentTag));
  return kept == nullptr ? nullptr : kept->get();
}

// `end()`.
napi_value EndAgent(napi_env env, napi_callback_info info) {
  napi_value self;
  if (napi_get_cb_info(env, info, nullptr, nullptr, &self, nullptr) != napi_ok) return ThrowWrongArguments(env);
  const AgentHolder* holder = ToHolder(env, self);
  if (holder == nullptr) return ThrowWrongArguments(env);
  holder->agent->End();
  return nullptr;
}

// What a PendingWait wraps.
struct WaitHolder {
  std::unique_ptr<platform::PendingWait> wait;
  std::shared_ptr<AgentHolder> holder;

  ~WaitHolder() { End(); }
  void End() {
    if (!wait) return;
    wait.reset();
    holder->waits--;
    UpdateAwake(*holder);
  }
};

// Has the event loop watch what the agent can be woken by now.
bool WatchWakeHandles(const AgentHolder& holder) {
  if (holder.watch == nullptr) return false;
  for (const platform::Scope scope : {platform::Scope::kLocal, platform::Scope::kGlobal}) {
    const intptr_t handle = holder.agent->WakeHandle(scope);
    if (handle != -1 && !holder.watch->Watch(handle)) return false;
  }
  return true;
}

void FreeWait(napi_env, void* data, void*) {
  // SAFETY: NewPendingWait let go of it, and Node calls this once.
  delete static_cast<WaitHolder*>(data);
}

// `new PendingWait(agent)`: made once and started often, for objects that wrap something are dear.
napi_value NewPendingWait(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_value self;
  if (!IsConstruction(env, info) || napi_get_cb_info(env, info, &count, &argument, &self, nullptr) != napi_ok)
    return ThrowWrongArguments(env);
  AgentHolder* holder = ToHolder(env, argument);
  if (holder == nullptr) return ThrowWrongArguments(env);
  auto wait = std::make_unique<WaitHolder>();
  wait->holder = holder->shared_from_this();
  if (napi_wrap(env, self, wait.get(), FreeWait, nullptr, nullptr) != napi_ok) return ThrowWrongArguments(env);
  // SAFETY: FreeWait takes it over.
  wait.release();
  return self;
}

// `start(objects, all)`: ends a wait that is under way.
napi_value Start(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  napi_value self;
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok || count < 2 || napi_unwrap(env, self, &data) != napi_ok)
    return ThrowWrongArguments(env);
  const auto objects = ToWaitables(env, arguments[0]);
  const auto all = ToBool(env, arguments[1]);
  if (!objects || !all) return ThrowWrongArguments(env);
  // SAFETY: methods are only called on objects of their class, and nothing else is wrapped in those.
  WaitHolder& wait = *static_cast<WaitHolder*>(data);
  wait.End();
  AgentHolder& holder = *wait.holder;
  const platform::Status status = platform::PendingWait::Start(holder.agent, *objects, *all, &wait.wait);
  if (!status.ok()) return ThrowObjectError(env, status);
  holder.waits++;
  UpdateAwake(holder);
  if (WatchWakeHandles(holder)) return nullptr;
  wait.End();
  return ThrowObjectError(env, platform::Refused(platform::kErrorNotSupported, "event loop"));
}

// The wait of a method's receiver, whose class V8 has checked; null if it was never made or is cancelled.
WaitHolder* ToWait(napi_env env, napi_callback_info info) {
  napi_value self;
  void* data = nullptr;
  if (napi_get_cb_info(env, info, nullptr, nullptr, &self, nullptr) != napi_ok || napi_unwrap(env, self, &data) != napi_ok) return nullptr;
  // SAFETY: methods are only called on objects of their class, and nothing else is wrapped in those.
  WaitHolder* wait = static_cast<WaitHolder*>(data);
  return wait->wait ? wait : nullptr;
}

// `attempt()`.
napi_value Attempt(napi_env env, napi_callback_info info) {
  const WaitHolder* wait = ToWait(env, info);
  if (wait == nullptr) return ThrowWrongArguments(env);
  platform::Outcome outcome;
  const platform::Status status = wait->wait->Try(&outcome);
  return status.ok() ? ToOutcome(env, outcome) : ThrowObjectError(env, status);
}

// `retryAfterMs()`.
napi_value RetryAfterMs(napi_env env, napi_callback_info info) {
  const WaitHolder* wait = ToWait(env, info);
  if (wait == nullptr) return ThrowWrongArguments(env);
  napi_value value = nullptr;
  napi_create_double(env, wait->wait->RetryAfterMs(), &value);
  return value;
}

// `cancel()`.
napi_value Cancel(napi_env env, napi_callback_info info) {
  WaitHolder* wait = ToWait(env, info);
  if (wait != nullptr) wait->End();
  return nullptr;
}

napi_property_descriptor Method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

}  // namespace

std::shared_ptr<platform::Agent> ToAgent(napi_env env, napi_value value) {
  const AgentHolder* holder = ToHolder(env, value);
  return holder == nullptr ? nullptr : holder->agent;
}

napi_value DefineAgent(napi_env env) {
  const napi_property_descriptor methods[] = {Method("end", EndAgent)};
  napi_value constructor = nullptr;
  napi_define_class(env, "Agent", NAPI_AUTO_LENGTH, NewAgent, nullptr, 1, methods, &constructor);
  return constructor;
}

napi_value DefinePendingWait(napi_env env) {
  const napi_property_descriptor methods[] = {Method("start", Start), Method("attempt", Attempt), Method("retryAfterMs", RetryAfterMs),
                                              Method("cancel", Cancel)};
  napi_value constructor = nullptr;
  napi_define_class(env, "PendingWait", NAPI_AUTO_LENGTH, NewPendingWait, nullptr, 4, methods, &constructor);
  return constructor;
}

}  // namespace holdfast
