/**
 * The page store of one open handle: begins, commits and aborts write transactions, and follows those of other processes.
 *
 * Who calls `begin` holds the writer's semaphore until `commit` or `abort` returned (invariant W3). A commit writes the redo frame,
 * then the pages, then publishes the roots: from that store on the transaction is visible; it is durable when a flush of
 * the log that began later has returned (`Durability`). What a failed commit wrote is unreachable.
 */
import { HoldfastError } from '../errors.js'
import { ControlWords, type Roots, Word } from '../sync/control-words.js'
import { ReaderSlots } from '../sync/reader-slots.js'
import { Arena } from './arena.js'
import { FIRST_PAGE, nextTransactionId, PAGE_SIZE, type TransactionId } from './format.js'
import { FreeSpace } from './free-space.js'
import { freelistChain, freelistRanges } from './freelist.js'
import { newestMeta } from './meta.js'
import { PageSet } from './page-set.js'
import type { Catalog, StructureState } from './page-transaction.js'
import { type PageRule, Pages } from './pages.js'
import { FrameBuilder, FrameFlag } from './redo-frame.js'
import { LOG_FIRST_FRAME, RedoLog } from './redo-log.js'
import { Segment } from './segment.js'
import type { Storage } from './storage.js'
import { Transaction } from './transaction.js'

/** Growth of the data file: an eighth of its size within these bounds. */
const MIN_GROWTH_BYTES = 256 * 1024
const MAX_GROWTH_BYTES = 64 * 1024 * 1024

/** Options of `Pager.commit`. */
export interface CommitOptions {
  frameFlags?: number
  /** First page of the new free list, if the transaction wrote one. */
  freelist?: number
  onFrame?: () => void
}

export interface PagerOptions {
  /** Log size from which on it starts over; a checkpoint begins at half of it. */
  checkpointBytes: number
  catalog: Catalog
  /** What structures demand of their pages, by `PageType`. */
  pageRules: readonly (PageRule | undefined)[]
  /** Adds every page that the structures of a state own to the set. */
  ownedPages: (roots: Roots, owned: PageSet) => void
}

export class Pager {
  readonly control: ControlWords
  readonly slotsOfReaders: ReaderSlots
  readonly pages: Pages
  readonly arena = new Arena()
  readonly frame = new FrameBuilder()
  /** Pages that the open transaction allocated and still holds. */
  readonly owned = new PageSet()
  readonly emptySegment = new Segment(new ArrayBuffer(PAGE_SIZE))
  readonly catalog: Catalog
  /** Operations of one transaction beyond this many bytes are not logged. */
  readonly maxLoggedBytes: number
  /** By page number: where the open transaction has the page in the arena, 0 if it does not. */
  slots = new Uint32Array(1024)
  space: FreeSpace
  /** The transaction up to which this process has followed. */
  roots: Roots
  log: RedoLog | undefined
  /** Bytes of the data file known to be allocated. */
  private allocatedBytes = 0

  constructor(
    readonly storage: Storage,
    readonly storeId: Uint8Array,
    private readonly options: PagerOptions,
  ) {
    this.control = new ControlWords(storage.control)
    this.slotsOfReaders = new ReaderSlots(this.control, storage)
    this.pages = new Pages(storage.data, options.pageRules)
    this.catalog = options.catalog
    this.maxLoggedBytes = Math.floor(options.checkpointBytes / 4)
    // Nothing is known of the free space before the first write: `begin` loads it.
    this.space = new FreeSpace(0)
    this.roots = {
      transaction: 0,
      catalogRoot: 0,
      catalogDepth: 0,
      catalogCount: 0,
      highWater: 0,
      logEnd: 0,
      freelist: 0,
      nextStructure: 0,
    }
  }

  /** Begins a transaction. The caller holds the writer's semaphore. Throws `ERR_POISONED`, or what `Pages.check` throws. */
  begin(): Transaction {
    this.refusePoisoned()
    this.pages.check()
    this.follow()
    const { control, roots } = this
    const oldest = this.slotsOfReaders.oldest(control.load(Word.VISIBLE))
    const checkpoint = control.load(Word.CHECKPOINT_DONE)
    this.space.reclaim(oldest, checkpoint)
    return this.transaction(nextTransactionId(roots.transaction), oldest, checkpoint)
  }

  /** A transaction of the given id on the newest roots; recovery numbers them itself. */
  transaction(id: TransactionId, oldest: number, checkpoint: number): Transaction {
    const { roots } = this
    this.frame.reset()
    this.slotsFor(this.space.highWater)
    const catalog: StructureState = {
      id: 0,
      kind: 0,
      name: '',
      options: '',
      root: roots.catalogRoot,
      depth: roots.catalogDepth,
      count: roots.catalogCount,
    }
    const youngAfter = this.control.fullId(this.control.load(Word.CHECKPOINT_STARTED))
    return new Transaction(this, id, catalog, roots.nextStructure, oldest, checkpoint, youngAfter)
  }

