/**
 * A snapshot: one consistent state of all structures, kept until released.
 *
 * While it lives, its handle's reader slot announces its transaction or an older one, so no page that it reaches is written.
 */
import { HoldfastError } from '../errors.js'
import type { TransactionId } from '../pages/format.js'
import type { StructureState } from '../pages/page-transaction.js'
import type { Pages } from '../pages/pages.js'
import type { Roots } from '../sync/control-words.js'
import type { TreeCatalog } from './catalog.js'
import type { Snapshot } from './structure-host.js'

export class StoreSnapshot implements Snapshot {
  private released = false
  private readonly states = new Map<number, StructureState | undefined>()

  constructor(
    readonly pages: Pages,
    /** The roots that it shows. */
    readonly roots: Roots,
    private readonly catalog: TreeCatalog,
    private readonly onRelease: (snapshot: StoreSnapshot) => void,
  ) {}

  get transaction(): TransactionId {
    return this.roots.transaction
  }

  state(id: number): Readonly<StructureState> | undefined {
    if (this.released) throw new HoldfastError('ERR_CLOSED', 'the snapshot was released')
    this.pages.check()
    if (!this.states.has(id)) this.states.set(id, this.catalog.read(this.pages, this.roots.catalogRoot, id))
    return this.states.get(id)
  }

  release(): void {
    if (this.released) return
    this.released = true
    this.onRelease(this)
  }

  [Symbol.dispose](): void {
    this.release()
  }
}
