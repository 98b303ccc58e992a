/**
 * Searching in one page: the prefix once, then the heads by bisection, then cells only among equal heads.
 *
 * Hot: no allocation, and each function sees one shape of argument only.
 */
import { PAGE_SIZE } from '../../src/pages/format.js'
import type { Segment } from '../../src/pages/segment.js'
import { BRANCH_CELL_BYTES, countOf, LEAF_CELL_BYTES, LENGTH_MASK, leafPointersIndex, prefixLengthOf, TREE_PREFIX } from './layout.js'
import type { Probe } from './probe.js'

/** Bytes of a cache line. */
const LINE_BYTES = 64

/** Index of the leaf's first entry that is not below the probe; sets `probe.found` if it is equal. */
export function lowerBound(segment: Segment, base: number, probe: Probe): number {
  const bound = headBound(segment, base, probe)
  if (bound >= 0) touched[0] = touchCell(segment.words, cellAt(segment, base, bound))
  return cellBound(segment, base, probe, bound)
}

/**
 * The first half of `lowerBound`, which reads no cell: the index of the first entry whose head is not below the probe's, if the heads are equal;
 * else the inverted result of the whole.
 */
export function headBound(segment: Segment, base: number, probe: Probe): number {
  const { words } = segment
  const count = countOf(segment, base)
  const prefixLength = prefixLengthOf(segment, base)
  if (prefixLength > 0) {
    const order = comparePrefix(segment, base, prefixLength, probe)
    if (order !== 0) return order < 0 ? ~0 : ~count
  }
  const head = probeHead(probe, prefixLength)
  const heads = headsIndexBehind(base, prefixLength)
  const low = firstHeadFrom(words, heads, count, head)
  return low === count || words[heads + low] !== head ? ~low : low
}

/** The second half: `bound` is what `headBound` returned. */
export function cellBound(segment: Segment, base: number, probe: Probe, bound: number): number {
  probe.found = false
  if (bound < 0) return ~bound
  const { words } = segment
  const count = countOf(segment, base)
  const prefixLength = prefixLengthOf(segment, base)
  const heads = headsIndexBehind(base, prefixLength)
  const pointers = (heads + count) << 1
  let low = bound
  let high = lastEqualHead(words, heads, low, count)
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = compareCell(segment, base + segment.halves[pointers + middle], LEAF_CELL_BYTES, probe, prefixLength)
    if (order === 0) {
      probe.found = true
      return middle
    }
    if (order < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Offset in the segment of the cell of entry `index`. */
export function cellAt(segment: Segment, base: number, index: number): number {
  return base + segment.halves[leafPointersIndex(segment, base) + index]
}

/**
 * Reads from each of the cell's first cache lines, so that they arrive together: to be called before the first is used. The result is to be
 * stored somewhere, or the reads would be optimised away.
 */
export function touchCell(words: Uint32Array, cell: number): number {
  const last = cell | (PAGE_SIZE - 4)
  return words[cell >>> 2] ^ words[Math.min(cell + LINE_BYTES, last) >>> 2] ^ words[Math.min(cell + 2 * LINE_BYTES, last) >>> 2]
}

/** The same for the first lines of a page, where prefix, heads and cell pointers are. */
export function touchPage(words: Uint32Array, base: number): number {
  return words[base >>> 2] ^ words[(base + LINE_BYTES) >>> 2] ^ words[(base + 2 * LINE_BYTES) >>> 2] ^ words[(base + 3 * LINE_BYTES) >>> 2]
}

/** Takes what was read ahead. */
export const touched = new Int32Array(1)

/** Index of the branch's child that the probe's key belongs to: the number of separators that are not above it. */
export function childIndex(segment: Segment, base: number, probe: Probe): number {
  const { words } = segment
  const count = countOf(segment, base)
  const prefixLength = prefixLengthOf(segment, base)
  if (prefixLength > 0) {
    const order = comparePrefix(segment, base, prefixLength, probe)
    if (order !== 0) return order < 0 ? 0 : count
  }
  const head = probeHead(probe, prefixLength)
  const heads = headsIndexBehind(base, prefixLength)
  let low = firstHeadFrom(words, heads, count, head)
  if (low === count || words[heads + low] !== head) return low
  let high = lastEqualHead(words, heads, low, count)
  const pointers = (heads + 2 * count + 1) << 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareCell(segment, base + segment.halves[pointers + middle], BRANCH_CELL_BYTES, probe, prefixLength) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Order of the probe and the page's prefix: 0 if the probe starts with it. */
export function comparePrefix(segment: Segment, base: number, prefixLength: number, probe: Probe): number {
  if (probe.length < prefixLength) return compareShortPrefix(segment, base, prefixLength, probe)
  const { words } = segment
  const at = (base + TREE_PREFIX) >>> 2
  const whole = prefixLength >>> 2
  for (let index = 0; index < whole; index++) {
    if (words[at + index] !== probe.words[index]) return compareShortPrefix(segment, base, prefixLength, probe)
  }
  const rest = prefixLength & 3
  if (rest !== 0 && ((words[at + whole] ^ probe.words[whole]) & ((1 << (rest << 3)) - 1)) !== 0)
    return compareShortPrefix(segment, base, prefixLength, probe)
  return 0
}

/** The same byte by byte. */
function compareShortPrefix(segment: Segment, base: number, prefixLength: number, probe: Probe): number {
  const shared = Math.min(prefixLength, probe.length)
  const at = base + TREE_PREFIX
  for (let index = 0; index < shared; index++) {
    const difference = probe.bytes[index] - segment.bytes[at + index]
    if (difference !== 0) return difference
  }
  return probe.length < prefixLength ? -1 : 0
}

function probeHead(probe: Probe, at: number): number {
  const { bytes } = probe
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
}

/**
 * Index of the first head that is not below `head`.
 *
 * Each step looks at three heads at once and has no branch on what it read, of which the processor would guess half wrong: the difference of
 * two 31-bit numbers has its sign bit set exactly if the first is smaller. What the lost bit and the last step left open is settled at the end.
 */
function firstHeadFrom(words: Uint32Array, heads: number, count: number, head: number): number {
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
  let index = at + 1 - heads
  while (index < count && words[heads + index] < head) index++
  return index
}

/** Index behind the last of the heads that are equal to the one at `from`. */
function lastEqualHead(words: Uint32Array, heads: number, from: number, count: number): number {
  const head = words[heads + from]
  let low = from + 1
  if (low === count || words[heads + low] !== head) return low
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (words[heads + middle] === head) low = middle + 1
    else high = middle
  }
  return low
}

/** Index into `words` of the first head behind a prefix. */
function headsIndexBehind(base: number, prefixLength: number): number {
  return (base + TREE_PREFIX + ((prefixLength + 3) & ~3)) >>> 2
}

/** Order of a cell's key and the probe, whose prefixes and heads are equal. */
function compareCell(segment: Segment, cell: number, headerBytes: number, probe: Probe, prefixLength: number): number {
  const { bytes } = segment
  const length = (bytes[cell] | (bytes[cell + 1] << 8)) & LENGTH_MASK
  const rest = probe.length - prefixLength
  const shared = Math.min(length, rest)
  const at = cell + headerBytes
  for (let index = 4; index < shared; index++) {
    const difference = bytes[at + index] - probe.bytes[prefixLength + index]
    if (difference !== 0) return difference
  }
  return length - rest
}
