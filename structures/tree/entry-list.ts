/**
 * Entries of pages that are about to be rewritten, in order: gathered from old pages, completed by new ones, written to pages again.
 *
 * Splits, merges, compactions, and bulk loads all go this way. An old page is copied here first, so that it can be overwritten. An entry is a leaf's
 * key and payload (value or reference), or a branch's separator and the child to its right; a branch's first child stands apart.
 */
import { assert } from '../../src/errors.js'
import { PAGE_COUNT, PAGE_HEADER_SIZE, PAGE_NUMBER, PAGE_SIZE, type PageNumber } from '../../src/pages/format.js'
import { damaged } from '../../src/pages/pages.js'
import { Segment } from '../../src/pages/segment.js'
import {
  BRANCH_CELL_BYTES,
  BRANCH_ENTRY_OVERHEAD,
  branchPointersIndex,
  CHILD_BYTES,
  childrenIndex,
  countOf,
  halfAt,
  headAt,
  headsOffset,
  KEY_ASCII,
  LEAF_CELL_BYTES,
  LEAF_CELL_KEY,
  LEAF_CELL_VALUE,
  LEAF_ENTRY_OVERHEAD,
  LENGTH_MASK,
  leafPointersIndex,
  MAX_ENTRY_BYTES,
  prefixLengthOf,
  setHalf,
  TREE_CELLS_START,
  TREE_DEAD_BYTES,
  TREE_PREFIX,
  TREE_PREFIX_LENGTH,
  VALUE_ASCII,
} from './layout.js'
import type { Payload } from './leaf.js'
import type { Probe } from './probe.js'
import { noUtf8 } from './values.js'

/** More than the entries of two pages, even if their cells overlap because they are damaged. */
const MAX_ENTRIES = 1408
/** Two pages and two new entries; a bulk load may need more. */
const FIRST_BYTES = 4 * PAGE_SIZE

/** Most bytes of UTF-8 for one unit of UTF-16. */
const MAX_UTF8_BYTES = 3

/** Where pages are composed. */
const image = new Segment(new ArrayBuffer(PAGE_SIZE))
const imageView = new DataView(image.words.buffer)
const imageBody = image.bytes.subarray(PAGE_HEADER_SIZE)

export class EntryList {
  /** Entries in the list. */
  count = 0
  private memory = new Segment(new ArrayBuffer(FIRST_BYTES))
  private view = new DataView(this.memory.words.buffer)
  private used = 0
  // By entry. The key is a prefix that entries of one page share and a suffix; the payload follows the suffix.
  private readonly prefixAt = new Int32Array(MAX_ENTRIES)
  private readonly prefixLength = new Int32Array(MAX_ENTRIES)
  private readonly suffixAt = new Int32Array(MAX_ENTRIES)
  private readonly suffixLength = new Int32Array(MAX_ENTRIES)
  private readonly keyFlags = new Int32Array(MAX_ENTRIES)
  private readonly payloadLength = new Int32Array(MAX_ENTRIES)
  private readonly payloadFlags = new Int32Array(MAX_ENTRIES)
  private readonly child = new Uint32Array(MAX_ENTRIES)
  /** Bytes of all entries before this one in a page without a prefix. */
  private readonly sizeBefore = new Int32Array(MAX_ENTRIES + 1)

  constructor(private readonly isBranch: boolean) {}

  clear(): this {
    this.count = 0
    this.used = 0
    return this
  }

  /** Copies a page in; `addCells` takes its entries. */
  copyPage(segment: Segment, base: number): number {
    const at = this.reserve(PAGE_SIZE)
    this.memory.bytes.set(segment.bytes.subarray(base, base + PAGE_SIZE), at)
    return at
  }

  /** Adds the entries from index `from` to before `to` of a page that was copied to `base`. */
  addCells(base: number, from: number, to: number): void {
    if (this.isBranch) this.addBranchCells(base, from, to)
    else this.addLeafCells(base, from, to)
  }

