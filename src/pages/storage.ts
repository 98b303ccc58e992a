/**
 * What the page store asks of the world: the only way by which it changes a disk or talks to other processes.
 *
 * Three implementations keep this contract: native with positioned writes and native with writable views
 * (`native-storage.ts`), and in memory with a recorder that knows what a power cut would leave (`memory-storage.ts`).
 * Every on-disk change of Holdfast is one of the calls below, so the recorder sees them all (invariant S1).
 *
 * Guarantees that an implementation gives and the page store relies on:
 * - A write is visible to every mapping and every read of the file, in all processes, when the call returns.
 * - A write is durable when a flush of that file that began after it has returned; without one, any subset of its
 *   512-byte units may survive a power cut. The size of a file is durable with its next flush.
 * - A name (`create`, `removeLog`) is durable when the call returns.
 * - A flush that failed is never retried by the caller; what it covered is unknown.
 */

/** A file of the store. All offsets and lengths are in bytes; offsets are safe integers. */
export interface StorageFile {
  /** Name for messages. */
  readonly path: string
  /** Pages in one mapped segment: a power of two. */
  readonly segmentPages: number
  /** The size of the file now, asked anew: another process may have grown it. */
  refreshSize(): number
  /** Copies bytes at `offset` into `target`; returns how many there were before the end of the file. */
  read(target: Uint8Array, offset: number): number
  /** Writes all of `source` at `offset`; extends the file when it ends behind its end. */
  write(source: Uint8Array, offset: number): void
  /**
   * Seals and writes pages. `runs` holds four u32 for each of `runCount` runs, ascending by page number: page number, index
   * into `arena`, byte offset in that arena chunk, number of pages. The CRC-32C of each run is computed and stored in its first 4 bytes.
   * The file must already be large enough.
   */
  writePages(arena: readonly Buffer[], runs: Uint32Array, runCount: number): void
  /** Grows the file to at least `size`, with space really allocated: a full disk is an error here. Never shrinks. */
  allocate(size: number): void
  /** Cuts the file to `size`; the caller is alone and no view covers what goes. */
  truncate(size: number): void
  /** Makes durable everything written before this call; runs off the event loop. */
  flush(): Promise<void>
  /** The same, waiting here. */
  flushSync(): void
  /** Maps segment `index` of the file for reading; may cover space behind the end of the file, which must not be touched. */
  map(index: number): ArrayBuffer
  /** Throws if mapped bytes could not be reached, or were stored into, since they were mapped. Missing where that cannot be. */
  check?(): void
  close(): void
}

/** The locks that processes hold on a store; the kernel frees them when their holder dies. */
export type LockName =
  /** Held exclusively for moments, by whoever opens or closes the store. */
  | 'opening'
  /** Held shared by every open handle; exclusively it means alone. */
  | 'users'
  /** The writer's semaphore. */
  | 'writer'
  /** Held by whoever runs a checkpoint. */
  | 'checkpointer'

/** A store's files, shared memory and locks. One instance for each open handle. */
export interface Storage {
  /** The data file. */
  readonly data: StorageFile
  readonly readOnly: boolean
  /** Opens the log, or creates it empty (its name durable on return) when `create` is set; `undefined` if there is none. */
  openLog(create: boolean): StorageFile | undefined
  /** Removes the log; the removal is durable on return. The caller is alone. */
  removeLog(): void
  /** The control words shared by all handles of this store: the contents of `NAME-lock`, zeroed by `resetControl`. */
  readonly control: ArrayBuffer
  /** Takes a lock if it is free; `false` if not. Locks are not recursive. */
  tryLock(name: LockName, mode: 'shared' | 'exclusive'): boolean
  /** Waits for a lock, blocking the thread for at most `timeoutMs`; `false` if it was not to be had. */
  lockWait(name: LockName, mode: 'shared' | 'exclusive', timeoutMs: number): boolean
  unlock(name: LockName): void
  /** Takes the exclusive lock of reader slot `index`, which proves that its owner lives; `false` if somebody holds it. */
  tryLockSlot(index: number): boolean
  unlockSlot(index: number): void
  /** Removes `NAME-lock`; the caller is alone and closes next. */
  removeControl(): void
  /** Unmaps, closes and frees the locks; idempotent. */
  close(): void
}
