/**
 * What a structure's handle asks of the store it belongs to. `Store` keeps this contract; structures know nothing else of it.
 *
 * Reading goes to one of two places: to the open transaction of this handle, so that it sees its own writes (`current`), or else
 * to the newest visible transaction (`pin`). Pages of a pinned transaction stay as they are until the event loop's turn ends;
 * whoever needs them longer (an iterator) takes a `Snapshot`.
 */

import type { TransactionId } from '../pages/format.js'
import type { PageTransaction, StructureState } from '../pages/page-transaction.js'
import type { Pages } from '../pages/pages.js'

/** One consistent state of all structures; lives until released. */
export interface Snapshot {
  readonly transaction: TransactionId
  readonly pages: Pages
  /** State of a structure in this snapshot; `undefined` if it did not exist yet. Throws `ERR_CLOSED` once released. */
  state(id: number): Readonly<StructureState> | undefined
  /** Idempotent. */
  release(): void
}

export interface StructureHost {
  readonly pages: Pages
  /** The transaction open on this handle, explicit or of the current turn, whose changes a read must see; else `undefined`. Throws `ERR_CLOSED`. */
  current(): PageTransaction | undefined
  /**
   * Pins the newest visible transaction until the turn ends and returns a number that is equal as long as nothing new is visible.
   * Costs one atomic load when nothing changed.
   */
  pin(): number
  /** State of a structure in the pinned transaction; `undefined` if it does not exist there. */
  pinnedState(id: number): Readonly<StructureState> | undefined
  /** A snapshot of the newest visible transaction. */
  takeSnapshot(): Snapshot
  /**
   * The transaction to change something in: the open one, or a new one for this turn. `undefined` when another process
   * holds the writer's semaphore: then `defer`. Throws `ERR_CLOSED`, `ERR_READ_ONLY`, `ERR_POISONED`.
   */
  change(): PageTransaction | undefined
  /** Runs `operation` as soon as the semaphore is ours, in order, in the transaction of the turn. What it needs must be copied: arrays lent by the caller change. */
  defer(operation: (transaction: PageTransaction) => void): void
  /**
   * What a put or delete returns: resolves when the transaction being built (or deferred) is durable, rejects when it is not committed.
   * One promise for all operations of a transaction.
   */
  committed(): Promise<void>
  /** Marks the open transaction as unfit for commit because an operation failed half-way; the commit then throws `cause`. */
  spoil(cause: unknown): void
}
