/**
 * Storing an entry: in place if the leaf has room, else by rewriting it, else by splitting it and adding a separator to the branch above.
 */
import { assert } from '../../src/errors.js'
import { type PageNumber, PageType } from '../../src/pages/format.js'
import type { PageTransaction, StructureState } from '../../src/pages/page-transaction.js'
import { branchFree, insertSeparator } from './branch.js'
import { noteChange } from './changes.js'
import { EntryList } from './entry-list.js'
import {
  BRANCH_ENTRY_OVERHEAD,
  countOf,
  halfAt,
  LEAF_CELL_BYTES,
  LEAF_CELL_KEY,
  LEAF_CELL_VALUE,
  LEAF_ENTRY_OVERHEAD,
  LENGTH_MASK,
  leafCell,
  MAX_ENTRY_BYTES,
  prefixLengthOf,
  VALUE_OVERFLOW,
} from './layout.js'
import { insertEntry, leafCellBytes, leafFree, type Payload, replaceValue } from './leaf.js'
import { freeOverflow, writeOverflow } from './overflow.js'
import { Path } from './path.js'
import { Probe } from './probe.js'
import { comparePrefix, lowerBound } from './search.js'

// Each use ends within one call of `insert` or `addPage`.
const path = new Path()
const leafEntries = new EntryList(false)
const branchEntries = new EntryList(true)
const separator = new Probe()
const payload: Payload = { bytes: new Uint8Array(0), flags: 0 }

/** Stores a value under the probe's key; returns whether the key is new. `flags` is VALUE_ASCII or 0. */
export function insert(transaction: PageTransaction, state: StructureState, probe: Probe, value: Uint8Array, flags: number): boolean {
  noteChange()
  preparePayload(transaction, probe.length, value, flags)
  if (state.root === 0) {
    state.root = transaction.allocate(PageType.LEAF)
    leafEntries.clear().addEntry(probe, payload)
    leafEntries.write(transaction.segment, transaction.base, 0, 1)
    state.count++
    return true
  }
  path.descend(transaction, state, probe)
  const index = lowerBound(transaction.segment, transaction.base, probe)
  if (probe.found) {
    replace(transaction, state, index, probe)
    return false
  }
  const { segment, base } = transaction
  const prefixLength = prefixLengthOf(segment, base)
  const free = leafFree(segment, base)
  if (
    free >= LEAF_ENTRY_OVERHEAD + probe.length - prefixLength + payload.bytes.length &&
    comparePrefix(segment, base, prefixLength, probe) === 0
  )
    insertEntry(segment, base, index, probe, payload)
  else rewrite(transaction, state, index, index, probe)
  state.count++
  return true
}

/** Decides whether the value lies in the leaf, and stores it in overflow pages if not. The payload is valid until the next call. */
export function preparePayload(transaction: PageTransaction, keyLength: number, value: Uint8Array, flags: number): Payload {
  if (LEAF_ENTRY_OVERHEAD + keyLength + value.length <= MAX_ENTRY_BYTES) {
    payload.bytes = value
    payload.flags = flags
  } else {
    payload.bytes = writeOverflow(transaction, value)
    payload.flags = flags | VALUE_OVERFLOW
  }
  return payload
}

/** Gives entry `index` of the leaf at the path's end the new value. */
function replace(transaction: PageTransaction, state: StructureState, index: number, probe: Probe): void {
  const cell = leafCell(transaction.segment, transaction.base, index)
  const cellBytes = leafCellBytes(transaction.segment, cell)
  const keyLength = halfAt(transaction.segment.bytes, cell + LEAF_CELL_KEY) & LENGTH_MASK
  if ((halfAt(transaction.segment.bytes, cell + LEAF_CELL_VALUE) & VALUE_OVERFLOW) !== 0) {
    freeOverflow(transaction, transaction.segment.bytes, cell + LEAF_CELL_BYTES + keyLength)
    transaction.locate(path.pages[path.depth])
  }
  const { segment, base } = transaction
  const newBytes = LEAF_CELL_BYTES + keyLength + payload.bytes.length
  if (newBytes <= cellBytes || newBytes <= leafFree(segment, base)) replaceValue(segment, base, index, probe, payload)
  else rewrite(transaction, state, index, index + 1, probe)
}

