/**
 * A store in files: the storage contract over the mapping layer.
 *
 * `NAME` is the data file, `NAME-log` the log, `NAME-lock` the shared control words. Lock bytes lie far behind the end of the
 * files, where nothing is ever stored: those of the store on the data file, which is never removed while the store exists, those of
 * reader slots on `NAME-lock`, since many held locks make every lock call on the same file slower.
 * How pages are stored is in `mapped-file.ts`.
 */
import { randomBytes } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { assert, HoldfastError } from '../errors.js'
import { File, platformTraits, refuseRemote, removeFile, renameExclusive, syncDirectory, type View } from '../mapping/index.js'
import { CONTROL_SIZE } from '../sync/control-words.js'
import { MappedFile, MixedFile, ViewWrittenFile } from './mapped-file.js'
import type { LockName, Storage, StorageFile } from './storage.js'

/** How pages reach the data file: by positioned writes, by stores into writable views, or by each where it is cheaper. */
export type WritePath = 'write' | 'view' | 'mixed'

export interface NativeStorageOptions {
  readonly readOnly: boolean
  /** The bytes of a new store, header and meta pages; without it the store must exist. */
  readonly create?: () => Uint8Array
  /** Default: 'view' where writes are not promised to reach views, 'mixed' on file systems that overwrite in place, else 'write'. */
  readonly writePath?: WritePath
  /** Opens a store on a network or otherwise unsuitable file system all the same. */
  readonly allowRemote?: boolean
}

/** Where lock bytes begin: behind everything that a file of 2^32 pages can hold. */
const LOCK_OFFSET = 2 ** 52
const LOCK_NAMES: readonly LockName[] = ['opening', 'users', 'writer', 'checkpointer']

/**
 * Opens the files of a store. Creation is atomic: whoever sees the name sees all of it, and of two that create at once one wins and
 * both open the winner's. Throws `ERR_NOT_FOUND`, `ERR_REMOTE_VOLUME`, or the `SystemError` of the file system.
 */
export function openNativeStorage(path: string, options: NativeStorageOptions): Storage {
  const data = openData(path, options) ?? createData(path, options)
  // One store has one `NAME-lock`, by whatever link its data file was reached.
  return new NativeStorage(realpathSync(path), data, options)
}

function openData(path: string, options: NativeStorageOptions): File | undefined {
  const file = openDataFile(path, options)
  if (file !== undefined) checkVolume(file, path, options)
  return file
}

/** Closes a file that must not be mapped where it is, and throws. */
function checkVolume(file: File, path: string, { allowRemote = false }: NativeStorageOptions): void {
  try {
    if (!allowRemote) refuseRemote(file.volume, path)
  } catch (error) {
    file.close()
    throw error
  }
}

function openDataFile(path: string, { readOnly }: NativeStorageOptions): File | undefined {
  try {
    // Also for reading: an exclusive lock needs a file that is open for writing.
    return File.open(path, { access: 'read-write', disposition: 'open-existing' })
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return undefined
    if (readOnly && (code === 'EACCES' || code === 'EPERM' || code === 'EROFS'))
      return File.open(path, { access: 'read', disposition: 'open-existing' })
    throw error
  }
}

function createData(path: string, options: NativeStorageOptions): File {
  if (options.create === undefined) throw new HoldfastError('ERR_NOT_FOUND', `there is no store ${path}`)
  const temporary = `${path}-new-${randomBytes(8).toString('hex')}`
  const file = File.open(temporary, { access: 'read-write', disposition: 'create-new' })
  let renamed = false
  try {
    checkVolume(file, path, options)
    file.write(options.create(), 0)
    file.flushSync()
    file.close()
    renamed = renameExclusive(temporary, path)
  } finally {
    file.close()
    if (!renamed) removeFile(temporary)
  }
  // The loser too: the winner may die before it has come so far.
  syncDirectory(dirname(path))
  const created = openData(path, options)
  if (created === undefined) throw new HoldfastError('ERR_NOT_FOUND', `the store ${path} was removed while it was being created`)
  return created
}

class NativeStorage implements Storage {
  readonly data: MappedFile
  readonly readOnly: boolean
  private readonly logPath: string
  private readonly lockPath: string
  private readonly logs = new Set<StorageFile>()
  private readonly held = new Map<LockName, 'shared' | 'exclusive'>()
  /** `NAME-lock`, open from the first use of the control words to `removeControl` or `close`. */
  private shared: { readonly file: File; readonly view: View } | undefined
  /** Size that the data file is to be cut to when nothing maps it any more. */
  private deferredCut: number | undefined
  private closed = false

