// Errors of the operating system as JavaScript errors, shaped as Node's own.
#ifndef HOLDFAST_NATIVE_NODE_ERROR_H_
#define HOLDFAST_NATIVE_NODE_ERROR_H_

#include <node_api.h>

#include <string>

#include "platform.h"

namespace holdfast {

// An Error with `code`, `errno`, `syscall`, `path`, `win32Code` and `win32Name`; null if the environment is going down.
napi_value NewSystemError(napi_env env, const platform::Status& status, const std::string& path);

// Throws it. Returns null, so that a callback can return the call.
napi_value ThrowSystemError(napi_env env, const platform::Status& status, const std::string& path);

}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_NODE_ERROR_H_
