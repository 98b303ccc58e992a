/**
 * A crash-safe semaphore of one permit: a byte-range lock that the kernel frees when its holder dies.
 *
 * It serves one handle: that the handle holds the permit itself is known here, everybody else is the kernel's affair. An
 * asynchronous wait polls in growing steps, so the event loop goes on.
 */
import { HoldfastError } from '../errors.js'

/** The lock that holds the permit. */
export interface PermitLock {
  tryAcquire(): boolean
  /** Blocks the thread for at most `timeoutMs`. */
  wait(timeoutMs: number): boolean
  release(): void
}

const LONGEST_POLL_MS = 4

export class Semaphore {
  private held = false

  constructor(private readonly lock: PermitLock) {}

  /** Takes the permit if it is free. */
  tryAcquire(): boolean {
    if (this.held || !this.lock.tryAcquire()) return false
    this.held = true
    return true
  }

  /** Takes the permit, blocking the thread for at most `timeoutMs`. Throws `ERR_BUSY`. */
  acquireSync(timeoutMs: number): void {
    // A holder in this handle can only go on when this thread does: waiting for it would never end.
    if (this.held || !this.lock.wait(timeoutMs))
      throw new HoldfastError('ERR_BUSY', `another writer holds the store; waited ${timeoutMs} ms`)
    this.held = true
  }

  /**
   * Takes the permit as soon as it is free and calls `use` at once, before any other code can run; `use` sees to it that
   * the permit is given back.
   */
  async acquire<Result>(use: () => Result): Promise<Result> {
    for (let pause = 0; !this.tryAcquire(); pause = Math.min(pause + 1, LONGEST_POLL_MS))
      await new Promise((resolve) => (pause === 0 ? setImmediate(resolve) : setTimeout(resolve, pause)))
    return use()
  }

  /** Gives the permit back. */
  release(): void {
    this.held = false
    this.lock.release()
  }
}
