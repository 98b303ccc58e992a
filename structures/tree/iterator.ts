/**
 * Iterating over a range, leaf by leaf.
 *
 * A leaf of text is decoded once as one string and the entries are substrings of it, which keeps that string (at most a page) alive
 * as long as one of them lives.
 */
import { PAGE_SIZE } from '../../src/pages/format.js'
import { Segment } from '../../src/pages/segment.js'
import { readValue } from './entry.js'
import { decodeKey, type KeyEncoding } from './keys.js'
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
import { refuseOutside, valueStart } from './lookup.js'
import { Position, type ViewSource } from './position.js'
import { Probe } from './probe.js'
import { type ByteRange, isEmptyRange } from './range.js'
import { lowerBound } from './search.js'
import { parseJson, type ValueEncoding } from './values.js'

/** What an iterator yields. */
export type Yield = 'entries' | 'keys' | 'values'

/** A tree as an iterator sees it. */
export interface IterationSource extends ViewSource {
  readonly keyEncoding: KeyEncoding
  readonly valueEncoding: ValueEncoding
}

/** From this many entries of a leaf on it pays to decode its text as a whole. */
const TEXT_ENTRIES = 4
/** Longest prefix that is repeated for each key of a leaf before the keys are decoded as a whole. */
const MAX_REPEATED_PREFIX = 64

const probe = new Probe()
/** Where keys are put together from prefix and suffix: as many as a page can hold. */
const keys = new Segment(new ArrayBuffer(PAGE_SIZE + (PAGE_SIZE / LEAF_ENTRY_OVERHEAD) * (MAX_REPEATED_PREFIX + 4)))

export class EntryIterator<T> implements IterableIterator<T> {
  private position: Position | undefined
  private isDone: boolean
  /** Entries that the range's limit allows behind those of this leaf. */
  private rest: number
  /** Index of the entry in its leaf; those still to come follow in steps to before `stop`. */
  private index = 0
  private stop = 0
  private readonly step: 1 | -1
  /** Whether the range ends in this leaf. */
  private isLastLeaf = false
  /** Index of the leaf's first cell pointer, from the page's beginning. */
  private pointers = 0
  /** Text of the leaf's cells, or '' if it was not decoded, and offset of the first of them in the page. */
  private text = ''
  private textStart = 0
  /** Text of the keys still to come, or '', and where the next begins. */
  private keyText = ''
  private keyAt = 0