  /**
   * Makes a transaction visible. `onFrame` is called when its frame is in the log: a flush that begins then makes it durable. On an error nothing
   * of it remains; a log that cannot be mended poisons the store.
   */
  commit(transaction: Transaction, { frameFlags = 0, freelist = this.roots.freelist, onFrame = () => {} }: CommitOptions = {}): Roots {
    this.prepare(transaction)
    const { log, at, length, flags } = this.writeFrame(transaction, frameFlags)
    try {
      onFrame()
      transaction.writePages()
    } catch (error) {
      this.giveUpFrame(log, at)
      throw error
    }
    const low = transaction.id >>> 0
    if ((flags & FrameFlag.CHECKPOINT) !== 0) this.control.store(Word.CHECKPOINT_STARTED, low)
    if ((flags & FrameFlag.UNLOGGED) !== 0) this.control.store(Word.BARRIER, low)
    this.adopt(transaction, at + length, freelist)
    return this.roots
  }

  /** Makes a transaction of a recovery visible, as `id`: its operations are in the log already. */
  commitRecovered(transaction: Transaction, id: TransactionId, freelist = this.roots.freelist): void {
    this.prepare(transaction)
    transaction.writePages()
    this.adopt(transaction, LOG_FIRST_FRAME, freelist, id)
  }

  /** Drops a transaction: nothing of it was visible. */
  abort(transaction: Transaction): void {
    transaction.leaveArena()
    for (const [start, count] of this.owned.ranges()) for (let page = start; page < start + count; page++) this.space.free.add(page)
    this.owned.clear()
    this.space.restore(this.roots.highWater)
  }

  /** Makes sure the data file has room for `highWater` pages. Throws a `SystemError`, ENOSPC above all. */
  reserve(highWater: number): void {
    const needed = highWater * PAGE_SIZE
    if (needed <= this.allocatedBytes) return
    const size = this.storage.data.refreshSize()
    const growth = Math.min(Math.max(size / 8, MIN_GROWTH_BYTES), MAX_GROWTH_BYTES)
    const wanted = Math.ceil(Math.max(needed, size + growth) / 65536) * 65536
    if (needed > size) this.storage.data.allocate(wanted)
    this.allocatedBytes = needed > size ? wanted : size
  }

  /** Gives the space behind the high-water mark back. The caller is alone and closes next. */
  shrink(): void {
    const size = this.roots.highWater * PAGE_SIZE
    if (this.storage.data.refreshSize() > size) this.storage.data.truncate(size)
  }

  /** `slots`, large enough for every page up to `page`. */
  slotsFor(page: number): Uint32Array {
    if (page >= this.slots.length) {
      const slots = new Uint32Array(Math.max(page + 1, this.slots.length * 2))
      slots.set(this.slots)
      this.slots = slots
    }
    return this.slots
  }

  /** Whether the log has room for a frame of any size; else a checkpoint has to make some first. */
  get logHasRoom(): boolean {
    const { checkpointBytes } = this.options
    if (this.log === undefined) return true
    return (
      this.logUsedBytes <= checkpointBytes &&
      this.log.place(checkpointBytes / 2, this.logStart, this.roots.logEnd, checkpointBytes) !== undefined
    )
  }

  /** Bytes of log frames that no checkpoint covers. */
  get logUsedBytes(): number {
    const used = this.roots.logEnd - this.logStart
    return used >= 0 ? used : used + Math.max(this.options.checkpointBytes, this.log?.sizeBytes ?? 0) - LOG_FIRST_FRAME
  }

  get wantsCheckpoint(): boolean {
    return this.logUsedBytes > this.options.checkpointBytes / 2 || this.barrier !== 0
  }

  /** The newest transaction that only a checkpoint can make durable, low word; 0 if there is none. */
  get barrier(): number {
    const barrier = this.control.load(Word.BARRIER)
    return barrier !== 0 && ((this.control.load(Word.CHECKPOINT_DONE) - barrier) | 0) < 0 ? barrier : 0
  }

  get logStart(): number {
    return this.control.load(Word.LOG_START) * 8
  }

  /** Stops writing in all processes until the store was reopened by somebody alone (invariant D2). */
  poison(): void {
    this.control.store(Word.POISON, 1)
  }

  refusePoisoned(): void {
    if (this.control.load(Word.POISON) !== 0)
      throw new HoldfastError(
        'ERR_POISONED',
        'an earlier write to the disk failed; close the store in all processes and open it again to recover',
      )
  }

  /** The log, opened now if another process has created it. */
  openLog(): RedoLog | undefined {
    if (this.log === undefined && this.control.load(Word.LOG_SALT) !== 0) this.log = RedoLog.open(this.storage, this.storeId)
    return this.log
  }

