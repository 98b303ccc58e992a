// Processors without an instruction for CRC-32C that we know.
#include "crc32c.h"

namespace holdfast {

Crc32cFunction HardwareCrc32c() { return nullptr; }

}  // namespace holdfast
