/**
 * A file that can be mapped: opened, grown, read, written, flushed, locked.
 *
 * Offsets and lengths are in bytes and safe integers throughout. Failures of the operating system are `SystemError`s; a call on
 * a closed file is `ERR_CLOSED`; arguments of the wrong type or out of range are `ERR_INVALID_ARGUMENT` and change nothing.
 * On POSIX the file is one open file description and its locks are the description's: no other open of the same file drops them.
 */
import { HoldfastError } from '../errors.js'
import { checkBytes, checkChoice, checkFlag, checkOffset, checkPath, describe, invalidArgument } from './arguments.js'
import { type NativeFile, type NativeView, native } from './native.js'
import { checkRuns } from './page-runs.js'
import { allocationGranularity, checkRange, MAX_VIEW_LENGTH, mapView, VIEW_ACCESSES, View, type ViewAccess } from './view.js'
import { classifyVolume, type Volume } from './volume.js'
import { modelled } from './win32-error.js'

const DISPOSITIONS = ['open-existing', 'create-new', 'open-always', 'create-always', 'truncate-existing'] as const

/** What to do about a file that is there, or is not; the words are Win32's. */
export type Disposition = (typeof DISPOSITIONS)[number]

/** 'shared' locks stand beside each other, an 'exclusive' one stands alone. */
export type LockMode = 'shared' | 'exclusive'

export interface FileOptions {
  readonly access: 'read' | 'read-write'
  readonly disposition: Disposition
  /**
   * What others may do with the file while it is open here; all three by default. Enforced on Windows. POSIX systems have no
   * share modes: the value is checked and has no further effect there; use locks.
   */
  readonly share?: { readonly read?: boolean; readonly write?: boolean; readonly delete?: boolean }
  /** Permissions of a new file, less the umask; 0o666 by default. POSIX only. */
  readonly mode?: number
  /** Child processes get the handle too (POSIX: at the same number); `false` by default. */
  readonly inheritable?: boolean
}

/** A range of a file to be mapped. */
export interface FileViewOptions {
  /** A multiple of 64 KiB. */
  readonly offset: number
  readonly length: number
  readonly access: ViewAccess
  /** Whether faults of the view are absorbed and reported, instead of ending the process; `true` by default. See `guard.ts`. */
  readonly guard?: boolean
}

/** A range of a view that is to be written before its file is flushed. */
export interface ViewRange {
  readonly view: View
  readonly offset: number
  readonly length: number
}

/** An open regular file. */
export class File {
  /** The path that it was opened by. */
  readonly path: string
  readonly access: 'read' | 'read-write'
  private native: NativeFile | undefined
  /** Offsets of the locks that are held here. */
  private readonly locks = new Set<number>()

  private constructor(path: string, options: FileOptions) {
    this.path = path
    this.access = options.access
    const { read = true, write = true, delete: remove = true } = options.share ?? {}
    const share = (read ? 1 : 0) | (write ? 2 : 0) | (remove ? 4 : 0)
    const disposition = DISPOSITIONS.indexOf(options.disposition)
    const { mode = 0o666, inheritable = false } = options
    this.native = modelled(
      ['ERR_USER_MAPPED_FILE'],
      () => new native.File(path, options.access === 'read-write', disposition, share, mode, inheritable),
    )
  }

  /**
   * Opens or creates a file. 'create-always' and 'truncate-existing' need read-write access; `ERR_USER_MAPPED_FILE` while
   * anybody has a `FileMapping` of the file.
   */
  static open(path: string, options: FileOptions): File {
    checkPath(path, 'path')
    checkOptions(options)
    return new File(path, options)
  }

  /** The size of the file now; asked anew each time, since others may change it. */
  get size(): number {
    return this.opened().size()
  }

  /** The file system that the file is on. */
  get volume(): Volume {
    return classifyVolume(this.opened().volume())
  }

  /** Copies bytes at `offset` into `target`; returns how many there were before the end of the file. */
  read(target: Uint8Array, offset: number): number {
    const file = this.opened()
    checkBytes(target, 'target')
    checkOffset(offset, 'offset')
    return file.read(target, offset)
  }

