/**
 * Changing one leaf in place. The callers see to it that the page belongs to the transaction and that the key fits its prefix.
 *
 * A removed or outgrown cell stays behind as dead bytes until the page is rewritten.
 */
import { PAGE_COUNT, PAGE_NUMBER, PAGE_SIZE } from '../../src/pages/format.js'
import { damaged } from '../../src/pages/pages.js'
import type { Segment } from '../../src/pages/segment.js'
import {
  countOf,
  HEAD_BYTES,
  halfAt,
  headsIndex,
  headsOffset,
  KEY_ASCII,
  LEAF_CELL_BYTES,
  LEAF_CELL_KEY,
  LEAF_CELL_VALUE,
  LENGTH_MASK,
  leafCell,
  leafPointersIndex,
  MAX_KEY_BYTES,
  POINTER_BYTES,
  prefixLengthOf,
  setHalf,
  TREE_CELLS_START,
  TREE_DEAD_BYTES,
  TREE_PREFIX,
} from './layout.js'
import type { Probe } from './probe.js'

/** A value as it lies in a cell: the value itself or a reference to it. */
export interface Payload {
  bytes: Uint8Array
  /** VALUE_ASCII, VALUE_OVERFLOW. */
  flags: number
}

/** Bytes between the arrays and the cells. */
export function leafFree(segment: Segment, base: number): number {
  const arraysEnd = headsOffset(prefixLengthOf(segment, base)) + (HEAD_BYTES + POINTER_BYTES) * countOf(segment, base)
  return freeBehind(segment, base, arraysEnd)
}

/** The same for arrays that end at `arraysEnd`. Throws `ERR_DAMAGED` if the page contradicts itself. */
export function freeBehind(segment: Segment, base: number, arraysEnd: number): number {
  const start = segment.halves[(base + TREE_CELLS_START) >>> 1]
  if (arraysEnd > start || start > PAGE_SIZE) throw damaged(segment.words[(base + PAGE_NUMBER) >>> 2], 'its arrays and cells overlap')
  return start - arraysEnd
}

/** Bytes of the page in use. */
export function leafUsed(segment: Segment, base: number): number {
  return PAGE_SIZE - TREE_PREFIX - leafFree(segment, base) - segment.halves[(base + TREE_DEAD_BYTES) >>> 1]
}

/** Bytes of the cell at this offset in the segment. */
export function leafCellBytes(segment: Segment, cell: number): number {
  const { bytes } = segment
  const length =
    LEAF_CELL_BYTES + (halfAt(bytes, cell + LEAF_CELL_KEY) & LENGTH_MASK) + (halfAt(bytes, cell + LEAF_CELL_VALUE) & LENGTH_MASK)
  if ((cell & (PAGE_SIZE - 1)) + length > PAGE_SIZE)
    throw damaged(segment.words[((cell & -PAGE_SIZE) + PAGE_NUMBER) >>> 2], 'a cell leaves the page')
  return length
}

/** Inserts an entry before entry `index`; there is room for its cell, head and cell pointer. */
export function insertEntry(segment: Segment, base: number, index: number, key: Probe, payload: Payload): void {
  const { bytes, words, halves } = segment
  const count = countOf(segment, base)
  const prefixLength = prefixLengthOf(segment, base)
  const heads = headsIndex(segment, base)
  const pointers = (heads + count) << 1
  // From the end: the pointers behind the new one move by a head and a pointer, what lies before it by a head.
  bytes.copyWithin(2 * (pointers + index) + HEAD_BYTES + POINTER_BYTES, 2 * (pointers + index), 2 * (pointers + count))
  bytes.copyWithin(4 * (heads + index) + HEAD_BYTES, 4 * (heads + index), 2 * (pointers + index))
  const cell = writeCell(segment, base, key, prefixLength, payload)
  words[heads + index] = keyHead(key, prefixLength)
  halves[pointers + 2 + index] = cell
  halves[(base + PAGE_COUNT) >>> 1] = count + 1
}

