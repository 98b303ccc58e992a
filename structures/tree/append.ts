/**
 * Appending sorted entries: leaves are filled in memory and hung into the tree behind the last one, each written once and full.
 */
import { assert } from '../../src/errors.js'
import { type PageNumber, PageType } from '../../src/pages/format.js'
import type { PageTransaction, StructureState } from '../../src/pages/page-transaction.js'
import { changeCount, noteChange } from './changes.js'
import { EntryList } from './entry-list.js'
import { addSeparator, preparePayload } from './insert.js'
import { copyLeafKey } from './leaf.js'
import { PageReader } from './page-reader.js'
import { Path } from './path.js'
import { Probe } from './probe.js'
import { Walk } from './walk.js'

/** Works in memory that is kept, so one load runs at a time: from `begin` until `flush`, nobody else changes the tree. */
class Appender {
  private readonly entries = new EntryList(false)
  private readonly path = new Path()
  private readonly separator = new Probe()
  /** Where the caller puts the key of the next entry. */
  key = new Probe()
  /** Key of the last entry, of the tree or gathered. */
  private last = new Probe()
  private hasLast = false
  /** Whether entries are being gathered. */
  private isOpen = false
  private changes = 0
  /** The page that the entries gathered will go to, which is the tree's last leaf; 0: a new one. */
  private target: PageNumber = 0
  /** Bytes that all keys gathered begin with. */
  private prefixLength = 0
  /** Bytes that `key`, when `isBehind` was asked last, has in common with the last one. */
  private sharedBytes = 0

  /** Begins a load: finds the tree's last key. */
  begin(transaction: PageTransaction, state: StructureState): void {
    this.isOpen = false
    const walk = new Walk(new PageReader(undefined, transaction), state.root)
    this.hasLast = walk.seekLast()
    if (this.hasLast) copyLeafKey(walk.segment, walk.base, walk.count - 1, this.last)
  }

  /** Whether `key` lies behind every key of the tree. */
  isBehind(): boolean {
    if (!this.hasLast) return true
    const { key } = this
    const shared = this.sharedWithLast()
    this.sharedBytes = shared
    return shared < key.length && (shared === this.last.length || key.bytes[shared] > this.last.bytes[shared])
  }

  /** Adds the entry of `key`, of which `isBehind` was asked last and said so. */
  add(transaction: PageTransaction, state: StructureState, value: Uint8Array, flags: number): void {
    this.prepare(transaction, state)
    this.entries.addEntry(this.key, preparePayload(transaction, this.key.length, value, flags))
    this.settle(transaction, state)
  }

  /** The same for a text, which is encoded where it is gathered; `false`, and nothing is added, if it has no place in a leaf. */
  addText(transaction: PageTransaction, state: StructureState, text: string): boolean {
    this.prepare(transaction, state)
    if (!this.entries.addText(this.key, text)) return false
    this.settle(transaction, state)
    return true
  }

  private prepare(transaction: PageTransaction, state: StructureState): void {
    if (!this.isOpen) this.open(transaction, state)
    assert(this.changes === changeCount(), 'nobody else changes a tree during a load')
  }

  /** Writes the leaf before the entry that was gathered last, if that has no room there any more. */
  private settle(transaction: PageTransaction, state: StructureState): void {
    const { entries, key } = this
    const { count } = entries
    const prefixLength = count === 1 ? key.length : Math.min(this.prefixLength, this.sharedBytes)
    if (entries.fitsWith(0, count, prefixLength)) this.prefixLength = prefixLength
    else {
      this.write(transaction, state, count - 1)
      this.separator.set(key.bytes, this.sharedBytes + 1)
      entries.keepLast()
      this.prefixLength = key.length
    }
    this.key = this.last
    this.last = key
    this.hasLast = true
    state.count++
  }

  /** Writes what is gathered: the tree may be read and changed again. */
  flush(transaction: PageTransaction, state: StructureState): void {
    if (!this.isOpen) return
    this.write(transaction, state, this.entries.count)
    this.isOpen = false
  }

  /** Takes up the tree's last leaf to fill it further. */
  private open(transaction: PageTransaction, state: StructureState): void {
    noteChange()
    this.changes = changeCount()
    this.isOpen = true
    this.entries.clear()
    this.target = 0
    if (state.root === 0) return
    this.path.descend(transaction, state, undefined)
    this.target = this.path.pages[this.path.depth]
    this.entries.addPage(transaction.segment, transaction.base)
    this.prefixLength = this.entries.commonPrefix(0, this.entries.count - 1)
  }

  /** Writes the first `count` entries gathered to a leaf and hangs it in. */
  private write(transaction: PageTransaction, state: StructureState, count: number): void {
    const { entries, path } = this
    const target = this.target
    this.target = 0
    if (target !== 0) {
      transaction.modify(target)
      entries.write(transaction.segment, transaction.base, 0, count)
      return
    }
    const page = transaction.allocate(PageType.LEAF)
    entries.write(transaction.segment, transaction.base, 0, count)
    if (state.root === 0) {
      state.root = page
      return
    }
    path.descend(transaction, state, undefined)
    addSeparator(transaction, state, path, this.separator, page)
  }

  /** Bytes that `key` and the last one begin with in common. */
  private sharedWithLast(): number {
    const { key, last } = this
    const length = Math.min(last.length, key.length)
    const words = length >>> 2
    let word = 0
    while (word < words && key.words[word] === last.words[word]) word++
    let shared = word << 2
    while (shared < length && last.bytes[shared] === key.bytes[shared]) shared++
    return shared
  }
}

export const appender = new Appender()