  /** Writes all of `source` at `offset`; extends the file when it ends behind its end. A failed call can have written a part. */
  write(source: Uint8Array, offset: number): void {
    const file = this.opened()
    checkBytes(source, 'source')
    checkOffset(offset, 'offset')
    this.checkWritable()
    file.write(source, offset)
  }

  /** Seals runs of pages (see `page-runs.ts`) and writes them, neighbours in one system call, at page number times `pageSize`. */
  writePages(arena: readonly Uint8Array[], runs: Uint32Array, runCount: number, pageSize: number): void {
    const file = this.opened()
    checkRuns(arena, runs, runCount, pageSize)
    this.checkWritable()
    file.writePages(arena, runs, runCount, pageSize)
  }

  /**
   * Grows the file to at least `size` with space really allocated, so that a full disk is an error here (ENOSPC) and never a
   * fault at a later store through a view. Never shrinks. A failed call can have grown the file. Where the file system cannot
   * allocate, zeroes are written; nobody else may write behind the end of the file meanwhile.
   */
  allocate(size: number): void {
    const file = this.opened()
    checkOffset(size, 'size')
    this.checkWritable()
    file.allocate(size)
  }

  /**
   * Sets the size, either way; growth may leave a hole. `ERR_USER_MAPPED_FILE` and nothing cut while a `FileMapping` of the file, or
   * a view of one, is open in any process; on Windows any mapping and any view is enough. On POSIX the kernel would let
   * it happen: a lock among Holdfast's processes prevents it, and programs that know nothing of it are not kept from cutting.
   * Bytes of a `File.view` that are cut off must not be touched any more.
   */
  truncate(size: number): void {
    const file = this.opened()
    checkOffset(size, 'size')
    this.checkWritable()
    modelled(['ERR_USER_MAPPED_FILE'], () => file.truncate(size))
  }

  /**
   * Makes the file durable, on a thread of Node's pool: everything written before this call, also through views (on Windows those
   * ranges that were flushed, or are given here to be flushed first). Rejects with the system's error; after a failure, what
   * is durable is unknown, and a second flush may succeed without having written anything. Needs read-write access.
   */
  async flush(views: readonly ViewRange[] = []): Promise<void> {
    const file = this.opened()
    this.checkWritable()
    if (!Array.isArray(views)) throw invalidArgument('views must be an array of ranges')
    const ranges: (NativeView | number)[] = []
    for (const { view, offset, length } of views) {
      ranges.push(View.nativeOf(view), offset, length)
      checkRange(view, offset, length)
    }
    await file.flush(ranges)
  }

  /** The same for the file alone, waiting here. */
  flushSync(): void {
    const file = this.opened()
    this.checkWritable()
    file.flushSync()
  }

  /**
   * Locks the byte at `offset`, which may lie behind the end of the file, if it is free: `false` if not. Locks of two `File`s stand
   * against each other, in one process too; they end with `unlock`, `close` and the death of the process. An exclusive lock
   * needs read-write access. A byte that is locked here already is refused: change a lock's mode by unlocking first.
   * On Windows others cannot read or write the byte itself, so lock bytes that nobody stores anything at.
   */
  tryLock(offset: number, mode: LockMode): boolean {
    const file = this.opened()
    this.checkLock(offset, mode)
    const locked = file.tryLock(offset, mode === 'exclusive')
    if (locked) this.locks.add(offset)
    return locked
  }

  /** Waits for the lock, blocking this thread for at most `timeoutMs`; `false` if it was not to be had. Not a queue: the quickest wins. */
  lockWait(offset: number, mode: LockMode, timeoutMs: number): boolean {
    const file = this.opened()
    this.checkLock(offset, mode)
    if (!(typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs <= 2 ** 31))
      throw invalidArgument(`timeoutMs must be a number from 0 to 2^31, not ${describe(timeoutMs)}`)
    const locked = file.lockWait(offset, mode === 'exclusive', Math.ceil(timeoutMs))
    if (locked) this.locks.add(offset)
    return locked
  }

