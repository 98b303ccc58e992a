/**
 * Changing one branch in place. The callers see to it that the page belongs to the transaction and that a separator fits its prefix.
 */
import { PAGE_COUNT, PAGE_NUMBER, PAGE_SIZE, type PageNumber } from '../../src/pages/format.js'
import { damaged } from '../../src/pages/pages.js'
import type { Segment } from '../../src/pages/segment.js'
import {
  BRANCH_CELL_BYTES,
  branchCell,
  CHILD_BYTES,
  childrenIndex,
  countOf,
  HEAD_BYTES,
  halfAt,
  headsIndex,
  headsOffset,
  LENGTH_MASK,
  MAX_KEY_BYTES,
  POINTER_BYTES,
  prefixLengthOf,
  setHalf,
  TREE_CELLS_START,
  TREE_DEAD_BYTES,
  TREE_PREFIX,
} from './layout.js'
import { addDead, freeBehind, keyHead } from './leaf.js'
import type { Probe } from './probe.js'

/** Bytes of one separator in all arrays, with one child. */
const ARRAYS_BYTES = HEAD_BYTES + CHILD_BYTES + POINTER_BYTES

/** Bytes between the arrays and the cells. */
export function branchFree(segment: Segment, base: number): number {
  const arraysEnd = headsOffset(prefixLengthOf(segment, base)) + ARRAYS_BYTES * countOf(segment, base) + CHILD_BYTES
  return freeBehind(segment, base, arraysEnd)
}

/** Bytes of the page in use. */
export function branchUsed(segment: Segment, base: number): number {
  return PAGE_SIZE - TREE_PREFIX - branchFree(segment, base) - segment.halves[(base + TREE_DEAD_BYTES) >>> 1]
}

export function setChild(segment: Segment, base: number, index: number, child: PageNumber): void {
  segment.words[childrenIndex(segment, base) + index] = child
}

/** Inserts a separator before separator `index`, and `child` to its right; there is room. */
export function insertSeparator(segment: Segment, base: number, index: number, key: Probe, child: PageNumber): void {
  const { bytes, words, halves } = segment
  const count = countOf(segment, base)
  const prefixLength = prefixLengthOf(segment, base)
  const heads = headsIndex(segment, base)
  const children = heads + count
  const pointers = (children + count + 1) << 1
  // From the end: pointers behind the new one, pointers before it and children behind the new one, children before it and heads behind.
  bytes.copyWithin(2 * (pointers + index) + ARRAYS_BYTES, 2 * (pointers + index), 2 * (pointers + count))
  bytes.copyWithin(4 * (children + index + 1) + HEAD_BYTES + CHILD_BYTES, 4 * (children + index + 1), 2 * (pointers + index))
  bytes.copyWithin(4 * (heads + index) + HEAD_BYTES, 4 * (heads + index), 4 * (children + index + 1))
  const suffixLength = key.length - prefixLength
  const start = halves[(base + TREE_CELLS_START) >>> 1] - BRANCH_CELL_BYTES - suffixLength
  setHalf(bytes, base + start, suffixLength)
  for (let at = 0; at < suffixLength; at++) bytes[base + start + BRANCH_CELL_BYTES + at] = key.bytes[prefixLength + at]
  words[heads + index] = keyHead(key, prefixLength)
  words[children + 1 + index + 1] = child
  halves[pointers + 4 + index] = start
  halves[(base + TREE_CELLS_START) >>> 1] = start
  halves[(base + PAGE_COUNT) >>> 1] = count + 1
}

/** Removes child `index` and the separator beside it: the one before it, or for the first child the one behind it. There are two children or more. */
export function removeChild(segment: Segment, base: number, index: number): void {
  const { bytes } = segment
  const count = countOf(segment, base)
  const separator = index === 0 ? 0 : index - 1
  const heads = headsIndex(segment, base)
  const children = heads + count
  const pointers = (children + count + 1) << 1
  addDead(segment, base, branchCellBytes(segment, branchCell(segment, base, separator)))
  bytes.copyWithin(4 * (heads + separator), 4 * (heads + separator + 1), 4 * (children + index))
  bytes.copyWithin(4 * (children + index - 1), 4 * (children + index + 1), 2 * (pointers + separator))
  bytes.copyWithin(2 * (pointers + separator) - HEAD_BYTES - CHILD_BYTES, 2 * (pointers + separator + 1), 2 * (pointers + count))
  segment.halves[(base + PAGE_COUNT) >>> 1] = count - 1
}

/** Fills the probe with separator `index`. */
export function copySeparator(segment: Segment, base: number, index: number, probe: Probe): void {
  const prefixLength = prefixLengthOf(segment, base)
  const cell = branchCell(segment, base, index)
  const suffixLength = branchCellBytes(segment, cell) - BRANCH_CELL_BYTES
  if (prefixLength + suffixLength > MAX_KEY_BYTES) throw damaged(segment.words[(base + PAGE_NUMBER) >>> 2], 'a separator is too long')
  for (let at = 0; at < prefixLength; at++) probe.bytes[at] = segment.bytes[base + TREE_PREFIX + at]
  for (let at = 0; at < suffixLength; at++) probe.bytes[prefixLength + at] = segment.bytes[cell + BRANCH_CELL_BYTES + at]
  probe.end(prefixLength + suffixLength, 0)
}

function branchCellBytes(segment: Segment, cell: number): number {
  const length = BRANCH_CELL_BYTES + (halfAt(segment.bytes, cell) & LENGTH_MASK)
  if ((cell & (PAGE_SIZE - 1)) + length > PAGE_SIZE)
    throw damaged(segment.words[((cell & -PAGE_SIZE) + PAGE_NUMBER) >>> 2], 'a cell leaves the page')
  return length
}

/** Removes the children from index `from` to before `to`, each with a separator beside it. At least one child stays. */
export function removeChildren(segment: Segment, base: number, from: number, to: number): void {
  for (let index = to - 1; index >= from; index--) removeChild(segment, base, index)
}
