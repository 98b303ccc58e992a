// Wake handles watched on Windows: the system's thread pool waits, a thread-safe function brings it to the event loop.
#include "../loop_watch.h"

#include <windows.h>

#include <atomic>

namespace holdfast {

namespace {

class PoolWatch : public LoopWatch {
 public:
  PoolWatch(napi_env env, void (*wake)(void* data), void* data) : env_(env), wake_(wake), data_(data) {}

  bool Start() {
    napi_value name = nullptr;
    if (napi_create_string_utf8(env_, "holdfast.wake", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
    if (napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, this, OnFinalized, this, OnCalled, &call_) != napi_ok) return false;
    napi_unref_threadsafe_function(env_, call_);
    return true;
  }

  bool Watch(intptr_t handle) override {
    if (handle == handle_) return true;
    if (handle_ != -1 || closed_) return false;
    // SAFETY: the contract keeps a HANDLE as an integer of the same size; OnReady gets this object, which Stop outlives it by.
    if (!RegisterWaitForSingleObject(&wait_, reinterpret_cast<HANDLE>(handle), OnReady, this, INFINITE, WT_EXECUTEINWAITTHREAD)) return false;
    handle_ = handle;
    return true;
  }

  void KeepAwake(bool awake) override {
    if (closed_) return;
    if (awake) {
      napi_ref_threadsafe_function(env_, call_);
    } else {
      napi_unref_threadsafe_function(env_, call_);
    }
  }

  void Close() override {
    if (released_) return;
    released_ = true;
    Stop();
    if (finalized_) delete this;
  }

 private:
  // On a thread of the system's pool.
  static void CALLBACK OnReady(void* watch, BOOLEAN) {
    // SAFETY: Stop waits for these calls before the object goes.
    PoolWatch* self = static_cast<PoolWatch*>(watch);
    if (!self->called_.exchange(true)) napi_call_threadsafe_function(self->call_, nullptr, napi_tsfn_nonblocking);
  }

  // On the environment's thread; with a null `env` when it is going down.
  static void OnCalled(napi_env env, napi_value, void* watch, void*) {
    // SAFETY: OnFinalized is the last call.
    PoolWatch* self = static_cast<PoolWatch*>(watch);
    self->called_ = false;
    if (env != nullptr && !self->closed_) self->wake_(self->data_);
  }

  // The environment has let go, or is going down.
  static void OnFinalized(napi_env, void* watch, void*) {
    // SAFETY: Close and this call decide together who frees it: the later one.
    PoolWatch* self = static_cast<PoolWatch*>(watch);
    self->finalized_ = true;
    self->Stop();
    if (self->released_) delete self;
  }

  // No call comes from the pool any more when this returns.
  void Stop() {
    if (closed_) return;
    closed_ = true;
    if (wait_ != nullptr) UnregisterWaitEx(wait_, INVALID_HANDLE_VALUE);
    wait_ = nullptr;
    if (!finalized_) napi_release_threadsafe_function(call_, napi_tsfn_abort);
  }

  const napi_env env_;
  void (*const wake_)(void* data);
  void* const data_;
  napi_threadsafe_function call_ = nullptr;
  HANDLE wait_ = nullptr;
  intptr_t handle_ = -1;
  // A call is on its way, which finds whatever happens until it runs.
  std::atomic<bool> called_{false};
  bool closed_ = false;
  bool released_ = false;
  bool finalized_ = false;
};

}  // namespace

LoopWatch* LoopWatch::Create(napi_env env, void (*wake)(void* data), void* data) {
  auto* watch = new PoolWatch(env, wake, data);
  // SAFETY: nobody else knows of it yet.
  if (watch->Start()) return watch;
  delete watch;
  return nullptr;
}

}  // namespace holdfast
