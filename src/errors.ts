/**
 * The errors that Holdfast raises, each with a stable code.
 *
 * Every error that a caller can meet is a `HoldfastError` whose `code` is documented in `docs/errors.md`
 * with its cause and remedy. Errors of the operating system are `SystemError`s: they keep `code` (ENOSPC, EIO ...),
 * `errno`, `syscall` and `path` as Node's own errors do. Assertions (`assert`) are for our own mistakes.
 */

/** Stable public codes; the headings of `docs/errors.md`. */
export type ErrorCode =
  | 'ERR_CLOSED' // the store, file or view was closed
  | 'ERR_INVALID_ARGUMENT' // an argument of the wrong type or out of range
  | 'ERR_INVALID_KEY' // a key that the tree's encoding cannot hold
  | 'ERR_KEY_TOO_LARGE' // a key longer than the page size allows
  | 'ERR_INVALID_VALUE' // a value that the tree's encoding cannot hold
  | 'ERR_VALUE_TOO_LARGE' // a value longer than 1 GiB
  | 'ERR_NOT_FOUND' // no such store file
  | 'ERR_FOREIGN_FILE' // the file is not a Holdfast store
  | 'ERR_NEWER_FORMAT' // the file was written by a newer, incompatible version
  | 'ERR_DAMAGED' // a checksum or a structural rule of the file does not hold
  | 'ERR_SCHEMA_MISMATCH' // a structure was opened with other encodings than it was created with
  | 'ERR_READ_ONLY' // a write through a read-only store
  | 'ERR_BUSY' // the writer's semaphore was not free in time
  | 'ERR_POISONED' // an earlier flush failed; reopen the store to recover
  | 'ERR_TOO_MANY_READERS' // all reader slots are taken
  | 'ERR_ASYNC_TRANSACTION' // an async function was given to `write`
  | 'ERR_ABORTED' // the transaction was aborted
  | 'ERR_STORE_FULL' // 2^32 pages are in use
  | 'ERR_UNSUPPORTED' // the platform or file system lacks something that is needed
  | ModelErrorCode

/** Codes of the file-mapping model: those of the Win32 errors, `ERR_` for `ERROR_`. Raised as `MappingError`s. */
export type ModelErrorCode =
  | 'ERR_ACCESS_DENIED' // ERROR_ACCESS_DENIED, 5: the handle or the protection does not allow it, or a range is outside of the mapping
  | 'ERR_ALREADY_EXISTS' // ERROR_ALREADY_EXISTS, 183: the name is taken
  | 'ERR_FILE_INVALID' // ERROR_FILE_INVALID, 1006: a mapping of size 0 of an empty file
  | 'ERR_FILE_NOT_FOUND' // ERROR_FILE_NOT_FOUND, 2: no object has this name
  | 'ERR_FILENAME_EXCED_RANGE' // ERROR_FILENAME_EXCED_RANGE, 206: the name is too long
  | 'ERR_INVALID_ADDRESS' // ERROR_INVALID_ADDRESS, 487: the wished address is taken or cannot be had
  | 'ERR_INVALID_HANDLE' // ERROR_INVALID_HANDLE, 6: the name belongs to an object of another kind
  | 'ERR_INVALID_NAME' // ERROR_INVALID_NAME, 123: what cannot be a name
  | 'ERR_INVALID_PARAMETER' // ERROR_INVALID_PARAMETER, 87: page-file memory of size 0
  | 'ERR_MAPPED_ALIGNMENT' // ERROR_MAPPED_ALIGNMENT, 1132: an offset or address is no multiple of the allocation granularity
  | 'ERR_NOT_ENOUGH_MEMORY' // ERROR_NOT_ENOUGH_MEMORY, 8: a read-only mapping larger than its file
  | 'ERR_NOT_OWNER' // ERROR_NOT_OWNER, 288: a mutex was released by somebody else than its owner
  | 'ERR_PATH_NOT_FOUND' // ERROR_PATH_NOT_FOUND, 3: a name with a backslash behind its prefix
  | 'ERR_READ_ONLY_VIEW' // ERROR_NOACCESS, 998: a store into a view that was mapped for reading
  | 'ERR_REMOTE_VOLUME' // ERROR_NOT_SUPPORTED, 50: the file is on a network or otherwise unsuitable file system
  | 'ERR_TOO_MANY_POSTS' // ERROR_TOO_MANY_POSTS, 298: a semaphore was released past its maximum
  | 'ERR_USER_MAPPED_FILE' // ERROR_USER_MAPPED_FILE, 1224: a mapped file cannot be cut or overwritten
  | 'ERR_VIEW_FAULT' // ERROR_SWAPERROR, 999: bytes of a view could not be reached

/** An error of Holdfast itself; `code` is stable and public. */
export class HoldfastError extends Error {
  override readonly name: string = 'HoldfastError'

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** An error that the operating system returned, shaped as Node's own. Raised by the native layer. */
export interface SystemError extends Error {
  readonly code: string
  readonly errno: number
  readonly syscall: string
  readonly path?: string
  /** What Win32 calls this failure, on every platform: 5. Missing on errors that a storage in memory makes up. */
  readonly win32Code?: number
  /** Its symbolic name: 'ERROR_ACCESS_DENIED'; missing for a code without one in Holdfast's table. */
  readonly win32Name?: string
}

/** Stops on a mistake of our own; never used for bad input or for what the world does. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}
