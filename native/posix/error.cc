// errno in the terms of Node's errors: the name, the negative number, the C library's message.
#include <algorithm>
#include <cctype>
#include <cstring>
#include <string>

#include "kernel.h"

namespace holdfast {
namespace platform {

namespace {

struct Name {
  int number;
  const char* name;
};

// Only what the calls of this folder can return, by their manual pages.
constexpr Name kNames[] = {
    {EACCES, "EACCES"},       {EAGAIN, "EAGAIN"},       {EBADF, "EBADF"},     {EBUSY, "EBUSY"},     {EDEADLK, "EDEADLK"},
    {EDQUOT, "EDQUOT"},       {EEXIST, "EEXIST"},       {EFAULT, "EFAULT"},   {EFBIG, "EFBIG"},     {EINTR, "EINTR"},
    {EINVAL, "EINVAL"},       {EIO, "EIO"},             {EISDIR, "EISDIR"},   {ELOOP, "ELOOP"},     {EMFILE, "EMFILE"},
    {EMLINK, "EMLINK"},       {ENAMETOOLONG, "ENAMETOOLONG"}, {ENFILE, "ENFILE"}, {ENODEV, "ENODEV"}, {ENOENT, "ENOENT"},
    {ENOLCK, "ENOLCK"},       {ENOMEM, "ENOMEM"},       {ENOSPC, "ENOSPC"},   {ENOSYS, "ENOSYS"},   {ENOTDIR, "ENOTDIR"},
    {ENOTEMPTY, "ENOTEMPTY"}, {EOPNOTSUPP, "ENOTSUP"},  {ENXIO, "ENXIO"},     {EOVERFLOW, "EOVERFLOW"}, {EPERM, "EPERM"},
    {EROFS, "EROFS"},         {ESPIPE, "ESPIPE"},       {ESTALE, "ESTALE"},   {ETXTBSY, "ETXTBSY"}, {EXDEV, "EXDEV"},
};

}  // namespace

ErrorDescription Describe(uint32_t os_error) {
  const int number = static_cast<int>(os_error);
  const auto* found = std::find_if(std::begin(kNames), std::end(kNames), [number](const Name& name) { return name.number == number; });
  // strerror's static buffer is only used for numbers that it does not know.
  std::string message = std::strerror(number);
  message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
  return {found == std::end(kNames) ? "UNKNOWN" : found->name, -number, message};
}

}  // namespace platform
}  // namespace holdfast
