// SHA-256 (FIPS 180-4), for file names made of objects' names.
#ifndef HOLDFAST_NATIVE_POSIX_SHA256_H_
#define HOLDFAST_NATIVE_POSIX_SHA256_H_

#include <string>

namespace holdfast {
namespace platform {

// The digest as 64 hexadecimal digits.
std::string Sha256Hex(const std::string& bytes);

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_POSIX_SHA256_H_
