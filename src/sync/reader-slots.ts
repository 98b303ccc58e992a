/**
 * Reader slots: where each open handle announces the oldest snapshot it reads, so that writers keep its pages.
 *
 * A handle claims one slot by the exclusive lock on the slot's byte, which the kernel frees when the handle's process dies; the
 * lock and no PID proves life (invariant R1). A reader stores the id it wants in its slot and then looks at the newest visible
 * id again; if that moved, it starts over (invariant R2): else a writer could have overlooked the slot. A writer that finds a
 * slot lagging tries its lock, and clears the slot of a dead owner.
 */
import { HoldfastError } from '../errors.js'
import { type ControlWords, idDifference, SLOT_COUNT, SLOT_WORDS, Word } from './control-words.js'

/** The locks on the slots' bytes. */
export interface SlotLocks {
  tryLockSlot(index: number): boolean
  unlockSlot(index: number): void
}

const NONE = -1

export class ReaderSlots {
  private index = NONE

  constructor(
    private readonly control: ControlWords,
    private readonly locks: SlotLocks,
  ) {}

  /** Announces `id` (low word) in this handle's slot, claiming one at first use. Throws `ERR_TOO_MANY_READERS`. */
  announce(id: number): void {
    if (this.index === NONE) this.claim()
    Atomics.store(this.control.words, Word.SLOTS + this.index * SLOT_WORDS, id | 0)
  }

  /** `announce`, if a slot is claimed; 0 says that this handle reads nothing. */
  announceIfClaimed(id: number): void {
    if (this.index !== NONE) this.announce(id)
  }

  /** Gives the slot back. */
  release(): void {
    if (this.index === NONE) return
    this.announce(0)
    this.locks.unlockSlot(this.index)
    this.index = NONE
  }

  /** The oldest announced id (low word), or `newest` if nobody reads. Slots of dead owners are cleared on the way. */
  oldest(newest: number): number {
    let oldest = newest
    const used = this.control.load(Word.SLOTS_USED)
    for (let index = 0; index < used; index++) {
      const word = Word.SLOTS + index * SLOT_WORDS
      const id = Atomics.load(this.control.words, word)
      if (id === 0 || idDifference(id, oldest) >= 0) continue
      if (index !== this.index && this.clearIfDead(index, word)) continue
      oldest = id
    }
    return oldest
  }

  private clearIfDead(index: number, word: number): boolean {
    if (!this.locks.tryLockSlot(index)) return false
    Atomics.store(this.control.words, word, 0)
    this.locks.unlockSlot(index)
    return true
  }

  private claim(): void {
    for (let index = 0; index < SLOT_COUNT; index++) {
      if (!this.locks.tryLockSlot(index)) continue
      this.index = index
      const word = Word.SLOTS + index * SLOT_WORDS
      Atomics.store(this.control.words, word, 0)
      Atomics.store(this.control.words, word + 1, process.pid)
      this.raiseUsed(index + 1)
      return
    }
    throw new HoldfastError('ERR_TOO_MANY_READERS', `all ${SLOT_COUNT} reader slots are taken; close handles that are not needed`)
  }

  private raiseUsed(count: number): void {
    for (;;) {
      const now = Atomics.load(this.control.words, Word.SLOTS_USED)
      if (now >= count || Atomics.compareExchange(this.control.words, Word.SLOTS_USED, now, count) === now) return
    }
  }
}
