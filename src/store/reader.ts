/**
 * What one open handle reads: the pinned newest transaction of the current turn, and the snapshots that live.
 *
 * The handle has one reader slot. It announces the oldest of all these; what is newer is protected by it too (invariant R3).
 */
import type { StructureState } from '../pages/page-transaction.js'
import type { Pager } from '../pages/pager.js'
import { type Roots, Word } from '../sync/control-words.js'
import type { TreeCatalog } from './catalog.js'
import { StoreSnapshot } from './snapshot.js'

export class Reader {
  /** Low word of the pinned transaction, 0 if none. */
  private pinned = 0
  private roots: Roots | undefined
  private readonly states = new Map<number, StructureState | undefined>()
  /** In the order of their transactions. */
  private readonly snapshots = new Set<StoreSnapshot>()
  private releaseScheduled = false
  private readonly words: Int32Array

  constructor(
    private readonly pager: Pager,
    private readonly catalog: TreeCatalog,
  ) {
    this.words = pager.control.words
  }

  /**
   * Pins the newest visible transaction until the turn ends; the number changes when something new is visible. Throws `ERR_VIEW_FAULT` or
   * `ERR_READ_ONLY_VIEW` once mapped pages cannot be trusted any more.
   */
  pin(): number {
    this.pager.pages.check()
    const visible = Atomics.load(this.words, Word.VISIBLE)
    return visible === this.pinned ? visible : this.pinNewest()
  }

  /** The roots of the pinned transaction. */
  pinnedRoots(): Roots {
    this.pin()
    return this.roots as Roots
  }

  state(id: number): StructureState | undefined {
    if (!this.states.has(id)) this.states.set(id, this.catalog.read(this.pager.pages, (this.roots as Roots).catalogRoot, id))
    return this.states.get(id)
  }

  snapshot(): StoreSnapshot {
    const snapshot = new StoreSnapshot(this.pager.pages, this.pinnedRoots(), this.catalog, (released) => {
      this.snapshots.delete(released)
      this.announceOldest()
    })
    this.snapshots.add(snapshot)
    return snapshot
  }

  /** Releases everything and gives the reader slot back. */
  close(): void {
    for (const snapshot of [...this.snapshots]) snapshot.release()
    this.unpin()
    this.pager.slotsOfReaders.release()
  }

  private pinNewest(): number {
    for (;;) {
      const visible = Atomics.load(this.words, Word.VISIBLE)
      // A live snapshot is older: the slot protects the new transaction already.
      if (this.snapshots.size === 0) this.pager.slotsOfReaders.announce(visible)
      const roots = this.pager.control.roots(visible)
      if (roots === undefined || Atomics.load(this.words, Word.VISIBLE) !== visible) continue
      this.pinned = visible
      if (this.roots?.transaction !== roots.transaction) {
        this.roots = roots
        this.states.clear()
      }
      this.scheduleRelease()
      return visible
    }
  }

  private scheduleRelease(): void {
    if (this.releaseScheduled) return
    this.releaseScheduled = true
    setImmediate(() => {
      this.releaseScheduled = false
      this.unpin()
    })
  }

  /** Ends the turn's pin. */
  unpin(): void {
    if (this.pinned === 0) return
    this.pinned = 0
    this.announceOldest()
  }

  private announceOldest(): void {
    const [oldest] = this.snapshots
    this.pager.slotsOfReaders.announceIfClaimed(oldest !== undefined ? oldest.transaction >>> 0 : this.pinned)
  }
}
