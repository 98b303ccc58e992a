// The choice between the ways to compute CRC-32C, and the way by tables (slicing by 8).
#include "crc32c.h"

#include "crc32c_tables.h"

namespace holdfast {

namespace {

constexpr std::array<crc32c::Table, 8> kTables = crc32c::SlicingTables();

Crc32cFunction Fastest() {
  const Crc32cFunction hardware = HardwareCrc32c();
  return hardware != nullptr ? hardware : Crc32cSoftware;
}

}  // namespace

uint32_t Crc32cSoftware(const uint8_t* data, size_t length) {
  uint32_t crc = 0xffffffff;
  for (; length >= 8; data += 8, length -= 8) {
    // Byte by byte, so that the order of bytes in a word does not matter.
    crc = kTables[7][data[0] ^ (crc & 0xff)] ^ kTables[6][data[1] ^ (crc >> 8 & 0xff)] ^
          kTables[5][data[2] ^ (crc >> 16 & 0xff)] ^ kTables[4][data[3] ^ crc >> 24] ^ kTables[3][data[4]] ^
          kTables[2][data[5]] ^ kTables[1][data[6]] ^ kTables[0][data[7]];
  }
  for (; length > 0; data++, length--) crc = kTables[0][(crc ^ *data) & 0xff] ^ crc >> 8;
  return ~crc;
}

uint32_t Crc32c(const uint8_t* data, size_t length) {
  static const Crc32cFunction fastest = Fastest();
  return fastest(data, length);
}

}  // namespace holdfast
