/**
 * Looking up many keys at once: a batch of them goes down the tree level by level, so that the processor waits for the pages of all of them together.
 */
import { PAGE_SHIFT, type PageNumber, PageType } from '../../src/pages/format.js'
import type { Pages } from '../../src/pages/pages.js'
import { childOf, MAX_DEPTH, typeOf } from './layout.js'
import { NOT_FOUND, notOfTree, tooDeep } from './lookup.js'
import { Probe } from './probe.js'
import { cellAt, cellBound, childIndex, headBound, touchCell, touched, touchPage } from './search.js'

/** Keys in a batch. */
export const BATCH_KEYS = 32

/** The keys of the batch; `findBatch` sets their segments. */
export const batch: readonly Probe[] = Array.from({ length: BATCH_KEYS }, () => new Probe())
/** Offset of each key's cell in its probe's segment; or NOT_FOUND. */
export const batchCells = new Int32Array(BATCH_KEYS)

const batchPages = new Uint32Array(BATCH_KEYS)
const batchBases = new Int32Array(BATCH_KEYS)
const batchBounds = new Int32Array(BATCH_KEYS)
const batchWords: Uint32Array[] = []

/** Looks the first `count` keys of the batch up. `root` is a page, not 0. */
export function findBatch(pages: Pages, root: PageNumber, count: number): void {
  for (let lane = 0; lane < count; lane++) batchPages[lane] = root
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    const type = locateBatch(pages, count)
    if (type === PageType.LEAF) {
      searchLeaves(count)
      return
    }
    for (let lane = 0; lane < count; lane++) {
      const probe = batch[lane]
      const { segment } = probe
      const base = batchBases[lane]
      batchPages[lane] = childOf(segment, base, childIndex(segment, base, probe))
    }
  }
  throw tooDeep(root)
}

/** Finds the batch's pages, which are all of one type, and returns it. */
function locateBatch(pages: Pages, count: number): number {
  for (let lane = 0; lane < count; lane++) {
    const page = batchPages[lane]
    if (pages.verified[page] !== 1) pages.touch(page)
    const segment = pages.segments[page >>> pages.shift]
    batch[lane].segment = segment
    batchWords[lane] = segment.words
    batchBases[lane] = (page & pages.mask) << PAGE_SHIFT
  }
  // A loop of its own and short, so that the processor has many of these reads under way.
  let read = 0
  for (let lane = 0; lane < count; lane++) read ^= touchPage(batchWords[lane], batchBases[lane])
  touched[0] = read
  const type = typeOf(batch[0].segment, batchBases[0])
  for (let lane = 0; lane < count; lane++) {
    const found = typeOf(batch[lane].segment, batchBases[lane])
    if (found !== type || (found !== PageType.LEAF && found !== PageType.BRANCH)) throw notOfTree(batchPages[lane])
  }
  return type
}

function searchLeaves(count: number): void {
  for (let lane = 0; lane < count; lane++) {
    const probe = batch[lane]
    const base = batchBases[lane]
    const bound = headBound(probe.segment, base, probe)
    batchBounds[lane] = bound
    batchCells[lane] = bound < 0 ? base : cellAt(probe.segment, base, bound)
  }
  let read = 0
  for (let lane = 0; lane < count; lane++) read ^= touchCell(batchWords[lane], batchCells[lane])
  touched[0] = read
  for (let lane = 0; lane < count; lane++) {
    const probe = batch[lane]
    const base = batchBases[lane]
    const index = cellBound(probe.segment, base, probe, batchBounds[lane])
    batchCells[lane] = probe.found ? cellAt(probe.segment, base, index) : NOT_FOUND
  }
}
