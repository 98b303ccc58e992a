// The symbolic names of Win32 codes, from winerror.h.
#include "win32_names.h"

#include <algorithm>
#include <iterator>

namespace holdfast {

const Win32Name kWin32Names[] = {
    {1, "ERROR_INVALID_FUNCTION"},
    {2, "ERROR_FILE_NOT_FOUND"},
    {3, "ERROR_PATH_NOT_FOUND"},
    {4, "ERROR_TOO_MANY_OPEN_FILES"},
    {5, "ERROR_ACCESS_DENIED"},
    {6, "ERROR_INVALID_HANDLE"},
    {8, "ERROR_NOT_ENOUGH_MEMORY"},
    {14, "ERROR_OUTOFMEMORY"},
    {17, "ERROR_NOT_SAME_DEVICE"},
    {19, "ERROR_WRITE_PROTECT"},
    {23, "ERROR_CRC"},
    {29, "ERROR_WRITE_FAULT"},
    {30, "ERROR_READ_FAULT"},
    {31, "ERROR_GEN_FAILURE"},
    {32, "ERROR_SHARING_VIOLATION"},
    {33, "ERROR_LOCK_VIOLATION"},
    {38, "ERROR_HANDLE_EOF"},
    {39, "ERROR_HANDLE_DISK_FULL"},
    {50, "ERROR_NOT_SUPPORTED"},
    {53, "ERROR_BAD_NETPATH"},
    {67, "ERROR_BAD_NET_NAME"},
    {80, "ERROR_FILE_EXISTS"},
    {87, "ERROR_INVALID_PARAMETER"},
    {109, "ERROR_BROKEN_PIPE"},
    {112, "ERROR_DISK_FULL"},
    {120, "ERROR_CALL_NOT_IMPLEMENTED"},
    {121, "ERROR_SEM_TIMEOUT"},
    {123, "ERROR_INVALID_NAME"},
    {132, "ERROR_SEEK_ON_DEVICE"},
    {145, "ERROR_DIR_NOT_EMPTY"},
    {161, "ERROR_BAD_PATHNAME"},
    {170, "ERROR_BUSY"},
    {183, "ERROR_ALREADY_EXISTS"},
    {206, "ERROR_FILENAME_EXCED_RANGE"},
    {223, "ERROR_FILE_TOO_LARGE"},
    {258, "WAIT_TIMEOUT"},
    {267, "ERROR_DIRECTORY"},
    {288, "ERROR_NOT_OWNER"},
    {298, "ERROR_TOO_MANY_POSTS"},
    {336, "ERROR_DIRECTORY_NOT_SUPPORTED"},
    {487, "ERROR_INVALID_ADDRESS"},
    {534, "ERROR_ARITHMETIC_OVERFLOW"},
    {735, "ERROR_ABANDONED_WAIT_0"},
    {995, "ERROR_OPERATION_ABORTED"},
    {998, "ERROR_NOACCESS"},
    {999, "ERROR_SWAPERROR"},
    {1005, "ERROR_UNRECOGNIZED_VOLUME"},
    {1006, "ERROR_FILE_INVALID"},
    {1117, "ERROR_IO_DEVICE"},
    {1131, "ERROR_POSSIBLE_DEADLOCK"},
    {1132, "ERROR_MAPPED_ALIGNMENT"},
    {1142, "ERROR_TOO_MANY_LINKS"},
    {1167, "ERROR_DEVICE_NOT_CONNECTED"},
    {1224, "ERROR_USER_MAPPED_FILE"},
    {1295, "ERROR_DISK_QUOTA_EXCEEDED"},
    {1307, "ERROR_INVALID_OWNER"},
    {1314, "ERROR_PRIVILEGE_NOT_HELD"},
    {1336, "ERROR_INVALID_ACL"},
    {1338, "ERROR_INVALID_SECURITY_DESCR"},
    {1450, "ERROR_NO_SYSTEM_RESOURCES"},
    {1455, "ERROR_COMMITMENT_LIMIT"},
    {1460, "ERROR_TIMEOUT"},
    {1816, "ERROR_NOT_ENOUGH_QUOTA"},
    {1921, "ERROR_CANT_RESOLVE_FILENAME"},
};
const size_t kWin32NameCount = std::size(kWin32Names);

const char* FindWin32Name(uint32_t code) {
  const auto* end = kWin32Names + kWin32NameCount;
  const auto* found = std::lower_bound(kWin32Names, end, code, [](const Win32Name& name, uint32_t wanted) { return name.code < wanted; });
  return found != end && found->code == code ? found->name : nullptr;
}

}  // namespace holdfast
