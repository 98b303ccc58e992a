// The native half of a view: mapped bytes as one external ArrayBuffer.
//
// Ownership. The ArrayBuffer's finalizer and the ViewObject share a `Lease`, which holds the Region until it is given up
// (by `unmap`, or by the finalizer when JavaScript has dropped the ArrayBuffer); a flush on the thread pool holds a
// reference of its own. So whichever goes last unmaps, exactly once. The order of `unmap` is: detach the ArrayBuffer, so
// that late accesses through any typed array over it read `undefined`; then give up the lease.
#ifndef HOLDFAST_NATIVE_VIEW_OBJECT_H_
#define HOLDFAST_NATIVE_VIEW_OBJECT_H_

#include <napi.h>

#include <memory>

#include "platform.h"

namespace holdfast {

struct Lease {
  std::shared_ptr<platform::Region> region;
  // Bytes of the ArrayBuffer that V8 was told not to count; see `HideFromCollector`.
  int64_t hidden = 0;
};

// JavaScript class View. `new View(file | section, offset, length, access, address, guard)` maps; `access` is platform::Access,
// `address` 0 for anywhere. The `buffer` comes from `takeBuffer`, once.
class ViewObject : public Napi::ObjectWrap<ViewObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit ViewObject(const Napi::CallbackInfo& info);

  // The ViewObject behind a value; null if the value is none.
  static ViewObject* From(napi_env env, napi_value value);

  // Null once unmapped.
  const std::shared_ptr<platform::Region>& region() const { return lease_->region; }

 private:
  Napi::Value TakeBuffer(const Napi::CallbackInfo& info);
  Napi::Value Address(const Napi::CallbackInfo& info);
  Napi::Value Faults(const Napi::CallbackInfo& info);
  Napi::Value Flush(const Napi::CallbackInfo& info);
  Napi::Value Advise(const Napi::CallbackInfo& info);
  Napi::Value Unmap(const Napi::CallbackInfo& info);

  const std::shared_ptr<Lease> lease_ = std::make_shared<Lease>();
  std::string path_;
  bool buffer_taken_ = false;
};

}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_VIEW_OBJECT_H_