  constructor(
    private readonly source: IterationSource,
    private readonly range: ByteRange,
    private readonly what: Yield,
  ) {
    this.isDone = isEmptyRange(range)
    this.rest = range.limit
    this.step = range.reverse ? -1 : 1
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<T, undefined> {
    if (this.isDone) return { value: undefined, done: true }
    try {
      if (!this.arrive()) return this.return()
      return { value: this.read() as T, done: false }
    } catch (error) {
      // An iterator that failed stays failed.
      this.return()
      throw error
    }
  }

  return(): IteratorResult<T, undefined> {
    this.isDone = true
    this.position?.release()
    this.position = undefined
    return { value: undefined, done: true }
  }

  /** Goes to the next entry of the range; `false` if there is none. */
  private arrive(): boolean {
    const { position } = this
    if (position === undefined) return this.begin()
    if (position.resume()) return this.findAgain(position)
    this.index += this.step
    return this.index !== this.stop || this.turnLeaf(position)
  }

  private begin(): boolean {
    const position = new Position(this.source)
    this.position = position
    const { lower, upper, reverse } = this.range
    if (reverse) {
      if (upper === undefined ? !position.seekLast() : !position.seekBelow(probe.set(upper))) return false
    } else if (lower === undefined ? !position.seekFirst() : !position.seek(probe.set(lower))) return false
    return this.enterLeaf(position)
  }

  /** The tree changed under a live position: goes to the neighbour of the last key in the direction of the walk. */
  private findAgain(position: Position): boolean {
    // The limit counts again what of the leaf was not reached.
    this.rest += Math.abs(this.stop - this.index) - 1
    if (!position.find()) return false
    const found = this.step > 0 ? position.next() : position.previous()
    return found && this.enterLeaf(position)
  }

  private turnLeaf(position: Position): boolean {
    if (this.isLastLeaf) return false
    const found = this.step > 0 ? position.nextLeaf() : position.previousLeaf()
    return found && this.enterLeaf(position)
  }

  /** Works out which entries of the position's leaf belong to the range, from the position on; `false` if none does. */
  private enterLeaf(position: Position): boolean {
    const { segment, base, count } = position.walk
    const { lower, upper } = this.range
    const { index } = position
    let found: number
    if (this.step > 0) {
      const end = upper === undefined ? count : lowerBound(segment, base, probe.set(upper))
      this.isLastLeaf = end < count
      found = end - index
    } else {
      const start = lower === undefined ? 0 : lowerBound(segment, base, probe.set(lower))
      this.isLastLeaf = start > 0
      found = index + 1 - start
    }
    if (found >= this.rest) {
      found = this.rest
      this.isLastLeaf = true
    }
    if (found <= 0) return false
    this.rest -= found
    this.index = index
    this.stop = index + this.step * found
    this.pointers = leafPointersIndex(segment, base) - (base >>> 1)
    this.decodeText(position, found)
    return true
  }

  /** Decodes the leaf's text as a whole if `count` entries of it make that worth while. */
  private decodeText(position: Position, count: number): void {
    this.text = ''
    this.keyText = ''
    if (count < TEXT_ENTRIES) return
    const { segment, base } = position.walk
    const { keyEncoding, valueEncoding } = this.source
    // The cells first, from end to end: memory is read fastest that way, and the keys, which are among them, are at hand then.
    if (this.what !== 'keys' && (valueEncoding === 'string' || valueEncoding === 'json')) {
      this.textStart = segment.halves[(base + TREE_CELLS_START) >>> 1]
      this.text = segment.bytes.latin1Slice(base + this.textStart, base + PAGE_SIZE)
    }
    if (this.what !== 'values' && keyEncoding === 'string' && prefixLengthOf(segment, base) <= MAX_REPEATED_PREFIX) {
      this.keyText = keys.bytes.latin1Slice(0, this.gatherKeys(segment, base, count))
      this.keyAt = 0
    }
  }

  /** Puts the next `count` keys, without those that are not ASCII, behind each other at multiples of 4; returns where they end. */
  private gatherKeys(segment: Segment, base: number, count: number): number {
    const { bytes, words } = segment
    const prefixLength = prefixLengthOf(segment, base)
    const wholeWords = prefixLength >>> 2
    const prefix = (base + TREE_PREFIX) >>> 2
    const pointers = leafPointersIndex(segment, base)
    let to = 0
    for (let done = 0, index = this.index; done < count; done++, index += this.step) {
      const cell = base + segment.halves[pointers + index]
      const key = halfAt(bytes, cell + LEAF_CELL_KEY)
      if ((key & KEY_ASCII) === 0) continue
      const suffixLength = key & LENGTH_MASK
      refuseOutside(segment, base, cell + LEAF_CELL_BYTES + suffixLength)
      // The rest of the prefix is followed by zeros, which the suffix then overwrites.
      for (let word = 0; word <= wholeWords; word++) keys.words[(to >>> 2) + word] = words[prefix + word]
      const suffix = to + prefixLength
      for (let at = 0; at < suffixLength; at++) keys.bytes[suffix + at] = bytes[cell + LEAF_CELL_BYTES + at]
      to = (suffix + suffixLength + 3) & ~3
    }
    return to
  }

  private read(): unknown {
    const position = this.position as Position
    const { segment, base } = position.walk
    const cell = base + segment.halves[(base >>> 1) + this.pointers + this.index]
    let entry: unknown
    if (this.what === 'keys') entry = this.readKey(position, cell)
    else if (this.what === 'values') entry = this.readValue(position, cell)
    else entry = [this.readKey(position, cell), this.readValue(position, cell)]
    if (position.isLive) {
      position.index = this.index
      position.leave()
    }
    return entry
  }

  private readKey(position: Position, cell: number): unknown {
    const { segment, base } = position.walk
    const key = halfAt(segment.bytes, cell + LEAF_CELL_KEY)
    if (this.keyText !== '' && (key & KEY_ASCII) !== 0) {
      const start = this.keyAt
      const end = start + prefixLengthOf(segment, base) + (key & LENGTH_MASK)
      this.keyAt = (end + 3) & ~3
      return this.keyText.substring(start, end)
    }
    copyLeafKey(segment, base, this.index, probe)
    return decodeKey(this.source.keyEncoding, probe)
  }

  private readValue(position: Position, cell: number): unknown {
    const { segment, base } = position.walk
    const { valueEncoding } = this.source
    if (this.text !== '') {
      const field = halfAt(segment.bytes, cell + LEAF_CELL_VALUE)
      if ((field & (VALUE_ASCII | VALUE_OVERFLOW)) === VALUE_ASCII) {
        const at = valueStart(segment, cell) - base - this.textStart
        const text = this.text.substring(at, at + (field & LENGTH_MASK))
        return valueEncoding === 'json' ? parseJson(text) : text
      }
    }
    return readValue(valueEncoding, segment, cell, position.pages, position.transaction)
  }
}
