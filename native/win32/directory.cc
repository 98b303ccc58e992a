// Names on Windows: exclusive rename, removal. The durability of a directory is the file system's own.
#include "handle.h"

namespace holdfast {
namespace platform {

Status RenameExclusive(const std::string& from, const std::string& to, bool* renamed) {
  // Without MOVEFILE_REPLACE_EXISTING a name that is taken is an error; write-through returns when the move is on the disk.
  *renamed = MoveFileExW(win32::ToWidePath(from).c_str(), win32::ToWidePath(to).c_str(), MOVEFILE_WRITE_THROUGH) != 0;
  if (*renamed) return Status{};
  const Status status = win32::Failed("MoveFileEx");
  return status.os_error == ERROR_ALREADY_EXISTS || status.os_error == ERROR_FILE_EXISTS ? Status{} : status;
}

Status RemoveFile(const std::string& path, bool* removed) {
  *removed = DeleteFileW(win32::ToWidePath(path).c_str()) != 0;
  if (*removed) return Status{};
  const Status status = win32::Failed("DeleteFile");
  return status.os_error == ERROR_FILE_NOT_FOUND || status.os_error == ERROR_PATH_NOT_FOUND ? Status{} : status;
}

Status SyncDirectory(const std::string&) { return Status{}; }

}  // namespace platform
}  // namespace holdfast
