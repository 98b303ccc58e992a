// CRC-32C by the crc32 instruction of SSE4.2 (x86-64).
#include <nmmintrin.h>

#include "crc32c.h"

#if defined(_MSC_VER)
#include <intrin.h>
#define HOLDFAST_CRC32C_TARGET
#else
#include <cpuid.h>
#define HOLDFAST_CRC32C_TARGET __attribute__((target("sse4.2")))
#endif

#include "crc32c_interleaved.h"

namespace holdfast {

namespace {

struct Sse42 {
  HOLDFAST_CRC32C_TARGET static uint32_t Word(uint32_t crc, uint64_t word) {
    return static_cast<uint32_t>(_mm_crc32_u64(crc, word));
  }
  HOLDFAST_CRC32C_TARGET static uint32_t Byte(uint32_t crc, uint8_t byte) { return _mm_crc32_u8(crc, byte); }
};

HOLDFAST_CRC32C_TARGET uint32_t Crc32cSse42(const uint8_t* data, size_t length) {
  return crc32c::SumInterleaved<Sse42>(data, length);
}

// Bit 20 of ECX of CPUID leaf 1 says that the processor has SSE4.2.
#if defined(_MSC_VER)
bool HasSse42() {
  int registers[4];
  __cpuid(registers, 1);
  return (registers[2] >> 20 & 1) != 0;
}
#else
bool HasSse42() {
  unsigned int eax = 0;
  unsigned int ebx = 0;
  unsigned int ecx = 0;
  unsigned int edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx >> 20 & 1) != 0;
}
#endif

}  // namespace

Crc32cFunction HardwareCrc32c() { return HasSse42() ? Crc32cSse42 : nullptr; }

}  // namespace holdfast
