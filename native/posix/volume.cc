// The file system of a file on POSIX systems: statfs(2).
#include "kernel.h"

namespace holdfast {
namespace platform {

Status File::GetVolume(Volume* volume) const { return kernel::ReadVolume(static_cast<int>(handle_), volume); }

}  // namespace platform
}  // namespace holdfast
