/**
 * Iterating over a range, leaf by leaf.
 */
import { readValue } from './entry.js'
import { decodeKey, type KeyEncoding } from './keys.js'
import { copyLeafKey } from './leaf.js'
import { LeafText } from './leaf-text.js'
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

const probe = new Probe()
const NO_WORDS = new Uint32Array(0)
/** Decoders that no iterator uses. */
const spareTexts: LeafText[] = []
const MAX_SPARE_TEXTS = 16

export class EntryIterator<T> implements IterableIterator<T> {
  private position: Position | undefined
  private isDone: boolean
  /** Entries that the range's limit allows behind those of this leaf. */
  private rest: number
  private readonly step: 1 | -1
  /** Whether the range ends in this leaf. */
  private isLastLeaf = false
  /** Index of the first of the leaf's entries in the range, and how many there are. */
  private start = 0
  private count = 0
  /** How many of them were reached before this one. */
  private done = 0
  /** Their keys and values as far as they were decoded as a whole, ... */
  private text: LeafText | undefined
  private hasKeyTexts = false
  private hasValueTexts = false
  /** The leaf's segment: empty once the store was closed, and nothing is memory any more. */
  private words: Uint32Array = NO_WORDS
  /** Whether both are yielded as they are. */
  private hasPlainEntries = false
  /** ... and how many of them can be handed out without a look at the tree: `count` or 0. */
  private plainCount = 0

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
    const { done, position } = this
    if (done + 1 >= this.plainCount || position === undefined || this.words.length === 0) return this.nextOfTree()
    this.done = done + 1
    if (this.hasPlainEntries) {
      const text = this.text as LeafText
      const key = text.key(done + 1)
      const value = text.value(done + 1)
      if (key !== undefined && value !== undefined) return { value: [key, value] as T, done: false }
    }
    return this.yieldEntry(position)
  }

  private nextOfTree(): IteratorResult<T, undefined> {
    if (this.isDone) return { value: undefined, done: true }
    try {
      if (!this.arrive()) return this.return()
    } catch (error) {
      this.return()
      throw error
    }
    return this.yieldEntry(this.position as Position)
  }

  private yieldEntry(position: Position): IteratorResult<T, undefined> {
    try {
      const entry = this.read(position) as T
      position.leave()
      return { value: entry, done: false }
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
    this.plainCount = 0
    if (this.text !== undefined) giveBack(this.text)
    this.text = undefined
    return { value: undefined, done: true }
  }

  /** Goes to the next entry of the range; `false` if there is none. */
  private arrive(): boolean {
    const { position } = this
    if (position === undefined) return this.begin()
    if (position.resume()) return this.findAgain(position)
    return ++this.done < this.count || this.turnLeaf(position)
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
    this.rest += this.count - this.done - 1
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
    this.start = index
    this.count = found
    this.done = 0
    this.decodeText(position)
    return true
  }

  private decodeText(position: Position): void {
    const { keyEncoding, valueEncoding } = this.source
    const { step, count, what } = this
    const isWorthIt = count >= TEXT_ENTRIES
    this.hasValueTexts = isWorthIt && what !== 'keys' && (valueEncoding === 'string' || valueEncoding === 'json')
    this.hasKeyTexts = isWorthIt && what !== 'values' && keyEncoding === 'string'
    // Only over a snapshot of its own: an open transaction can change, and a snapshot of the caller's end, before the next entry.
    this.plainCount = position.ownsSnapshot ? count : 0
    this.words = position.walk.segment.words
    this.hasPlainEntries = this.hasKeyTexts && this.hasValueTexts && valueEncoding === 'string'
    if (!this.hasValueTexts && !this.hasKeyTexts) return
    this.text ??= spareTexts.pop() ?? new LeafText()
    const { segment, base } = position.walk
    const entries = { segment, base, index: this.start, step, count }
    // The values first: they are read from end to end, which is how memory is read fastest, and the keys lie among them.
    if (this.hasValueTexts) this.text.loadValues(entries)
    if (this.hasKeyTexts) this.text.loadKeys(entries)
  }

  private read(position: Position): unknown {
    position.index = this.start + this.step * this.done
    if (this.what === 'keys') return this.readKey(position)
    if (this.what === 'values') return this.readValue(position)
    return [this.readKey(position), this.readValue(position)]
  }

  private readKey(position: Position): unknown {
    const text = this.hasKeyTexts ? (this.text as LeafText).key(this.done) : undefined
    return text ?? this.decodeKey(position)
  }

  private decodeKey(position: Position): unknown {
    copyLeafKey(position.walk.segment, position.walk.base, position.index, probe)
    return decodeKey(this.source.keyEncoding, probe)
  }

  private readValue(position: Position): unknown {
    const text = this.hasValueTexts ? (this.text as LeafText).value(this.done) : undefined
    if (text === undefined) return this.decodeValue(position)
    return this.source.valueEncoding === 'json' ? parseJson(text) : text
  }

  private decodeValue(position: Position): unknown {
    return readValue(this.source.valueEncoding, position.walk.segment, position.cell, position.pages, position.transaction)
  }
}

function giveBack(text: LeafText): void {
  text.clear()
  if (spareTexts.length < MAX_SPARE_TEXTS) spareTexts.push(text)
}
