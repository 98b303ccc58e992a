/**
 * A write transaction: copy-on-write pages in the arena, the operations for the redo log, the states of the structures it touches.
 *
 * A page is copied once in each transaction, under a new number (invariant W1); the file is not changed before the commit but for
 * spilled pages, whose numbers nobody can reach yet (invariant W2). `Pager` begins and commits transactions.
 */
import { assert, HoldfastError } from '../errors.js'
import { CHUNK_SHIFT } from './arena.js'
import {
  PAGE_COUNT,
  PAGE_FLAGS,
  PAGE_HEADER_SIZE,
  PAGE_NUMBER,
  PAGE_RUN,
  PAGE_SHIFT,
  PAGE_SIZE,
  PAGE_TRANSACTION,
  PAGE_TYPE,
  type PageNumber,
  type PageType,
  type TransactionId,
} from './format.js'
import type { PageSet } from './page-set.js'
import type { PageTransaction, StructureState } from './page-transaction.js'
import type { Pager } from './pager.js'
import type { Segment } from './segment.js'

/** Arena size at which changed pages are written out ahead of the commit: they may be changed again, so it is large. */
const SPILL_BYTES = 256 * 1024 * 1024
/** The same for pages that were filled in order and will not be changed again. */
const APPENDED_SPILL_BYTES = 8 * 1024 * 1024
/** Beyond this many bytes appended it is cheaper to flush full pages than to write everything to the log first. */
const MAX_LOGGED_APPEND_BYTES = 4 * 1024 * 1024
/** u32 a run for `StorageFile.writePages`: page number, arena chunk, byte offset there, number of pages. */
const RUN_WORDS = 4

export class Transaction implements PageTransaction {
  segment: Segment
  base = 0
  /** Pages that this transaction allocated and still holds. */
  readonly owned: PageSet
  /** Freed pages that were allocated after the newest checkpoint began, and all others. */
  readonly freedYoung: PageNumber[] = []
  readonly freedOld: PageNumber[] = []
  /** States of the structures that were asked for. */
  readonly states = new Map<number, StructureState>()
  /** Whether the log will carry the operations; too large a transaction is not logged. */
  logged = true
  /** Why this transaction cannot be committed. */
  spoiled: unknown
  /** Pages that were given memory in the arena since it was written out last; some may have been freed again. */
  private placed: PageNumber[] = []
  private appendedBytes = 0

  constructor(
    private readonly pager: Pager,
    readonly id: TransactionId,
    /** State of the catalog. */
    readonly catalog: StructureState,
    public nextStructure: number,
    /** Horizon up to which pages were reclaimed when it began (low words). */
    readonly oldest: number,
    readonly checkpoint: number,
    /** Pages of transactions after this one are younger than the newest checkpoint. */
    private readonly youngAfter: TransactionId,
  ) {
    this.segment = pager.emptySegment
    this.owned = pager.owned
  }

  get isEmpty(): boolean {
    return this.owned.size === 0 && this.freedOld.length === 0 && this.freedYoung.length === 0
  }

  locate(page: PageNumber): void {
    const slots = this.pager.slots
    const slot = page < slots.length ? slots[page] : 0
    if (slot !== 0) {
      this.segment = this.pager.arena.segment(slot)
      this.base = this.pager.arena.base(slot)
      return
    }
    const pages = this.pager.pages
    if (page >= pages.verified.length || pages.verified[page] !== 1) pages.touch(page)
    this.segment = pages.segments[page >>> pages.shift]
    this.base = (page & pages.mask) << PAGE_SHIFT
  }

  modify(page: PageNumber): PageNumber {
    this.locate(page)
    if (this.pager.slots[page] !== 0) return page
    const source = this.segment
    const sourceBase = this.base
    assert(source.words[(sourceBase + PAGE_RUN) >>> 2] === 1, 'a run is not modified but replaced')
    const copy = this.owned.has(page) ? page : this.pager.space.allocate()
    this.place(copy, 1)
    this.segment.bytes.set(source.bytes.subarray(sourceBase, sourceBase + PAGE_SIZE), this.base)
    if (copy === page) return page
    this.owned.add(copy)
    this.release(page, born(source, sourceBase))
    this.stamp(copy)
    return copy
  }

  allocate(type: PageType, pageCount = 1): PageNumber {
    const page = this.pager.space.allocateRun(pageCount)
    for (let index = 0; index < pageCount; index++) this.owned.add(page + index)
    this.place(page, pageCount)
    const { segment, base } = this
    segment.words.fill(0, base >>> 2, (base + PAGE_HEADER_SIZE) >>> 2)
    segment.bytes[base + PAGE_TYPE] = type
    segment.bytes[base + PAGE_FLAGS] = 0
    segment.halves[(base + PAGE_COUNT) >>> 1] = 0
    segment.words[(base + PAGE_RUN) >>> 2] = pageCount
    this.stamp(page)
    return page
  }

