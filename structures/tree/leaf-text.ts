/**
 * The text of a leaf's entries, decoded as a whole.
 *
 * One call into the engine makes one string of all cells and the entries are substrings of it: several times faster than a call for each,
 * at the price that an entry's string keeps the page's alive. What is not ASCII is decoded by itself.
 */
import { PAGE_SIZE } from '../../src/pages/format.js'
import { Segment } from '../../src/pages/segment.js'
import { decodeKey } from './keys.js'
import {
  halfAt,
  KEY_ASCII,
  LEAF_CELL_BYTES,
  LEAF_CELL_KEY,
  LEAF_CELL_VALUE,
  LEAF_ENTRY_OVERHEAD,
  LENGTH_MASK,
  leafPointersIndex,
  prefixLengthOf,
  TREE_CELLS_START,
  TREE_PREFIX,
  VALUE_ASCII,
  VALUE_OVERFLOW,
} from './layout.js'
import { copyLeafKey } from './leaf.js'
import { refuseOutside } from './lookup.js'
import { Probe } from './probe.js'

/** Longest prefix that is repeated for each key before the keys are decoded as a whole. */
const MAX_REPEATED_PREFIX = 64

const probe = new Probe()
/** Where keys are put together from prefix and suffix: as many as a page can hold. */
const joined = new Segment(new ArrayBuffer(PAGE_SIZE + (PAGE_SIZE / LEAF_ENTRY_OVERHEAD) * (MAX_REPEATED_PREFIX + 8)))

/** Entries of a leaf: `count` of them from `index` on, upwards or downwards. */
export interface LeafEntries {
  readonly segment: Segment
  readonly base: number
  readonly index: number
  readonly step: 1 | -1
  readonly count: number
}

/** The values that lie in the leaf, as text; `undefined` in place of those that do not. */
export function valueTexts(entries: LeafEntries): (string | undefined)[] {
  const { segment, base, step, count } = entries
  const { bytes, halves } = segment
  const start = base + Math.min(halves[(base + TREE_CELLS_START) >>> 1], PAGE_SIZE)
  const text = bytes.latin1Slice(start, base + PAGE_SIZE)
  const texts = new Array<string | undefined>(count)
  let pointer = leafPointersIndex(segment, base) + entries.index
  for (let done = 0; done < count; done++, pointer += step) {
    const cell = base + halves[pointer]
    const field = halfAt(bytes, cell + LEAF_CELL_VALUE)
    const from = cell + LEAF_CELL_BYTES + (halfAt(bytes, cell + LEAF_CELL_KEY) & LENGTH_MASK)
    const to = from + (field & LENGTH_MASK)
    refuseOutside(segment, base, to)
    const flags = field & (VALUE_ASCII | VALUE_OVERFLOW)
    if (flags === VALUE_ASCII) texts[done] = text.substring(from - start, to - start)
    else texts[done] = (flags & VALUE_OVERFLOW) === 0 ? bytes.utf8Slice(from, to) : undefined
  }
  return texts
}

/** The keys as text; `undefined` if it does not pay to decode them as a whole. */
export function keyTexts(entries: LeafEntries): string[] | undefined {
  const { segment, base, step, count } = entries
  const { bytes, halves } = segment
  const prefixLength = prefixLengthOf(segment, base)
  if (prefixLength > MAX_REPEATED_PREFIX) return undefined
  const text = joined.bytes.latin1Slice(0, joinKeys(entries))
  const texts = new Array<string>(count)
  let index = entries.index
  const pointers = leafPointersIndex(segment, base)
  let from = 0
  for (let done = 0; done < count; done++, index += step) {
    const key = halfAt(bytes, base + halves[pointers + index] + LEAF_CELL_KEY)
    if ((key & KEY_ASCII) !== 0) {
      const to = from + prefixLength + (key & LENGTH_MASK)
      texts[done] = text.substring(from, to)
      from = (to + 3) & ~3
    } else {
      copyLeafKey(segment, base, index, probe)
      texts[done] = decodeKey('string', probe) as string
    }
  }
  return texts
}

/** Puts the keys that are ASCII together behind each other, at multiples of 4; returns where they end. */
function joinKeys(entries: LeafEntries): number {
  const { segment, base, step, count } = entries
  const { bytes, halves, words } = segment
  const prefixLength = prefixLengthOf(segment, base)
  const prefixWords = (prefixLength + 3) >>> 2
  const prefix = (base + TREE_PREFIX) >>> 2
  let pointer = leafPointersIndex(segment, base) + entries.index
  let to = 0
  for (let done = 0; done < count; done++, pointer += step) {
    const cell = base + halves[pointer]
    const key = halfAt(bytes, cell + LEAF_CELL_KEY)
    if ((key & KEY_ASCII) === 0) continue
    const length = key & LENGTH_MASK
    const suffix = cell + LEAF_CELL_BYTES
    refuseOutside(segment, base, suffix + length)
    for (let word = 0; word < prefixWords; word++) joined.words[(to >>> 2) + word] = words[prefix + word]
    to += prefixLength
    for (let at = 0; at < length; at++) joined.bytes[to + at] = bytes[suffix + at]
    to = (to + length + 3) & ~3
  }
  return to
}
