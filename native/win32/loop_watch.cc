// Wake handles watched on Windows: nothing yet, see objects.cc.
#include "../loop_watch.h"

namespace holdfast {

LoopWatch* LoopWatch::Create(napi_env, void (*)(void*), void*) { return nullptr; }

}  // namespace holdfast
