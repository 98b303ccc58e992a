// What Holdfast asks of an operating system: the contract that native/posix and native/win32 keep.
//
// It knows nothing of Node or JavaScript. Both folders define the same functions in files of the same names; the build
// picks the folder. Everything reports through a `Status`; nothing throws. There is no state outside the objects but the
// guard's (guard_table.h), which is the process's: its handler, its table of mapped ranges, its counters.
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
  bool inheritable = false;                                  // child processes get the handle too
};

// A descriptor or HANDLE that closes when destroyed.
class Handle {
 public:
  // `unlocks`: frees what File::Truncate looks for, although a child process that has not come to its own program yet has
  // a copy of the handle. POSIX only.
  explicit Handle(intptr_t value, bool unlocks = false) : value_(value), unlocks_(unlocks) {}
  ~Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  intptr_t get() const { return value_; }

 private:
  const intptr_t value_;
  const bool unlocks_;
};

// What a file system says of itself; which are fit for mapping is decided above.
struct Volume {
  uint64_t type = 0;       // statfs(2)'s number on Linux, else 0
  std::string name;        // the file system's own name for itself where it has one: "nfs", "NTFS"
  bool remote = false;     // the system knows that it is on another machine
};

// Consecutive bytes of memory to be written.
struct ConstSpan {
  const uint8_t* data;
  size_t length;
};

// An open regular file. Closes when destroyed, which frees its locks.
class File {
 public:
  // Opens or creates. REQUIRES: `writable` for kCreateAlways and kTruncateExisting, which fail as Truncate does on a file
  // that has a Section.
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
  // Fails to shrink, with the code that Win32Code calls 1224, while a Section over the file or a view of one is open in any
  // process. Where a mapped file cannot shrink at all, any view of the file is enough.
  Status Truncate(uint64_t size) const;

  // The file system that the file is on.
  Status GetVolume(Volume* volume) const;

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
  friend class Section;
  File(intptr_t handle, bool writable) : handle_(handle), writable_(writable) {}

  const intptr_t handle_;  // file descriptor or HANDLE
  const bool writable_;
};

enum class Advice {
  kRandom,    // no read-ahead, small page-cache folios
  kWillNeed,  // start reading the range now
};

enum class Access {
  kRead,
  kWrite,  // shared: stores reach the file and every other view
  kCopy,   // private: a page that is stored into becomes the region's own
};

struct MapOptions {
  uint64_t offset = 0;  // REQUIRES: a multiple of kAllocationGranularity
  size_t length = 0;    // REQUIRES: more than 0
  Access access = Access::kRead;
  uint64_t address = 0;  // where to map, a multiple of kAllocationGranularity; 0 is anywhere
  bool guard = true;     // faults of the range do not end the process, see Faults
};

// What the guard has seen in a region. Offsets are the region's own.
struct Faults {
  bool unreachable = false;  // bytes could not be read or stored: the file was cut, its disk failed or is full
  bool stray_store = false;  // something was stored into a region that was mapped for reading
  uint64_t start = 0;        // the pages between the first and the last that it happened to
  uint64_t end = 0;
};

// Mapped bytes. Those of kRead and kWrite are coherent with every other view of the same file or section. Unmaps when
// destroyed. Outlives what it was mapped from.
class Region {
 public:
  // REQUIRES: kWrite only if the File is writable.
  // Fails with the code that Win32Code calls 487 if the wished address is not to be had.
  static Status Map(const File& file, const MapOptions& options, std::unique_ptr<Region>* region);
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  uint8_t* data() const { return data_; }
  size_t length() const { return length_; }
  bool writable() const { return access_ != Access::kRead; }

  // What has happened in a guarded region. An access that cannot be done finishes on a page of the region's own: a read gives
  // zeroes (on Windows the whole region becomes private zeroes), a store is lost; a store into a region for reading stays
  // in a private copy of the page. Any thread.
  Faults GetFaults() const;

  // Starts writing the modified pages of the range. They are durable after a File::Flush that begins when this has returned.
  // REQUIRES: the range lies inside the region.
  Status StartFlush(size_t offset, size_t length) const;

  // A hint; does nothing where the platform has no such advice. REQUIRES: the range lies inside the region.
  Status Advise(Advice advice, size_t offset, size_t length) const;

 private:
  friend class Section;
  // Maps from a descriptor or section handle. `keeps` lives as long as the region.
  static Status MapHandle(std::shared_ptr<const Handle> keeps, intptr_t handle, const MapOptions& options, bool reserved,
                          std::unique_ptr<Region>* region);
  Region(uint8_t* data, const MapOptions& options, std::shared_ptr<const Handle> keeps, uint32_t guard)
      : data_(data), length_(options.length), access_(options.access), keeps_(std::move(keeps)), guard_(guard) {}

  uint8_t* const data_;
  const size_t length_;
  const Access access_;
  const std::shared_ptr<const Handle> keeps_;
  const uint32_t guard_;  // number in the guard's table; 0 is none
};

enum class Protection { kReadOnly, kReadWrite, kWriteCopy };

struct SectionOptions {
  uint64_t size = 0;  // REQUIRES: more than 0
  Protection protection = Protection::kReadWrite;
  bool reserve = false;  // memory without a file: takes no space before Commit or the first touch of a page
  bool inheritable = false;
};

// Win32's file mapping object: the bytes [0, size) of a file, or memory without a file that starts as zeroes. While it or a
// Region of it lives, the file cannot be cut by a cooperating process (see File::Truncate).
class Section {
 public:
  // Over a file, which grows if it is smaller and the protection is kReadWrite, with space really allocated; else it fails with
  // the code that Win32Code calls 8. Outlives the File. REQUIRES: kReadWrite only if the File is writable.
  // `file` null: memory.
  static Status Create(const File* file, const SectionOptions& options, std::unique_ptr<Section>* section);

  // Over the memory of a named object (objects.h), which begins at `base` of what its handle maps. Keeps the memory, not the name.
  // REQUIRES: `writable` only if the handle is.
  static Status OverMemory(intptr_t handle, uint64_t base, const SectionOptions& options, std::unique_ptr<Section>* section);

  // The address is a multiple of kAllocationGranularity. REQUIRES: the range lies inside the section; kWrite only if
  // `writable()`.
  Status Map(const MapOptions& options, std::unique_ptr<Region>* region) const;

  // Gives reserved bytes real space, so that a lack of it fails here. REQUIRES: created with `reserve`; inside the section.
  Status Commit(uint64_t offset, uint64_t length) const;

  // The same section by another handle, with the right to store only if `writable`. REQUIRES: `writable` only if this one is.
  Status Duplicate(bool writable, bool inheritable, std::unique_ptr<Section>* section) const;

  uint64_t size() const { return size_; }
  bool writable() const { return writable_; }
  bool reserved() const { return reserved_; }
  intptr_t handle() const { return handle_->get(); }

 private:
  Section(std::shared_ptr<const Handle> handle, uint64_t size, bool writable, bool reserved, bool file, uint64_t base = 0)
      : handle_(std::move(handle)), size_(size), writable_(writable), reserved_(reserved), file_(file), base_(base) {}

  const std::shared_ptr<const Handle> handle_;
  const uint64_t size_;
  const bool writable_;
  const bool reserved_;
  const bool file_;  // over a file, not memory
  const uint64_t base_;  // where byte 0 is in what the handle maps
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
