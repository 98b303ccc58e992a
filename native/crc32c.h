// CRC-32C (Castagnoli), the checksum of pages and log frames: RFC 3720 appendix B.4.
//
// The fastest way that the processor has is chosen at run time; every way gives the same result. Not a defence against
// anyone who means harm.
#ifndef HOLDFAST_NATIVE_CRC32C_H_
#define HOLDFAST_NATIVE_CRC32C_H_

#include <cstddef>
#include <cstdint>

namespace holdfast {

// The checksum of `length` bytes. Any thread.
uint32_t Crc32c(const uint8_t* data, size_t length);

// The same by tables, on any processor.
uint32_t Crc32cSoftware(const uint8_t* data, size_t length);

using Crc32cFunction = uint32_t (*)(const uint8_t* data, size_t length);

// The way by the processor's own instruction; null if it has none. One of crc32c_x64.cc, crc32c_arm64.cc and
// crc32c_other.cc defines it; the build picks the file.
Crc32cFunction HardwareCrc32c();

}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_CRC32C_H_
