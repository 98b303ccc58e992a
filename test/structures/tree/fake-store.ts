/**
 * The page store as a tree sees it, in memory and suspicious: it frees and reuses pages at once, overwrites what was freed, moves the pages
 * of a transaction between operations, and knows at the end which pages are in use.
 */
import {
  FIRST_PAGE,
  MAX_RUN_PAGES,
  PAGE_NUMBER,
  PAGE_RUN,
  PAGE_SIZE,
  PAGE_TYPE,
  type PageNumber,
  type PageType,
} from '../../../src/pages/format.js'
import type { PageTransaction, RedoOperation, StructureState } from '../../../src/pages/page-transaction.js'
import { damaged, type Pages } from '../../../src/pages/pages.js'
import { Segment } from '../../../src/pages/segment.js'
import type { Snapshot, StructureHost } from '../../../src/store/structure-host.js'
import { treeKind } from '../../../structures/tree/kind.js'

/** What freed memory is overwritten with. */
const POISON = 0xdd
const SHIFT = 16

interface Place {
  segment: Segment
  base: number
  pageCount: number
}

export class FakeStore implements StructureHost {
  readonly pages: Pages
  /** Pages in use as of the last commit, and of the open transaction. */
  inUse = new Set<PageNumber>()
  states = new Map<number, StructureState>()
  open: FakeTransaction | undefined
  /** Whether a change has to wait for another process: then operations are put off until `runDeferred`. */
  isBusy = false
  spoiled: unknown
  /** Whether transactions say that operations are noted for the log. */
  isLogged = true
  snapshots = 0
  /** Operations of committed transactions, for the log. */
  log: RedoOperation[] = []
  readonly segment: Segment
  private commits = 1
  private readonly deferred: ((transaction: PageTransaction) => void)[] = []
  private readonly free: PageNumber[] = []
  private readonly pending: PageNumber[] = []
  private highWater: PageNumber = FIRST_PAGE

  constructor(readonly maxPages = 4096) {
    this.segment = new Segment(new ArrayBuffer(maxPages * PAGE_SIZE))
    const touch = (page: PageNumber) => {
      throw damaged(page, 'no page of this store')
    }
    this.pages = {
      segments: [this.segment],
      shift: SHIFT,
      mask: 2 ** SHIFT - 1,
      verified: new Uint8Array(maxPages).fill(1),
      touch,
    } as unknown as Pages
  }

  addTree(id: number): void {
    this.states.set(id, { id, kind: treeKind.kind, name: `tree ${id}`, options: '{}', root: 0, depth: 0, count: 0 })
  }

  current(): PageTransaction | undefined {
    return this.open
  }

  pin(): number {
    return this.commits
  }

  pinnedState(id: number): StructureState | undefined {
    return this.states.get(id)
  }

  takeSnapshot(): Snapshot {
    this.snapshots++
    let isReleased = false
    const states = new Map([...this.states].map(([id, state]) => [id, { ...state }]))
    return {
      transaction: this.commits,
      pages: this.pages,
      state: (id) => {
        if (isReleased) throw new Error('released')
        return states.get(id)
      },
      release: () => {
        if (!isReleased && --this.snapshots === 0) this.reclaim()
        isReleased = true
      },
    }
  }

  change(): PageTransaction | undefined {
    if (this.isBusy) return undefined
    this.open ??= new FakeTransaction(this)
    return this.open
  }

  defer(operation: (transaction: PageTransaction) => void): void {
    this.deferred.push(operation)
  }

  runDeferred(): void {
    this.isBusy = false
    const transaction = this.change() as PageTransaction
    for (const operation of this.deferred.splice(0)) operation(transaction)
  }

  committed(): Promise<void> {
    return Promise.resolve()
  }

  spoil(cause: unknown): void {
    this.spoiled = cause
  }

  /** Makes the open transaction visible. */
  commit(): void {
    const transaction = this.open
    if (transaction === undefined) return
    if (this.spoiled !== undefined) throw this.spoiled
    this.open = undefined
    for (const [page, place] of transaction.own) {
      const bytes = place.segment.bytes.subarray(place.base, place.base + place.pageCount * PAGE_SIZE)
      this.segment.bytes.set(bytes, page * PAGE_SIZE)
    }
    for (const [id, state] of transaction.states) this.states.set(id, state)
    this.log.push(...transaction.operations)
    this.pending.push(...transaction.freed)
    this.commits++
    if (this.snapshots === 0) this.reclaim()
  }

  /** Drops the open transaction. */
  abort(): void {
    const transaction = this.open
    if (transaction === undefined) return
    this.open = undefined
    this.spoiled = undefined
    for (const [page, place] of transaction.own) for (let index = 0; index < place.pageCount; index++) this.release(page + index)
    for (const page of transaction.freed) this.inUse.add(page)
  }

