/**
 * The writer's private memory: page buffers in chunks of 1 MiB, handed out in order and taken back all at once.
 */
import { MAX_RUN_PAGES, PAGE_SHIFT, PAGE_SIZE } from './format.js'
import { Segment } from './segment.js'

/** log2 of the pages in a chunk. */
export const CHUNK_SHIFT = 8
const CHUNK_PAGES = 1 << CHUNK_SHIFT
/** Chunks that are kept for the next transaction. */
const KEPT_CHUNKS = 64

/** Where a page lies in the arena: chunk number << CHUNK_SHIFT | page in the chunk, plus 1, so that 0 means nowhere. */
export type ArenaSlot = number

export class Arena {
  readonly chunks: Segment[] = []
  /** The chunks' bytes, as the storage's `writePages` takes them. */
  readonly buffers: Buffer[] = []
  private used = 0
  private readonly vacant: ArenaSlot[] = []

  /** Bytes handed out. */
  get usedBytes(): number {
    return this.used * PAGE_SIZE
  }

  /** Memory for `count` (at most 64) consecutive pages. */
  allocate(count: number): ArenaSlot {
    if (count === 1 && this.vacant.length > 0) return this.vacant.pop() as ArenaSlot
    if ((this.used & (CHUNK_PAGES - 1)) + Math.min(count, MAX_RUN_PAGES) > CHUNK_PAGES) this.used = (this.used | (CHUNK_PAGES - 1)) + 1
    const at = this.used
    this.used += count
    if (this.used > this.chunks.length << CHUNK_SHIFT) {
      const chunk = new Segment(new ArrayBuffer(CHUNK_PAGES * PAGE_SIZE))
      this.chunks.push(chunk)
      this.buffers.push(chunk.bytes)
    }
    return at + 1
  }

  /** Takes one page's memory back. */
  free(slot: ArenaSlot): void {
    this.vacant.push(slot)
  }

  /** Takes all memory back. */
  reset(): void {
    this.used = 0
    this.vacant.length = 0
    if (this.chunks.length > KEPT_CHUNKS) this.chunks.length = this.buffers.length = KEPT_CHUNKS
  }

  segment(slot: ArenaSlot): Segment {
    return this.chunks[(slot - 1) >>> CHUNK_SHIFT]
  }

  base(slot: ArenaSlot): number {
    return ((slot - 1) & (CHUNK_PAGES - 1)) << PAGE_SHIFT
  }
}
