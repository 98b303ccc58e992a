// The native half of a view: mapping, the external ArrayBuffer, unmapping.
#include "view_object.h"

#include "arguments.h"
#include "file_object.h"
#include "node_error.h"
#include "section_object.h"

namespace holdfast {

namespace {

constexpr napi_type_tag kViewTag = {0x3f1c6a1b0a2e4d57, 0x9d0b6c2f51e84e21};

// What the constructor's arguments behind the first say; nothing if any of them is wrong.
std::optional<platform::MapOptions> ReadMapOptions(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto offset = ToOffset(env, info[1]);
  const auto length = ToOffset(env, info[2]);
  const auto access = ToUint32(env, info[3]);
  const auto address = ToOffset(env, info[4]);
  const auto guard = ToBool(env, info[5]);
  if (!offset || !length || !access || !address || !guard || *length == 0 || *length > SIZE_MAX ||
      *access > static_cast<uint32_t>(platform::Access::kCopy) || *offset % platform::kAllocationGranularity != 0 ||
      *address % platform::kAllocationGranularity != 0)
    return std::nullopt;
  platform::MapOptions options;
  options.offset = *offset;
  options.length = static_cast<size_t>(*length);
  options.access = static_cast<platform::Access>(*access);
  options.address = *address;
  options.guard = *guard;
  return options;
}

bool Contains(const platform::Section& section, const platform::MapOptions& options) {
  return options.offset <= section.size() && options.length <= section.size() - options.offset;
}

// V8 counts the ArrayBuffer as memory that a collection could free and collects the more often the more is mapped. But a mapping is the page
// cache's memory, and no garbage keeps it.
void HideFromCollector(napi_env env, Lease* lease, size_t length) {
  int64_t counted;
  if (napi_adjust_external_memory(env, -static_cast<int64_t>(length), &counted) == napi_ok) lease->hidden = static_cast<int64_t>(length);
}

// To be called when the ArrayBuffer is gone, for which V8 has taken the length off its count. Not before: V8 would see the count rise.
void ShowToCollector(napi_env env, Lease* lease) {
  int64_t counted;
  if (lease->hidden != 0) napi_adjust_external_memory(env, lease->hidden, &counted);
  lease->hidden = 0;
}

// Runs when the garbage collector has dropped the ArrayBuffer, after a detach too, and when the environment ends.
void ReleaseLease(napi_env env, void*, void* hint) {
  // SAFETY: the hint is the heap copy that TakeBuffer made, and Node calls this once.
  const std::unique_ptr<std::shared_ptr<Lease>> lease(static_cast<std::shared_ptr<Lease>*>(hint));
  ShowToCollector(env, lease->get());
  (*lease)->region.reset();
}

}  // namespace

Napi::Function ViewObject::Define(Napi::Env env) {
  return DefineClass(env, "View",
                     {
                         InstanceMethod<&ViewObject::TakeBuffer>("takeBuffer"),
                         InstanceMethod<&ViewObject::Address>("address"),
                         InstanceMethod<&ViewObject::Faults>("faults"),
                         InstanceMethod<&ViewObject::Flush>("flush"),
                         InstanceMethod<&ViewObject::Advise>("advise"),
                         InstanceMethod<&ViewObject::Unmap>("unmap"),
                     });
}

ViewObject::ViewObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ViewObject>(info) {
  const Napi::Env env = info.Env();
  const FileObject* file = FileObject::From(env, info[0]);
  const SectionObject* section = SectionObject::From(env, info[0]);
  const auto options = ReadMapOptions(info);
  const bool stores = options && options->access == platform::Access::kWrite;
  const bool of_file = file != nullptr && file->file() != nullptr && (!stores || file->writable());
  const bool of_section = section != nullptr && section->section() != nullptr && (!stores || section->section()->writable()) &&
                          options && Contains(*section->section(), *options);
  if (!options || (!of_file && !of_section)) {
    ThrowWrongArguments(env);
    return;
  }
  path_ = of_file ? file->path() : section->path();
  std::unique_ptr<platform::Region> region;
  const platform::Status status =
      of_file ? platform::Region::Map(*file->file(), *options, &region) : section->section()->Map(*options, &region);
  if (!status.ok()) {
    ThrowSystemError(env, status, path_);
    return;
  }
  lease_->region = std::move(region);
  napi_type_tag_object(env, info.This(), &kViewTag);
}

ViewObject* ViewObject::From(napi_env env, napi_value value) {
  napi_valuetype type;
  // The check of the tag would try to make an object of anything else, which throws.
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
  bool is_view = false;
  if (napi_check_object_type_tag(env, value, &kViewTag, &is_view) != napi_ok || !is_view) return nullptr;
  void* view = nullptr;
  if (napi_unwrap(env, value, &view) != napi_ok) return nullptr;
  // SAFETY: only the constructor above puts this tag on an object, and it has wrapped a ViewObject then.
  return static_cast<ViewObject*>(view);
}

// One ArrayBuffer for one mapped address, ever: V8 aborts when two backing stores share one.
Napi::Value ViewObject::TakeBuffer(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (buffer_taken_ || region() == nullptr) return Napi::Value(env, ThrowWrongArguments(env));
  buffer_taken_ = true;
  // SAFETY: owned by the finalizer from here on.
  auto* hint = new std::shared_ptr<Lease>(lease_);
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(env, region()->data(), region()->length(), ReleaseLease, hint, &buffer);
  if (status == napi_ok) {
    HideFromCollector(env, lease_.get(), region()->length());
    return Napi::Value(env, buffer);
  }
  // In some failures Node still calls the finalizer, in others not. The mapping goes now; the hint's few bytes are left to it.
  lease_->region.reset();
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending) return Napi::Value();
  if (status == napi_no_external_buffers_allowed) {
    napi_throw_error(env, "ERR_UNSUPPORTED", "this runtime refuses external buffers");
  } else {
    napi_throw_error(env, "ERR_UNSUPPORTED", "this runtime cannot make an ArrayBuffer of that length");
  }
  return Napi::Value();
}

