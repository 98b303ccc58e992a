// Errors of the operating system as JavaScript errors. The outcome of each call is left unchecked on purpose: in an
// environment that is going down they all fail, and there is nobody left to be told.
#include "node_error.h"

#include "win32_names.h"

namespace holdfast {

namespace {

napi_value NewString(napi_env env, const std::string& text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

void SetNumber(napi_env env, napi_value object, const char* name, double number) {
  napi_value value = nullptr;
  if (napi_create_double(env, number, &value) == napi_ok) napi_set_named_property(env, object, name, value);
}

}  // namespace

napi_value NewSystemError(napi_env env, const platform::Status& status, const std::string& path) {
  const platform::ErrorDescription description = platform::Describe(status.os_error);
  std::string message = std::string(description.code) + ": " + description.message + ", " + status.call;
  if (!path.empty()) message += " '" + path + "'";
  napi_value error = nullptr;
  if (napi_create_error(env, nullptr, NewString(env, message), &error) != napi_ok) return nullptr;
  SetNumber(env, error, "errno", description.number);
  napi_set_named_property(env, error, "code", NewString(env, description.code));
  napi_set_named_property(env, error, "syscall", NewString(env, status.call));
  if (!path.empty()) napi_set_named_property(env, error, "path", NewString(env, path));
  const uint32_t win32_code = platform::Win32Code(status);
  SetNumber(env, error, "win32Code", win32_code);
  if (const char* name = FindWin32Name(win32_code)) napi_set_named_property(env, error, "win32Name", NewString(env, name));
  return error;
}

napi_value ThrowSystemError(napi_env env, const platform::Status& status, const std::string& path) {
  const napi_value error = NewSystemError(env, status, path);
  if (error != nullptr) napi_throw(env, error);
  return nullptr;
}

}  // namespace holdfast