  /** Checks every tree and that no page is leaked or shared. Throws what `treeKind.check` throws. */
  check(): void {
    const claimed = new Set<PageNumber>()
    const claim = (page: PageNumber) => {
      if (!this.inUse.has(page)) throw damaged(page, 'it is referred to but not in use')
      const count = runOf(page, this.segment, page * PAGE_SIZE)
      for (let index = 0; index < count; index++) {
        if (claimed.has(page + index)) throw damaged(page, 'it has two owners')
        claimed.add(page + index)
      }
      return { segment: this.segment, base: page * PAGE_SIZE }
    }
    for (const state of this.states.values()) treeKind.check({ claim }, state)
    for (const page of this.inUse) if (!claimed.has(page)) throw damaged(page, 'it is leaked')
  }

  takePages(pageCount: number): PageNumber {
    if (pageCount === 1 && this.free.length > 0) {
      const page = this.free.pop() as PageNumber
      this.inUse.add(page)
      return page
    }
    const page = this.highWater
    this.highWater += pageCount
    if (this.highWater > this.maxPages) throw new Error('the fake store is full')
    for (let index = 0; index < pageCount; index++) this.inUse.add(page + index)
    return page
  }

  /** Takes a page back that no committed state has. */
  release(page: PageNumber): void {
    this.inUse.delete(page)
    this.segment.bytes.fill(POISON, page * PAGE_SIZE, (page + 1) * PAGE_SIZE)
    this.free.push(page)
  }

  private reclaim(): void {
    for (const page of this.pending.splice(0)) this.release(page)
  }
}

/** Pages of the run that begins there; the real store refuses a wrong number, too. */
function runOf(page: PageNumber, segment: Segment, base: number): number {
  const count = segment.words[(base + PAGE_RUN) >>> 2]
  if (count < 1 || count > MAX_RUN_PAGES) throw damaged(page, 'its run has an impossible length')
  return count
}

export class FakeTransaction implements PageTransaction {
  readonly id = 1
  segment: Segment
  base = 0
  /** Pages of this transaction and where they are. */
  readonly own = new Map<PageNumber, Place>()
  /** Committed pages that it freed. */
  readonly freed: PageNumber[] = []
  readonly states = new Map<number, StructureState>()
  readonly operations: RedoOperation[] = []

  readonly logged: boolean

  constructor(private readonly store: FakeStore) {
    this.segment = store.segment
    this.logged = store.isLogged
  }

  locate(page: PageNumber): void {
    const place = this.own.get(page)
    if (place === undefined && !this.store.inUse.has(page)) throw damaged(page, 'it is not in use')
    this.segment = place?.segment ?? this.store.segment
    this.base = place?.base ?? page * PAGE_SIZE
  }

  modify(page: PageNumber): PageNumber {
    this.locate(page)
    if (this.own.has(page)) return page
    const { segment, base } = this
    const copy = this.place(1)
    this.segment.bytes.set(segment.bytes.subarray(base, base + PAGE_SIZE), this.base)
    this.segment.words[(this.base + PAGE_NUMBER) >>> 2] = copy
    this.drop(page, 1)
    return copy
  }

  allocate(type: PageType, pageCount = 1): PageNumber {
    const page = this.place(pageCount)
    this.segment.words.fill(0, this.base >>> 2, (this.base >>> 2) + 6)
    this.segment.words[(this.base + PAGE_NUMBER) >>> 2] = page
    this.segment.words[(this.base + PAGE_RUN) >>> 2] = pageCount
    this.segment.bytes[this.base + PAGE_TYPE] = type
    return page
  }

  free(page: PageNumber): void {
    this.locate(page)
    const pageCount = runOf(page, this.segment, this.base)
    const place = this.own.get(page)
    if (place === undefined) {
      this.drop(page, pageCount)
      return
    }
    this.own.delete(page)
    place.segment.bytes.fill(POISON)
    for (let index = 0; index < pageCount; index++) this.store.release(page + index)
  }

  state(id: number): StructureState {
    let state = this.states.get(id)
    if (state === undefined) {
      state = { ...(this.store.states.get(id) as StructureState) }
      this.states.set(id, state)
    }
    return state
  }

  appended(): void {}

  record(
    structure: number,
    operation: number,
    flags: number,
    key: Uint8Array,
    keyLength: number,
    value: Uint8Array,
    valueLength: number,
  ): void {
    const copy = (bytes: Uint8Array, length: number) => Uint8Array.from(bytes.subarray(0, length))
    this.operations.push({ structure, operation, flags, key: copy(key, keyLength), value: copy(value, valueLength) })
    // Between operations pages may move in memory: whoever kept a segment reads poison.
    if (this.operations.length % 16 !== 0) return
    for (const place of this.own.values()) {
      const moved = new Segment(new ArrayBuffer(place.pageCount * PAGE_SIZE))
      moved.bytes.set(place.segment.bytes)
      place.segment.bytes.fill(POISON)
      place.segment = moved
    }
  }

  private place(pageCount: number): PageNumber {
    const page = this.store.takePages(pageCount)
    const segment = new Segment(new ArrayBuffer(pageCount * PAGE_SIZE))
    segment.bytes.fill(POISON)
    this.own.set(page, { segment, base: 0, pageCount })
    this.segment = segment
    this.base = 0
    return page
  }

  private drop(page: PageNumber, pageCount: number): void {
    for (let index = 0; index < pageCount; index++) {
      if (!this.store.inUse.delete(page + index)) throw damaged(page, 'it is freed twice')
      this.freed.push(page + index)
    }
  }
}
