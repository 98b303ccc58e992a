/**
 * One transaction in the redo log: `docs/format.md`, "Log frames".
 *
 * A frame carries the logical operations, so that recovery can carry them out again and a watcher can be told of them, and what
 * the transaction did to the free space, so that another process's writer can follow. Numbers are u32 little-endian unless said.
 */
import { crc32c } from '../mapping/index.js'
import type { PageNumber } from './format.js'
import type { SpaceChange } from './free-space.js'
import type { RedoOperation } from './page-transaction.js'

// Byte offsets in a frame.
/** CRC-32C of everything behind it in the frame. */
export const FRAME_CRC = 0
/** Salt of the log: tells this log's frames from an earlier log's. */
export const FRAME_SALT = 4
/** u64: id of the transaction. */
export const FRAME_TRANSACTION = 8
/** Bytes of the frame, a multiple of 8. */
export const FRAME_LENGTH = 16
/** `FrameFlag`s. */
export const FRAME_FLAGS = 20
/** f64: milliseconds since 1970. */
export const FRAME_TIME = 24
/** Bytes of logical operations; they start behind the header. */
export const FRAME_OPERATION_BYTES = 32
/** Runs of allocated pages: pairs of first page and count, behind the operations (padded to 4). */
export const FRAME_ALLOCATED_RUNS = 36
/** Freed pages that were younger than the newest checkpoint, behind the runs; then all others. */
export const FRAME_FREED_YOUNG = 40
export const FRAME_FREED_OLD = 44
/** Low words of the horizon up to which the writer had reclaimed pages: oldest snapshot, durable checkpoint. */
export const FRAME_OLDEST = 48
export const FRAME_CHECKPOINT = 52
/** First page number never used after the transaction. */
export const FRAME_HIGH_WATER = 56
/** Catalog after the transaction: the next structure's id. */
export const FRAME_NEXT_STRUCTURE = 60
/** Low word of the newest durable transaction: proves later that frames up to there were whole. */
export const FRAME_DURABLE = 64
export const FRAME_HEADER_SIZE = 72

export const FrameFlag = {
  /** The transaction was too large for the log: it is durable only by a checkpoint, and replay ends before it. */
  UNLOGGED: 1,
  /** The transaction is a checkpoint's: its meta page may follow. */
  CHECKPOINT: 2,
  /** The free-space part was left out: a writer of another process works it out from the pages. */
  NO_SPACE: 4,
} as const

// Byte offsets in a logical operation.
/** u8: what was done, a code of the structure. */
export const OPERATION_CODE = 0
/** u8 */
export const OPERATION_FLAGS = 1
/** u16 */
export const OPERATION_KEY_LENGTH = 2
/** u32: id of the structure. */
export const OPERATION_STRUCTURE = 4
/** u32 */
export const OPERATION_VALUE_LENGTH = 8
/** Key bytes, then value bytes, follow. */
export const OPERATION_HEADER_SIZE = 12

/** What a frame says of its transaction beside operations and space. */
export interface FrameHeader {
  salt: number
  transaction: number
  flags: number
  time: number
  nextStructure: number
  /** Low word. */
  durable: number
}

