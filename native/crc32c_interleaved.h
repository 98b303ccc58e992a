// CRC-32C over a processor's own instruction, three streams at a time.
//
// The instruction takes three cycles but a new one can start in each: three neighbouring blocks are summed at once and
// their results joined by tables (Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction").
// HOLDFAST_CRC32C_TARGET must be defined as the attribute that allows the instruction in a function.
#ifndef HOLDFAST_NATIVE_CRC32C_INTERLEAVED_H_
#define HOLDFAST_NATIVE_CRC32C_INTERLEAVED_H_

#include <cstring>

#include "crc32c_tables.h"

namespace holdfast {
namespace crc32c {

// Three long blocks are what a 4 KiB page has behind its checksum, less one word; short ones serve what is left.
constexpr size_t kLongBlock = 1360;
constexpr size_t kShortBlock = 128;
constexpr std::array<Table, 4> kLongZeroes = ZeroesTables(kLongBlock);
constexpr std::array<Table, 4> kShortZeroes = ZeroesTables(kShortBlock);

inline uint64_t LoadWord(const uint8_t* data) {
  uint64_t word;
  std::memcpy(&word, data, sizeof word);
  return word;
}

// Sums 3 * `block` bytes. `Step::Word(crc, word)` is the instruction.
template <typename Step>
HOLDFAST_CRC32C_TARGET inline uint32_t SumThreeBlocks(uint32_t crc, const uint8_t* data, size_t block,
                                                      const std::array<Table, 4>& zeroes) {
  uint32_t second = 0;
  uint32_t third = 0;
  for (size_t i = 0; i < block; i += 8) {
    crc = Step::Word(crc, LoadWord(data + i));
    second = Step::Word(second, LoadWord(data + block + i));
    third = Step::Word(third, LoadWord(data + 2 * block + i));
  }
  return ShiftByZeroes(zeroes, ShiftByZeroes(zeroes, crc) ^ second) ^ third;
}

template <typename Step>
HOLDFAST_CRC32C_TARGET inline uint32_t SumInterleaved(const uint8_t* data, size_t length) {
  uint32_t crc = 0xffffffff;
  for (; length >= 3 * kLongBlock; data += 3 * kLongBlock, length -= 3 * kLongBlock)
    crc = SumThreeBlocks<Step>(crc, data, kLongBlock, kLongZeroes);
  for (; length >= 3 * kShortBlock; data += 3 * kShortBlock, length -= 3 * kShortBlock)
    crc = SumThreeBlocks<Step>(crc, data, kShortBlock, kShortZeroes);
  for (; length >= 8; data += 8, length -= 8) crc = Step::Word(crc, LoadWord(data));
  for (; length > 0; data++, length--) crc = Step::Byte(crc, *data);
  return ~crc;
}

}  // namespace crc32c
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_CRC32C_INTERLEAVED_H_
