// Files on Windows: open, read, write, grow, cut, flush.
#include <algorithm>

#include "handle.h"

namespace holdfast {
namespace platform {

using win32::OverlappedCall;
using win32::ScopedHandle;
using win32::ToHandle;

const Traits kTraits = {
    /*view_may_pass_end=*/false,
    // The manual of MapViewOfFile: a mapped view is not guaranteed to agree with ReadFile and WriteFile.
    /*writes_reach_views=*/false,
    /*mapped_file_can_shrink=*/false,
    // libuv refuses what is no file, and lists what it lets a child inherit.
    /*stdio_carries_handles=*/false,
};

namespace {

// ReadFile and WriteFile count in 32 bits; this keeps them at multiples of any sector size.
constexpr size_t kMaxTransferBytes = size_t{1} << 30;

DWORD CreationDisposition(Disposition disposition) {
  switch (disposition) {
    case Disposition::kOpenExisting:
      return OPEN_EXISTING;
    case Disposition::kCreateNew:
      return CREATE_NEW;
    case Disposition::kOpenAlways:
      return OPEN_ALWAYS;
    case Disposition::kCreateAlways:
      return CREATE_ALWAYS;
    case Disposition::kTruncateExisting:
      return TRUNCATE_EXISTING;
  }
  return OPEN_EXISTING;
}

DWORD ShareMode(uint32_t share) {
  return ((share & kShareRead) != 0 ? FILE_SHARE_READ : 0) | ((share & kShareWrite) != 0 ? FILE_SHARE_WRITE : 0) |
         ((share & kShareDelete) != 0 ? FILE_SHARE_DELETE : 0);
}

// CreateFile says "access denied" for a directory; the contract has a code of its own for it.
Status OpenFailure(const std::wstring& path) {
  const Status status = win32::Failed("CreateFile");
  if (status.os_error != ERROR_ACCESS_DENIED) return status;
  const DWORD attributes = GetFileAttributesW(path.c_str());
  const bool directory = attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
  return directory ? Status{win32::kErrorDirectoryNotSupported, "CreateFile"} : status;
}

Status WriteAll(HANDLE handle, uint64_t offset, const uint8_t* data, size_t length) {
  while (length > 0) {
    OverlappedCall call(offset);
    if (!call.valid()) return win32::Failed("CreateEvent");
    const DWORD wanted = static_cast<DWORD>(std::min(length, kMaxTransferBytes));
    DWORD put;
    const DWORD error = call.Wait(handle, WriteFile(handle, data, wanted, nullptr, call.get()), &put);
    if (error != ERROR_SUCCESS) return Status{error, "WriteFile"};
    // A system that takes nothing and says nothing would keep us here for ever.
    if (put == 0) return Status{ERROR_WRITE_FAULT, "WriteFile"};
    offset += put;
    data += put;
    length -= put;
  }
  return Status{};
}

}  // namespace

Status File::Open(const OpenOptions& options, std::unique_ptr<File>* file) {
  const std::wstring path = win32::ToWidePath(options.path);
  if (path.empty()) return Status{ERROR_INVALID_NAME, "CreateFile"};
  const DWORD access = options.writable ? GENERIC_READ | GENERIC_WRITE : GENERIC_READ;
  SECURITY_ATTRIBUTES attributes = {sizeof attributes, nullptr, options.inheritable ? TRUE : FALSE};
  const HANDLE handle = CreateFileW(path.c_str(), access, ShareMode(options.share), &attributes,
                                    CreationDisposition(options.disposition), FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OVERLAPPED, nullptr);
  if (handle == INVALID_HANDLE_VALUE) return OpenFailure(path);
  // SAFETY: the contract keeps a HANDLE as an integer of the same size; the File owns it from here on.
  file->reset(new File(reinterpret_cast<intptr_t>(handle), options.writable));
  return GetFileType(handle) == FILE_TYPE_DISK ? Status{} : Status{ERROR_INVALID_PARAMETER, "CreateFile"};
}

File::~File() { CloseHandle(ToHandle(handle_)); }

Status File::Size(uint64_t* size) const {
  LARGE_INTEGER value;
  if (!GetFileSizeEx(ToHandle(handle_), &value)) return win32::Failed("GetFileSizeEx");
  *size = static_cast<uint64_t>(value.QuadPart);
  return Status{};
}

Status File::Read(uint64_t offset, uint8_t* target, size_t length, size_t* count) const {
  *count = 0;
  const HANDLE handle = ToHandle(handle_);
  while (*count < length) {
    OverlappedCall call(offset + *count);
    if (!call.valid()) return win32::Failed("CreateEvent");
    const DWORD wanted = static_cast<DWORD>(std::min(length - *count, kMaxTransferBytes));
    DWORD got;
    const DWORD error = call.Wait(handle, ReadFile(handle, target + *count, wanted, nullptr, call.get()), &got);
    if (error == ERROR_HANDLE_EOF) break;
    if (error != ERROR_SUCCESS) return Status{error, "ReadFile"};
    if (got == 0) break;
    *count += got;
  }
  return Status{};
}

// One call for each stretch of memory that is consecutive: WriteFileGather wants unbuffered files.
Status File::WriteGather(uint64_t offset, const ConstSpan* spans, size_t count) const {
  for (size_t i = 0; i < count;) {
    const uint8_t* start = spans[i].data;
    size_t length = spans[i].length;
    for (i++; i < count && spans[i].data == start + length; i++) length += spans[i].length;
    const Status status = WriteAll(ToHandle(handle_), offset, start, length);
    if (!status.ok()) return status;
    offset += length;
  }
  return Status{};
}

// By a mapping larger than the file, which makes the system extend it: unlike SetEndOfFile this can never cut off what
// another process has added since we looked. The clusters of a file that is not sparse are reserved with its size.
Status File::Allocate(uint64_t size) const {
  uint64_t now = 0;
  const Status status = Size(&now);
  if (!status.ok() || size <= now) return status;
  const ScopedHandle mapping(CreateFileMappingW(ToHandle(handle_), nullptr, PAGE_READWRITE, static_cast<DWORD>(size >> 32),
                                                static_cast<DWORD>(size), nullptr));
  return mapping.valid() ? Status{} : win32::Failed("CreateFileMapping");
}

Status File::Truncate(uint64_t size) const {
  FILE_END_OF_FILE_INFO end;
  end.EndOfFile.QuadPart = static_cast<LONGLONG>(size);
  if (SetFileInformationByHandle(ToHandle(handle_), FileEndOfFileInfo, &end, sizeof end)) return Status{};
  return win32::Failed("SetFileInformationByHandle");
}

Status File::Flush() const { return FlushFileBuffers(ToHandle(handle_)) ? Status{} : win32::Failed("FlushFileBuffers"); }

}  // namespace platform
}  // namespace holdfast
