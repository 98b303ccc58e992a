// Waking the event loop: an agent's wake handles, watched by the loop of its environment. The one part of named objects that knows both the
// event loop and the platform; posix/loop_watch.cc and win32/loop_watch.cc define it and the build picks one.
#ifndef HOLDFAST_NATIVE_LOOP_WATCH_H_
#define HOLDFAST_NATIVE_LOOP_WATCH_H_

#include <node_api.h>

#include <cstdint>

namespace holdfast {

// Belongs to the thread of its environment.
class LoopWatch {
 public:
  // `wake` is called with `data` on the environment's thread whenever a watched handle was ready, until Close.
  // Null if the environment is going down.
  static LoopWatch* Create(napi_env env, void (*wake)(void* data), void* data);

  // Watches one more handle; one that is watched already is left alone. False if the event loop cannot.
  virtual bool Watch(intptr_t handle) = 0;

  // Whether the watched handles keep the event loop running; at first they do not.
  virtual void KeepAwake(bool awake) = 0;

  // Ends the watch, at once; frees this object when the event loop has let go of it. The handles may be closed then.
  virtual void Close() = 0;

 protected:
  virtual ~LoopWatch() = default;
};

}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_LOOP_WATCH_H_
