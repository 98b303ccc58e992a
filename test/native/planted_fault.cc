// For `sanitize.sh --prove`: a read behind an allocation when the addon is loaded, which the sanitizer must report.
#include <cstddef>

namespace {

#if defined(HOLDFAST_PLANTED_FAULT)
char ReadBehind() {
  char* bytes = new char[16];
  volatile std::size_t index = 16;
  const char byte = bytes[index];
  delete[] bytes;
  return byte;
}

[[maybe_unused]] const char kByte = ReadBehind();
#endif

}  // namespace
