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
  /** Key of the last entry, of the tree or gathered. */
  private readonly last = new Probe()
  private hasLast = false
  /** Whether entries are being gathered. */
  private isOpen = false
  private changes = 0
  /** The page that the entries gathered will go to, which is the tree's last leaf; 0: a new one. */
  private target: PageNumber = 0
  /** Bytes that all keys gathered begin with. */
  private prefixLength = 0
  /** Bytes that the key last given to `isBehind` has in common with the last one. */
  private sharedBytes = 0

  /** Begins a load: finds the tree's last key. */
  begin(transaction: PageTransaction, state: StructureState): void {
    this.isOpen = false
    const walk = new Walk(new PageReader(undefined, transaction), state.root)
    this.hasLast = walk.seekLast()
    if (this.hasLast) copyLeafKey(walk.segment, walk.base, walk.count - 1, this.last)
  }

  /** Whether the probe's key lies behind every key of the tree. */
  isBehind(key: Probe): boolean {
    if (!this.hasLast) return true
    const shared = this.sharedWithLast(key)
    this.sharedBytes = shared
    return shared < key.length && (shared === this.last.length || key.bytes[shared] > this.last.bytes[shared])
  }

  /** Adds the entry of the key last given to `isBehind`, which it is. */
  add(transaction: PageTransaction, state: StructureState, key: Probe, value: Uint8Array, flags: number): void {
    if (!this.isOpen) this.open(transaction, state)
    assert(this.changes === changeCount(), 'nobody else changes a tree during a load')
    const { entries } = this
    const payload = preparePayload(transaction, key.length, value, flags)
    entries.addEntry(key, payload)
    const { count } = entries
    const prefixLength = count === 1 ? key.length : Math.min(this.prefixLength, this.sharedBytes)
    if (entries.fitsWith(0, count, prefixLength)) this.prefixLength = prefixLength
    else {
      this.write(transaction, state, count - 1)
      this.separator.set(key.bytes, this.sharedBytes + 1)
      entries.clear().addEntry(key, payload)
      this.prefixLength = key.length
    }
    this.last.set(key.bytes, key.length)
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

  /** Bytes that the key and the last one begin with in common. */
  private sharedWithLast(key: Probe): number {
    const { bytes } = this.last
    const length = Math.min(this.last.length, key.length)
    let shared = 0
    while (shared < length && bytes[shared] === key.bytes[shared]) shared++
    return shared
  }
}

export const appender = new Appender()