/** Grows by doubling; holds the frame that is being built, its header first. */
export class FrameBuilder {
  private bytes = Buffer.alloc(64 * 1024)
  private view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length)
  private end = FRAME_HEADER_SIZE

  /** Bytes of logical operations so far. */
  get operationBytes(): number {
    return this.end - FRAME_HEADER_SIZE
  }

  reset(): void {
    this.end = FRAME_HEADER_SIZE
  }

  operation(
    structure: number,
    code: number,
    flags: number,
    key: Uint8Array,
    keyLength: number,
    value: Uint8Array,
    valueLength: number,
  ): void {
    const length = OPERATION_HEADER_SIZE + keyLength + valueLength
    if (this.end + length > this.bytes.length) this.grow(length)
    const at = this.end
    const bytes = this.bytes
    bytes[at + OPERATION_CODE] = code
    bytes[at + OPERATION_FLAGS] = flags
    this.view.setUint16(at + OPERATION_KEY_LENGTH, keyLength, true)
    this.view.setUint32(at + OPERATION_STRUCTURE, structure, true)
    this.view.setUint32(at + OPERATION_VALUE_LENGTH, valueLength, true)
    copyBytes(key, keyLength, bytes, at + OPERATION_HEADER_SIZE)
    copyBytes(value, valueLength, bytes, at + OPERATION_HEADER_SIZE + keyLength)
    this.end = at + length
  }

  /** Completes the frame; the bytes are lent until the next `reset`. */
  finish(header: FrameHeader, space: SpaceChange): Buffer {
    const operationBytes = this.operationBytes
    this.pad(4)
    let runs = 0
    const withSpace = (header.flags & FrameFlag.NO_SPACE) === 0
    if (withSpace) runs = this.runs(space.allocated)
    if (withSpace) for (const pages of [space.freedYoung, space.freedOld]) for (const page of pages) this.word(page)
    this.pad(8)
    const view = this.view
    view.setUint32(FRAME_SALT, header.salt, true)
    view.setUint32(FRAME_TRANSACTION, header.transaction >>> 0, true)
    view.setUint32(FRAME_TRANSACTION + 4, Math.floor(header.transaction / 2 ** 32), true)
    view.setUint32(FRAME_LENGTH, this.end, true)
    view.setUint32(FRAME_FLAGS, header.flags, true)
    view.setFloat64(FRAME_TIME, header.time, true)
    view.setUint32(FRAME_OPERATION_BYTES, operationBytes, true)
    view.setUint32(FRAME_ALLOCATED_RUNS, runs, true)
    view.setUint32(FRAME_FREED_YOUNG, withSpace ? space.freedYoung.length : 0, true)
    view.setUint32(FRAME_FREED_OLD, withSpace ? space.freedOld.length : 0, true)
    view.setUint32(FRAME_OLDEST, space.oldest >>> 0, true)
    view.setUint32(FRAME_CHECKPOINT, space.checkpoint >>> 0, true)
    view.setUint32(FRAME_HIGH_WATER, space.highWater, true)
    view.setUint32(FRAME_NEXT_STRUCTURE, header.nextStructure, true)
    view.setUint32(FRAME_DURABLE, header.durable, true)
    view.setUint32(FRAME_DURABLE + 4, 0, true)
    view.setUint32(FRAME_CRC, crc32c(this.bytes, FRAME_CRC + 4, this.end), true)
    return this.bytes.subarray(0, this.end)
  }

  /** Writes runs of pages and returns how many there were. */
  private runs(runs: Iterable<readonly [PageNumber, number]>): number {
    let count = 0
    for (const [start, length] of runs) {
      this.word(start)
      this.word(length)
      count++
    }
    return count
  }

  private word(value: number): void {
    if (this.end + 4 > this.bytes.length) this.grow(4)
    this.view.setUint32(this.end, value, true)
    this.end += 4
  }

  private pad(unit: number): void {
    if (this.end + unit > this.bytes.length) this.grow(unit)
    while (this.end % unit !== 0) this.bytes[this.end++] = 0
  }

  private grow(more: number): void {
    const bytes = Buffer.alloc(Math.max(this.bytes.length * 2, this.end + more))
    this.bytes.copy(bytes, 0, 0, this.end)
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }
}

function copyBytes(source: Uint8Array, length: number, target: Buffer, at: number): void {
  if (length > 48) target.set(length === source.length ? source : source.subarray(0, length), at)
  else for (let index = 0; index < length; index++) target[at + index] = source[index]
}

/** A frame as read from the log. */
export class Frame {
  private readonly view: DataView

