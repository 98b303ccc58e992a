/**
 * A position on an entry of a tree, for iterators and cursors: over a snapshot, or live over an open transaction.
 *
 * A live position survives changes to the tree: when there were any, or the transaction ended, it finds its place again by its last key.
 */
import { assert } from '../../src/errors.js'
import type { PageTransaction } from '../../src/pages/page-transaction.js'
import type { Pages } from '../../src/pages/pages.js'
import type { Snapshot } from '../../src/store/structure-host.js'
import { changeCount } from './changes.js'
import { leafCell } from './layout.js'
import { copyLeafKey } from './leaf.js'
import { PageReader } from './page-reader.js'
import { Probe } from './probe.js'
import { Walk } from './walk.js'

/** A state of a tree that can be walked over. */
export interface TreeView {
  readonly pages: Pages
  readonly root: number
  /** The transaction whose changes it shows, ... */
  readonly transaction: PageTransaction | undefined
  /** ... or else the snapshot that it belongs to, ... */
  readonly snapshot: Snapshot | undefined
  /** ... and whether that is to be released with the position. */
  readonly ownsSnapshot: boolean
}

/** What a position needs of its tree's handle. */
export interface ViewSource {
  readonly id: number
  /** The state to walk over from now on. */
  openView(): TreeView
  /** The open transaction, if any. Throws `ERR_CLOSED`. */
  currentTransaction(): PageTransaction | undefined
}

/** Releases the snapshots of positions that were dropped without `release`. */
const forgotten = new FinalizationRegistry<Snapshot>((snapshot) => snapshot.release())

export class Position {
  walk: Walk
  /** Index of the entry in the walk's leaf. */
  index = 0
  /** Live only: the entry was removed; `index` is that of the first entry behind it. */
  isBetween = false
  private view: TreeView
  private changes = 0
  /** Live only: key of the entry. */
  private readonly key: Probe | undefined
  private isReleased = false

  constructor(private readonly source: ViewSource) {
    this.view = source.openView()
    this.walk = this.open()
    if (this.isLive) this.key = new Probe()
  }

  get ownsSnapshot(): boolean {
    return this.view.ownsSnapshot
  }

  get isLive(): boolean {
    return this.view.transaction !== undefined
  }

  get pages(): Pages {
    return this.view.pages
  }

  get transaction(): PageTransaction | undefined {
    return this.view.transaction
  }

  /** Offset of the entry's cell in the walk's segment. */
  get cell(): number {
    return leafCell(this.walk.segment, this.walk.base, this.index)
  }

  /** Goes to the first entry; `false` if there is none. */
  seekFirst(): boolean {
    this.isBetween = false
    this.index = 0
    return this.walk.seekFirst()
  }

  /** Goes to the last entry; `false` if there is none. */
  seekLast(): boolean {
    this.isBetween = false
    if (!this.walk.seekLast()) return false
    this.index = this.walk.count - 1
    return true
  }

  /** Goes to the first entry not below the probe's key; `false` if there is none. */
  seek(probe: Probe): boolean {
    this.isBetween = false
    this.index = this.walk.seek(probe)
    return this.index >= 0 && (this.index < this.walk.count || this.nextLeaf())
  }

  /** Goes to the last entry below the probe's key; `false` if there is none. */
  seekBelow(probe: Probe): boolean {
    this.isBetween = false
    this.index = this.walk.seek(probe) - 1
    return this.index >= 0 || (this.index === -1 && this.previousLeaf())
  }

  /** Goes to the next entry; `false` if there is none. */
  next(): boolean {
    if (this.isBetween) this.isBetween = false
    else this.index++
    return this.index < this.walk.count || this.nextLeaf()
  }

  /** Goes to the entry before; `false` if there is none. */
  previous(): boolean {
    this.isBetween = false
    this.index--
    return this.index >= 0 || this.previousLeaf()
  }

  /** Goes to the first entry of the next leaf. */
  nextLeaf(): boolean {
    this.index = 0
    return this.walk.nextLeaf()
  }

  /** Goes to the last entry of the leaf before. */
  previousLeaf(): boolean {
    if (!this.walk.previousLeaf()) return false
    this.index = this.walk.count - 1
    return true
  }

  /** To be called before the entry is left to code of the caller: a live position notes its key. */
  leave(): void {
    if (this.key === undefined || !this.isLive) return
    copyLeafKey(this.walk.segment, this.walk.base, this.index, this.key)
  }

  /**
   * To be called when the caller comes back: checks that the pages are still there and, live, finds the place again if the tree
   * changed; returns whether it had to. Throws `ERR_CLOSED`.
   */
  resume(): boolean {
    const { view } = this
    if (view.transaction === undefined) {
      // A snapshot of our own ends with the store only, which unmaps the pages; one of the caller's may be released at any time.
      if (!view.ownsSnapshot || this.walk.segment.words.length === 0) view.snapshot?.state(this.source.id)
      return false
    }
    if (this.source.currentTransaction() === view.transaction && this.changes === changeCount()) {
      this.walk.relocate()
      return false
    }
    this.view = this.source.openView()
    this.walk = this.open()
    return true
  }

  /** Goes back to the key that `leave` noted, after `resume` reported a change: on the entry, or between its neighbours if it is gone. `false` if the tree is empty. */
  find(): boolean {
    assert(this.key !== undefined, 'only live positions lose their place')
    this.index = this.walk.seek(this.key)
    this.isBetween = !this.key.found
    return this.index >= 0
  }

  /** Gives the snapshot back; idempotent. */
  release(): void {
    if (this.isReleased) return
    this.isReleased = true
    if (!this.view.ownsSnapshot) return
    forgotten.unregister(this)
    this.view.snapshot?.release()
  }

  private open(): Walk {
    const { view } = this
    if (view.ownsSnapshot && view.snapshot !== undefined) forgotten.register(this, view.snapshot, this)
    this.changes = changeCount()
    return new Walk(new PageReader(view.pages, view.transaction), view.root)
  }
}
