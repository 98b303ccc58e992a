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
  | 'ERR_FILE_NOT_FOUND' // no object of that name
  | 'ERR_PATH_NOT_FOUND' // a backslash in an object's name
  | 'ERR_ACCESS_DENIED' // the handle's rights, the object's mode or its owner forbid it
  | 'ERR_INVALID_HANDLE' // the name belongs to an object of another kind
  | 'ERR_FILENAME_EXCED_RANGE' // an object's name is too long
  | 'ERR_NOT_OWNER' // release of a mutex by a thread that does not own it
  | 'ERR_TOO_MANY_POSTS' // release past a semaphore's maximum
  | 'ERR_UNSUPPORTED' // the platform or file system lacks something that is needed

/** An error of Holdfast itself; `code` is stable and public. */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError'

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
}

/** Stops on a mistake of our own; never used for bad input or for what the world does. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}
