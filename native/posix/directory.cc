// Names on POSIX systems: exclusive rename, removal, durability of a directory.
#include <fcntl.h>
#include <unistd.h>

#include "kernel.h"

namespace holdfast {
namespace platform {

namespace {

// For file systems without an exclusive rename: a second name for the same file, then the first one goes. A crash in
// between leaves both names, which is the state before with a stray temporary file.
Status LinkThenUnlink(const std::string& from, const std::string& to, bool* renamed) {
  if (link(from.c_str(), to.c_str()) != 0) return errno == EEXIST ? Status{} : kernel::Failed("link");
  *renamed = true;
  return unlink(from.c_str()) == 0 ? Status{} : kernel::Failed("unlink");
}

}  // namespace

Status RenameExclusive(const std::string& from, const std::string& to, bool* renamed) {
  *renamed = false;
  const Status status = kernel::RenameNoReplace(from.c_str(), to.c_str());
  if (status.ok()) *renamed = true;
  if (status.os_error == EEXIST) return Status{};
  if (status.os_error == EINVAL || status.os_error == ENOSYS) return LinkThenUnlink(from, to, renamed);
  return status;
}

Status RemoveFile(const std::string& path, bool* removed) {
  *removed = unlink(path.c_str()) == 0;
  return *removed || errno == ENOENT ? Status{} : kernel::Failed("unlink");
}

Status SyncDirectory(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return kernel::Failed("open");
  const int result = fsync(descriptor);
  const Status status = result == 0 ? Status{} : kernel::Failed("fsync");
  close(descriptor);
  return status;
}

}  // namespace platform
}  // namespace holdfast
