// Named objects as JavaScript sees them: classes Agent, NamedObject and PendingWait, and waiting.
#ifndef HOLDFAST_NATIVE_OBJECT_BINDINGS_H_
#define HOLDFAST_NATIVE_OBJECT_BINDINGS_H_

#include <node_api.h>

#include <memory>
#include <optional>
#include <vector>

#include "objects.h"

namespace holdfast {

// Adds them to the addon's exports.
void DefineObjects(napi_env env, napi_value exports);

// The parts of it, each in a file of its own.
napi_value DefineAgent(napi_env env);
napi_value DefineNamedObject(napi_env env);
napi_value DefinePendingWait(napi_env env);
napi_value DefineOffer(napi_env env);
napi_value DefineClaim(napi_env env);
napi_value WaitSync(napi_env env, napi_callback_info info);
napi_value TryWaitNow(napi_env env, napi_callback_info info);
napi_value SweepObjects(napi_env env, napi_callback_info info);

// The agent behind a value; null if the value is none.
std::shared_ptr<platform::Agent> ToAgent(napi_env env, napi_value value);

// What can be waited for behind an array of open objects; nothing if anything in it is something else.
std::optional<std::vector<std::shared_ptr<platform::Waitable>>> ToWaitables(napi_env env, napi_value value);

// The memory behind an open object; null if the value is something else.
std::shared_ptr<platform::NamedMemory> ToNamedMemory(napi_env env, napi_value value);

// Throws: a refusal of the model with `win32Model` and `win32Code`, for the TypeScript layer to explain; else the system's error.
napi_value ThrowObjectError(napi_env env, const platform::Status& status);

// 0: nothing was taken. Else 1 plus the index, plus 2^16 if it was abandoned.
napi_value ToOutcome(napi_env env, const platform::Outcome& outcome);

}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_OBJECT_BINDINGS_H_
