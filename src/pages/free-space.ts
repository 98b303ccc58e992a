/**
 * Which pages may be written: the free ones, and those that wait for snapshots or for a checkpoint.
 *
 * A page freed by transaction F may be used again when no snapshot before F lives and, unless it was allocated after the newest
 * checkpoint began, a checkpoint at or after F is durable (invariants F1, F2). Each writing process keeps this state in private
 * memory. It is a function of the free list of a checkpoint and of the log frames behind it: a frame carries what its
 * transaction allocated and freed and the horizon up to which it had reclaimed, so that processes that apply the same frames agree.
 */
import { HoldfastError } from '../errors.js'
import { idDifference } from '../sync/control-words.js'
import { FIRST_PAGE, MAX_PAGES, MAX_RUN_PAGES, type PageNumber } from './format.js'
import { PageSet } from './page-set.js'

/** Pages freed by one transaction (low word of its id). */
interface Pending {
  transaction: number
  pages: readonly PageNumber[]
}

/** What a transaction did to the free space. */
export interface SpaceChange {
  transaction: number
  /** Oldest snapshot (low word) and durable checkpoint (low word) when it began. */
  oldest: number
  checkpoint: number
  /** As [first, number]. */
  allocated: Iterable<readonly [PageNumber, number]>
  /** Freed pages that were allocated after the newest checkpoint began ... */
  freedYoung: readonly PageNumber[]
  /** ... and all others. */
  freedOld: readonly PageNumber[]
  highWater: number
}

export class FreeSpace {
  readonly free = new PageSet()
  private young: Pending[] = []
  private old: Pending[] = []

  constructor(
    /** First page number never used. */
    public highWater: number,
    free: Iterable<readonly [PageNumber, number]> = [],
  ) {
    for (const [start, count] of free) for (let page = start; page < start + count; page++) this.free.add(page)
  }

  /** Frees the pending pages that neither a snapshot before `oldest` nor the durable `checkpoint` (low words) needs. */
  reclaim(oldest: number, checkpoint: number): void {
    this.young = this.settle(this.young, (entry) => idDifference(entry.transaction, oldest) <= 0)
    this.old = this.settle(
      this.old,
      (entry) => idDifference(entry.transaction, oldest) <= 0 && idDifference(entry.transaction, checkpoint) <= 0,
    )
  }

  /** A page to write to; raises the high-water mark if none is free. */
  allocate(): PageNumber {
    const page = this.free.takeLowest()
    return page !== 0 ? page : this.extend(1)
  }

  /** `count` consecutive pages in one aligned block. */
  allocateRun(count: number): PageNumber {
    if (count === 1) return this.allocate()
    const page = this.free.takeRun(count)
    if (page !== 0) return page
    const blockEnd = this.highWater - (this.highWater % MAX_RUN_PAGES) + MAX_RUN_PAGES
    if (this.highWater + count > blockEnd) while (this.highWater < blockEnd) this.free.add(this.extend(1))
    return this.extend(count)
  }

  /** Takes note of what a committed transaction freed. */
  commit(transaction: number, freedYoung: readonly PageNumber[], freedOld: readonly PageNumber[]): void {
    if (freedYoung.length > 0) this.young.push({ transaction, pages: freedYoung })
    if (freedOld.length > 0) this.old.push({ transaction, pages: freedOld })
  }

  /** Repeats what another process's transaction did; `false` if it does not fit this state. */
  apply(change: SpaceChange): boolean {
    this.reclaim(change.oldest, change.checkpoint)
    while (this.highWater < change.highWater) this.free.add(this.extend(1))
    const waiting = new Set<PageNumber>()
    for (const [start, count] of change.allocated)
      for (let page = start; page < start + count; page++) if (!this.free.delete(page)) waiting.add(page)
    if (waiting.size > 0 && this.withdraw((page) => waiting.has(page)) !== waiting.size) return false
    if (this.highWater > change.highWater) this.withdraw((page) => page >= change.highWater)
    this.trim(change.highWater)
    this.commit(change.transaction, change.freedYoung, change.freedOld)
    return true
  }

  /** Takes pages out of the pending ones, and says how many: a state worked out anew holds back more than its neighbours do. */
  private withdraw(gone: (page: PageNumber) => boolean): number {
    const before = this.pendingCount
    const remove = (entry: Pending): Pending => ({ ...entry, pages: entry.pages.filter((page) => !gone(page)) })
    this.young = this.young.map(remove)
    this.old = this.old.map(remove)
    return before - this.pendingCount
  }

  /** Lowers the high-water mark to `highWater`; what lies behind is free. */
  trim(highWater: number): void {
    while (this.highWater > highWater) this.free.delete(--this.highWater)
  }

  /** Puts the high-water mark back to where it was before an aborted transaction moved it; its pages were given back. */
  restore(highWater: number): void {
    this.trim(highWater)
    while (this.highWater < highWater) this.free.add(this.extend(1))
  }

  /** Where the high-water mark could be lowered to. */
  lowestHighWater(): number {
    let highWater = this.highWater
    while (highWater > FIRST_PAGE && this.free.has(highWater - 1)) highWater--
    return highWater
  }

  /** Every page that is free once nobody reads: what a checkpoint's free list holds. */
  all(): PageSet {
    const set = this.free.clone()
    for (const queue of [this.young, this.old]) for (const entry of queue) for (const page of entry.pages) set.add(page)
    return set
  }

  /** Pages that wait for a snapshot or a checkpoint. */
  get pendingCount(): number {
    let count = 0
    for (const queue of [this.young, this.old]) for (const entry of queue) count += entry.pages.length
    return count
  }

  private settle(queue: Pending[], reusable: (entry: Pending) => boolean): Pending[] {
    let done = 0
    while (done < queue.length && reusable(queue[done])) {
      for (const page of queue[done].pages) this.free.add(page)
      done++
    }
    return done === 0 ? queue : queue.slice(done)
  }

  private extend(count: number): PageNumber {
    if (this.highWater + count > MAX_PAGES) throw new HoldfastError('ERR_STORE_FULL', 'the store has used all of its 2^32 pages')
    const page = this.highWater
    this.highWater += count
    return page
  }
}
