// The addon as JavaScript sees it: the classes File and View, and functions without an object.
//
// Only the files beside this one know Node; they share no state between environments, so every worker can load the addon.
#include <napi.h>

#include "arguments.h"
#include "crc32c.h"
#include "file_object.h"
#include "guard_table.h"
#include "node_error.h"
#include "object_bindings.h"
#include "page_runs.h"
#include "platform.h"
#include "section_object.h"
#include "view_object.h"
#include "win32_names.h"

namespace holdfast {

namespace {

// `crc32c(bytes, start, end)`. By the plain C interface, because it is called for every page that is touched first.
template <uint32_t (*Checksum)(const uint8_t*, size_t)>
napi_value Crc32cOf(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3];
  napi_typedarray_type type;
  size_t length;
  void* data;
  int64_t start;
  int64_t end;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr) != napi_ok || count < 3 ||
      napi_get_typedarray_info(env, arguments[0], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array || napi_get_value_int64(env, arguments[1], &start) != napi_ok ||
      napi_get_value_int64(env, arguments[2], &end) != napi_ok || start < 0 || end < start ||
      static_cast<uint64_t>(end) > length)
    return ThrowWrongArguments(env);
  napi_value result;
  // SAFETY: Node says that `length` bytes begin at `data`, and the range was checked against it.
  const uint32_t crc = Checksum(static_cast<const uint8_t*>(data) + start, static_cast<size_t>(end - start));
  return napi_create_uint32(env, crc, &result) == napi_ok ? result : nullptr;
}

// `writePagesToViews(views, segmentPages, arena, runs, runCount, pageSize)`, with a view for each run.
Napi::Value WritePagesToViews(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto segment_pages = ToUint32(env, info[1]);
  PageRuns runs;
  if (!segment_pages || !runs.ReadViews(env, info[0]) || !runs.Read(env, {info[2], info[3], info[4], info[5]}) ||
      !runs.SealAndCopy(env, *segment_pages))
    ThrowWrongArguments(env);
  return Napi::Value();
}

// `renameExclusive(from, to)`.
Napi::Value RenameExclusive(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto from = ToString(env, info[0]);
  const auto to = ToString(env, info[1]);
  if (!from || !to) return Napi::Value(env, ThrowWrongArguments(env));
  bool renamed = false;
  const platform::Status status = platform::RenameExclusive(*from, *to, &renamed);
  if (!status.ok()) return Napi::Value(env, ThrowSystemError(env, status, *from));
  return Napi::Boolean::New(env, renamed);
}

// `removeFile(path)`.
Napi::Value RemoveFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto path = ToString(env, info[0]);
  if (!path) return Napi::Value(env, ThrowWrongArguments(env));
  bool removed = false;
  const platform::Status status = platform::RemoveFile(*path, &removed);
  if (!status.ok()) return Napi::Value(env, ThrowSystemError(env, status, *path));
  return Napi::Boolean::New(env, removed);
}

// `syncDirectory(path)`.
Napi::Value SyncDirectory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto path = ToString(env, info[0]);
  if (!path) return Napi::Value(env, ThrowWrongArguments(env));
  const platform::Status status = platform::SyncDirectory(*path);
  if (!status.ok()) ThrowSystemError(env, status, *path);
  return Napi::Value();
}

Napi::Object Traits(Napi::Env env) {
  Napi::Object traits = Napi::Object::New(env);
  traits.Set("viewMayPassEnd", platform::kTraits.view_may_pass_end);
  traits.Set("writesReachViews", platform::kTraits.writes_reach_views);
  traits.Set("mappedFileCanShrink", platform::kTraits.mapped_file_can_shrink);
  traits.Set("stdioCarriesHandles", platform::kTraits.stdio_carries_handles);
  traits.Set("hardwareChecksum", HardwareCrc32c() != nullptr);
  return traits;
}

void ReleaseFaultCounter(void* counter) {
  // SAFETY: the pointer is the one that FaultCounter took.
  platform::guard::ReleaseCounter(static_cast<std::atomic<uint32_t>*>(counter));
}

// A Uint32Array of one element over the guard's memory: the faults that it has absorbed in this process. Where there are no
// external buffers there are no views either, and the element stays 0.
Napi::Value FaultCounter(Napi::Env env) {
  std::atomic<uint32_t>* counter = platform::guard::TakeCounter();
  napi_value buffer = nullptr;
  if (counter != nullptr) napi_add_env_cleanup_hook(env, ReleaseFaultCounter, counter);
  // SAFETY: the guard's memory is never freed, and an atomic of this size is a plain u32 in memory.
  if (counter == nullptr || napi_create_external_arraybuffer(env, counter, sizeof *counter, nullptr, nullptr, &buffer) != napi_ok)
    napi_create_arraybuffer(env, sizeof *counter, nullptr, &buffer);
  napi_value array = nullptr;
  napi_create_typedarray(env, napi_uint32_array, 1, buffer, 0, &array);
  return Napi::Value(env, array);
}

Napi::Object Win32Codes(Napi::Env env) {
  Napi::Object codes = Napi::Object::New(env);
  for (size_t i = 0; i < kWin32NameCount; i++) codes.Set(kWin32Names[i].name, kWin32Names[i].code);
  return codes;
}

Napi::Value NewPlainFunction(Napi::Env env, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  return Napi::Value(env, function);
}

Napi::Object Initialise(Napi::Env env, Napi::Object exports) {
  exports.Set("File", FileObject::Define(env));
  exports.Set("View", ViewObject::Define(env));
  exports.Set("Section", SectionObject::Define(env));
  exports.Set("guardFaults", FaultCounter(env));
  exports.Set("crc32c", NewPlainFunction(env, "crc32c", Crc32cOf<Crc32c>));
  exports.Set("crc32cSoftware", NewPlainFunction(env, "crc32cSoftware", Crc32cOf<Crc32cSoftware>));
  exports.Set("writePagesToViews", Napi::Function::New<WritePagesToViews>(env, "writePagesToViews"));
  exports.Set("renameExclusive", Napi::Function::New<RenameExclusive>(env, "renameExclusive"));
  exports.Set("removeFile", Napi::Function::New<RemoveFile>(env, "removeFile"));
  exports.Set("syncDirectory", Napi::Function::New<SyncDirectory>(env, "syncDirectory"));
  exports.Set("traits", Traits(env));
  exports.Set("win32Codes", Win32Codes(env));
  DefineObjects(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(holdfast, Initialise)

}  // namespace holdfast