/** Rewrites the leaf at the path's end with the new entry in place of those from `from` to before `to`; splits it if need be. */
function rewrite(transaction: PageTransaction, state: StructureState, from: number, to: number, probe: Probe): void {
  const { segment, base } = transaction
  const count = countOf(segment, base)
  const entries = leafEntries.clear()
  const copy = entries.copyPage(segment, base)
  entries.addCells(copy, 0, from)
  entries.addEntry(probe, payload)
  entries.addCells(copy, to, count)
  if (entries.fits(0, entries.count)) {
    entries.write(segment, base, 0, entries.count)
    return
  }
  const isAppend = path.isRightmost && from === count
  const split = isAppend ? count : balancedSplit(entries, 0)
  entries.write(segment, base, 0, split)
  const right = transaction.allocate(PageType.LEAF)
  entries.write(transaction.segment, transaction.base, split, entries.count)
  entries.copyKey(split, separator, entries.commonPrefix(split - 1, split) + 1)
  addSeparator(transaction, state, path, separator, right)
}

/**
 * Hangs `right` into the tree as the page behind the one at the path's end; `key` is above every key of that page and not above any of
 * `right`. `key` is used up.
 */
export function addSeparator(transaction: PageTransaction, state: StructureState, path: Path, key: Probe, right: PageNumber): void {
  for (let level = path.depth - 1; level >= 0; level--) {
    transaction.locate(path.pages[level])
    const { segment, base } = transaction
    const index = path.indexes[level]
    const prefixLength = prefixLengthOf(segment, base)
    if (
      branchFree(segment, base) >= BRANCH_ENTRY_OVERHEAD + key.length - prefixLength &&
      comparePrefix(segment, base, prefixLength, key) === 0
    ) {
      insertSeparator(segment, base, index, key, right)
      return
    }
    const count = countOf(segment, base)
    const entries = branchEntries.clear()
    const copy = entries.copyPage(segment, base)
    const firstChild = entries.firstChildOf(copy)
    entries.addCells(copy, 0, index)
    entries.addSeparator(key, right)
    entries.addCells(copy, index, count)
    if (entries.fits(0, entries.count)) {
      entries.write(segment, base, 0, entries.count, firstChild)
      return
    }
    const split = path.isRightmost && index === count ? count - 1 : balancedSplit(entries, 1)
    entries.write(segment, base, 0, split, firstChild)
    right = transaction.allocate(PageType.BRANCH)
    entries.write(transaction.segment, transaction.base, split + 1, entries.count, entries.childAt(split))
    entries.copyKey(split, key)
  }
  const root = transaction.allocate(PageType.BRANCH)
  branchEntries.clear().addSeparator(key, right)
  branchEntries.write(transaction.segment, transaction.base, 0, 1, state.root)
  state.root = root
  state.depth++
}

/**
 * Index at which the entries are best split into two pages that can hold them; `raised` (0 or 1) entries from there on go into neither.
 * One exists by invariant B3: the nearest to the middle by weight is taken.
 */
function balancedSplit(entries: EntryList, raised: number): number {
  const { count } = entries
  const half = entries.weightBefore(count) / 2
  let middle = 1
  while (middle < count - 1 && entries.weightBefore(middle + 1) <= half) middle++
  for (let distance = 0; distance < count; distance++) {
    for (const split of distance === 0 ? [middle] : [middle + distance, middle - distance]) {
      if (split < 1 || split > count - 1 - raised) continue
      if (entries.fits(0, split) && entries.fits(split + raised, count)) return split
    }
  }
  assert(false, 'a page can be split')
}
