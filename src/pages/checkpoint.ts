/**
 * Checkpoints: making the data file whole up to one transaction, so that the log's frames up to there are free.
 *
 * A checkpoint is a transaction C of its own that stores the free list. Then, without the semaphore: flush data and log; write the
 * meta copy that is not in use, flush; write the other, flush; only then tell the writers (invariant M2). Pages that C reaches
 * are safe from the moment C is committed, since `CHECKPOINT_STARTED` then makes them old (invariant F2).
 */
import { HoldfastError } from '../errors.js'
import { idDifference, type Roots, Word } from '../sync/control-words.js'
import type { Semaphore } from '../sync/semaphore.js'
import { PAGE_SIZE } from './format.js'
import { freelistChain, writeFreelist } from './freelist.js'
import { encodeMeta, type Meta } from './meta.js'
import type { Pager } from './pager.js'
import { FrameFlag } from './redo-frame.js'
import type { Transaction } from './transaction.js'

/** Runs the checkpoints of one open handle, one at a time. */
export class Checkpointer {
  private running: Promise<void> | undefined
  /** Whether the checkpointer's lock is ours. */
  private holdsLock = false
  /** The checkpoint transaction whose meta pages are not durable yet. */
  private unfinished: Roots | undefined

  constructor(
    private readonly pager: Pager,
    private readonly writer: Semaphore,
    private readonly busyTimeoutMs: number,
  ) {}

  /** A checkpoint of what is visible now, or the one that is running. A failure poisons the store. */
  run(): Promise<void> {
    this.running ??= this.checkpoint().finally(() => {
      this.running = undefined
    })
    return this.running
  }

  /** Resolves when a checkpoint at or behind a transaction (low word) is durable. */
  async cover(transaction: number): Promise<void> {
    while (idDifference(this.pager.control.load(Word.CHECKPOINT_DONE), transaction) < 0) await this.run()
  }

  /** Resolves when no checkpoint of this handle runs. */
  async idle(): Promise<void> {
    // Whoever waits for a later transaction begins the next one at once.
    while (this.running !== undefined) await this.running.catch(() => {})
  }

  /**
   * Makes room in the log, waiting here: completes the checkpoint that is running, or runs one. The caller holds the writer's
   * semaphore and has no transaction open. Throws `ERR_BUSY` when another process's checkpoint does not end.
   */
  makeRoom(): void {
    if (this.unfinished !== undefined) {
      const roots = this.unfinished
      this.unfinished = undefined
      finishCheckpointSync(this.pager, roots, false)
      if (this.pager.logHasRoom) return
    }
    const { storage } = this.pager
    const heldHere = this.holdsLock
    if (!heldHere && !storage.lockWait('checkpointer', 'exclusive', this.busyTimeoutMs))
      throw new HoldfastError('ERR_BUSY', `the log is full and another process's checkpoint has not ended in ${this.busyTimeoutMs} ms`)
    try {
      if (!this.pager.logHasRoom) finishCheckpointSync(this.pager, this.commit(), false)
    } finally {
      if (!heldHere) storage.unlock('checkpointer')
    }
  }

  private async checkpoint(): Promise<void> {
    let roots = await this.writer.acquire(() => this.begin())
    while (roots === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      roots = await this.writer.acquire(() => this.begin())
    }
    try {
      await this.finish(roots)
    } finally {
      this.unfinished = undefined
      this.unlock()
    }
  }

  /**
   * Takes the checkpointer's lock and commits the checkpoint transaction; `undefined` if another process has the lock. The writer's semaphore is
   * held, and given back. In this order: whoever has the lock waits for the disk only, so a writer may wait for the lock (`makeRoom`).
   */
  private begin(): Roots | undefined {
    try {
      if (!this.pager.storage.tryLock('checkpointer', 'exclusive')) return undefined
      this.holdsLock = true
      this.unfinished = this.commit()
      return this.unfinished
    } catch (error) {
      this.unlock()
      throw error
    } finally {
      this.writer.release()
    }
  }

  private unlock(): void {
    if (!this.holdsLock) return
    this.holdsLock = false
    this.pager.storage.unlock('checkpointer')
  }

  /** Commits the checkpoint transaction. */
  private commit(): Roots {
    const transaction = this.pager.begin()
    try {
      const freelist = storeFreelist(this.pager, transaction)
      return this.pager.commit(transaction, { frameFlags: FrameFlag.CHECKPOINT, freelist })
    } catch (error) {
      this.pager.abort(transaction)
      throw error
    }
  }

  /** Makes the checkpoint of `roots` durable, unless `makeRoom` has done so meanwhile. */
  private async finish(roots: Roots): Promise<void> {
    const { pager } = this
    try {
      await Promise.all([pager.storage.data.flush(), pager.openLog()?.flush()])
      for (const page of metaPages(pager)) {
        if (this.unfinished !== roots) return
        writeMeta(pager, metaOf(roots, pager.log?.header.salt ?? 0), page)
        await pager.storage.data.flush()
      }
    } catch (error) {
      pager.poison()
      throw error
    }
    if (this.unfinished === roots) publishCheckpoint(pager, roots)
  }
}

/** Makes the checkpoint of `roots` durable, waiting here; `clean` says that no log is needed any more. A failure poisons the store. */
export function finishCheckpointSync(pager: Pager, roots: Roots, clean: boolean): void {
  try {
    pager.storage.data.flushSync()
    if (!clean) pager.openLog()?.flushSync()
    for (const page of metaPages(pager)) {
      writeMeta(pager, metaOf(roots, clean ? 0 : (pager.log?.header.salt ?? 0)), page)
      pager.storage.data.flushSync()
    }
  } catch (error) {
    pager.poison()
    throw error
  }
  publishCheckpoint(pager, roots)
}

/** Lowers the high-water mark, frees the older free list and writes a new one. Returns its first page. */
export function storeFreelist(pager: Pager, transaction: Transaction): number {
  for (const page of freelistChain(pager.pages, pager.roots.freelist)) transaction.free(page)
  pager.space.trim(pager.space.lowestHighWater())
  return writeFreelist(transaction, pager.space)
}

/** The two copies, first the one that is not in use (invariant M1). */
function metaPages(pager: Pager): number[] {
  const inUse = pager.control.load(Word.META_PAGE)
  return [3 - inUse, inUse]
}

function metaOf(roots: Roots, logSalt: number): Meta {
  const { transaction, catalogRoot, catalogDepth, catalogCount, highWater, freelist, nextStructure, logEnd } = roots
  return { transaction, catalogRoot, catalogDepth, catalogCount, highWater, freelist, nextStructure, logSalt, logStart: logEnd }
}

function writeMeta(pager: Pager, meta: Meta, page: number): void {
  pager.storage.data.write(encodeMeta(meta, page), page * PAGE_SIZE)
}

function publishCheckpoint(pager: Pager, roots: Roots): void {
  const { control } = pager
  control.advance(Word.DURABLE, roots.transaction >>> 0)
  control.store(Word.LOG_START, roots.logEnd / 8)
  // A recovery's checkpoint is not begun by a commit: its pages are old from here on (invariant F2).
  control.advance(Word.CHECKPOINT_STARTED, roots.transaction >>> 0)
  control.store(Word.CHECKPOINT_DONE, roots.transaction >>> 0)
}
