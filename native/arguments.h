// Reading JavaScript arguments in the binding.
//
// The TypeScript layer has looked at every argument and explains what is wrong with it; what is read here only has to be
// safe whatever comes. A reader returns nothing if the value is not what it should be, and the caller throws a TypeError.
#ifndef HOLDFAST_NATIVE_ARGUMENTS_H_
#define HOLDFAST_NATIVE_ARGUMENTS_H_

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>

namespace holdfast {

struct Bytes {
  uint8_t* data;
  size_t length;
};

// An integer from 0 to 2^53 - 1.
inline std::optional<uint64_t> ToOffset(napi_env env, napi_value value) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return std::nullopt;
  if (!(number >= 0 && number <= 9007199254740991.0)) return std::nullopt;
  const uint64_t integer = static_cast<uint64_t>(number);
  if (static_cast<double>(integer) != number) return std::nullopt;
  return integer;
}

inline std::optional<uint32_t> ToUint32(napi_env env, napi_value value) {
  const std::optional<uint64_t> number = ToOffset(env, value);
  if (!number || *number > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

inline std::optional<bool> ToBool(napi_env env, napi_value value) {
  bool flag;
  if (napi_get_value_bool(env, value, &flag) != napi_ok) return std::nullopt;
  return flag;
}

// The elements of a typed array of the given type. The pointer is good until JavaScript runs again; a detached array has length 0.
template <typename Element>
std::optional<std::pair<Element*, size_t>> ToTypedArray(napi_env env, napi_value value, napi_typedarray_type wanted) {
  bool is_typed_array = false;
  if (napi_is_typedarray(env, value, &is_typed_array) != napi_ok || !is_typed_array) return std::nullopt;
  napi_typedarray_type type;
  size_t length;
  void* data;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return std::nullopt;
  if (type != wanted) return std::nullopt;
  // SAFETY: Node says that `length` elements of this type begin at `data`.
  return std::pair<Element*, size_t>(static_cast<Element*>(data), length);
}

// The bytes of a Uint8Array or Buffer.
inline std::optional<Bytes> ToBytes(napi_env env, napi_value value) {
  const auto array = ToTypedArray<uint8_t>(env, value, napi_uint8_array);
  if (!array) return std::nullopt;
  return Bytes{array->first, array->second};
}

inline std::optional<std::string> ToString(napi_env env, napi_value value) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return std::nullopt;
  std::string text(length, '\0');
  if (napi_get_value_string_utf8(env, value, &text[0], length + 1, &length) != napi_ok) return std::nullopt;
  return text;
}

// What an object with this tag wraps; null if the value has not got it.
inline void* Untag(napi_env env, napi_value value, const napi_type_tag& tag) {
  napi_valuetype type;
  bool is_tagged = false;
  void* data = nullptr;
  // The check of the tag would try to make an object of anything else, which throws.
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
  if (napi_check_object_type_tag(env, value, &tag, &is_tagged) != napi_ok || !is_tagged) return nullptr;
  return napi_unwrap(env, value, &data) == napi_ok ? data : nullptr;
}

// Whether a class's function was called by `new`, so that its receiver is a new object of the class.
inline bool IsConstruction(napi_env env, napi_callback_info info) {
  napi_value target = nullptr;
  return napi_get_new_target(env, info, &target) == napi_ok && target != nullptr;
}

// Throws for arguments that the TypeScript layer should not have let through.
inline napi_value ThrowWrongArguments(napi_env env) {
  napi_throw_type_error(env, "ERR_INVALID_ARGUMENT", "wrong arguments for a native function of Holdfast");
  return nullptr;
}

}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_ARGUMENTS_H_
