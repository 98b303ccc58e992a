/**
 * A position among the leaves of a tree that does not change meanwhile: found by key, moved to the neighbouring leaf and back.
 */
import { type PageNumber, PageType } from '../../src/pages/format.js'
import type { Segment } from '../../src/pages/segment.js'
import { childOf, countOf, MAX_DEPTH, typeOf } from './layout.js'
import { notOfTree, tooDeep } from './lookup.js'
import { refuseDisorder, refuseEmpty } from './order-guard.js'
import type { PageReader } from './page-reader.js'
import type { Probe } from './probe.js'
import { childIndex, lowerBound } from './search.js'

export class Walk {
  /** The leaf: its segment ... */
  segment: Segment
  /** ... and its first byte there. */
  base = 0
  /** Entries of the leaf. */
  count = 0
  private page: PageNumber = 0
  /** Branches above the leaf, from the root down, and the child taken in each. */
  private readonly branches: PageNumber[] = []
  private readonly indexes: number[] = []
  /** How many of them there are. */
  private depth = 0

  constructor(
    readonly reader: PageReader,
    /** The root page; 0 for an empty tree. */
    private readonly root: PageNumber,
  ) {
    this.segment = reader.segment
  }

  /** Goes to the first leaf; `false` if the tree is empty. */
  seekFirst(): boolean {
    if (this.root === 0) return false
    this.depth = 0
    this.descendAtEdge(this.root, false)
    return true
  }

  /** Goes to the last leaf; `false` if the tree is empty. */
  seekLast(): boolean {
    if (this.root === 0) return false
    this.depth = 0
    this.descendAtEdge(this.root, true)
    return true
  }

  /** Goes to the leaf that the probe's key belongs to; returns the index there of the first entry not below it, maybe `count`. -1 if the tree is empty. */
  seek(probe: Probe): number {
    if (this.root === 0) return -1
    this.depth = 0
    let page = this.root
    for (;;) {
      const type = this.locate(page)
      const { segment, base } = this.reader
      if (type === PageType.LEAF) break
      const index = childIndex(segment, base, probe)
      this.enter(page, index)
      page = childOf(segment, base, index)
    }
    this.arrive(page)
    return lowerBound(this.segment, this.base, probe)
  }

  /** Goes to the next leaf; `false`, and stays, if there is none. */
  nextLeaf(): boolean {
    const { segment, base } = this
    if (!this.turn(1)) return false
    refuseDisorder(segment, base, this.segment, this.base)
    return true
  }

  /** Goes to the leaf before; `false`, and stays, if there is none. */
  previousLeaf(): boolean {
    const { segment, base } = this
    if (!this.turn(-1)) return false
    refuseDisorder(this.segment, this.base, segment, base)
    return true
  }

  /** Finds the leaf again in a transaction, which may have moved it in memory. */
  relocate(): void {
    if (this.page === 0) return
    this.reader.locate(this.page)
    this.segment = this.reader.segment
    this.base = this.reader.base
  }

  /** Goes up to the nearest branch with a child beside the one taken, and down there. */
  private turn(step: 1 | -1): boolean {
    const { branches, indexes, reader } = this
    for (let level = this.depth - 1; level >= 0; level--) {
      reader.locate(branches[level])
      const index = indexes[level] + step
      if (index < 0 || index > countOf(reader.segment, reader.base)) continue
      indexes[level] = index
      this.depth = level + 1
      this.descendAtEdge(childOf(reader.segment, reader.base, index), step < 0)
      return true
    }
    return false
  }

  private descendAtEdge(from: PageNumber, isLast: boolean): void {
    let page = from
    while (this.locate(page) === PageType.BRANCH) {
      const { segment, base } = this.reader
      const index = isLast ? countOf(segment, base) : 0
      this.enter(page, index)
      page = childOf(segment, base, index)
    }
    this.arrive(page)
  }

  private enter(branch: PageNumber, index: number): void {
    this.branches[this.depth] = branch
    this.indexes[this.depth++] = index
  }

  private locate(page: PageNumber): number {
    if (this.depth > MAX_DEPTH) throw tooDeep(this.root)
    this.reader.locate(page)
    const type = typeOf(this.reader.segment, this.reader.base)
    if (type !== PageType.LEAF && type !== PageType.BRANCH) throw notOfTree(page)
    return type
  }

  /** Takes the leaf that the reader found. */
  private arrive(page: PageNumber): void {
    this.page = page
    this.segment = this.reader.segment
    this.base = this.reader.base
    refuseEmpty(this.segment, this.base)
    this.count = countOf(this.segment, this.base)
  }
}
