/**
 * Looking up one key, from the root down: in the mapped pages of a snapshot, or in an open transaction.
 *
 * The pages were verified by their checksums; what is checked here is only what keeps a wrong page from becoming an endless loop
 * or a read outside of the page.
 */
import { PAGE_SHIFT, PAGE_SIZE, PAGE_TYPE, type PageNumber, PageType } from '../../src/pages/format.js'
import type { PageTransaction } from '../../src/pages/page-transaction.js'
import { damaged, type Pages } from '../../src/pages/pages.js'
import type { Segment } from '../../src/pages/segment.js'
import {
  childOf,
  HEAD_BYTES,
  halfAt,
  LEAF_CELL_BYTES,
  LEAF_CELL_KEY,
  LEAF_CELL_VALUE,
  LENGTH_MASK,
  leafCell,
  MAX_DEPTH,
  TREE_PREFIX,
  TREE_PREFIX_LENGTH,
  typeOf,
} from './layout.js'
import type { Probe } from './probe.js'
import { childIndex, lowerBound, touchCell, touched, touchPage } from './search.js'

/** No cell holds the key. */
export const NOT_FOUND = -1

/**
 * Offset of the cell with the probe's key, in `probe.segment`; or NOT_FOUND. `root` is a page, not 0.
 *
 * What most lookups meet is written out here, since V8 would not inline it all: `childIndex` and `lowerBound` in `search.ts` say the same in parts.
 */
export function findInPages(pages: Pages, root: PageNumber, probe: Probe): number {
  const { segments, shift, mask } = pages
  const { view, words: keyWords } = probe
  let page = root
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    if (pages.verified[page] !== 1) pages.touch(page)
    const segment = segments[page >>> shift]
    const base = (page & mask) << PAGE_SHIFT
    const { words } = segment
    const start = base >>> 2
    const typeAndCount = words[start + PAGE_TYPE / 4]
    const type = typeAndCount & 0xff
    const count = typeAndCount >>> 16
    const prefixLength = words[start + TREE_PREFIX_LENGTH / 4] & 0xffff
    if (type === PageType.LEAF) touched[0] = touchPage(words, base)
    else if (type !== PageType.BRANCH) throw notOfTree(page)

    const prefix = start + TREE_PREFIX / 4
    const heads = prefix + ((prefixLength + 3) >>> 2)
    const whole = prefixLength >>> 2
    let word = 0
    while (word < whole && words[prefix + word] === keyWords[word]) word++
    let isOther = word < whole || probe.length < prefixLength
    if (word === whole && heads > prefix + whole)
      isOther = isOther || ((words[prefix + whole] ^ keyWords[whole]) & ((1 << ((prefixLength & 3) << 3)) - 1)) !== 0

    let index: number
    if (isOther) index = type === PageType.LEAF ? lowerBound(segment, base, probe) : childIndex(segment, base, probe)
    else {
      // As in `firstHeadFrom`.
      const head = view.getUint32(prefixLength)
      const half = head >>> 1
      let at = heads - 1
      let length = count
      while (length > 3) {
        const quarter = length >>> 2
        const first = ((words[at + quarter] >>> 1) - half) >>> 31
        const second = ((words[at + 2 * quarter] >>> 1) - half) >>> 31
        const third = ((words[at + 3 * quarter] >>> 1) - half) >>> 31
        at += Math.imul(quarter, first + second + third)
        length -= 3 * quarter
      }
      const end = heads + count
      at++
      while (at < end && words[at] < head) at++
      index = at - heads
      const isEqual = at < end && words[at] === head
      if (type === PageType.LEAF) {
        if (!isEqual) return NOT_FOUND
        if (at + 1 === end || words[at + 1] !== head) {
          const cell = base + segment.halves[((heads + count) << 1) + index]
          touched[0] = touchCell(words, cell)
          probe.segment = segment
          return isSuffixOf(segment.bytes, cell, prefixLength, probe) ? cell : NOT_FOUND
        }
      } else if (isEqual) index = childIndex(segment, base, probe)
    }
    if (type === PageType.LEAF) return findInLeaf(segment, base, probe)
    page = words[heads + count + index]
  }
  throw tooDeep(root)
}

/** Whether a cell's key is the probe's, given that their prefixes and heads are equal. */
function isSuffixOf(bytes: Uint8Array, cell: number, prefixLength: number, probe: Probe): boolean {
  const length = (bytes[cell] | (bytes[cell + 1] << 8)) & LENGTH_MASK
  if (length !== probe.length - prefixLength) return false
  const key = probe.bytes
  for (let at = HEAD_BYTES; at < length; at++) if (bytes[cell + LEAF_CELL_BYTES + at] !== key[prefixLength + at]) return false
  return true
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
