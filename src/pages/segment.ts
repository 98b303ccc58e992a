/**
 * A run of page-sized memory with typed accessors: a mapped segment of the data file or a chunk of the writer's arena.
 *
 * Structures address a page as (segment, base byte offset) and read fields through the three arrays, which share one
 * buffer. Every segment has the same shape so that the sites that read pages stay monomorphic. A mapped segment is
 * read-only memory: a store through it is a fault.
 */
export class Segment {
  /** The same bytes as a Buffer, for text decoding. */
  readonly bytes: Buffer
  /** u16 at byte offset 2 * i. */
  readonly halves: Uint16Array
  /** u32 at byte offset 4 * i. */
  readonly words: Uint32Array

  constructor(buffer: ArrayBuffer, offset = 0, length = buffer.byteLength - offset) {
    this.bytes = Buffer.from(buffer, offset, length)
    this.halves = new Uint16Array(buffer, offset, length >>> 1)
    this.words = new Uint32Array(buffer, offset, length >>> 2)
  }
}
