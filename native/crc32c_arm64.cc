// CRC-32C by the crc32c instructions of ARMv8 (optional in 8.0, always there from 8.1).
#include "crc32c.h"

#if defined(_MSC_VER)
#include <intrin.h>
#define HOLDFAST_CRC32C_TARGET
#else
#if defined(__clang__)
#define HOLDFAST_CRC32C_TARGET __attribute__((target("crc")))
#else
#define HOLDFAST_CRC32C_TARGET __attribute__((target("+crc")))
#endif
#include <arm_acle.h>
#endif

#if defined(_WIN32)
#include <windows.h>
#elif defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "crc32c_interleaved.h"

namespace holdfast {

namespace {

struct Arm64 {
  HOLDFAST_CRC32C_TARGET static uint32_t Word(uint32_t crc, uint64_t word) { return __crc32cd(crc, word); }
  HOLDFAST_CRC32C_TARGET static uint32_t Byte(uint32_t crc, uint8_t byte) { return __crc32cb(crc, byte); }
};

HOLDFAST_CRC32C_TARGET uint32_t Crc32cArm64(const uint8_t* data, size_t length) {
  return crc32c::SumInterleaved<Arm64>(data, length);
}

#if defined(_WIN32)
bool HasCrc32c() { return IsProcessorFeaturePresent(PF_ARM_V8_CRC32_INSTRUCTIONS_AVAILABLE) != 0; }
#elif defined(__linux__)
bool HasCrc32c() { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#else
// Every 64-bit ARM processor that runs macOS has them.
bool HasCrc32c() { return true; }
#endif

}  // namespace

Crc32cFunction HardwareCrc32c() { return HasCrc32c() ? Crc32cArm64 : nullptr; }

}  // namespace holdfast
