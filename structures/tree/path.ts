/**
 * The pages from the root down to a leaf that is about to be changed, all of them the transaction's own.
 */
import { type PageNumber, PageType } from '../../src/pages/format.js'
import type { PageTransaction, StructureState } from '../../src/pages/page-transaction.js'
import { setChild } from './branch.js'
import { childOf, countOf, MAX_DEPTH, typeOf } from './layout.js'
import { notOfTree, tooDeep } from './lookup.js'
import type { Probe } from './probe.js'
import { childIndex } from './search.js'

export class Path {
  /** Page of each level; the leaf's is at `depth`. */
  readonly pages = new Uint32Array(MAX_DEPTH + 1)
  /** Index of the child taken in each branch. */
  readonly indexes = new Int32Array(MAX_DEPTH + 1)
  /** Level of the leaf; the root's is 0. */
  depth = 0
  /** Whether every branch's last child was taken. */
  isRightmost = false

  /**
   * Goes down to the leaf that the probe's key belongs to (without a probe: the last leaf), making every page on the way the transaction's own.
   * The transaction ends up at the leaf.
   */
  descend(transaction: PageTransaction, state: StructureState, probe: Probe | undefined): void {
    let page = transaction.modify(state.root)
    state.root = page
    this.isRightmost = true
    for (let level = 0; level <= MAX_DEPTH; level++) {
      this.pages[level] = page
      this.depth = level
      const { segment, base } = transaction
      const type = typeOf(segment, base)
      if (type === PageType.LEAF) return
      if (type !== PageType.BRANCH) throw notOfTree(page)
      const count = countOf(segment, base)
      const index = probe === undefined ? count : childIndex(segment, base, probe)
      this.indexes[level] = index
      if (index !== count) this.isRightmost = false
      page = modifyChild(transaction, page, childOf(segment, base, index), index)
    }
    throw tooDeep(state.root)
  }
}

/** Makes child `index` of a branch, itself the transaction's own, the transaction's own too; the transaction ends up there. */
export function modifyChild(transaction: PageTransaction, branch: PageNumber, child: PageNumber, index: number): PageNumber {
  const copy = transaction.modify(child)
  if (copy === child) return child
  transaction.locate(branch)
  setChild(transaction.segment, transaction.base, index, copy)
  transaction.locate(copy)
  return copy
}