  /** Adds all entries of a page; returns where it was copied to. */
  addPage(segment: Segment, base: number): number {
    const at = this.copyPage(segment, base)
    this.addCells(at, 0, countOf(this.memory, at))
    return at
  }

  /** Adds a leaf's entry. */
  addEntry(key: Probe, payload: Payload): void {
    const at = this.addKey(key, payload.bytes.length)
    this.memory.bytes.set(payload.bytes, at + key.length)
    this.append(0, 0, at, key.length, key.flags, payload.bytes.length, payload.flags)
  }

  /**
   * Adds a leaf's entry with a text as its value; `false`, and adds nothing, if that has no place in a leaf. Throws `ERR_INVALID_VALUE` for
   * a text without a UTF-8 form.
   */
  addText(key: Probe, text: string): boolean {
    // No character has less than a byte.
    if (LEAF_ENTRY_OVERHEAD + key.length + text.length > MAX_ENTRY_BYTES) return false
    const { used } = this
    const at = this.addKey(key, MAX_UTF8_BYTES * text.length)
    const length = this.memory.bytes.utf8Write(text, at + key.length)
    if (length !== text.length) {
      this.used = used
      if (!text.isWellFormed()) throw noUtf8()
      if (LEAF_ENTRY_OVERHEAD + key.length + length > MAX_ENTRY_BYTES) return false
    }
    this.used = (at + key.length + length + 3) & ~3
    this.append(0, 0, at, key.length, key.flags, length, length === text.length ? VALUE_ASCII : 0)
    return true
  }

  /** Drops all entries but the last. */
  keepLast(): void {
    const last = this.count - 1
    const start = this.suffixAt[last]
    const suffixLength = this.suffixLength[last]
    const payloadLength = this.payloadLength[last]
    const keyFlags = this.keyFlags[last]
    const payloadFlags = this.payloadFlags[last]
    assert(this.prefixLength[last] === 0, 'the last entry did not come with a page')
    this.clear()
    const at = this.reserve(suffixLength + payloadLength)
    this.memory.bytes.copyWithin(at, start, start + suffixLength + payloadLength)
    this.append(0, 0, at, suffixLength, keyFlags, payloadLength, payloadFlags)
  }

  /** Adds a separator and the child to its right. */
  addSeparator(key: Probe, child: PageNumber): void {
    const at = this.addKey(key, 0)
    this.child[this.count] = child
    this.append(0, 0, at, key.length, 0, 0, 0)
  }

  /** First child of a branch that was copied to `base`. */
  firstChildOf(base: number): PageNumber {
    return this.memory.words[childrenIndex(this.memory, base)]
  }

  /** Child to the right of separator `index`. */
  childAt(index: number): PageNumber {
    return this.child[index]
  }

  /** Bytes of the key of entry `index`. */
  keyLength(index: number): number {
    return this.prefixLength[index] + this.suffixLength[index]
  }

  /** Fills the probe with the first `length` bytes of the key of entry `index`. */
  copyKey(index: number, probe: Probe, length = this.keyLength(index)): void {
    for (let at = 0; at < length; at++) probe.bytes[at] = this.keyByte(index, at)
    probe.end(length, this.keyFlags[index])
  }

  /** Bytes that the keys of two entries have in common at their start. */
  commonPrefix(first: number, second: number): number {
    const shared = Math.min(this.keyLength(first), this.keyLength(second))
    let length = this.prefixAt[first] === this.prefixAt[second] ? Math.min(this.prefixLength[first], this.prefixLength[second]) : 0
    while (length < shared && this.keyByte(first, length) === this.keyByte(second, length)) length++
    return length
  }

  /** Bytes before entry `index` in a page without a prefix: a measure for balance. */
  weightBefore(index: number): number {
    return this.sizeBefore[index]
  }

