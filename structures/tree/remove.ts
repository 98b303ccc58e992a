/**
 * Removing entries: pages that become empty vanish, a page that becomes small joins a neighbour if both fit one page, and a root with a
 * single child gives way to it.
 */
import { type PageNumber, PageType } from '../../src/pages/format.js'
import type { PageTransaction, StructureState } from '../../src/pages/page-transaction.js'
import { branchUsed, copySeparator, removeChild } from './branch.js'
import { noteChange } from './changes.js'
import { EntryList } from './entry-list.js'
import {
  childOf,
  countOf,
  halfAt,
  LEAF_CELL_BYTES,
  LEAF_CELL_KEY,
  LEAF_CELL_VALUE,
  LENGTH_MASK,
  leafCell,
  PAGE_ROOM,
  typeOf,
  VALUE_OVERFLOW,
} from './layout.js'
import { leafUsed, removeEntries } from './leaf.js'
import { findInTransaction, NOT_FOUND } from './lookup.js'
import { freeOverflow } from './overflow.js'
import { modifyChild, Path } from './path.js'
import { Probe } from './probe.js'
import { lowerBound } from './search.js'

/** A page with fewer bytes in use looks for a neighbour to join. */
const SMALL_PAGE_BYTES = PAGE_ROOM / 4

// Each use ends within one call.
const path = new Path()
const leafEntries = new EntryList(false)
const branchEntries = new EntryList(true)
const separator = new Probe()

/** Removes the entry of the probe's key; returns whether there was one. Nothing is copied if there was none. */
export function remove(transaction: PageTransaction, state: StructureState, probe: Probe): boolean {
  if (state.root === 0 || findInTransaction(transaction, state.root, probe) === NOT_FOUND) return false
  noteChange()
  path.descend(transaction, state, probe)
  const leaf = path.pages[path.depth]
  const index = lowerBound(transaction.segment, transaction.base, probe)
  freeValue(transaction, leaf, index)
  removeEntries(transaction.segment, transaction.base, index, index + 1)
  state.count--
  repair(transaction, state)
  return true
}

/** Gives back the overflow pages of entry `index`, if it has any; the transaction stays at the leaf. */
export function freeValue(transaction: PageTransaction, leaf: PageNumber, index: number): void {
  const { bytes } = transaction.segment
  const cell = leafCell(transaction.segment, transaction.base, index)
  if ((halfAt(bytes, cell + LEAF_CELL_VALUE) & VALUE_OVERFLOW) === 0) return
  freeOverflow(transaction, bytes, cell + LEAF_CELL_BYTES + (halfAt(bytes, cell + LEAF_CELL_KEY) & LENGTH_MASK))
  transaction.locate(leaf)
}

/** Restores the tree's shape along the path after something was removed at its end. */
function repair(transaction: PageTransaction, state: StructureState): void {
  let isEmpty = countOf(transaction.segment, transaction.base) === 0
  for (let level = path.depth - 1; level >= 0; level--) {
    const branch = path.pages[level]
    const index = path.indexes[level]
    if (isEmpty) {
      transaction.free(path.pages[level + 1])
      transaction.locate(branch)
      isEmpty = countOf(transaction.segment, transaction.base) === 0
      if (!isEmpty) removeChild(transaction.segment, transaction.base, index)
    } else if (!joinIfSmall(transaction, branch, index)) break
  }
  if (isEmpty) {
    transaction.free(state.root)
    state.root = 0
    state.depth = 0
  } else collapseRoot(transaction, state)
}

/** Lets the only child of a root without separators take its place. */
export function collapseRoot(transaction: PageTransaction, state: StructureState): void {
  for (;;) {
    transaction.locate(state.root)
    const { segment, base } = transaction
    if (typeOf(segment, base) !== PageType.BRANCH || countOf(segment, base) > 0) return
    const child = childOf(segment, base, 0)
    transaction.free(state.root)
    state.root = child
    state.depth--
  }
}

/** Joins child `index` of a branch, the transaction's own, with a neighbour if it is small and both fit one page; returns whether it did. */
export function joinIfSmall(transaction: PageTransaction, branch: PageNumber, index: number): boolean {
  transaction.locate(branch)
  const count = countOf(transaction.segment, transaction.base)
  if (count === 0) return false
  transaction.locate(childOf(transaction.segment, transaction.base, index))
  if (usedBytes(transaction) >= SMALL_PAGE_BYTES) return false
  if (index < count && join(transaction, branch, index)) return true
  return index > 0 && join(transaction, branch, index - 1)
}

function usedBytes(transaction: PageTransaction): number {
  const { segment, base } = transaction
  return typeOf(segment, base) === PageType.LEAF ? leafUsed(segment, base) : branchUsed(segment, base)
}

/** Joins child `index` of a branch with the next if both fit one page. */
function join(transaction: PageTransaction, branch: PageNumber, index: number): boolean {
  transaction.locate(branch)
  const left = childOf(transaction.segment, transaction.base, index)
  const right = childOf(transaction.segment, transaction.base, index + 1)
  copySeparator(transaction.segment, transaction.base, index, separator)
  transaction.locate(right)
  const rightBytes = usedBytes(transaction)
  transaction.locate(left)
  if (usedBytes(transaction) + rightBytes > PAGE_ROOM) return false
  const isLeaf = typeOf(transaction.segment, transaction.base) === PageType.LEAF
  const entries = (isLeaf ? leafEntries : branchEntries).clear()
  const copy = entries.addPage(transaction.segment, transaction.base)
  const firstChild = isLeaf ? 0 : entries.firstChildOf(copy)
  transaction.locate(right)
  if (!isLeaf) entries.addSeparator(separator, childOf(transaction.segment, transaction.base, 0))
  entries.addPage(transaction.segment, transaction.base)
  if (!entries.fits(0, entries.count)) return false
  transaction.free(right)
  modifyChild(transaction, branch, left, index)
  entries.write(transaction.segment, transaction.base, 0, entries.count, firstChild)
  transaction.locate(branch)
  removeChild(transaction.segment, transaction.base, index + 1)
  return true
}
