// The native half of a file. Each method reads its arguments, makes one call of the platform and reports.
#include "file_object.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "arguments.h"
#include "flush_job.h"
#include "node_error.h"

namespace holdfast {

namespace {

constexpr napi_type_tag kFileTag = {0x8b7e2c95d3404f0a, 0xa1d4f8630c7b4e92};

using Clock = std::chrono::steady_clock;

// Waits for a lock by asking again. The kernel's own waiting call cannot be given a time limit on POSIX systems, and a
// holder that is quick is worth catching quickly.
platform::Status WaitForLock(const platform::File& file, uint64_t offset, bool exclusive, double timeout_ms, bool* locked) {
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(timeout_ms));
  auto pause = std::chrono::microseconds(20);
  for (;;) {
    const platform::Status status = file.TryLock(offset, exclusive, locked);
    if (!status.ok() || *locked) return status;
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - Clock::now());
    if (left.count() <= 0) return status;
    std::this_thread::sleep_for(std::min(pause, left));
    pause = std::min(pause * 2, std::chrono::microseconds(1000));
  }
}

}  // namespace

Napi::Function FileObject::Define(Napi::Env env) {
  return DefineClass(env, "File",
                     {
                         InstanceMethod<&FileObject::Size>("size"),
                         InstanceMethod<&FileObject::Read>("read"),
                         InstanceMethod<&FileObject::Write>("write"),
                         InstanceMethod<&FileObject::WritePages>("writePages"),
                         InstanceMethod<&FileObject::Allocate>("allocate"),
                         InstanceMethod<&FileObject::Truncate>("truncate"),
                         InstanceMethod<&FileObject::Volume>("volume"),
                         InstanceMethod<&FileObject::Flush>("flush"),
                         InstanceMethod<&FileObject::FlushSync>("flushSync"),
                         InstanceMethod<&FileObject::TryLock>("tryLock"),
                         InstanceMethod<&FileObject::LockWait>("lockWait"),
                         InstanceMethod<&FileObject::Unlock>("unlock"),
                         InstanceMethod<&FileObject::Close>("close"),
                     });
}

FileObject::FileObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<FileObject>(info) {
  const Napi::Env env = info.Env();
  const auto path = ToString(env, info[0]);
  const auto writable = ToBool(env, info[1]);
  const auto disposition = ToUint32(env, info[2]);
  const auto share = ToUint32(env, info[3]);
  const auto mode = ToUint32(env, info[4]);
  const auto inheritable = ToBool(env, info[5]);
  if (!path || !writable || !disposition || !share || !mode || !inheritable ||
      *disposition > static_cast<uint32_t>(platform::Disposition::kTruncateExisting)) {
    ThrowWrongArguments(env);
    return;
  }
  path_ = *path;
  writable_ = *writable;
  platform::OpenOptions options;
  options.path = path_;
  options.writable = writable_;
  options.disposition = static_cast<platform::Disposition>(*disposition);
  options.share = *share;
  options.mode = *mode;
  options.inheritable = *inheritable;
  std::unique_ptr<platform::File> file;
  const platform::Status status = platform::File::Open(options, &file);
  if (!status.ok()) {
    ThrowSystemError(env, status, path_);
    return;
  }
  file_ = std::move(file);
  napi_type_tag_object(env, info.This(), &kFileTag);
}

FileObject* FileObject::From(napi_env env, napi_value value) {
  napi_valuetype type;
  // The check of the tag would try to make an object of anything else, which throws.
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
  bool is_file = false;
  if (napi_check_object_type_tag(env, value, &kFileTag, &is_file) != napi_ok || !is_file) return nullptr;
  void* file = nullptr;
  if (napi_unwrap(env, value, &file) != napi_ok) return nullptr;
  // SAFETY: only the constructor above puts this tag on an object, and it has wrapped a FileObject then.
  return static_cast<FileObject*>(file);
}

Napi::Value FileObject::Finish(Napi::Env env, const platform::Status& status, Napi::Value value) const {
  if (status.ok()) return value;
  ThrowSystemError(env, status, path_);
  return Napi::Value();
}

Napi::Value FileObject::Size(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!file_) return Napi::Value(env, ThrowWrongArguments(env));
  uint64_t size = 0;
  const platform::Status status = file_->Size(&size);
  return Finish(env, status, Napi::Number::New(env, static_cast<double>(size)));
}

