// What Holdfast asks of an operating system: the contract that native/posix and native/win32 keep.
//
// It knows nothing of Node or JavaScript. Both folders define the same functions in files of the same names; the build
// picks the folder. Everything reports through a `Status`; nothing throws, and there is no state outside the objects.
//
// Threads: a function without a word on threads may be called from any thread, but not at the same time as another call
// on the same object. `File::Flush`, `File::Size`, `File::Read` and `File::WriteGather` may run at the same time as any
// other call on the same File, and `Region::StartFlush` at the same time as accesses to the mapped bytes.
#ifndef HOLDFAST_NATIVE_PLATFORM_H_
#define HOLDFAST_NATIVE_PLATFORM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace holdfast {
namespace platform {

// The outcome of a call: success, or which call of the operating system failed and how.
struct Status {
  // The operating system's own number (errno or GetLastError()); 0 is success.
  uint32_t os_error = 0;
  // The failed call by its name in the manual.
  const char* call = "";

  bool ok() const { return os_error == 0; }
};

// An operating system's error in the terms of Node's own errors.
struct ErrorDescription {
  // "ENOSPC"; "UNKNOWN" for a number that has no name.
  const char* code;
  // Node's negative number for `code` on this platform.
  int number;
  std::string message;
};
ErrorDescription Describe(uint32_t os_error);

// What Win32 calls such a failure: the number itself on Windows, elsewhere the code that fits the errno and the call.
uint32_t Win32Code(const Status& status);

// How this platform differs from others in what the contract below leaves open.
struct Traits {
  // A view may cover space behind the end of the file (touching it faults until the file has grown).
  bool view_may_pass_end;
  // A write to the file is promised to be seen at once through every view of it.
  bool writes_reach_views;
  // A file can be cut while a part of it is mapped, if no view covers what goes.
  bool mapped_file_can_shrink;
  // A child's standard handles can carry the handle of any object.
  bool stdio_carries_handles;
};
extern const Traits kTraits;

// Offsets of views are multiples of this, everywhere, so that files and offsets are portable.
constexpr uint64_t kAllocationGranularity = 65536;

enum class Disposition { kOpenExisting, kCreateNew, kOpenAlways, kCreateAlways, kTruncateExisting };

// Bits of OpenOptions::share: what others may do with the file while it is open here.
constexpr uint32_t kShareRead = 1;
constexpr uint32_t kShareWrite = 2;
constexpr uint32_t kShareDelete = 4;

struct OpenOptions {
  std::string path;  // UTF-8
  bool writable = false;
  Disposition disposition = Disposition::kOpenExisting;
  uint32_t share = kShareRead | kShareWrite | kShareDelete;  // POSIX systems have nothing like it and ignore it
  uint32_t mode = 0666;                                      // permissions of a new file, less the umask; POSIX only
};

// Consecutive bytes of memory to be written.
struct ConstSpan {
  const uint8_t* data;
  size_t length;
};

// An open regular file. Closes when destroyed, which frees its locks. Never inherited by child processes.
class File {
 public:
  // Opens or creates. REQUIRES: `writable` for kCreateAlways and kTruncateExisting.
  // Fails with the code for "is a directory" or "invalid argument" on what is not a regular file.
  static Status Open(const OpenOptions& options, std::unique_ptr<File>* file);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  Status Size(uint64_t* size) const;

  // Reads up to `length` bytes at `offset`; less only at the end of the file.
  Status Read(uint64_t offset, uint8_t* target, size_t length, size_t* count) const;

  // Writes the spans one behind the other from `offset` on; all of them, or fails with a part of them written.
  Status WriteGather(uint64_t offset, const ConstSpan* spans, size_t count) const;

  // Grows the file to at least `size` with space really allocated, so that a full disk fails here and never later at a
  // store through a view. Never shrinks. A failed call can have grown the file.
  // REQUIRES: nobody writes behind the end of the file meanwhile (only matters on file systems that cannot allocate).
  Status Allocate(uint64_t size) const;

  // Sets the size, either way. Growth leaves a hole where the file system has them.
  // Where a mapped file cannot shrink, fails as long as any view of the file exists.
  Status Truncate(uint64_t size) const;

  // Returns when everything written to the file, by whomever, and its size would survive a power cut.
  Status Flush() const;

  // Locks the byte at `offset`, which may lie behind the end of the file, for this File against every other File, of
  // this process too; `*locked` says if it was to be had. The kernel frees the lock when the last holder of the File is gone.
  // REQUIRES: this File does not hold the byte; `exclusive` only if the File is writable.
  Status TryLock(uint64_t offset, bool exclusive, bool* locked) const;
  // REQUIRES: this File holds the byte.
  Status Unlock(uint64_t offset) const;

 private:
  friend class Region;
  File(intptr_t handle, bool writable) : handle_(handle), writable_(writable) {}

  const intptr_t handle_;  // file descriptor or HANDLE
  const bool writable_;
};

enum class Advice {
  kRandom,    // no read-ahead, small page-cache folios
  kWillNeed,  // start reading the range now
};

// Mapped bytes of a file, shared and coherent with every other view of it. Unmaps when destroyed. Outlives its File.
class Region {
 public:
  // REQUIRES: `offset` is a multiple of kAllocationGranularity; `length` > 0; `writable` only if the File is.
  static Status Map(const File& file, uint64_t offset, size_t length, bool writable, std::unique_ptr<Region>* region);
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  uint8_t* data() const { return data_; }
  size_t length() const { return length_; }
  bool writable() const { return writable_; }

  // Starts writing the modified pages of the range. They are durable after a File::Flush that begins when this has returned.
  // REQUIRES: the range lies inside the region.
  Status StartFlush(size_t offset, size_t length) const;

  // A hint; does nothing where the platform has no such advice.
  Status Advise(Advice advice) const;

 private:
  Region(uint8_t* data, size_t length, bool writable) : data_(data), length_(length), writable_(writable) {}

  uint8_t* const data_;
  const size_t length_;
  const bool writable_;
};

// Gives `from` the name `to` unless that name is taken: `*renamed` says which. Both names on one file system.
Status RenameExclusive(const std::string& from, const std::string& to, bool* renamed);

// Removes a file's name; `*removed` is false if there was none.
Status RemoveFile(const std::string& path, bool* removed);

// Makes the names in a directory durable. Does nothing where the file system's own journal is all there is (Windows).
Status SyncDirectory(const std::string& path);

}  // namespace platform
}  // namespace holdfast

#endif  // HOLDFAST_NATIVE_PLATFORM_H_
