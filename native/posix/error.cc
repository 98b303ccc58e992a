// errno in the terms of Node's errors (the name, the negative number, the C library's message) and of Win32's codes.
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

struct Win32Equivalent {
  int number;
  uint32_t win32_code;
};

// Where Win32 has several codes, the one that the call of the same purpose gives.
constexpr Win32Equivalent kWin32Equivalents[] = {
    {EACCES, 5},     {EAGAIN, 33},    {EBADF, 6},       {EBUSY, 170},  {EDEADLK, 1131}, {EDQUOT, 1295}, {EEXIST, 183},
    {EFAULT, 998},   {EFBIG, 223},    {EINTR, 995},     {EINVAL, 87},  {EIO, 1117},     {EISDIR, 336},  {ELOOP, 1921},
    {EMFILE, 4},     {EMLINK, 1142},  {ENAMETOOLONG, 206}, {ENFILE, 4}, {ENODEV, 50},   {ENOENT, 2},    {ENOLCK, 1450},
    {ENOMEM, 8},     {ENOSPC, 112},   {ENOSYS, 120},    {ENOTDIR, 3},  {ENOTEMPTY, 145}, {EOPNOTSUPP, 50}, {ENXIO, 1167},
    {EOVERFLOW, 534}, {EPERM, 5},     {EPIPE, 109},     {EROFS, 19},   {ESPIPE, 132},   {ESTALE, 6},    {ETIMEDOUT, 1460},
    {ETXTBSY, 32},   {EXDEV, 17},
};
constexpr uint32_t kErrorFileExists = 80;
constexpr uint32_t kErrorInvalidAddress = 487;
constexpr uint32_t kErrorUserMappedFile = 1224;
// ERROR_GEN_FAILURE: Win32's own word for a failure without a better one.
constexpr uint32_t kErrorGenFailure = 31;

}  // namespace

ErrorDescription Describe(uint32_t os_error) {
  const int number = static_cast<int>(os_error);
  const auto* found = std::find_if(std::begin(kNames), std::end(kNames), [number](const Name& name) { return name.number == number; });
  // strerror's static buffer is only used for numbers that it does not know.
  std::string message = std::strerror(number);
  message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
  return {found == std::end(kNames) ? "UNKNOWN" : found->name, -number, message};
}

uint32_t Win32Code(const Status& status) {
  const int number = static_cast<int>(status.os_error);
  const auto by = [&status](const char* call) { return std::strcmp(status.call, call) == 0; };
  // CREATE_NEW has a code of its own; names of objects and renamed files have the other.
  if (number == EEXIST && by("open")) return kErrorFileExists;
  if (number == EEXIST && by("mmap")) return kErrorInvalidAddress;
  // ftruncate(2) has no such error: it is what File::Truncate says of a file that has a section.
  if (number == EBUSY && by("ftruncate")) return kErrorUserMappedFile;
  for (const Win32Equivalent& entry : kWin32Equivalents)
    if (entry.number == number) return entry.win32_code;
  return kErrorGenFailure;
}

}  // namespace platform
}  // namespace holdfast
