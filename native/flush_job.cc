// A flush on the thread pool. By the plain C interface: when a worker's environment ends with a flush in flight, settling
// the promise fails, which node-addon-api's wrappers would make fatal.
#include "flush_job.h"

#include "arguments.h"
#include "node_error.h"
#include "view_object.h"

namespace holdfast {

namespace {

struct FlushJob {
  std::shared_ptr<platform::File> file;
  std::string path;
  std::vector<FlushRange> ranges;
  platform::Status status;
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
};

// On a thread of the pool.
void Execute(napi_env, void* data) {
  // SAFETY: the job belongs to this work item until Complete frees it.
  FlushJob* job = static_cast<FlushJob*>(data);
  for (const FlushRange& range : job->ranges) {
    job->status = range.region->StartFlush(range.offset, range.length);
    if (!job->status.ok()) return;
  }
  job->status = job->file->Flush();
}

// On the JavaScript thread.
void Complete(napi_env env, napi_status, void* data) {
  // SAFETY: StartFlushJob let go of the job, and Node calls this once.
  const std::unique_ptr<FlushJob> job(static_cast<FlushJob*>(data));
  napi_delete_async_work(env, job->work);
  if (job->status.ok()) {
    napi_value undefined = nullptr;
    napi_get_undefined(env, &undefined);
    napi_resolve_deferred(env, job->deferred, undefined);
    return;
  }
  const napi_value error = NewSystemError(env, job->status, job->path);
  if (error != nullptr) napi_reject_deferred(env, job->deferred, error);
}

}  // namespace

std::optional<std::vector<FlushRange>> ReadFlushRanges(napi_env env, napi_value value) {
  std::vector<FlushRange> ranges;
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok) return std::nullopt;
  if (type == napi_undefined) return ranges;
  bool is_array = false;
  uint32_t length = 0;
  if (napi_is_array(env, value, &is_array) != napi_ok || !is_array) return std::nullopt;
  if (napi_get_array_length(env, value, &length) != napi_ok || length % 3 != 0) return std::nullopt;
  for (uint32_t i = 0; i < length; i += 3) {
    napi_value elements[3];
    for (uint32_t k = 0; k < 3; k++) {
      if (napi_get_element(env, value, i + k, &elements[k]) != napi_ok) return std::nullopt;
    }
    const ViewObject* view = ViewObject::From(env, elements[0]);
    const auto offset = ToOffset(env, elements[1]);
    const auto count = ToOffset(env, elements[2]);
    if (view == nullptr || view->region() == nullptr || !offset || !count) return std::nullopt;
    const size_t size = view->region()->length();
    if (*offset > size || *count > size - *offset) return std::nullopt;
    ranges.push_back({view->region(), static_cast<size_t>(*offset), static_cast<size_t>(*count)});
  }
  return ranges;
}

napi_value StartFlushJob(napi_env env, const std::shared_ptr<platform::File>& file, const std::string& path,
                         const std::vector<FlushRange>& ranges) {
  auto job = std::make_unique<FlushJob>();
  job->file = file;
  job->path = path;
  job->ranges = ranges;
  napi_value promise = nullptr;
  napi_value name = nullptr;
  if (napi_create_string_utf8(env, "holdfast.flush", NAPI_AUTO_LENGTH, &name) != napi_ok) return nullptr;
  if (napi_create_async_work(env, nullptr, name, Execute, Complete, job.get(), &job->work) != napi_ok) return nullptr;
  if (napi_create_promise(env, &job->deferred, &promise) != napi_ok || napi_queue_async_work(env, job->work) != napi_ok) {
    napi_delete_async_work(env, job->work);
    return nullptr;
  }
  // SAFETY: Complete takes the job over.
  job.release();
  return promise;
}

}  // namespace holdfast
