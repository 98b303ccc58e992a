/**
 * The text of a leaf's entries, decoded as a whole.
 *
 * One call into the engine makes one string of all values and one of all keys, and the entries are substrings of them: several times faster
 * than a call for each, at the price that an entry's string keeps the page's alive. What is not ASCII is left to be decoded by itself.
 */
import { PAGE_HEADER_SIZE, PAGE_SIZE } from '../../src/pages/format.js'
import { Segment } from '../../src/pages/segment.js'
import {
  halfAt,
  headsIndex,
  KEY_ASCII,
  LEAF_CELL_BYTES,
  LEAF_CELL_KEY,
  LEAF_CELL_VALUE,
  LEAF_ENTRY_OVERHEAD,
  LENGTH_MASK,
  leafPointersIndex,
  MAX_KEY_BYTES,
  prefixLengthOf,
  TREE_CELLS_START,
  TREE_PREFIX,
  VALUE_ASCII,
  VALUE_OVERFLOW,
} from './layout.js'

/** Longest prefix that is repeated for each key before the keys are decoded as a whole. */
const MAX_REPEATED_PREFIX = 64
/** More entries than a leaf can hold. */
const MAX_ENTRIES = Math.ceil((PAGE_SIZE - PAGE_HEADER_SIZE) / LEAF_ENTRY_OVERHEAD)
/** In place of where a text begins: it is not among what was decoded. */
const APART = -1

/** Where keys are put together from prefix and suffix: room for as many as a page can hold. */
const joined = new Segment(new ArrayBuffer(PAGE_SIZE + MAX_ENTRIES * (MAX_REPEATED_PREFIX + 8) + MAX_KEY_BYTES))
const joinedView = new DataView(joined.words.buffer)

/** Entries of a leaf: `count` of them from `index` on, upwards or downwards. */
export interface LeafEntries {
  readonly segment: Segment
  readonly base: number
  readonly index: number
  readonly step: 1 | -1
  readonly count: number
}

export class LeafText {
  private keys = ''
  private values = ''
  // By entry, in the order of `LeafEntries`: where its text begins, or APART, and ends.
  private readonly keyStart = new Int32Array(MAX_ENTRIES)
  private readonly keyEnd = new Int32Array(MAX_ENTRIES)
  private readonly valueStart = new Int32Array(MAX_ENTRIES)
  private readonly valueEnd = new Int32Array(MAX_ENTRIES)

  /** The key of entry `done`; `undefined` if it must be decoded by itself. */
  key(done: number): string | undefined {
    const start = this.keyStart[done]
    return start === APART ? undefined : this.keys.substring(start, this.keyEnd[done])
  }

  /** The value of entry `done`; `undefined` if it must be decoded by itself. */
  value(done: number): string | undefined {
    const start = this.valueStart[done]
    return start === APART ? undefined : this.values.substring(start, this.valueEnd[done])
  }

  /** Lets go of the texts. */
  clear(): void {
    this.keys = ''
    this.values = ''
  }

  /** Decodes the values that lie in the leaf. */
  loadValues({ segment, base, index, step, count }: LeafEntries): void {
    const { bytes, halves } = segment
    const { valueStart, valueEnd } = this
    const start = base + halves[(base + TREE_CELLS_START) >>> 1]
    this.values = bytes.latin1Slice(start, base + PAGE_SIZE)
    let pointer = leafPointersIndex(segment, base) + index
    for (let done = 0; done < count; done++, pointer += step) {
      const cell = base + halves[pointer]
      const field = halfAt(bytes, cell + LEAF_CELL_VALUE)
      const from = cell - start + LEAF_CELL_BYTES + (halfAt(bytes, cell + LEAF_CELL_KEY) & LENGTH_MASK)
      valueStart[done] = (field & (VALUE_ASCII | VALUE_OVERFLOW)) === VALUE_ASCII ? from : APART
      valueEnd[done] = from + (field & LENGTH_MASK)
    }
  }

  /** Decodes the keys, if that pays. */
  loadKeys({ segment, base, index, step, count }: LeafEntries): void {
    const { keyStart, keyEnd } = this
    const prefixLength = prefixLengthOf(segment, base)
    if (prefixLength > MAX_REPEATED_PREFIX) {
      this.keyStart.fill(APART, 0, count)
      return
    }
    const { bytes, halves, words } = segment
    const prefixWords = (prefixLength + 3) >>> 2
    const prefix = (base + TREE_PREFIX) >>> 2
    const heads = headsIndex(segment, base)
    const pointers = leafPointersIndex(segment, base)
    let at = index
    let to = 0
    for (let done = 0; done < count; done++, at += step) {
      const cell = base + halves[pointers + at]
      const key = halfAt(bytes, cell + LEAF_CELL_KEY)
      if ((key & KEY_ASCII) === 0) {
        keyStart[done] = APART
        continue
      }
      const length = key & LENGTH_MASK
      keyStart[done] = to
      for (let word = 0; word < prefixWords; word++) joined.words[(to >>> 2) + word] = words[prefix + word]
      to += prefixLength
      // The head holds the first four bytes; where the key has fewer, zeros that the next key covers.
      joinedView.setUint32(to, words[heads + at])
      const suffix = cell + LEAF_CELL_BYTES
      for (let byte = 4; byte < length; byte++) joined.bytes[to + byte] = bytes[suffix + byte]
      to += length
      keyEnd[done] = to
      to = (to + 3) & ~3
    }
    this.keys = joined.bytes.latin1Slice(0, to)
  }
}
