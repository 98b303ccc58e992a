/**
 * Looking up one key, from the root down: in the mapped pages of a snapshot, or in an open transaction.
 *
 * The pages were verified by their checksums; what is checked here is only what keeps a wrong page from becoming an endless loop
 * or a read outside of the page.
 */
import { PAGE_SHIFT, PAGE_SIZE, type PageNumber, PageType } from '../../src/pages/format.js'
import type { PageTransaction } from '../../src/pages/page-transaction.js'
import { damaged, type Pages } from '../../src/pages/pages.js'
import type { Segment } from '../../src/pages/segment.js'
import { childOf, halfAt, LEAF_CELL_BYTES, LEAF_CELL_KEY, LEAF_CELL_VALUE, LENGTH_MASK, leafCell, MAX_DEPTH, typeOf } from './layout.js'
import type { Probe } from './probe.js'
import { childIndex, lowerBound, touched, touchPage } from './search.js'

/** No cell holds the key. */
export const NOT_FOUND = -1

/** Offset of the cell with the probe's key, in `probe.segment`; or NOT_FOUND. `root` is a page, not 0. */
export function findInPages(pages: Pages, root: PageNumber, probe: Probe): number {
  let page = root
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    if (pages.verified[page] !== 1) pages.touch(page)
    const segment = pages.segments[page >>> pages.shift]
    const base = (page & pages.mask) << PAGE_SHIFT
    const type = typeOf(segment, base)
    if (type === PageType.LEAF) {
      touched[0] = touchPage(segment.words, base)
      return findInLeaf(segment, base, probe)
    }
    if (type !== PageType.BRANCH) throw notOfTree(page)
    page = childOf(segment, base, childIndex(segment, base, probe))
  }
  throw tooDeep(root)
}

/** The same in an open transaction. */
export function findInTransaction(transaction: PageTransaction, root: PageNumber, probe: Probe): number {
  let page = root
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    transaction.locate(page)
    const { segment, base } = transaction
    const type = typeOf(segment, base)
    if (type === PageType.LEAF) return findInLeaf(segment, base, probe)
    if (type !== PageType.BRANCH) throw notOfTree(page)
    page = childOf(segment, base, childIndex(segment, base, probe))
  }
  throw tooDeep(root)
}

/** Offset of the cell with the probe's key in this leaf, which becomes `probe.segment`; or NOT_FOUND. */
export function findInLeaf(segment: Segment, base: number, probe: Probe): number {
  probe.segment = segment
  const index = lowerBound(segment, base, probe)
  return probe.found ? leafCell(segment, base, index) : NOT_FOUND
}

/** Offset of the value in a cell. Throws `ERR_DAMAGED` if the cell leaves its page. */
export function valueStart(segment: Segment, cell: number): number {
  const { bytes } = segment
  const start = cell + LEAF_CELL_BYTES + (halfAt(bytes, cell + LEAF_CELL_KEY) & LENGTH_MASK)
  const end = start + (halfAt(bytes, cell + LEAF_CELL_VALUE) & LENGTH_MASK)
  if ((cell & -PAGE_SIZE) !== ((end - 1) & -PAGE_SIZE)) throw cellOutside(segment, cell)
  return start
}

/** Throws `ERR_DAMAGED` if what ends at `end` leaves the page at `base`. */
export function refuseOutside(segment: Segment, base: number, end: number): void {
  if (end > base + PAGE_SIZE) throw cellOutside(segment, base)
}

/** The error for a page that is neither leaf nor branch. */
export function notOfTree(page: PageNumber): Error {
  return damaged(page, 'it is no page of a tree')
}

/** The error for a path that does not end. */
export function tooDeep(root: PageNumber): Error {
  return damaged(root, `the tree below it is deeper than ${MAX_DEPTH}`)
}

function cellOutside(segment: Segment, cell: number): Error {
  return damaged(segment.words[((cell & -PAGE_SIZE) + 4) >>> 2], 'a cell leaves the page')
}
