/**
 * The free list of a checkpoint: a chain of pages that hold runs of free pages. `docs/format.md`, "Free list pages".
 */
import { FIRST_PAGE, PAGE_COUNT, PAGE_HEADER_SIZE, PAGE_SHIFT, PAGE_SIZE, PAGE_TYPE, type PageNumber, PageType } from './format.js'
import type { FreeSpace } from './free-space.js'
import { damaged, type Pages } from './pages.js'
import type { Segment } from './segment.js'
import type { Transaction } from './transaction.js'

/** u32: the next page of the chain, 0 at its end. */
export const FREELIST_NEXT = PAGE_HEADER_SIZE
/** Pairs of u32: first page and number of pages of a run; their number is the page header's count. */
export const FREELIST_RUNS = PAGE_HEADER_SIZE + 8
/** Runs in one page. */
export const FREELIST_CAPACITY = (PAGE_SIZE - FREELIST_RUNS) / 8

/** The pages of the chain that starts at `root`. Throws `ERR_DAMAGED`. */
export function freelistChain(pages: Pages, root: PageNumber): PageNumber[] {
  const chain: PageNumber[] = []
  for (let page = root; page !== 0; ) {
    const { segment, base } = find(pages, page)
    chain.push(page)
    const next = segment.words[(base + FREELIST_NEXT) >>> 2]
    if (chain.includes(next)) throw damaged(page, 'the free list runs in a circle')
    page = next
  }
  return chain
}

/** The runs of free pages that the chain holds, of a file that uses pages below `highWater`. Throws `ERR_DAMAGED`. */
export function* freelistRanges(pages: Pages, root: PageNumber, highWater: PageNumber): Generator<[PageNumber, number]> {
  for (const page of freelistChain(pages, root)) {
    const { segment, base } = find(pages, page)
    const count = segment.halves[(base + PAGE_COUNT) >>> 1]
    for (let index = 0; index < count; index++) {
      const at = (base + FREELIST_RUNS + 8 * index) >>> 2
      const [start, length] = [segment.words[at], segment.words[at + 1]]
      if (start < FIRST_PAGE || start + length > highWater) throw damaged(page, 'it lists pages that do not exist')
      yield [start, length]
    }
  }
}

/** Writes all that is free once nobody reads into new pages of the transaction; returns the chain's first page, 0 if nothing is free. */
export function writeFreelist(transaction: Transaction, space: FreeSpace): PageNumber {
  // Taking pages for the list changes what is free: each of them splits one run at most.
  let runCount = 0
  for (const _ of collect(transaction, space).ranges()) runCount++
  if (runCount === 0) return 0
  const chain: PageNumber[] = []
  for (let capacity = 0; capacity < runCount + chain.length; capacity += FREELIST_CAPACITY)
    chain.push(transaction.allocate(PageType.FREELIST))
  const runs = [...collect(transaction, space).ranges()]
  chain.forEach((page, index) => {
    transaction.locate(page)
    const { segment, base } = transaction
    const part = runs.slice(index * FREELIST_CAPACITY, (index + 1) * FREELIST_CAPACITY)
    segment.bytes.fill(0, base + PAGE_HEADER_SIZE, base + PAGE_SIZE)
    segment.words[(base + FREELIST_NEXT) >>> 2] = chain[index + 1] ?? 0
    segment.halves[(base + PAGE_COUNT) >>> 1] = part.length
    part.forEach(([start, count], position) => {
      const at = (base + FREELIST_RUNS + 8 * position) >>> 2
      segment.words[at] = start
      segment.words[at + 1] = count
    })
  })
  return chain[0] as PageNumber
}

/** All free pages, those freed by this transaction included. */
function collect(transaction: Transaction, space: FreeSpace): ReturnType<FreeSpace['all']> {
  const set = space.all()
  for (const pages of [transaction.freedYoung, transaction.freedOld]) for (const page of pages) set.add(page)
  return set
}

function find(pages: Pages, page: PageNumber): { segment: Segment; base: number } {
  if (page >= pages.verified.length || pages.verified[page] !== 1) pages.touch(page)
  const segment = pages.segments[page >>> pages.shift]
  const base = (page & pages.mask) << PAGE_SHIFT
  if (segment.bytes[base + PAGE_TYPE] !== PageType.FREELIST) throw damaged(page, 'it is no page of a free list')
  if (segment.halves[(base + PAGE_COUNT) >>> 1] > FREELIST_CAPACITY) throw damaged(page, 'it claims too many runs')
  return { segment, base }
}