Napi::Value ViewObject::Flush(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto offset = ToOffset(env, info[0]);
  const auto length = ToOffset(env, info[1]);
  if (region() == nullptr || !offset || !length || *offset > region()->length() || *length > region()->length() - *offset)
    return Napi::Value(env, ThrowWrongArguments(env));
  const platform::Status status = region()->StartFlush(static_cast<size_t>(*offset), static_cast<size_t>(*length));
  if (!status.ok()) ThrowSystemError(env, status, path_);
  return Napi::Value();
}

Napi::Value ViewObject::Address(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (region() == nullptr) return Napi::Value(env, ThrowWrongArguments(env));
  // SAFETY: only to be shown.
  return Napi::BigInt::New(env, static_cast<uint64_t>(reinterpret_cast<uintptr_t>(region()->data())));
}

// `faults()`: undefined if there were none, else [unreachable, start, end].
Napi::Value ViewObject::Faults(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (region() == nullptr) return Napi::Value(env, ThrowWrongArguments(env));
  const platform::Faults faults = region()->GetFaults();
  if (!faults.unreachable && !faults.stray_store) return env.Undefined();
  Napi::Array result = Napi::Array::New(env, 3);
  result.Set(uint32_t{0}, Napi::Boolean::New(env, faults.unreachable));
  result.Set(uint32_t{1}, Napi::Number::New(env, static_cast<double>(faults.start)));
  result.Set(uint32_t{2}, Napi::Number::New(env, static_cast<double>(faults.end)));
  return result;
}

// `advise(random, offset, length)`.
Napi::Value ViewObject::Advise(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto random = ToBool(env, info[0]);
  const auto offset = ToOffset(env, info[1]);
  const auto length = ToOffset(env, info[2]);
  if (region() == nullptr || !random || !offset || !length || *offset > region()->length() || *length > region()->length() - *offset)
    return Napi::Value(env, ThrowWrongArguments(env));
  const platform::Advice advice = *random ? platform::Advice::kRandom : platform::Advice::kWillNeed;
  const platform::Status status = region()->Advise(advice, static_cast<size_t>(*offset), static_cast<size_t>(*length));
  if (!status.ok()) ThrowSystemError(env, status, path_);
  return Napi::Value();
}

// `unmap(buffer)`. If the ArrayBuffer was detached by others (ArrayBuffer.prototype.transfer), its memory lives on under
// another name, and only the finalizer knows when that is gone.
Napi::Value ViewObject::Unmap(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (region() == nullptr) return Napi::Value();
  if (!buffer_taken_) {
    lease_->region.reset();
    return Napi::Value();
  }
  void* data = nullptr;
  size_t length = 0;
  if (!info[0].IsArrayBuffer() || napi_get_arraybuffer_info(env, info[0], &data, &length) != napi_ok)
    return Napi::Value(env, ThrowWrongArguments(env));
  if (data != region()->data() || length == 0) return Napi::Value();
  if (napi_detach_arraybuffer(env, info[0]) != napi_ok) return Napi::Value(env, ThrowWrongArguments(env));
  ShowToCollector(env, lease_.get());
  lease_->region.reset();
  return Napi::Value();
}

}  // namespace holdfast