  /** Frees a lock; nothing happens if it is not held here. */
  unlock(offset: number): void {
    const file = this.opened()
    checkOffset(offset, 'offset')
    if (!this.locks.has(offset)) return
    file.unlock(offset)
    this.locks.delete(offset)
  }

  /**
   * Maps a range. `offset` is a multiple of 64 KiB. On POSIX a view may reach past the end of the file, and touching what lies
   * there is a fault (see `View`) until the file has grown; on Windows it may not (a `SystemError`). A write view needs read-write access.
   */
  view(options: FileViewOptions): View {
    const file = this.opened()
    if (typeof options !== 'object' || options === null) throw invalidArgument('options must be an object')
    const { offset, length, access, guard = true } = options
    checkOffset(offset, 'offset')
    checkOffset(length, 'length')
    checkChoice(access, VIEW_ACCESSES, 'access')
    checkFlag(guard, 'guard')
    if (offset % allocationGranularity !== 0) throw invalidArgument(`offset must be a multiple of ${allocationGranularity}, not ${offset}`)
    if (length === 0 || length > MAX_VIEW_LENGTH) throw invalidArgument(`length must be from 1 to ${MAX_VIEW_LENGTH}, not ${length}`)
    if (access === 'write') this.checkWritable()
    return mapView(file, { offset, length, access, guard, address: 0, path: this.path })
  }

  /** Frees the locks and closes. Views stay; a flush that is under way finishes on a reference of its own. Idempotent. */
  close(): void {
    if (this.native === undefined) return
    // One by one, because a flush under way keeps the file, and with it the locks, open.
    for (const offset of this.locks) this.native.unlock(offset)
    this.locks.clear()
    this.native.close()
    this.native = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /**
   * The native half of an open file, for this folder. Throws `ERR_CLOSED`, or `ERR_INVALID_ARGUMENT` for what is no file.
   * @internal
   */
  static nativeOf(file: File): NativeFile {
    if (!(file instanceof File)) throw invalidArgument(`file must be a File, not ${describe(file)}`)
    return file.opened()
  }

  private opened(): NativeFile {
    if (this.native === undefined) throw new HoldfastError('ERR_CLOSED', `the file '${this.path}' is closed`)
    return this.native
  }

  private checkWritable(): void {
    if (this.access !== 'read-write') throw invalidArgument(`the file '${this.path}' is open for reading only`)
  }

  private checkLock(offset: number, mode: LockMode): void {
    checkOffset(offset, 'offset')
    checkChoice(mode, ['shared', 'exclusive'], 'mode')
    if (mode === 'exclusive') this.checkWritable()
    if (this.locks.has(offset)) throw invalidArgument(`the byte at ${offset} is locked by this file already`)
  }
}

function checkOptions(options: FileOptions): void {
  if (typeof options !== 'object' || options === null) throw invalidArgument('options must be an object')
  checkChoice(options.access, ['read', 'read-write'], 'access')
  checkChoice(options.disposition, DISPOSITIONS, 'disposition')
  if (options.access === 'read' && (options.disposition === 'create-always' || options.disposition === 'truncate-existing'))
    throw invalidArgument(`the disposition '${options.disposition}' needs read-write access`)
  const { share, mode, inheritable = false } = options
  checkFlag(inheritable, 'inheritable')
  if (share !== undefined && (typeof share !== 'object' || share === null)) throw invalidArgument('share must be an object')
  for (const key of ['read', 'write', 'delete'] as const) {
    if (share?.[key] !== undefined && typeof share[key] !== 'boolean') throw invalidArgument(`share.${key} must be a boolean`)
  }
  if (mode !== undefined && (!Number.isSafeInteger(mode) || mode < 0 || mode > 0o7777))
    throw invalidArgument(`mode must be an integer from 0 to 0o7777, not ${describe(mode)}`)
}
