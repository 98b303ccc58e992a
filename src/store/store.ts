/**
 * A store: everything that one open handle of a file offers but for the structures' own operations.
 *
 * It joins the parts: the pager below, the reader and the writer of this handle, the checkpoints, durability, the catalog. The
 * package's public `Store` (`structures/store.ts`) adds the structures.
 */
import { HoldfastError } from '../errors.js'
import { type CheckReport, checkPages } from '../pages/check.js'
import { Checkpointer } from '../pages/checkpoint.js'
import { PAGE_SIZE, type TransactionId } from '../pages/format.js'
import type { PageSet } from '../pages/page-set.js'
import type { PageTransaction, StructureKind, StructureState } from '../pages/page-transaction.js'
import type { Pager } from '../pages/pager.js'
import type { PageRule, Pages } from '../pages/pages.js'
import { closeCleanly, openPager, type RecoveryReport } from '../pages/recovery.js'
import type { Storage } from '../pages/storage.js'
import { Word } from '../sync/control-words.js'
import { Semaphore } from '../sync/semaphore.js'
import { type CatalogTree, optionsOf, TreeCatalog } from './catalog.js'
import { Durability } from './durability.js'
import { applyOperation, CREATE_STRUCTURE, walkOwnedPages } from './kinds.js'
import { Reader } from './reader.js'
import type { Receipt } from './receipt.js'
import type { StoreSnapshot } from './snapshot.js'
import type { StructureHost } from './structure-host.js'
import { Writer } from './writer.js'

/** Options of `open`. */
export interface StoreOptions {
  /** Refuses every write. Default false. */
  readOnly?: boolean
  /** How long a synchronous write waits for another process's writer, in milliseconds. Default 5000. */
  busyTimeoutMs?: number
  /** Log size from which on it starts over, in bytes; a checkpoint begins at half of it. Default 64 MiB, at least 64 KiB. */
  checkpointBytes?: number
}

/** What `StoreCore` is told of the structures above it. */
export interface Kinds {
  readonly catalogTree: CatalogTree
  readonly kinds: readonly StructureKind[]
  /** What they demand of their pages, by `PageType`. */
  readonly pageRules: readonly (PageRule | undefined)[]
}

/** A structure in the store. */
export interface StructureInfo {
  readonly name: string
  readonly kind: string
  readonly options: unknown
  /** Entries. */
  readonly count: number
}

/** Figures of a store; bytes and pages. */
export interface StoreStat {
  readonly transaction: TransactionId
  /** Newest transaction that survives a power cut. */
  readonly durable: TransactionId
  readonly checkpoint: TransactionId
  readonly pageSize: number
  /** Pages in use or free, the header's and meta pages included. */
  readonly pages: number
  /** Pages that may be written, and those that wait for snapshots or a checkpoint. */
  readonly freePages: number
  readonly pendingPages: number
  readonly fileBytes: number
  readonly logBytes: number
  readonly structures: readonly StructureInfo[]
}

const DEFAULT_BUSY_TIMEOUT_MS = 5000
const DEFAULT_CHECKPOINT_BYTES = 64 * 1024 * 1024
const MIN_CHECKPOINT_BYTES = 64 * 1024

export abstract class StoreCore implements StructureHost {
  readonly path: string
  readonly readOnly: boolean
  /** What opening had to bring back; `undefined` if the store had been closed cleanly or others have it open. */
  readonly recovery: RecoveryReport | undefined
  readonly pages: Pages
  private readonly pager: Pager
  private readonly catalog: TreeCatalog
  private readonly reader: Reader
  private readonly writer: Writer
  private readonly durability: Durability
  private readonly checkpointer: Checkpointer
  private readonly semaphore: Semaphore
  private readonly busyTimeoutMs: number
  private closing: Promise<void> | undefined
  private isClosed = false