/** Gives entry `index` another value; there is room for a new cell, or the payload is not longer than the old. */
export function replaceValue(segment: Segment, base: number, index: number, key: Probe, payload: Payload): void {
  const cell = leafCell(segment, base, index)
  const oldBytes = leafCellBytes(segment, cell)
  const { bytes } = segment
  const start = cell + LEAF_CELL_BYTES + (halfAt(bytes, cell + LEAF_CELL_KEY) & LENGTH_MASK)
  const oldLength = cell + oldBytes - start
  const { length } = payload.bytes
  if (length <= oldLength) {
    setHalf(bytes, cell + LEAF_CELL_VALUE, length | payload.flags)
    bytes.set(payload.bytes, start)
    addDead(segment, base, oldLength - length)
    return
  }
  addDead(segment, base, oldBytes)
  segment.halves[leafPointersIndex(segment, base) + index] = writeCell(segment, base, key, prefixLengthOf(segment, base), payload)
}

/** Removes the entries from index `from` to before `to`. */
export function removeEntries(segment: Segment, base: number, from: number, to: number): void {
  if (to <= from) return
  const { bytes } = segment
  const count = countOf(segment, base)
  const heads = headsIndex(segment, base)
  const pointers = (heads + count) << 1
  let dead = 0
  for (let index = from; index < to; index++) dead += leafCellBytes(segment, leafCell(segment, base, index))
  addDead(segment, base, dead)
  const removed = to - from
  bytes.copyWithin(4 * (heads + from), 4 * (heads + to), 2 * (pointers + from))
  const shorter = pointers - 2 * removed
  bytes.copyWithin(2 * (shorter + from), 2 * (pointers + to), 2 * (pointers + count))
  segment.halves[(base + PAGE_COUNT) >>> 1] = count - removed
}

/** Notes bytes that no cell uses any more. */
export function addDead(segment: Segment, base: number, length: number): void {
  segment.halves[(base + TREE_DEAD_BYTES) >>> 1] += length
}

/** Fills the probe with the key of entry `index`. Throws `ERR_DAMAGED` if it leaves the page or is too long. */
export function copyLeafKey(segment: Segment, base: number, index: number, probe: Probe): void {
  const { bytes } = segment
  const prefixLength = prefixLengthOf(segment, base)
  const cell = leafCell(segment, base, index)
  const key = halfAt(bytes, cell + LEAF_CELL_KEY)
  const suffixLength = key & LENGTH_MASK
  if (cell + LEAF_CELL_BYTES + suffixLength > base + PAGE_SIZE || prefixLength + suffixLength > MAX_KEY_BYTES)
    throw damaged(segment.words[(base + PAGE_NUMBER) >>> 2], 'a key leaves the page')
  for (let at = 0; at < prefixLength; at++) probe.bytes[at] = bytes[base + TREE_PREFIX + at]
  for (let at = 0; at < suffixLength; at++) probe.bytes[prefixLength + at] = bytes[cell + LEAF_CELL_BYTES + at]
  probe.end(prefixLength + suffixLength, key & KEY_ASCII)
}

/** Head of a probe's key behind the prefix. */
export function keyHead(key: Probe, prefixLength: number): number {
  const { bytes } = key
  return ((bytes[prefixLength] << 24) | (bytes[prefixLength + 1] << 16) | (bytes[prefixLength + 2] << 8) | bytes[prefixLength + 3]) >>> 0
}

/** Adds a cell below the others and returns its offset in the page. */
function writeCell(segment: Segment, base: number, key: Probe, prefixLength: number, payload: Payload): number {
  const { bytes, halves } = segment
  const suffixLength = key.length - prefixLength
  const start = halves[(base + TREE_CELLS_START) >>> 1] - LEAF_CELL_BYTES - suffixLength - payload.bytes.length
  const cell = base + start
  setHalf(bytes, cell + LEAF_CELL_KEY, suffixLength | key.flags)
  setHalf(bytes, cell + LEAF_CELL_VALUE, payload.bytes.length | payload.flags)
  const suffix = cell + LEAF_CELL_BYTES
  for (let at = 0; at < suffixLength; at++) bytes[suffix + at] = key.bytes[prefixLength + at]
  bytes.set(payload.bytes, suffix + suffixLength)
  halves[(base + TREE_CELLS_START) >>> 1] = start
  return start
}
