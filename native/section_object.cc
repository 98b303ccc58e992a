// The native half of a file mapping. What the model allows is decided in TypeScript; here it is only kept safe.
#include "section_object.h"

#include "arguments.h"
#include "file_object.h"
#include "node_error.h"
#include "object_bindings.h"

namespace holdfast {

namespace {

constexpr napi_type_tag kSectionTag = {0x5d2f8a1c7be94c36, 0xb1e07f3a92c6d548};

}  // namespace

Napi::Function SectionObject::Define(Napi::Env env) {
  return DefineClass(env, "Section",
                     {
                         InstanceMethod<&SectionObject::Commit>("commit"),
                         InstanceMethod<&SectionObject::Handle>("handle"),
                         InstanceMethod<&SectionObject::Close>("close"),
                     });
}

SectionObject::SectionObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SectionObject>(info) {
  const SectionObject* from = From(info.Env(), info[0]);
  const std::shared_ptr<platform::NamedMemory> memory = ToNamedMemory(info.Env(), info[0]);
  if (from != nullptr) {
    Duplicate(info, *from);
  } else if (memory != nullptr) {
    CreateOverMemory(info, *memory);
  } else {
    Create(info);
  }
  if (section_ != nullptr) napi_type_tag_object(info.Env(), info.This(), &kSectionTag);
}

void SectionObject::Create(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const FileObject* file = FileObject::From(env, info[0]);
  const auto size = ToOffset(env, info[1]);
  const auto protection = ToUint32(env, info[2]);
  const auto reserve = ToBool(env, info[3]);
  const auto inheritable = ToBool(env, info[4]);
  // Null and nothing else means memory: a closed file must not become that.
  const bool memory = info[0].IsNull();
  if ((file == nullptr && !memory) || (file != nullptr && file->file() == nullptr) || !size || *size == 0 || !protection ||
      *protection > static_cast<uint32_t>(platform::Protection::kWriteCopy) || !reserve || !inheritable) {
    ThrowWrongArguments(env);
    return;
  }
  platform::SectionOptions options;
  options.size = *size;
  options.protection = static_cast<platform::Protection>(*protection);
  options.reserve = *reserve;
  options.inheritable = *inheritable;
  if (file != nullptr && options.protection == platform::Protection::kReadWrite && !file->writable()) {
    ThrowWrongArguments(env);
    return;
  }
  if (file != nullptr) path_ = file->path();
  const platform::Status status = platform::Section::Create(file != nullptr ? file->file().get() : nullptr, options, &section_);
  if (!status.ok()) ThrowSystemError(env, status, path_);
}

void SectionObject::CreateOverMemory(const Napi::CallbackInfo& info, const platform::NamedMemory& memory) {
  const Napi::Env env = info.Env();
  const auto writable = ToBool(env, info[1]);
  if (!writable || !memory.backing().empty() || (*writable && (memory.access() & platform::kAccessModify) == 0)) {
    ThrowWrongArguments(env);
    return;
  }
  platform::SectionOptions options;
  options.size = memory.size();
  options.protection = *writable ? platform::Protection::kReadWrite : platform::Protection::kReadOnly;
  options.reserve = memory.reserve();
  const platform::Status status = platform::Section::OverMemory(memory.handle(), memory.data_offset(), options, &section_);
  if (!status.ok()) ThrowSystemError(env, status, path_);
}

void SectionObject::Duplicate(const Napi::CallbackInfo& info, const SectionObject& from) {
  const Napi::Env env = info.Env();
  const auto writable = ToBool(env, info[1]);
  const auto inheritable = ToBool(env, info[2]);
  if (from.section() == nullptr || !writable || !inheritable || (*writable && !from.section()->writable())) {
    ThrowWrongArguments(env);
    return;
  }
  path_ = from.path();
  const platform::Status status = from.section()->Duplicate(*writable, *inheritable, &section_);
  if (!status.ok()) ThrowSystemError(env, status, path_);
}

SectionObject* SectionObject::From(napi_env env, napi_value value) {
  napi_valuetype type;
  // The check of the tag would try to make an object of anything else, which throws.
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
  bool is_section = false;
  if (napi_check_object_type_tag(env, value, &kSectionTag, &is_section) != napi_ok || !is_section) return nullptr;
  void* section = nullptr;
  if (napi_unwrap(env, value, &section) != napi_ok) return nullptr;
  // SAFETY: only the constructor above puts this tag on an object, and it has wrapped a SectionObject then.
  return static_cast<SectionObject*>(section);
}

// `commit(offset, length)`.
Napi::Value SectionObject::Commit(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto offset = ToOffset(env, info[0]);
  const auto length = ToOffset(env, info[1]);
  if (section_ == nullptr || !section_->reserved() || !offset || !length || *length == 0 || *offset > section_->size() ||
      *length > section_->size() - *offset)
    return Napi::Value(env, ThrowWrongArguments(env));
  const platform::Status status = section_->Commit(*offset, *length);
  if (!status.ok()) ThrowSystemError(env, status, path_);
  return Napi::Value();
}

Napi::Value SectionObject::Handle(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (section_ == nullptr) return Napi::Value(env, ThrowWrongArguments(env));
  return Napi::Number::New(env, static_cast<double>(section_->handle()));
}

Napi::Value SectionObject::Close(const Napi::CallbackInfo&) {
  section_.reset();
  return Napi::Value();
}

}  // namespace holdfast
