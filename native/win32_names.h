// The symbolic names of Win32 codes: the one table for both platforms, and for the TypeScript above.
#ifndef HOLDFAST_NATIVE_WIN32_NAMES_H_
#define HOLDFAST_NATIVE_WIN32_NAMES_H_

#include <cstddef>
#include <cstdint>

namespace holdfast {

struct Win32Name {
  uint32_t code;
  const char* name;
};

// Sorted by code; each name as winerror.h has it.
extern const Win32Name kWin32Names[];
extern const size_t kWin32NameCount;

// "ERROR_ACCESS_DENIED"; null for a code that is not in the table.
const char* FindWin32Name(uint32_t code);

}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_WIN32_NAMES_H_