  /** Whether one page can hold the entries from `from` to before `to`. */
  fits(from: number, to: number): boolean {
    return to <= from || this.fitsWith(from, to, this.commonPrefix(from, to - 1))
  }

  /** The same for entries that share `prefixLength` bytes. */
  fitsWith(from: number, to: number, prefixLength: number): boolean {
    const entries = this.sizeBefore[to] - this.sizeBefore[from] - (to - from) * prefixLength
    return headsOffset(prefixLength) + entries + (this.isBranch ? CHILD_BYTES : 0) <= PAGE_SIZE
  }

  /** Writes the entries from `from` to before `to` into a page of theirs; a branch's with `firstChild`. */
  write(segment: Segment, base: number, from: number, to: number, firstChild: PageNumber = 0): void {
    const count = to - from
    const prefixLength = count === 0 ? 0 : this.commonPrefix(from, to - 1)
    const heads = headsOffset(prefixLength)
    image.words.fill(0, TREE_PREFIX >>> 2, heads >>> 2)
    for (let at = 0; at < prefixLength; at++) image.bytes[TREE_PREFIX + at] = this.keyByte(from, at)
    let arrays = (heads >>> 2) + count
    if (this.isBranch) {
      image.words[arrays++] = firstChild
      for (let index = from; index < to; index++) image.words[arrays++] = this.child[index]
    }
    const pointers = arrays << 1
    const start = this.writeCells(from, to, prefixLength, heads >>> 2, pointers)
    assert(start >= 2 * (pointers + count), 'the entries fit the page')
    image.bytes.fill(0, 2 * (pointers + count), start)
    image.halves[TREE_PREFIX_LENGTH >>> 1] = prefixLength
    image.halves[TREE_CELLS_START >>> 1] = start
    image.halves[TREE_DEAD_BYTES >>> 1] = 0
    image.halves[(TREE_DEAD_BYTES >>> 1) + 1] = 0
    segment.bytes.set(imageBody, base + PAGE_HEADER_SIZE)
    segment.halves[(base + PAGE_COUNT) >>> 1] = count
  }

  /** Writes heads, cell pointers, and the cells themselves from the page's end downwards; returns the offset of the lowest. */
  private writeCells(from: number, to: number, prefixLength: number, heads: number, pointers: number): number {
    const { bytes } = image
    const header = this.isBranch ? BRANCH_CELL_BYTES : LEAF_CELL_BYTES
    let cell = PAGE_SIZE
    for (let index = to - 1; index >= from; index--) {
      const length = this.prefixLength[index] + this.suffixLength[index] - prefixLength
      const payload = this.payloadLength[index]
      cell -= header + length + payload
      setHalf(bytes, cell, length | this.keyFlags[index])
      if (!this.isBranch) setHalf(bytes, cell + LEAF_CELL_VALUE, payload | this.payloadFlags[index])
      let to = cell + header
      let rest = length + payload
      let source = this.suffixAt[index]
      const fromPrefix = this.prefixLength[index] - prefixLength
      if (fromPrefix > 0) {
        copyBytes(imageView, to, this.view, this.prefixAt[index] + prefixLength, fromPrefix)
        to += fromPrefix
        rest -= fromPrefix
      } else source -= fromPrefix
      copyBytes(imageView, to, this.view, source, rest)
      image.words[heads + index - from] = headAt(bytes, cell + header, length)
      image.halves[pointers + index - from] = cell
    }
    return cell
  }

  private addLeafCells(base: number, from: number, to: number): void {
    const { memory } = this
    const { bytes } = memory
    const prefixLength = prefixLengthOf(memory, base)
    const pointers = leafPointersIndex(memory, base)
    this.refuseOutside(base, 2 * (pointers + to))
    for (let index = from; index < to; index++) {
      const cell = base + memory.halves[pointers + index]
      const key = halfAt(bytes, cell + LEAF_CELL_KEY)
      const value = halfAt(bytes, cell + LEAF_CELL_VALUE)
      const suffixLength = key & LENGTH_MASK
      this.refuseOutside(base, cell + LEAF_CELL_BYTES + suffixLength + (value & LENGTH_MASK))
      this.append(
        base + TREE_PREFIX,
        prefixLength,
        cell + LEAF_CELL_BYTES,
        suffixLength,
        key & KEY_ASCII,
        value & LENGTH_MASK,
        value & ~LENGTH_MASK,
      )
    }
  }