  free(page: PageNumber): void {
    this.locate(page)
    const count = this.segment.words[(this.base + PAGE_RUN) >>> 2]
    const transaction = born(this.segment, this.base)
    const slot = this.pager.slots[page]
    if (slot !== 0) {
      this.pager.slots[page] = 0
      if (count === 1) this.pager.arena.free(slot)
    }
    for (let index = page; index < page + count; index++) {
      if (this.owned.delete(index)) this.pager.space.free.add(index)
      else this.release(index, transaction)
    }
  }

  state(id: number): StructureState {
    if (id === this.catalog.id) return this.catalog
    let state = this.states.get(id)
    if (state === undefined) {
      state = this.pager.catalog.load(this, this.catalog, id)
      if (state === undefined) throw new HoldfastError('ERR_DAMAGED', `structure ${id} is not in the catalog`)
      this.states.set(id, state)
    }
    return state
  }

  /** Adds a structure to the catalog. */
  create(state: StructureState): void {
    this.pager.catalog.save(this, this.catalog, state)
    this.nextStructure = Math.max(this.nextStructure, state.id + 1)
  }

  record(
    structure: number,
    operation: number,
    flags: number,
    key: Uint8Array,
    keyLength: number,
    value: Uint8Array,
    valueLength: number,
  ): void {
    this.spillIfLarger(SPILL_BYTES)
    if (!this.logged) return
    const frame = this.pager.frame
    if (frame.operationBytes + keyLength + valueLength > this.pager.maxLoggedBytes) this.stopLogging()
    else frame.operation(structure, operation, flags, key, keyLength, value, valueLength)
  }

  appended(bytes: number): void {
    this.appendedBytes += bytes
    if (this.logged && this.appendedBytes > MAX_LOGGED_APPEND_BYTES) this.stopLogging()
    if (!this.logged) this.spillIfLarger(APPENDED_SPILL_BYTES)
  }

  private stopLogging(): void {
    this.logged = false
    this.pager.frame.reset()
  }

  /** Writes changed pages out when the arena is large; only between operations, since it moves pages. */
  private spillIfLarger(bytes: number): void {
    const { arena, space } = this.pager
    if (arena.usedBytes < bytes) return
    this.pager.reserve(space.highWater)
    this.writePages()
    this.leaveArena()
  }

  /** Gives the memory of all pages back. */
  leaveArena(): void {
    const { arena, slots } = this.pager
    for (const page of this.placed) slots[page] = 0
    this.placed = []
    arena.reset()
  }

  /** Writes the pages that lie in the arena to the file, in page order. */
  writePages(): void {
    const { slots, arena } = this.pager
    const pages = Uint32Array.from(this.placed).sort()
    const runs = new Uint32Array(pages.length * RUN_WORDS)
    let count = 0
    let before = 0
    for (const page of pages) {
      const slot = slots[page]
      if (slot === 0 || page === before) continue
      before = page
      const base = arena.base(slot)
      runs[count * RUN_WORDS] = page
      runs[count * RUN_WORDS + 1] = (slot - 1) >>> CHUNK_SHIFT
      runs[count * RUN_WORDS + 2] = base
      runs[count * RUN_WORDS + 3] = arena.segment(slot).words[(base + PAGE_RUN) >>> 2]
      count++
    }
    if (count > 0) this.pager.storage.data.writePages(arena.buffers, runs, count)
  }

  /** Gives `page` memory in the arena and points `segment` and `base` there. */
  private place(page: PageNumber, pageCount: number): void {
    const slot = this.pager.arena.allocate(pageCount)
    this.pager.slotsFor(page + pageCount)[page] = slot
    this.placed.push(page)
    this.segment = this.pager.arena.segment(slot)
    this.base = this.pager.arena.base(slot)
  }

  private stamp(page: PageNumber): void {
    const at = this.base >>> 2
    this.segment.words[at + PAGE_NUMBER / 4] = page
    this.segment.words[at + PAGE_TRANSACTION / 4] = this.id >>> 0
    this.segment.words[at + PAGE_TRANSACTION / 4 + 1] = Math.floor(this.id / 2 ** 32)
  }

  private release(page: PageNumber, transaction: TransactionId): void {
    if (transaction > this.youngAfter) this.freedYoung.push(page)
    else this.freedOld.push(page)
  }
}

/** The transaction that wrote a page. */
export function born(segment: Segment, base: number): TransactionId {
  const at = (base + PAGE_TRANSACTION) >>> 2
  return segment.words[at] + segment.words[at + 1] * 2 ** 32
}
