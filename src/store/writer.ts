/**
 * What one open handle writes: at most one transaction at a time, explicit (`write`) or of the current turn of the event loop.
 *
 * The first change outside of `write` opens the turn's transaction, which is committed after the turn's callbacks and microtasks
 * have run; so neighbours share one commit. If another process holds the semaphore, changes are deferred, in order, until it is ours.
 */
import { assert, HoldfastError } from '../errors.js'
import type { Checkpointer } from '../pages/checkpoint.js'
import type { Pager } from '../pages/pager.js'
import type { Transaction } from '../pages/transaction.js'
import type { Semaphore } from '../sync/semaphore.js'
import type { Durability } from './durability.js'
import type { Reader } from './reader.js'
import { Receipt } from './receipt.js'

/** The promise that all operations of a transaction return. */
class Settlement {
  resolve!: () => void
  reject!: (error: unknown) => void
  readonly promise = new Promise<void>((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })
}

export interface WriterParts {
  pager: Pager
  reader: Reader
  semaphore: Semaphore
  checkpointer: Checkpointer
  durability: Durability
  busyTimeoutMs: number
}

export class Writer {
  /** The open transaction. */
  transaction: Transaction | undefined
  private explicit = false
  private settlement: Settlement | undefined
  private deferred: ((transaction: Transaction) => void)[] = []

  constructor(private readonly parts: WriterParts) {}

  /** Whether changes wait for another process's writer. */
  get hasDeferred(): boolean {
    return this.deferred.length > 0
  }

  /** The transaction to change something in; `undefined` if another process holds the semaphore. */
  change(): Transaction | undefined {
    if (this.transaction !== undefined) return this.transaction
    if (this.hasDeferred || !this.parts.semaphore.tryAcquire()) return undefined
    this.openTurn()
    return this.transaction
  }

  defer(operation: (transaction: Transaction) => void): void {
    this.deferred.push(operation)
    // What goes wrong there reaches those who hold the promise of the changes.
    if (this.deferred.length === 1) this.runDeferred().catch(() => {})
  }

  /** Waits for the semaphore and carries out what was deferred, so that a read sees it. Throws `ERR_BUSY`. */
  catchUp(): void {
    if (!this.hasDeferred) return
    this.parts.semaphore.acquireSync(this.parts.busyTimeoutMs)
    this.openTurn()
  }

  committed(): Promise<void> {
    this.settlement ??= new Settlement()
    return this.settlement.promise
  }

  spoil(cause: unknown): void {
    if (this.transaction !== undefined) this.transaction.spoiled ??= cause
  }

  /** Runs `change` in a transaction of its own, or in the one that is open by `write`. */
  write<Result>(change: () => Result): Receipt<Result> {
    if (this.explicit) return this.join(change)
    this.catchUp()
    this.commitTurn()
    this.parts.semaphore.acquireSync(this.parts.busyTimeoutMs)
    this.open()
    this.explicit = true
    let result: Result
    try {
      result = change()
      this.refusePromise(result)
    } catch (error) {
      this.explicit = false
      // Whoever holds a promise of this transaction sees the throw as well: it must not count as unhandled.
      this.settlement?.promise.catch(() => {})
      this.abort(error)
      throw error
    }
    this.explicit = false
    this.settlement?.promise.catch(() => {})
    return this.receipt(this.commit(), result)
  }

  /** Commits the turn's transaction now, if there is one; its outcome reaches those who hold its promise. */
  commitTurn(): void {
    if (this.transaction === undefined || this.explicit) return
    try {
      this.commit()
    } catch {
      // The settlement carries the error.
    }
  }

  /** Carries out everything deferred and commits it. */
  async drain(): Promise<void> {
    this.commitTurn()
    while (this.hasDeferred) {
      await this.parts.semaphore.acquire(() => this.openTurn())
      this.commitTurn()
    }
  }

  get isInsideWrite(): boolean {
    return this.explicit
  }

  private join<Result>(change: () => Result): Receipt<Result> {
    const transaction = this.transaction as Transaction
    try {
      const result = change()
      this.refusePromise(result)
      return this.receipt(transaction.id, result)
    } catch (error) {
      this.spoil(error)
      throw error
    }
  }

  private receipt<Result>(transaction: number, result: Result): Receipt<Result> {
    return new Receipt(transaction, result, (id) => this.parts.durability.when(id))
  }

  private async runDeferred(): Promise<void> {
    await this.parts.semaphore.acquire(() => {
      if (this.hasDeferred) this.openTurn()
      else this.parts.semaphore.release()
    })
  }

  /** Opens the turn's transaction, with what was deferred in it; the semaphore is held. */
  private openTurn(): void {
    const operations = this.deferred
    this.deferred = []
    try {
      this.open()
    } catch (error) {
      // Nothing was begun: what was deferred is refused as a whole.
      if (operations.length > 0) this.settle(error)
      throw error
    }
    process.nextTick(() => this.commitTurn())
    const transaction = this.transaction as Transaction
    try {
      for (const operation of operations) operation(transaction)
    } catch (error) {
      this.spoil(error)
    }
  }

  /** Begins a transaction; the semaphore is held, and released on failure. */
  private open(): void {
    assert(this.transaction === undefined, 'one transaction at a time')
    try {
      // Nothing that was read before is looked at again, and a turn's pin would keep every page that this turn's transactions free.
      this.parts.reader.unpin()
      this.parts.pager.refusePoisoned()
      this.parts.pager.follow()
      if (!this.parts.pager.logHasRoom) this.parts.checkpointer.makeRoom()
      this.transaction = this.parts.pager.begin()
    } catch (error) {
      this.parts.semaphore.release()
      throw error
    }
  }

  /** Commits the open transaction and returns its id. */
  private commit(): number {
    const transaction = this.transaction as Transaction
    const { pager, semaphore, durability, checkpointer } = this.parts
    let id: number
    try {
      if (transaction.spoiled !== undefined) throw transaction.spoiled
      // Whoever waits is served sooner if the flush runs while the pages are being written.
      const onFrame = () => {
        if (this.settlement !== undefined && transaction.logged) durability.flushFrame(transaction.id)
      }
      id = transaction.isEmpty ? this.dropEmpty(transaction) : pager.commit(transaction, { onFrame }).transaction
    } catch (error) {
      durability.forgetFrame()
      this.abort(error)
      throw error
    }
    this.transaction = undefined
    semaphore.release()
    const settlement = this.settlement
    this.settlement = undefined
    if (settlement !== undefined) durability.notify(id, settlement.resolve, settlement.reject)
    else durability.flushSoon()
    // A failed checkpoint poisons the store: the next write says so.
    if (pager.wantsCheckpoint) checkpointer.run().catch(() => {})
    return id
  }

  private dropEmpty(transaction: Transaction): number {
    this.parts.pager.abort(transaction)
    return this.parts.pager.roots.transaction
  }

  private abort(error: unknown): void {
    this.parts.pager.abort(this.transaction as Transaction)
    this.transaction = undefined
    this.parts.semaphore.release()
    this.settle(error)
  }

  private settle(error: unknown): void {
    this.settlement?.reject(error)
    this.settlement = undefined
  }

  /** A promise from a put of this transaction may be returned; any other says that the function has not ended. */
  private refusePromise(result: unknown): void {
    if (result !== this.settlement?.promise && typeof (result as PromiseLike<unknown> | undefined)?.then === 'function')
      throw new HoldfastError('ERR_ASYNC_TRANSACTION', 'the function given to `write` must be synchronous; this one returned a promise')
  }
}
