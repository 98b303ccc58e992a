// Runs of pages on their way from the writer's arena to the file.
#include "page_runs.h"

#include <cstring>

#include "arguments.h"
#include "crc32c.h"
#include "view_object.h"

namespace holdfast {

namespace {

// Collects an array's elements. JavaScript may run here (an element can be an accessor), so no pointer into a buffer may
// be taken before it has returned.
bool ReadElements(napi_env env, napi_value array, std::vector<napi_value>* elements) {
  bool is_array = false;
  uint32_t length = 0;
  if (napi_is_array(env, array, &is_array) != napi_ok || !is_array) return false;
  if (napi_get_array_length(env, array, &length) != napi_ok) return false;
  elements->resize(length);
  for (uint32_t i = 0; i < length; i++) {
    if (napi_get_element(env, array, i, &(*elements)[i]) != napi_ok) return false;
  }
  return true;
}

// On disk, integers are little-endian.
void StoreLittleEndian(uint8_t* target, uint32_t value) {
  for (int i = 0; i < 4; i++) target[i] = static_cast<uint8_t>(value >> 8 * i);
}

}  // namespace

bool PageRuns::Read(napi_env env, const std::array<napi_value, 4>& arguments) {
  const auto [arena, runs, run_count, page_size] = arguments;
  const auto count = ToUint32(env, run_count);
  const auto bytes_in_page = ToUint32(env, page_size);
  // Not a member: an accessor in the arena could come back here.
  std::vector<napi_value> chunks;
  if (!count || !bytes_in_page || *bytes_in_page < 8 || !ReadElements(env, arena, &chunks)) return false;
  const auto words = ToTypedArray<uint32_t>(env, runs, napi_uint32_array);
  if (!words || words->second / 4 < *count) return false;
  page_size_ = *bytes_in_page;
  runs_.resize(*count);
  for (size_t i = 0; i < *count; i++) {
    const uint32_t* run = words->first + 4 * i;
    const auto chunk = run[1] < chunks.size() ? ToBytes(env, chunks[run[1]]) : std::nullopt;
    if (!chunk || run[3] == 0 || run[2] > chunk->length) return false;
    const uint64_t length = uint64_t{run[3]} * page_size_;
    if (length > chunk->length - run[2]) return false;
    runs_[i] = {run[0], chunk->data + run[2], static_cast<size_t>(length)};
  }
  return true;
}

void PageRuns::Seal(const Run& run) { StoreLittleEndian(run.data, Crc32c(run.data + 4, run.length - 4)); }

platform::Status PageRuns::SealAndWrite(const platform::File& file) {
  for (size_t first = 0; first < runs_.size();) {
    spans_.clear();
    uint64_t end = runs_[first].page;
    size_t next = first;
    for (; next < runs_.size() && runs_[next].page == end; next++) {
      Seal(runs_[next]);
      spans_.push_back({runs_[next].data, runs_[next].length});
      end += runs_[next].length / page_size_;
    }
    const platform::Status status = file.WriteGather(runs_[first].page * page_size_, spans_.data(), spans_.size());
    if (!status.ok()) return status;
    first = next;
  }
  return platform::Status{};
}

bool PageRuns::ReadViews(napi_env env, napi_value views) { return ReadElements(env, views, &views_); }

uint8_t* PageRuns::Target(napi_env env, size_t i, uint32_t segment_pages) const {
  const ViewObject* view = ViewObject::From(env, views_[i]);
  if (view == nullptr || view->region() == nullptr || !view->region()->writable()) return nullptr;
  const uint64_t offset = runs_[i].page % segment_pages * page_size_;
  const size_t size = view->region()->length();
  return offset <= size && runs_[i].length <= size - offset ? view->region()->data() + offset : nullptr;
}

bool PageRuns::SealAndCopy(napi_env env, uint32_t segment_pages) {
  if (segment_pages == 0 || views_.size() < runs_.size()) return false;
  std::vector<uint8_t*> targets(runs_.size());
  for (size_t i = 0; i < runs_.size(); i++) {
    targets[i] = Target(env, i, segment_pages);
    if (targets[i] == nullptr) return false;
  }
  for (size_t i = 0; i < runs_.size(); i++) {
    Seal(runs_[i]);
    std::memcpy(targets[i], runs_[i].data, runs_[i].length);
  }
  return true;
}

}  // namespace holdfast