  constructor(
    private readonly storage: Storage,
    private readonly kinds: Kinds,
    options: StoreOptions,
  ) {
    this.path = storage.data.path
    this.readOnly = options.readOnly ?? false
    this.busyTimeoutMs = numberOption(options.busyTimeoutMs, DEFAULT_BUSY_TIMEOUT_MS, 0, 'busyTimeoutMs')
    const checkpointBytes = numberOption(options.checkpointBytes, DEFAULT_CHECKPOINT_BYTES, MIN_CHECKPOINT_BYTES, 'checkpointBytes')
    this.catalog = new TreeCatalog(kinds.catalogTree)
    const opened = openPager(storage, {
      checkpointBytes,
      busyTimeoutMs: this.busyTimeoutMs,
      catalog: this.catalog,
      pageRules: kinds.pageRules,
      ownedPages: (roots, owned) => walkOwnedPages(this.pager, this.catalog, kinds.kinds, roots, owned),
      apply: (transaction, operation) => applyOperation(kinds.kinds, transaction, operation),
    })
    this.pager = opened.pager
    this.recovery = opened.recovery
    this.pages = this.pager.pages
    this.semaphore = new Semaphore({
      tryAcquire: () => storage.tryLock('writer', 'exclusive'),
      wait: (timeoutMs) => storage.lockWait('writer', 'exclusive', timeoutMs),
      release: () => storage.unlock('writer'),
    })
    this.checkpointer = new Checkpointer(this.pager, this.semaphore, this.busyTimeoutMs)
    this.durability = new Durability(this.pager, this.checkpointer)
    this.reader = new Reader(this.pager, this.catalog)
    this.writer = new Writer({
      pager: this.pager,
      reader: this.reader,
      semaphore: this.semaphore,
      checkpointer: this.checkpointer,
      durability: this.durability,
      busyTimeoutMs: this.busyTimeoutMs,
    })
  }

  /**
   * Runs `change` as one transaction over all structures of the store: visible to every process on return. A throw aborts everything;
   * a nested call joins. Throws `ERR_BUSY` when another process's writer holds the store for longer than `busyTimeoutMs`.
   */
  write<Result>(change: () => Result): Receipt<Result> {
    this.refuseWrites()
    return this.writer.write(change)
  }

  /** A consistent view of all structures as they are now, until released. */
  snapshot(): StoreSnapshot {
    return this.takeSnapshot()
  }

  /** Resolves when everything visible now survives a power cut. */
  async flush(): Promise<void> {
    this.refuseClosed()
    await this.writer.drain()
    await this.durability.when(this.pager.control.newest().transaction)
  }

  /** Writes everything visible into the data file and frees the log. */
  async checkpoint(): Promise<void> {
    this.refuseWrites()
    await this.writer.drain()
    await this.checkpointer.cover(this.pager.control.load(Word.VISIBLE))
  }

  /** The structures of the store. */
  structures(): StructureInfo[] {
    const list: StructureInfo[] = []
    for (const state of this.states()) list.push(this.describe(state))
    return list
  }

  /** Figures of the store as it is now. Waits for the writer's semaphore. */
  async stat(): Promise<StoreStat> {
    this.refuseClosed()
    const { control, storage } = this.pager
    const space = await this.withSpace(() => ({ free: this.pager.space.free.size, pending: this.pager.space.pendingCount }))
    return {
      transaction: control.newest().transaction,
      durable: control.fullId(control.load(Word.DURABLE)),
      checkpoint: control.fullId(control.load(Word.CHECKPOINT_DONE)),
      pageSize: PAGE_SIZE,
      pages: control.newest().highWater,
      freePages: space.free,
      pendingPages: space.pending,
      fileBytes: storage.data.refreshSize(),
      logBytes: this.pager.openLog()?.sizeBytes ?? 0,
      structures: this.structures(),
    }
  }

  /** Verifies the whole file: every checksum, every rule of every structure, and that each page is owned once or free. */
  async check(): Promise<CheckReport> {
    this.refuseClosed()
    const { snapshot, free } = await this.withSpace(() => ({ snapshot: this.snapshot(), free: this.pager.space.all() }))
    try {
      const walk = (owned: PageSet) => walkOwnedPages(this.pager, this.catalog, this.kinds.kinds, snapshot.roots, owned)
      return checkPages(this.pager.pages, snapshot.roots, free, walk)
    } finally {
      snapshot.release()
    }
  }