  /** Brings `space` and `roots` up to the newest visible transaction. The caller holds the writer's semaphore. */
  follow(): void {
    const newest = this.control.newest()
    if (newest.transaction === this.roots.transaction) return
    if (this.roots.transaction === 0 || !this.applyFrames(this.roots.transaction, this.roots.logEnd, newest)) this.load(newest)
    this.roots = newest
  }

  /** Works the free space out from the newest checkpoint's free list and the log, or else from the pages themselves. */
  private load(newest: Roots): void {
    const { meta } = newestMeta(this.storage.data)
    // Live snapshots may need pages that the list names, and its checkpoint may not be durable yet: they wait for both.
    const listed: number[] = []
    for (const [start, count] of freelistRanges(this.pages, meta.freelist, meta.highWater))
      for (let page = start; page < start + count; page++) listed.push(page)
    this.space = new FreeSpace(meta.highWater)
    this.space.commit(meta.transaction >>> 0, [], listed)
    if (this.applyFrames(meta.transaction, meta.logStart, newest)) return
    const owned = new PageSet()
    this.options.ownedPages(newest, owned)
    for (const page of freelistChain(this.pages, newest.freelist)) owned.add(page)
    this.space = new FreeSpace(newest.highWater)
    const rest: number[] = []
    for (let page: number = FIRST_PAGE; page < newest.highWater; page++) if (!owned.has(page)) rest.push(page)
    this.space.commit(newest.transaction >>> 0, [], rest)
  }

  /** Applies the frames behind transaction `after` up to the newest; `false` if one is missing or does not say enough. */
  private applyFrames(after: TransactionId, at: number, newest: Roots): boolean {
    if (after === newest.transaction) return true
    const log = this.openLog()
    if (log === undefined) return false
    for (const frame of log.frames(after, at)) {
      const change = frame.space()
      if (change === undefined || !this.space.apply(change)) return false
      if (frame.transaction === newest.transaction) return true
    }
    return false
  }

  /** Saves the states and makes room in the file. */
  private prepare(transaction: Transaction): void {
    if (transaction.spoiled !== undefined) throw transaction.spoiled
    for (const state of transaction.states.values()) this.catalog.save(transaction, transaction.catalog, state)
    this.reserve(this.space.highWater)
  }

  private writeFrame(transaction: Transaction, frameFlags: number): { log: RedoLog; at: number; length: number; flags: number } {
    const log = this.openLog() ?? this.createLog()
    let flags = frameFlags | (transaction.logged ? 0 : FrameFlag.UNLOGGED)
    const { freedYoung, freedOld, oldest, checkpoint } = transaction
    if (8 * this.owned.size + 4 * (freedYoung.length + freedOld.length) > this.maxLoggedBytes) flags |= FrameFlag.NO_SPACE
    const header = {
      salt: log.header.salt,
      transaction: transaction.id,
      flags,
      time: Date.now(),
      nextStructure: transaction.nextStructure,
      durable: this.control.load(Word.DURABLE),
    }
    const space = {
      transaction: transaction.id,
      oldest,
      checkpoint,
      allocated: this.owned.ranges(),
      freedYoung,
      freedOld,
      highWater: this.space.highWater,
    }
    const frame = this.frame.finish(header, space)
    const at = log.place(frame.length, this.logStart, this.roots.logEnd, this.options.checkpointBytes)
    if (at === undefined) throw new HoldfastError('ERR_BUSY', 'the log is full and its checkpoint has not finished')
    log.append(frame, at)
    return { log, at, length: frame.length, flags }
  }

  private createLog(): RedoLog {
    this.log = RedoLog.create(this.storage, this.storeId, this.roots.transaction)
    this.control.store(Word.LOG_START, LOG_FIRST_FRAME / 8)
    this.control.store(Word.LOG_SALT, this.log.header.salt)
    return this.log
  }

  private giveUpFrame(log: RedoLog, at: number): void {
    try {
      // Durable before the failure is reported: a power cut must not bring back what was refused.
      log.erase(at)
      log.flushSync()
    } catch {
      this.poison()
    }
  }

  /** Publishes the transaction's roots and takes its changes into this process's state. */
  private adopt(transaction: Transaction, logEnd: number, freelist: number, id = transaction.id): void {
    const { catalog, nextStructure } = transaction
    this.roots = {
      transaction: id,
      catalogRoot: catalog.root,
      catalogDepth: catalog.depth,
      catalogCount: catalog.count,
      highWater: this.space.highWater,
      logEnd,
      freelist,
      nextStructure,
    }
    this.control.publish(this.roots)
    this.space.commit(id >>> 0, transaction.freedYoung, transaction.freedOld)
    transaction.leaveArena()
    this.owned.clear()
  }
}