Napi::Value FileObject::Read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto target = ToBytes(env, info[0]);
  const auto offset = ToOffset(env, info[1]);
  if (!file_ || !target || !offset) return Napi::Value(env, ThrowWrongArguments(env));
  size_t count = 0;
  const platform::Status status = file_->Read(*offset, target->data, target->length, &count);
  return Finish(env, status, Napi::Number::New(env, static_cast<double>(count)));
}

Napi::Value FileObject::Write(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto source = ToBytes(env, info[0]);
  const auto offset = ToOffset(env, info[1]);
  if (!file_ || !source || !offset) return Napi::Value(env, ThrowWrongArguments(env));
  const platform::ConstSpan span = {source->data, source->length};
  return Finish(env, file_->WriteGather(*offset, &span, 1));
}

// `writePages(arena, runs, runCount, pageSize)`.
Napi::Value FileObject::WritePages(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!runs_.Read(env, {info[0], info[1], info[2], info[3]}) || !file_) return Napi::Value(env, ThrowWrongArguments(env));
  return Finish(env, runs_.SealAndWrite(*file_));
}

Napi::Value FileObject::Allocate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto size = ToOffset(env, info[0]);
  if (!file_ || !size) return Napi::Value(env, ThrowWrongArguments(env));
  return Finish(env, file_->Allocate(*size));
}

Napi::Value FileObject::Truncate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto size = ToOffset(env, info[0]);
  if (!file_ || !size) return Napi::Value(env, ThrowWrongArguments(env));
  return Finish(env, file_->Truncate(*size));
}

// `volume()`: [type, name, remote].
Napi::Value FileObject::Volume(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!file_) return Napi::Value(env, ThrowWrongArguments(env));
  platform::Volume volume;
  const platform::Status status = file_->GetVolume(&volume);
  Napi::Array result = Napi::Array::New(env, 3);
  result.Set(uint32_t{0}, Napi::Number::New(env, static_cast<double>(volume.type)));
  result.Set(uint32_t{1}, Napi::String::New(env, volume.name));
  result.Set(uint32_t{2}, Napi::Boolean::New(env, volume.remote));
  return Finish(env, status, result);
}

// `flush(ranges)`: `ranges` holds views, offsets and lengths in turn, whose pages are to be written first.
Napi::Value FileObject::Flush(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto ranges = ReadFlushRanges(env, info[0]);
  if (!file_ || !ranges) return Napi::Value(env, ThrowWrongArguments(env));
  return Napi::Value(env, StartFlushJob(env, file_, path_, *ranges));
}

Napi::Value FileObject::FlushSync(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!file_) return Napi::Value(env, ThrowWrongArguments(env));
  return Finish(env, file_->Flush());
}

Napi::Value FileObject::TryLock(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto offset = ToOffset(env, info[0]);
  const auto exclusive = ToBool(env, info[1]);
  if (!file_ || !offset || !exclusive) return Napi::Value(env, ThrowWrongArguments(env));
  bool locked = false;
  const platform::Status status = file_->TryLock(*offset, *exclusive, &locked);
  return Finish(env, status, Napi::Boolean::New(env, locked));
}

// `lockWait(offset, exclusive, timeoutMs)`.
Napi::Value FileObject::LockWait(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto offset = ToOffset(env, info[0]);
  const auto exclusive = ToBool(env, info[1]);
  const auto timeout_ms = ToUint32(env, info[2]);
  if (!file_ || !offset || !exclusive || !timeout_ms) return Napi::Value(env, ThrowWrongArguments(env));
  bool locked = false;
  const platform::Status status = WaitForLock(*file_, *offset, *exclusive, *timeout_ms, &locked);
  return Finish(env, status, Napi::Boolean::New(env, locked));
}

Napi::Value FileObject::Unlock(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto offset = ToOffset(env, info[0]);
  if (!file_ || !offset) return Napi::Value(env, ThrowWrongArguments(env));
  return Finish(env, file_->Unlock(*offset));
}

Napi::Value FileObject::Close(const Napi::CallbackInfo&) {
  file_.reset();
  return Napi::Value();
}

}  // namespace holdfast
