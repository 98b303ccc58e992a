// The native half of a file mapping.
#ifndef HOLDFAST_NATIVE_SECTION_OBJECT_H_
#define HOLDFAST_NATIVE_SECTION_OBJECT_H_

#include <napi.h>

#include <memory>
#include <string>

#include "objects.h"
#include "platform.h"

namespace holdfast {

// JavaScript class Section: `new Section(file | null, size, protection, reserve, inheritable)` creates, and
// `new Section(section, writable, inheritable)` duplicates. `new Section(namedObject, writable)` is over its memory.
class SectionObject : public Napi::ObjectWrap<SectionObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit SectionObject(const Napi::CallbackInfo& info);

  // The SectionObject behind a value; null if the value is none.
  static SectionObject* From(napi_env env, napi_value value);

  // Null once closed. Regions of it have references of their own.
  const std::unique_ptr<platform::Section>& section() const { return section_; }
  const std::string& path() const { return path_; }

 private:
  // Each throws and leaves `section_` null if it fails.
  void Create(const Napi::CallbackInfo& info);
  void CreateOverMemory(const Napi::CallbackInfo& info, const platform::NamedMemory& memory);
  void Duplicate(const Napi::CallbackInfo& info, const SectionObject& from);
  Napi::Value Commit(const Napi::CallbackInfo& info);
  Napi::Value Handle(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  std::unique_ptr<platform::Section> section_;
  std::string path_;
};

}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_SECTION_OBJECT_H_
