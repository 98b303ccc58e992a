// Runs of pages on their way from the writer's arena to the file: checked, sealed with their checksums, and stored by
// positioned writes or through writable views.
#ifndef HOLDFAST_NATIVE_PAGE_RUNS_H_
#define HOLDFAST_NATIVE_PAGE_RUNS_H_

#include <napi.h>

#include <array>
#include <cstdint>
#include <vector>

#include "platform.h"

namespace holdfast {

class PageRuns {
 public:
  // Reads (arena, runs, runCount, pageSize), with four u32 for each run: page number, index into the arena, byte offset
  // there, number of pages. False if anything is of the wrong type or out of bounds.
  // The pointers that it takes are good until JavaScript runs again.
  bool Read(napi_env env, const std::array<napi_value, 4>& arguments);

  // Stores each run's CRC-32C in its first 4 bytes, then writes all runs, neighbours in one call.
  platform::Status SealAndWrite(const platform::File& file);

  // Reads an array of views, one for each run. JavaScript may run, so this comes before Read.
  bool ReadViews(napi_env env, napi_value views);

  // Seals like SealAndWrite, then copies each run into its writable view, which covers one segment of `segment_pages`
  // pages. False, and nothing copied, if a view is not what it should be or a run does not lie inside it.
  bool SealAndCopy(napi_env env, uint32_t segment_pages);

 private:
  struct Run {
    uint64_t page;
    uint8_t* data;
    size_t length;
  };

  static void Seal(const Run& run);
  // Where run `i` goes in its view; null if it does not fit.
  uint8_t* Target(napi_env env, size_t i, uint32_t segment_pages) const;

  size_t page_size_ = 0;
  std::vector<Run> runs_;
  std::vector<platform::ConstSpan> spans_;
  std::vector<napi_value> views_;
};

}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_PAGE_RUNS_H_
