/**
 * Iterating over a range, leaf by leaf.
 *
 * A leaf of text is decoded once as one string and the entries are substrings of it, which keeps that string (at most a page) alive
 * as long as one of them lives.
 */
import { PAGE_SIZE } from '../../src/pages/format.js'
import { readValue } from './entry.js'
import { decodeKey, type KeyEncoding } from './keys.js'
import {
  halfAt,
  KEY_ASCII,
  LEAF_CELL_BYTES,
  LEAF_CELL_KEY,
  LEAF_CELL_VALUE,
  LENGTH_MASK,
  leafPointersIndex,
  MAX_KEY_BYTES,
  prefixLengthOf,
  TREE_CELLS_START,
  TREE_PREFIX,
  VALUE_ASCII,
  VALUE_OVERFLOW,
} from './layout.js'
import { valueStart } from './lookup.js'
import { Position, type ViewSource } from './position.js'
import { Probe } from './probe.js'
import { type ByteRange, isEmptyRange } from './range.js'
import { lowerBound } from './search.js'
import type { ValueEncoding } from './values.js'

/** What an iterator yields. */
export type Yield = 'entries' | 'keys' | 'values'

/** A tree as an iterator sees it. */
export interface IterationSource extends ViewSource {
  readonly keyEncoding: KeyEncoding
  readonly valueEncoding: ValueEncoding
}

/** From this many entries of a leaf on it pays to decode its text as a whole. */
const TEXT_ENTRIES = 4

const probe = new Probe()
/** Where keys are put together from prefix and suffix. */
const keyBytes = Buffer.alloc(2 * MAX_KEY_BYTES)

export class EntryIterator<T> implements IterableIterator<T> {
  private position: Position | undefined
  private isDone: boolean
  private rest: number
  /** Entries of the leaf still to come: from `index` in steps to before `stop`. */
  private index = 0
  private stop = 0
  private readonly step: 1 | -1
  /** Whether the range ends in this leaf. */
  private isLastLeaf = false
  /** Text of the leaf's cells, or '' if it was not decoded, and offset of the first of them in the page. */
  private text = ''
  private textStart = 0
  private prefixText = ''

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
      const value = this.read() as T
      this.rest--
      return { value, done: false }
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
    if (this.rest === 0) return false
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
    if (!position.find()) return false
    const found = this.step > 0 ? position.next() : position.previous()
    return found && this.enterLeaf(position)
  }

  private turnLeaf(position: Position): boolean {
    if (this.isLastLeaf) return false
    const found = this.step > 0 ? position.nextLeaf() : position.previousLeaf()
    return found && this.enterLeaf(position)
  }

  /** Works out which entries of the position's leaf belong to the range, from the position on. */
  private enterLeaf(position: Position): boolean {
    const { walk } = position
    const { lower, upper } = this.range
    this.index = position.index
    if (this.step > 0) {
      const end = upper === undefined ? walk.count : lowerBound(walk.segment, walk.base, probe.set(upper))
      this.isLastLeaf = end < walk.count
      this.stop = end
      if (this.index >= end) return false
    } else {
      const start = lower === undefined ? 0 : lowerBound(walk.segment, walk.base, probe.set(lower))
      this.isLastLeaf = start > 0
      this.stop = start - 1
      if (this.index < start) return false
    }
    this.decodeText(position, Math.min(Math.abs(this.stop - this.index), this.rest))
    return true
  }

  /** Decodes the leaf's text as a whole if `count` entries of it make that worth while. */
  private decodeText(position: Position, count: number): void {
    this.text = ''
    const isText = this.source.keyEncoding === 'string' || this.source.valueEncoding === 'string' || this.source.valueEncoding === 'json'
    if (!isText || count < TEXT_ENTRIES) return
    const { segment, base } = position.walk
    this.textStart = segment.halves[(base + TREE_CELLS_START) >>> 1]
    this.text = segment.bytes.latin1Slice(base + this.textStart, base + PAGE_SIZE)
    const prefixLength = prefixLengthOf(segment, base)
    this.prefixText = segment.bytes.latin1Slice(base + TREE_PREFIX, base + TREE_PREFIX + prefixLength)
  }

  private read(): unknown {
    const position = this.position as Position
    const { segment, base } = position.walk
    position.index = this.index
    const cell = base + segment.halves[leafPointersIndex(segment, base) + this.index]
    let entry: unknown
    if (this.what === 'keys') entry = this.readKey(position, cell)
    else if (this.what === 'values') entry = this.readValue(position, cell)
    else entry = [this.readKey(position, cell), this.readValue(position, cell)]
    position.leave()
    return entry
  }

  private readKey(position: Position, cell: number): unknown {
    const { segment, base } = position.walk
    const { bytes } = segment
    const key = halfAt(bytes, cell + LEAF_CELL_KEY)
    const suffix = cell + LEAF_CELL_BYTES
    if (this.text !== '' && (key & KEY_ASCII) !== 0 && this.source.keyEncoding === 'string') {
      const at = suffix - base - this.textStart
      return this.prefixText + this.text.substring(at, at + (key & LENGTH_MASK))
    }
    const prefixLength = prefixLengthOf(segment, base)
    const suffixLength = key & LENGTH_MASK
    valueStart(segment, cell)
    for (let at = 0; at < prefixLength; at++) keyBytes[at] = bytes[base + TREE_PREFIX + at]
    for (let at = 0; at < suffixLength; at++) keyBytes[prefixLength + at] = bytes[suffix + at]
    return decodeKey(this.source.keyEncoding, keyBytes, prefixLength + suffixLength, key)
  }

  private readValue(position: Position, cell: number): unknown {
    const { segment, base } = position.walk
    const { valueEncoding } = this.source
    if (this.text !== '' && valueEncoding !== 'binary' && valueEncoding !== 'msgpack') {
      const field = halfAt(segment.bytes, cell + LEAF_CELL_VALUE)
      if ((field & (VALUE_ASCII | VALUE_OVERFLOW)) === VALUE_ASCII) {
        const at = valueStart(segment, cell) - base - this.textStart
        const text = this.text.substring(at, at + (field & LENGTH_MASK))
        return valueEncoding === 'json' ? JSON.parse(text) : text
      }
    }
    return readValue(valueEncoding, segment, cell, position.pages, position.transaction)
  }
}