  constructor(
    path: string,
    private readonly file: File,
    options: NativeStorageOptions,
  ) {
    this.readOnly = options.readOnly
    this.logPath = `${path}-log`
    this.lockPath = `${path}-lock`
    const writePath = options.writePath ?? standardWritePath(file)
    const cut = platformTraits.mappedFileCanShrink ? (size: number) => file.truncate(size) : (size: number) => this.deferCut(size)
    const DataFile = { write: MappedFile, view: ViewWrittenFile, mixed: MixedFile }[writePath]
    this.data = new DataFile(file, cut)
  }

  openLog(create: boolean): StorageFile | undefined {
    this.refuseClosed()
    const file = this.openLogFile('open-existing') ?? (create ? this.openLogFile('open-always') : undefined)
    if (file === undefined) return undefined
    // Also if it was there: whoever created it may not have come so far.
    if (create) syncDirectory(dirname(this.logPath))
    const log = new MappedFile(file, (size) => file.truncate(size))
    this.logs.add(log)
    return log
  }

  removeLog(): void {
    this.refuseClosed()
    for (const log of this.logs) log.close()
    this.logs.clear()
    if (removeFile(this.logPath)) syncDirectory(dirname(this.logPath))
  }

  /**
   * Opens `NAME-lock` at the first use, which must happen under the lock 'opening': the last user removes the file under that
   * lock, and whoever had opened it before would share its control words with nobody.
   */
  get control(): ArrayBuffer {
    return this.lockFile().view.buffer
  }

  removeControl(): void {
    this.refuseClosed()
    assert(this.held.get('opening') === 'exclusive', "NAME-lock is removed under the lock 'opening'")
    // First, because Windows does not remove a file that is mapped.
    this.closeLockFile()
    removeFile(this.lockPath)
  }

  tryLock(name: LockName, mode: 'shared' | 'exclusive'): boolean {
    return this.noteLock(name, mode, this.file.tryLock(lockOffset(name), mode))
  }

  lockWait(name: LockName, mode: 'shared' | 'exclusive', timeoutMs: number): boolean {
    return this.noteLock(name, mode, this.file.lockWait(lockOffset(name), mode, timeoutMs))
  }

  unlock(name: LockName): void {
    this.refuseClosed()
    // Others may have the store now, and use what was to be cut off.
    if (name === 'users') this.deferredCut = undefined
    this.file.unlock(lockOffset(name))
    this.held.delete(name)
  }

  tryLockSlot(index: number): boolean {
    return this.lockFile().file.tryLock(LOCK_OFFSET + index, 'exclusive')
  }

  unlockSlot(index: number): void {
    this.refuseClosed()
    this.shared?.file.unlock(LOCK_OFFSET + index)
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    for (const log of this.logs) log.close()
    this.closeLockFile()
    this.data.unmap()
    try {
      if (this.deferredCut !== undefined && this.held.get('users') === 'exclusive') this.file.truncate(this.deferredCut)
    } finally {
      this.data.close()
    }
  }

  private noteLock(name: LockName, mode: 'shared' | 'exclusive', locked: boolean): boolean {
    if (locked) this.held.set(name, mode)
    return locked
  }

  private deferCut(size: number): void {
    this.deferredCut = size
  }

  private openLogFile(disposition: 'open-existing' | 'open-always'): File | undefined {
    try {
      return File.open(this.logPath, { access: this.file.access, disposition })
    } catch (error) {
      if (disposition === 'open-existing' && codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  private lockFile(): { readonly file: File; readonly view: View } {
    this.refuseClosed()
    if (this.shared !== undefined) return this.shared
    assert(this.held.get('opening') === 'exclusive', "NAME-lock is opened under the lock 'opening'")
    const file = File.open(this.lockPath, { access: 'read-write', disposition: 'open-always' })
    try {
      file.allocate(CONTROL_SIZE)
      // Without the guard: on a private page this process would go on alone, as if nobody else had the store open.
      this.shared = { file, view: file.view({ offset: 0, length: CONTROL_SIZE, access: 'write', guard: false }) }
    } catch (error) {
      file.close()
      throw error
    }
    return this.shared
  }

  private closeLockFile(): void {
    this.shared?.view.unmap()
    this.shared?.file.close()
    this.shared = undefined
  }

  private refuseClosed(): void {
    if (this.closed) throw new HoldfastError('ERR_CLOSED', `the storage ${this.file.path} is closed`)
  }
}

function standardWritePath(file: File): WritePath {
  if (!platformTraits.writesReachViews) return 'view'
  return file.volume.overwritesInPlace ? 'mixed' : 'write'
}

function lockOffset(name: LockName): number {
  return LOCK_OFFSET + LOCK_NAMES.indexOf(name)
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}
