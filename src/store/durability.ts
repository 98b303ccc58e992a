/**
 * When transactions become durable: one flush for everything that was visible when it began.
 *
 * Whoever waits is served by the next flush that begins after its commit; while one flush runs, the commits behind it gather for
 * the next (group commit). What the log does not carry waits for a checkpoint. A flush that fails is never repeated: it
 * poisons the store and every waiter learns of it (invariant D1).
 */

import type { Checkpointer } from '../pages/checkpoint.js'
import type { TransactionId } from '../pages/format.js'
import type { Pager } from '../pages/pager.js'
import { idDifference, Word } from '../sync/control-words.js'

interface Waiter {
  transaction: number
  resolve: () => void
  reject: (error: unknown) => void
}

/** How long a commit that nobody waits for may stay without a flush. */
const IDLE_FLUSH_MS = 100

export class Durability {
  private waiters: Waiter[] = []
  private running: Promise<void> | undefined
  private idle: NodeJS.Timeout | undefined

  constructor(
    private readonly pager: Pager,
    private readonly checkpointer: Checkpointer,
  ) {}

  /** Resolves when `transaction` survives a power cut; rejects if that cannot be known. */
  when(transaction: TransactionId): Promise<void> {
    return new Promise((resolve, reject) => this.notify(transaction, resolve, reject))
  }

  /** `when` by callbacks. */
  notify(transaction: TransactionId, resolve: () => void, reject: (error: unknown) => void): void {
    this.waiters.push({ transaction: transaction >>> 0, resolve, reject })
    this.start()
  }

  /** Sees to it that what is visible now becomes durable before long although nobody waits. */
  flushSoon(): void {
    this.idle ??= setTimeout(() => {
      this.idle = undefined
      this.when(this.pager.control.newest().transaction).catch(() => {})
    }, IDLE_FLUSH_MS).unref()
  }

  /** Ends the idle timer and waits for the flush that runs. */
  async stop(): Promise<void> {
    clearTimeout(this.idle)
    await this.running
  }

  private start(): void {
    this.running ??= this.run().finally(() => {
      this.running = undefined
      if (this.waiters.length > 0) this.start()
    })
  }

  private async run(): Promise<void> {
    const { pager } = this
    try {
      for (this.settle(); this.waiters.length > 0; this.settle()) {
        pager.refusePoisoned()
        const target = pager.control.load(Word.VISIBLE)
        const { barrier } = pager
        if (barrier !== 0) await this.checkpointer.cover(barrier)
        else {
          await pager.openLog()?.flush()
          pager.control.advance(Word.DURABLE, target)
        }
      }
    } catch (error) {
      pager.poison()
      const waiters = this.waiters
      this.waiters = []
      for (const waiter of waiters) waiter.reject(error)
    }
  }

  /** Resolves whom the newest durable transaction concerns. */
  private settle(): void {
    const durable = this.pager.control.load(Word.DURABLE)
    const waiting: Waiter[] = []
    for (const waiter of this.waiters) {
      if (idDifference(durable, waiter.transaction) >= 0) waiter.resolve()
      else waiting.push(waiter)
    }
    this.waiters = waiting
  }
}
