// The native half of a file: arguments in, one call of the platform, results and errors out.
#ifndef HOLDFAST_NATIVE_FILE_OBJECT_H_
#define HOLDFAST_NATIVE_FILE_OBJECT_H_

#include <napi.h>

#include <memory>
#include <string>

#include "page_runs.h"
#include "platform.h"

namespace holdfast {

// JavaScript class File: `new File(path, writable, disposition, share, mode, inheritable)` opens.
class FileObject : public Napi::ObjectWrap<FileObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit FileObject(const Napi::CallbackInfo& info);

  // The FileObject behind a value; null if the value is none.
  static FileObject* From(napi_env env, napi_value value);

  // Null once closed. A flush on the thread pool has a reference of its own.
  const std::shared_ptr<platform::File>& file() const { return file_; }
  const std::string& path() const { return path_; }
  bool writable() const { return writable_; }

 private:
  Napi::Value Size(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);
  Napi::Value Write(const Napi::CallbackInfo& info);
  Napi::Value WritePages(const Napi::CallbackInfo& info);
  Napi::Value Allocate(const Napi::CallbackInfo& info);
  Napi::Value Truncate(const Napi::CallbackInfo& info);
  Napi::Value Volume(const Napi::CallbackInfo& info);
  Napi::Value Flush(const Napi::CallbackInfo& info);
  Napi::Value FlushSync(const Napi::CallbackInfo& info);
  Napi::Value TryLock(const Napi::CallbackInfo& info);
  Napi::Value LockWait(const Napi::CallbackInfo& info);
  Napi::Value Unlock(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  // Throws if the status is a failure, else returns `value`.
  Napi::Value Finish(Napi::Env env, const platform::Status& status, Napi::Value value = {}) const;

  std::shared_ptr<platform::File> file_;
  std::string path_;
  bool writable_ = false;
  // Kept for the memory that it has already.
  PageRuns runs_;
};

}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_FILE_OBJECT_H_