  /** Commits what is pending, waits until it is durable and closes the handle; idempotent. The last one to close leaves one file. */
  close(): Promise<void> {
    if (this.writer.isInsideWrite) throw new HoldfastError('ERR_INVALID_ARGUMENT', 'a store cannot be closed inside of `write`')
    this.closing ??= this.closeOnce()
    return this.closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // What structures ask for: see `StructureHost`.

  current(): PageTransaction | undefined {
    if (this.isClosed || this.writer.hasDeferred) this.catchUp()
    return this.writer.transaction
  }

  pin(): number {
    return this.reader.pin()
  }

  pinnedState(id: number): Readonly<StructureState> | undefined {
    return this.reader.state(id)
  }

  takeSnapshot(): StoreSnapshot {
    this.refuseClosed()
    return this.reader.snapshot()
  }

  change(): PageTransaction | undefined {
    this.refuseWrites()
    return this.writer.change()
  }

  defer(operation: (transaction: PageTransaction) => void): void {
    this.writer.defer(operation)
  }

  committed(): Promise<void> {
    return this.writer.committed()
  }

  spoil(cause: unknown): void {
    this.writer.spoil(cause)
  }

  // What the public class above asks for.

  /** The state of the structure of this name, created if there is none and `create` is given. */
  protected structure(name: string, create: { kind: StructureKind; options: string } | undefined): StructureState | undefined {
    this.refuseClosed()
    const found = this.findByName(name)
    if (found !== undefined || create === undefined) return found
    this.refuseWrites()
    if (this.writer.isInsideWrite)
      throw new HoldfastError('ERR_INVALID_ARGUMENT', `create the structure "${name}" before the transaction, not inside of it`)
    this.write(() => {
      const transaction = this.writer.transaction
      // Another process may have been faster while we waited for the semaphore.
      if (transaction === undefined || this.findByName(name) !== undefined) return
      const id = transaction.nextStructure
      const key = Buffer.from(name)
      const value = Buffer.from(create.options)
      transaction.record(id, CREATE_STRUCTURE, create.kind.kind, key, key.length, value, value.length)
      transaction.create({ id, kind: create.kind.kind, name, options: create.options, root: 0, depth: 0, count: 0 })
    })
    return this.findByName(name)
  }

  private findByName(name: string): StructureState | undefined {
    for (const state of this.states()) if (state.name === name) return state
    return undefined
  }

  private states(): Iterable<StructureState> {
    this.refuseClosed()
    return this.catalog.list(this.pages, this.reader.pinnedRoots().catalogRoot)
  }

  private describe(state: StructureState): StructureInfo {
    const kind = this.kinds.kinds.find((candidate) => candidate.kind === state.kind)
    return { name: state.name, kind: kind?.name ?? `kind ${state.kind}`, options: optionsOf(state), count: state.count }
  }

  /** Runs `look` while the free space of this process is that of the newest transaction and nobody writes. */
  private async withSpace<Result>(look: () => Result): Promise<Result> {
    await this.writer.drain()
    return this.semaphore.acquire(() => {
      try {
        this.pager.follow()
        return look()
      } finally {
        this.semaphore.release()
      }
    })
  }

  private catchUp(): void {
    this.refuseClosed()
    this.writer.catchUp()
  }

  private refuseClosed(): void {
    if (this.isClosed) throw new HoldfastError('ERR_CLOSED', `the store ${this.path} is closed`)
  }

  private refuseWrites(): void {
    this.refuseClosed()
    if (this.readOnly) throw new HoldfastError('ERR_READ_ONLY', `the store ${this.path} was opened for reading only`)
  }

  private async closeOnce(): Promise<void> {
    try {
      await this.writer.drain()
      this.isClosed = true
      await this.settle()
    } finally {
      this.isClosed = true
      this.reader.close()
      this.pager.log?.close()
      this.storage.close()
    }
  }

  /** Waits for what runs; then, if nobody else has the store open, leaves the data file alone. */
  private async settle(): Promise<void> {
    const { storage, pager } = this
    const poisoned = () => pager.control.load(Word.POISON) !== 0
    if (!poisoned() && !this.readOnly) await this.durability.when(pager.control.newest().transaction)
    await this.durability.stop()
    await this.checkpointer.idle()
    this.reader.close()
    while (!storage.tryLock('opening', 'exclusive')) await new Promise((resolve) => setTimeout(resolve, 1))
    storage.unlock('users')
    // Whoever opens the store next recovers it if this is not done: read-only and poisoned handles leave it to them.
    if (!storage.tryLock('users', 'exclusive')) return
    if (poisoned() || this.readOnly) return
    pager.follow()
    if (pager.control.load(Word.LOG_SALT) !== 0) {
      closeCleanly(pager)
      pager.log?.close()
      storage.removeLog()
      pager.shrink()
    }
    storage.removeControl()
  }
}

function numberOption(value: number | undefined, standard: number, least: number, name: string): number {
  if (value === undefined) return standard
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least)
    throw new HoldfastError('ERR_INVALID_ARGUMENT', `${name} must be a number of at least ${least}`)
  return value
}
