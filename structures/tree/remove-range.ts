/**
 * Removing all entries of a range: subtrees that lie inside of it are given back whole, only the pages at its two ends are rewritten.
 */
import { type PageNumber, PageType } from '../../src/pages/format.js'
import type { PageTransaction, StructureState } from '../../src/pages/page-transaction.js'
import { removeChildren, setChild } from './branch.js'
import { noteChange } from './changes.js'
import { childOf, countOf, MAX_DEPTH, typeOf } from './layout.js'
import { removeEntries } from './leaf.js'
import { notOfTree, tooDeep } from './lookup.js'
import { OrderGuard } from './order-guard.js'
import type { Probe } from './probe.js'
import { collapseRoot, freeValue, joinIfSmall } from './remove.js'
import { childIndex, lowerBound } from './search.js'

/** Removes every entry from `lower` on and below `upper`; a missing bound is open. Returns how many there were. */
export function removeRange(
  transaction: PageTransaction,
  state: StructureState,
  lower: Probe | undefined,
  upper: Probe | undefined,
): number {
  if (state.root === 0) return 0
  noteChange()
  const removal = new Removal(transaction, lower, upper)
  state.root = removal.removeBelow(state.root, 0)
  state.count -= removal.count
  if (state.root === 0) state.depth = 0
  else collapseRoot(transaction, state)
  return removal.count
}

class Removal {
  /** Entries removed. */
  count = 0
  private readonly order = new OrderGuard()

  constructor(
    private readonly transaction: PageTransaction,
    private readonly lower: Probe | undefined,
    private readonly upper: Probe | undefined,
  ) {}

  /** Removes what lies in the range in the subtree; returns its root from now on, 0 if nothing is left. */
  removeBelow(page: PageNumber, depth: number): PageNumber {
    this.transaction.locate(page)
    const { segment, base } = this.transaction
    const type = typeOf(segment, base)
    if (type === PageType.LEAF) return this.removeInLeaf(page)
    if (type !== PageType.BRANCH) throw notOfTree(page)
    if (depth === MAX_DEPTH) throw tooDeep(page)
    return this.removeInBranch(page, depth)
  }

  private removeInLeaf(page: PageNumber): PageNumber {
    const { transaction } = this
    const lower = this.lower
    const upper = this.upper
    this.order.ascend(transaction.segment, transaction.base)
    const count = countOf(transaction.segment, transaction.base)
    const from = lower === undefined ? 0 : lowerBound(transaction.segment, transaction.base, lower)
    const to = upper === undefined ? count : lowerBound(transaction.segment, transaction.base, upper)
    if (to <= from) return page
    this.count += to - from
    const isWhole = to - from === count
    const copy = isWhole ? page : transaction.modify(page)
    for (let index = from; index < to; index++) freeValue(transaction, copy, index)
    if (isWhole) {
      transaction.free(page)
      return 0
    }
    removeEntries(transaction.segment, transaction.base, from, to)
    return copy
  }

  private removeInBranch(page: PageNumber, depth: number): PageNumber {
    const { transaction } = this
    const lower = this.lower
    const upper = this.upper
    const { segment, base } = transaction
    const count = countOf(segment, base)
    const first = lower === undefined ? 0 : childIndex(segment, base, lower)
    const last = upper === undefined ? count : childIndex(segment, base, upper)
    if (last < first) return page
    const children: PageNumber[] = []
    for (let index = first; index <= last; index++) children.push(childOf(segment, base, index))
    // Children between the ends lie in the range whole; the ends may, too, which shows in their leaves.
    const kept = children.map((child) => this.removeBelow(child, depth + 1))
    if (kept.every((child, index) => child === children[index])) return page
    const left = kept[0]
    const right = kept.length === 1 ? 0 : kept[kept.length - 1]
    if (left === 0 && right === 0 && last - first === count) {
      transaction.free(page)
      return 0
    }
    const copy = transaction.modify(page)
    if (left !== 0) setChild(transaction.segment, transaction.base, first, left)
    if (right !== 0) setChild(transaction.segment, transaction.base, last, right)
    removeChildren(transaction.segment, transaction.base, first + (left === 0 ? 0 : 1), last + (right === 0 ? 1 : 0))
    // The two ends have become neighbours.
    if (left !== 0 && right !== 0) joinIfSmall(transaction, copy, first + 1)
    if (left !== 0 || right !== 0) joinIfSmall(transaction, copy, first)
    return copy
  }
}
