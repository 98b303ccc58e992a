/**
 * What a committed transaction gives its caller: its id, and a promise for the moment it is durable.
 */
import type { TransactionId } from '../pages/format.js'

export class Receipt<Result = unknown> {
  private promise: Promise<void> | undefined

  constructor(
    /** Id of the transaction; it is visible to every process. */
    readonly transaction: TransactionId,
    /** What the transaction's function returned. */
    readonly result: Result,
    private readonly whenDurable: (transaction: TransactionId) => Promise<void>,
  ) {}

  /** Resolves when the transaction survives a power cut. The flush is asked for at the first look; rejects with its error. */
  get durable(): Promise<void> {
    this.promise ??= this.whenDurable(this.transaction)
    return this.promise
  }
}