  constructor(
    private readonly bytes: Buffer,
    /** Where it lies in the log. */
    readonly offset: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** Whether the bytes are a whole frame of this log, by checksum and salt. */
  isValid(salt: number): boolean {
    const length = this.length
    if (length < FRAME_HEADER_SIZE || length !== this.bytes.length || length % 8 !== 0) return false
    if (this.word(FRAME_SALT) !== salt || this.word(FRAME_CRC) !== crc32c(this.bytes, FRAME_CRC + 4, length)) return false
    const lists = 8 * this.word(FRAME_ALLOCATED_RUNS) + 4 * (this.word(FRAME_FREED_YOUNG) + this.word(FRAME_FREED_OLD))
    return this.listsAt + lists <= length
  }

  get salt(): number {
    return this.word(FRAME_SALT)
  }
  get transaction(): number {
    return this.word(FRAME_TRANSACTION) + this.word(FRAME_TRANSACTION + 4) * 2 ** 32
  }
  get length(): number {
    return this.word(FRAME_LENGTH)
  }
  get flags(): number {
    return this.word(FRAME_FLAGS)
  }
  get time(): number {
    return this.view.getFloat64(FRAME_TIME, true)
  }
  get nextStructure(): number {
    return this.word(FRAME_NEXT_STRUCTURE)
  }
  /** Low word of the newest transaction that was durable when this one was committed. */
  get durable(): number {
    return this.word(FRAME_DURABLE)
  }
  get end(): number {
    return this.offset + this.length
  }

  /** The logical operations in order; the object and its arrays are lent for each step. */
  *operations(): Generator<RedoOperation> {
    const end = FRAME_HEADER_SIZE + this.word(FRAME_OPERATION_BYTES)
    const operation: RedoOperation = { structure: 0, operation: 0, flags: 0, key: this.bytes, value: this.bytes }
    for (let at = FRAME_HEADER_SIZE; at < end; ) {
      const keyAt = at + OPERATION_HEADER_SIZE
      const valueAt = keyAt + this.view.getUint16(at + OPERATION_KEY_LENGTH, true)
      const next = valueAt + this.word(at + OPERATION_VALUE_LENGTH)
      operation.structure = this.word(at + OPERATION_STRUCTURE)
      operation.operation = this.bytes[at + OPERATION_CODE]
      operation.flags = this.bytes[at + OPERATION_FLAGS]
      operation.key = this.bytes.subarray(keyAt, valueAt)
      operation.value = this.bytes.subarray(valueAt, next)
      yield operation
      at = next
    }
  }

  /** What the transaction did to the free space; `undefined` if the frame does not say. */
  space(): SpaceChange | undefined {
    if ((this.flags & FrameFlag.NO_SPACE) !== 0) return undefined
    const youngAt = this.listsAt + 8 * this.word(FRAME_ALLOCATED_RUNS)
    const oldAt = youngAt + 4 * this.word(FRAME_FREED_YOUNG)
    return {
      transaction: this.transaction,
      oldest: this.word(FRAME_OLDEST),
      checkpoint: this.word(FRAME_CHECKPOINT),
      allocated: this.allocated(),
      freedYoung: this.pages(youngAt, this.word(FRAME_FREED_YOUNG)),
      freedOld: this.pages(oldAt, this.word(FRAME_FREED_OLD)),
      highWater: this.word(FRAME_HIGH_WATER),
    }
  }

  private *allocated(): Generator<[PageNumber, number]> {
    const end = this.listsAt + 8 * this.word(FRAME_ALLOCATED_RUNS)
    for (let at = this.listsAt; at < end; at += 8) yield [this.word(at), this.word(at + 4)]
  }

  private pages(at: number, count: number): PageNumber[] {
    return Array.from({ length: count }, (_, index) => this.word(at + 4 * index))
  }

  private get listsAt(): number {
    return (FRAME_HEADER_SIZE + this.word(FRAME_OPERATION_BYTES) + 3) & ~3
  }

  private word(at: number): number {
    return this.view.getUint32(at, true)
  }
}
