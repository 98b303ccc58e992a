// A flush on the thread pool.
#ifndef HOLDFAST_NATIVE_FLUSH_JOB_H_
#define HOLDFAST_NATIVE_FLUSH_JOB_H_

#include <node_api.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform.h"

namespace holdfast {

// Bytes of a view that are to be written before the file is flushed.
struct FlushRange {
  std::shared_ptr<platform::Region> region;
  size_t offset;
  size_t length;
};

// Reads an array of view, offset and length in turn; `undefined` is an empty one. Nothing if anything in it is wrong.
std::optional<std::vector<FlushRange>> ReadFlushRanges(napi_env env, napi_value value);

// Returns a promise that settles when the file is flushed. The job keeps the file open and the regions mapped until then,
// whatever is closed meanwhile; an environment that ends waits for it.
napi_value StartFlushJob(napi_env env, const std::shared_ptr<platform::File>& file, const std::string& path,
                         const std::vector<FlushRange>& ranges);

}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_FLUSH_JOB_H_
