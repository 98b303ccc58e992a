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

/** How long the event loop stays awake for a flush, in milliseconds: longer than one takes on a fast disk. */
const AWAKE_MS = 0.25
/** How long a commit that nobody waits for may stay without a flush. */
const IDLE_FLUSH_MS = 1000

export class Durability {
  private waiters: Waiter[] = []
  private running: Promise<void> | undefined
  /** A flush that began before its transaction was visible. */
  private early: { transaction: number; flush: Promise<void> | undefined } | undefined
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

  /**
   * Begins the flush for a transaction whose frame is in the log but which is not visible yet, unless one is running. Only for a
   * transaction that somebody will wait for; if it is not committed after all, the flush is in vain and its outcome nobody's.
   */
  flushFrame(transaction: TransactionId): void {
    if (this.running !== undefined || this.pager.barrier !== 0) return
    const flush = this.pager.openLog()?.flush()
    flush?.catch(() => {})
    this.early = { transaction: transaction >>> 0, flush }
  }

  /** The transaction of `flushFrame` was not committed: its id will be another's. */
  forgetFrame(): void {
    this.early = undefined
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
        const target = this.early?.transaction ?? pager.control.load(Word.VISIBLE)
        const flush = this.early?.flush
        this.early = undefined
        const { barrier } = pager
        if (barrier !== 0) await this.checkpointer.cover(barrier)
        else {
          await awake(flush ?? pager.openLog()?.flush())
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

/**
 * Waits for a flush and keeps the event loop polling meanwhile, for a short time: putting the thread to sleep and waking it up again costs as much
 * as a third of a flush on a fast disk (`docs/decisions/006-awake-for-a-flush.md`). Other events are served as ever.
 */
function awake(flush: Promise<void> | undefined): Promise<void> | undefined {
  if (flush === undefined) return undefined
  let done = false
  const end = performance.now() + AWAKE_MS
  const poll = () => {
    if (!done && performance.now() < end) setImmediate(poll)
  }
  poll()
  return flush.finally(() => {
    done = true
  })
}