  private addBranchCells(base: number, from: number, to: number): void {
    const { memory } = this
    const prefixLength = prefixLengthOf(memory, base)
    const children = childrenIndex(memory, base) + 1
    const pointers = branchPointersIndex(memory, base)
    this.refuseOutside(base, 2 * (pointers + to))
    for (let index = from; index < to; index++) {
      const cell = base + memory.halves[pointers + index]
      const suffixLength = halfAt(memory.bytes, cell) & LENGTH_MASK
      this.refuseOutside(base, cell + BRANCH_CELL_BYTES + suffixLength)
      this.child[this.count] = memory.words[children + index]
      this.append(base + TREE_PREFIX, prefixLength, cell + BRANCH_CELL_BYTES, suffixLength, 0, 0, 0)
    }
  }

  /** Refuses a page copied to `base` of which something would end at `end`, outside of it. */
  private refuseOutside(base: number, end: number): void {
    if (end > base + PAGE_SIZE) throw damaged(this.memory.words[(base + PAGE_NUMBER) >>> 2], 'its entries leave the page')
  }

  private append(
    prefixAt: number,
    prefixLength: number,
    suffixAt: number,
    suffixLength: number,
    keyFlags: number,
    payloadLength: number,
    payloadFlags: number,
  ): void {
    const index = this.count++
    assert(index < MAX_ENTRIES, 'no more entries than two pages hold')
    this.prefixAt[index] = prefixAt
    this.prefixLength[index] = prefixLength
    this.suffixAt[index] = suffixAt
    this.suffixLength[index] = suffixLength
    this.keyFlags[index] = keyFlags
    this.payloadLength[index] = payloadLength
    this.payloadFlags[index] = payloadFlags
    const overhead = this.isBranch ? BRANCH_ENTRY_OVERHEAD : LEAF_ENTRY_OVERHEAD
    this.sizeBefore[index + 1] = this.sizeBefore[index] + overhead + prefixLength + suffixLength + payloadLength
  }

  private keyByte(index: number, at: number): number {
    const prefixLength = this.prefixLength[index]
    return this.memory.bytes[at < prefixLength ? this.prefixAt[index] + at : this.suffixAt[index] + at - prefixLength]
  }

  /** Copies a key in, with room behind it. */
  private addKey(key: Probe, room: number): number {
    const at = this.reserve(key.length + room)
    const { words } = this.memory
    const length = (key.length + 3) >>> 2
    for (let word = 0; word < length; word++) words[(at >>> 2) + word] = key.words[word]
    return at
  }

  /** Room for `length` bytes at a multiple of 4. */
  private reserve(length: number): number {
    const at = this.used
    this.used = (at + length + 3) & ~3
    if (this.used > this.memory.bytes.length) {
      const larger = new Segment(new ArrayBuffer(Math.max(2 * this.memory.bytes.length, (this.used + PAGE_SIZE) & -PAGE_SIZE)))
      larger.bytes.set(this.memory.bytes)
      this.memory = larger
      this.view = new DataView(larger.words.buffer)
    }
    return at
  }
}

/** Copies a few hundred bytes: faster than `set`, which needs a `subarray`. */
function copyBytes(target: DataView, to: number, source: DataView, from: number, length: number): void {
  let index = 0
  for (; index + 4 <= length; index += 4) target.setUint32(to + index, source.getUint32(from + index, true), true)
  for (; index < length; index++) target.setUint8(to + index, source.getUint8(from + index))
}
