/**
 * The words in shared memory by which the processes of one store agree: the contents of `NAME-lock`.
 *
 * They live while somebody has the store open; whoever opens it alone writes them anew. Ids are held as their low 32 bits
 * (never 0, invariant T1) and compared by signed difference. A commit is published by one atomic store of `VISIBLE`, after its
 * roots record is complete (invariant C1): a reader takes the record of the id it saw and looks at its id again. Words are
 * read and written with `Atomics`, which order them on every processor. Layout: `docs/format.md`, "The lock file".
 */

/** Size of the shared memory in bytes. */
export const CONTROL_SIZE = 128 * 1024
export const CONTROL_MAGIC = 0x4b434c48 // "HLCK"
export const CONTROL_VERSION = 1

/** Index of each control word (u32). */
export const Word = {
  MAGIC: 0,
  VERSION: 1,
  /** Not 0: a flush failed; nobody writes until the store was reopened by somebody alone. */
  POISON: 2,
  /** Newest committed transaction. */
  VISIBLE: 16,
  /** Newest transaction that survives a power cut. */
  DURABLE: 32,
  /** Newest transaction that the log does not carry: durable only by a checkpoint; 0 if none. */
  BARRIER: 33,
  /** Transaction of the newest checkpoint that began ... */
  CHECKPOINT_STARTED: 34,
  /** ... and of the newest whose meta page is durable. */
  CHECKPOINT_DONE: 35,
  /** Where that checkpoint's first log frame is, in units of 8 bytes. */
  LOG_START: 36,
  /** The meta page (1 or 2) that the newest checkpoint wrote. */
  META_PAGE: 37,
  /** Salt of the log's frames; 0 while there is no log. */
  LOG_SALT: 38,
  /** Reader slots ever used: a writer looks at no more. */
  SLOTS_USED: 39,
  /** First of the roots records. */
  ROOTS: 64,
  /** First of the reader slots. */
  SLOTS: 1024,
} as const

/** Roots records: a ring, so that a reader can still take the one it saw while newer ones are written. */
const ROOTS_RECORDS = 8
const ROOTS_WORDS = 16
/** Words of a reader slot: its snapshot's id (0: none), and who holds it, for people. */
export const SLOT_WORDS = 16
/** Number of reader slots. */
export const SLOT_COUNT = 1024

/** What a transaction published. */
export interface Roots {
  transaction: number
  catalogRoot: number
  catalogDepth: number
  catalogCount: number
  /** Pages of the file in use: the first page number never used. */
  highWater: number
  /** Where the next log frame goes, in bytes. */
  logEnd: number
  /** First page of the free list of the newest checkpoint transaction; 0 if none. */
  freelist: number
  nextStructure: number
}

/** How much newer `a` is than `b`, both low words of ids less than 2^31 commits apart. */
export function idDifference(a: number, b: number): number {
  return (a - b) | 0
}

export class ControlWords {
  readonly words: Int32Array

  constructor(buffer: ArrayBuffer) {
    this.words = new Int32Array(buffer)
  }

  load(word: number): number {
    return Atomics.load(this.words, word) >>> 0
  }

  store(word: number, value: number): void {
    Atomics.store(this.words, word, value | 0)
  }

  /** Raises an id word to `id` unless it is there already; safe against others doing the same. */
  advance(word: number, id: number): void {
    for (;;) {
      const now = Atomics.load(this.words, word)
      if (idDifference(now, id) >= 0) return
      if (Atomics.compareExchange(this.words, word, now, id | 0) === now) return
    }
  }

  /** Writes the roots record of a transaction and makes it the visible one. The caller holds the writer's semaphore. */
  publish(roots: Roots): void {
    const low = roots.transaction | 0
    const at = recordOf(low)
    this.store(at, 0)
    this.store(at + 1, Math.floor(roots.transaction / 2 ** 32))
    this.store(at + 2, roots.catalogRoot)
    this.store(at + 3, roots.catalogDepth)
    this.store(at + 4, roots.catalogCount)
    this.store(at + 5, roots.highWater)
    this.store(at + 6, roots.logEnd / 8)
    this.store(at + 7, roots.freelist)
    this.store(at + 8, roots.nextStructure)
    this.store(at, low)
    this.store(Word.VISIBLE, low)
  }

  /** The roots of the transaction whose low word is `low`; `undefined` if the ring has moved on. */
  roots(low: number): Roots | undefined {
    const at = recordOf(low)
    if (this.load(at) !== low >>> 0) return undefined
    const roots: Roots = {
      transaction: this.load(at + 1) * 2 ** 32 + (low >>> 0),
      catalogRoot: this.load(at + 2),
      catalogDepth: this.load(at + 3),
      catalogCount: this.load(at + 4),
      highWater: this.load(at + 5),
      logEnd: this.load(at + 6) * 8,
      freelist: this.load(at + 7),
      nextStructure: this.load(at + 8),
    }
    return this.load(at) === low >>> 0 ? roots : undefined
  }

  /** The newest visible roots. */
  newest(): Roots {
    for (;;) {
      const roots = this.roots(Atomics.load(this.words, Word.VISIBLE))
      if (roots !== undefined) return roots
    }
  }

  /** Writes everything anew for a store that nobody else has open. */
  reset(roots: Roots, metaPage: number): void {
    this.words.fill(0)
    this.store(Word.MAGIC, CONTROL_MAGIC)
    this.store(Word.VERSION, CONTROL_VERSION)
    for (const word of [Word.DURABLE, Word.CHECKPOINT_STARTED, Word.CHECKPOINT_DONE]) this.store(word, roots.transaction)
    this.store(Word.META_PAGE, metaPage)
    this.publish(roots)
  }

  /** The full id whose low word is `low`, near the visible one. */
  fullId(low: number): number {
    const newest = this.newest().transaction
    return newest + idDifference(low, newest | 0)
  }
}

function recordOf(low: number): number {
  return Word.ROOTS + ((low >>> 0) % ROOTS_RECORDS) * ROOTS_WORDS
}
