// Tables for CRC-32C, computed by the compiler from the polynomial.
#ifndef HOLDFAST_NATIVE_CRC32C_TABLES_H_
#define HOLDFAST_NATIVE_CRC32C_TABLES_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace holdfast {
namespace crc32c {

// The polynomial, bit-reversed.
constexpr uint32_t kPolynomial = 0x82f63b78;

using Table = std::array<uint32_t, 256>;

// Slicing: tables[k][b] is the effect of byte b with k zero bytes behind it.
constexpr std::array<Table, 8> SlicingTables() {
  std::array<Table, 8> tables = {};
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ kPolynomial : crc >> 1;
    tables[0][byte] = crc;
  }
  for (uint32_t byte = 0; byte < 256; byte++) {
    for (size_t k = 1; k < 8; k++) tables[k][byte] = tables[0][tables[k - 1][byte] & 0xff] ^ tables[k - 1][byte] >> 8;
  }
  return tables;
}

// A register's value after `length` zero bytes is a linear function of its value before; four tables of bytes hold it.
constexpr std::array<Table, 4> ZeroesTables(size_t length) {
  // Images of the 32 single bits, and from them of every byte at its four places. Byte-wise steps keep this within what
  // compilers are willing to compute.
  const std::array<Table, 8> slicing = SlicingTables();
  std::array<uint32_t, 32> images = {};
  for (size_t bit = 0; bit < 32; bit++) {
    uint32_t crc = uint32_t{1} << bit;
    for (size_t i = 0; i < length; i++) crc = slicing[0][crc & 0xff] ^ crc >> 8;
    images[bit] = crc;
  }
  std::array<Table, 4> tables = {};
  for (size_t place = 0; place < 4; place++) {
    for (size_t byte = 0; byte < 256; byte++) {
      uint32_t crc = 0;
      for (size_t bit = 0; bit < 8; bit++) crc ^= (byte >> bit & 1) != 0 ? images[8 * place + bit] : 0;
      tables[place][byte] = crc;
    }
  }
  return tables;
}

inline uint32_t ShiftByZeroes(const std::array<Table, 4>& tables, uint32_t crc) {
  return tables[0][crc & 0xff] ^ tables[1][crc >> 8 & 0xff] ^ tables[2][crc >> 16 & 0xff] ^ tables[3][crc >> 24];
}

}  // namespace crc32c
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_CRC32C_TABLES_H_
