// Bells watched by libuv: one uv_poll for each FIFO.
#include "../loop_watch.h"

#include <uv.h>

#include <cstddef>

namespace holdfast {

namespace {

// Both scopes' bells.
constexpr size_t kMaxHandles = 2;

class UvWatch : public LoopWatch {
 public:
  UvWatch(uv_loop_t* loop, void (*wake)(void* data), void* data) : loop_(loop), wake_(wake), data_(data) {}

  bool Watch(intptr_t handle) override {
    for (size_t i = 0; i < count_; i++) {
      if (handles_[i] == handle) return true;
    }
    if (count_ == kMaxHandles || stopping_) return false;
    uv_poll_t* poll = &polls_[count_];
    if (uv_poll_init(loop_, poll, static_cast<int>(handle)) != 0) return false;
    poll->data = this;
    handles_[count_++] = handle;
    if (uv_poll_start(poll, UV_READABLE, OnReadable) != 0) return false;
    if (!awake_) uv_unref(ToHandle(poll));
    return true;
  }

  void KeepAwake(bool awake) override {
    awake_ = awake;
    for (size_t i = 0; i < count_ && !stopping_; i++) awake ? uv_ref(ToHandle(&polls_[i])) : uv_unref(ToHandle(&polls_[i]));
  }

  void Close() override {
    released_ = true;
    Stop();
  }

  // The environment ends: the handles go first, and their owner later.
  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle, void* data) {
    // SAFETY: the hook is removed before the watch is freed.
    static_cast<UvWatch*>(data)->Stop();
  }

  void set_hook(napi_async_cleanup_hook_handle hook) { hook_ = hook; }

 private:
  // SAFETY: libuv's types of handles begin with those of uv_handle_t.
  static uv_handle_t* ToHandle(uv_poll_t* poll) { return reinterpret_cast<uv_handle_t*>(poll); }

  static void OnReadable(uv_poll_t* poll, int, int) {
    // SAFETY: Watch has set it, and Close ends these calls before this object goes.
    UvWatch* watch = static_cast<UvWatch*>(poll->data);
    if (watch->wake_ != nullptr) watch->wake_(watch->data_);
  }

  static void OnClosed(uv_handle_t* handle) {
    // SAFETY: Watch has set it; the last of these calls may free it.
    UvWatch* watch = static_cast<UvWatch*>(handle->data);
    if (--watch->open_ == 0) watch->OnStopped();
  }

  void Stop() {
    if (stopping_) {
      if (open_ == 0) OnStopped();
      return;
    }
    stopping_ = true;
    wake_ = nullptr;
    open_ = count_;
    for (size_t i = 0; i < count_; i++) uv_close(ToHandle(&polls_[i]), OnClosed);
    if (count_ == 0) OnStopped();
  }

  void OnStopped() {
    const napi_async_cleanup_hook_handle hook = hook_;
    hook_ = nullptr;
    const bool released = released_;
    // The environment may end in here, and with it the owner.
    if (hook != nullptr) napi_remove_async_cleanup_hook(hook);
    if (released) delete this;
  }

  uv_loop_t* const loop_;
  void (*wake_)(void* data);
  void* const data_;
  uv_poll_t polls_[kMaxHandles];
  intptr_t handles_[kMaxHandles];
  size_t count_ = 0;
  size_t open_ = 0;
  bool awake_ = false;
  bool stopping_ = false;
  bool released_ = false;
  // Keeps an environment that ends from being gone before the loop has let go.
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

}  // namespace

LoopWatch* LoopWatch::Create(napi_env env, void (*wake)(void* data), void* data) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
  // SAFETY: Close frees it.
  UvWatch* watch = new UvWatch(loop, wake, data);
  napi_async_cleanup_hook_handle hook = nullptr;
  if (napi_add_async_cleanup_hook(env, UvWatch::OnEnvironmentEnd, watch, &hook) == napi_ok) watch->set_hook(hook);
  return watch;
}

}  // namespace holdfast
