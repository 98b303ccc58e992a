/**
 * The redo log, `NAME-log`: a header page, then frames, one for each transaction since the last checkpoint.
 *
 * The log is a ring: frames follow one another; when the next one does not fit below the size limit it goes to the front, into
 * space that a checkpoint has freed. A reader that finds no frame where it expects one looks at the front too, and takes only the
 * frame of exactly the transaction that must come next, so stale frames are never taken (invariant L1). The file is filled with
 * zeroes ahead of the frames, in page-sized writes: overwriting initialised space costs a flush no file-system journal.
 */
import { randomBytes } from 'node:crypto'
import { HoldfastError } from '../errors.js'
import { crc32c } from '../mapping/index.js'
import { idDifference } from '../sync/control-words.js'
import { nextTransactionId, PAGE_SIZE, type TransactionId } from './format.js'
import { FRAME_HEADER_SIZE, FRAME_LENGTH, FRAME_SALT, FRAME_TRANSACTION, Frame } from './redo-frame.js'
import type { Storage, StorageFile } from './storage.js'

// Byte offsets in the log's header.
/** u32: CRC-32C of the rest of the header. */
export const LOG_CRC = 0
/** u32 */
export const LOG_MAGIC = 4
/** 16 bytes: the store's id, so that another store's log is not taken. */
export const LOG_STORE_ID = 8
/** u32: the salt of every frame. */
export const LOG_SALT = 24
/** u64: the transaction whose checkpoint this log starts from. */
export const LOG_BASE = 32
export const LOG_HEADER_SIZE = 40

/** "HLOG" */
export const LOG_MAGIC_VALUE = 0x474f4c48
/** Where the first frame lies. */
export const LOG_FIRST_FRAME = PAGE_SIZE
/** How much is filled with zeroes at a time. */
const PREFILL_BYTES = 256 * 1024

const ZEROES = Buffer.alloc(PAGE_SIZE)

export interface LogHeader {
  salt: number
  base: TransactionId
}

export class RedoLog {
  private constructor(
    private readonly file: StorageFile,
    readonly header: LogHeader,
    private capacity: number,
  ) {}

  /**
   * Opens the log of the store; `undefined` if there is none, or if its creation was cut short. Throws `ERR_DAMAGED` for the log of
   * another store, and for one without a header whose frames prove that it was durable.
   */
  static open(storage: Storage, storeId: Uint8Array): RedoLog | undefined {
    const file = storage.openLog(false)
    if (file === undefined) return undefined
    const bytes = Buffer.alloc(LOG_HEADER_SIZE)
    const valid =
      file.read(bytes, 0) === LOG_HEADER_SIZE &&
      bytes.readUInt32LE(LOG_MAGIC) === LOG_MAGIC_VALUE &&
      bytes.readUInt32LE(LOG_CRC) === crc32c(bytes, LOG_CRC + 4, LOG_HEADER_SIZE)
    if (!valid) {
      const wasDurable = provesHeader(file)
      file.close()
      if (wasDurable) throw new HoldfastError('ERR_DAMAGED', `${file.path}: the header of the log is damaged`)
      return undefined
    }
    if (!bytes.subarray(LOG_STORE_ID, LOG_STORE_ID + 16).equals(storeId)) {
      file.close()
      throw new HoldfastError('ERR_DAMAGED', `${file.path} is the log of another store`)
    }
    const header = { salt: bytes.readUInt32LE(LOG_SALT), base: bytes.readUInt32LE(LOG_BASE) + bytes.readUInt32LE(LOG_BASE + 4) * 2 ** 32 }
    return new RedoLog(file, header, file.refreshSize())
  }

  /** Creates the log. Its header is durable with the first flush. */
  static create(storage: Storage, storeId: Uint8Array, base: TransactionId): RedoLog {
    const file = storage.openLog(true) as StorageFile
    const bytes = Buffer.alloc(PAGE_SIZE)
    const salt = (randomBytes(4).readUInt32LE() | 1) >>> 0
    bytes.writeUInt32LE(LOG_MAGIC_VALUE, LOG_MAGIC)
    bytes.set(storeId, LOG_STORE_ID)
    bytes.writeUInt32LE(salt, LOG_SALT)
    bytes.writeUInt32LE(base >>> 0, LOG_BASE)
    bytes.writeUInt32LE(Math.floor(base / 2 ** 32), LOG_BASE + 4)
    bytes.writeUInt32LE(crc32c(bytes, LOG_CRC + 4, LOG_HEADER_SIZE), LOG_CRC)
    file.write(bytes, 0)
    const log = new RedoLog(file, { salt, base }, LOG_FIRST_FRAME)
    return log
  }

  get sizeBytes(): number {
    return this.file.refreshSize()
  }

  /**
   * Where a frame of `length` bytes goes, given where frames begin and end and from which size on the log rather starts over;
   * `undefined` if there is no room until a checkpoint frees some.
   */
  place(length: number, start: number, end: number, limit: number): number | undefined {
    if (end < start) return end + length < start ? end : undefined
    const wraps = end + length > Math.max(this.capacity, limit) && LOG_FIRST_FRAME + length < start
    return wraps ? LOG_FIRST_FRAME : end
  }

  /** Writes a frame where `place` said. */
  append(frame: Buffer, at: number): void {
    if (at + frame.length > this.capacity) this.prefill(at + frame.length)
    this.file.write(frame, at)
  }

  /** Makes the frame at `at` unreadable, because its transaction was given up. */
  erase(at: number): void {
    this.file.write(ZEROES.subarray(0, FRAME_HEADER_SIZE), at)
  }

  /** The frame of `transaction`, which lies at `at` or at the front; `undefined` if there is none. */
  read(transaction: TransactionId, at: number): Frame | undefined {
    return this.readAt(transaction, at) ?? this.readAt(transaction, LOG_FIRST_FRAME)
  }

  /** The frames that follow transaction `after`, whose frame ended at `at`. */
  *frames(after: TransactionId, at: number): Generator<Frame> {
    for (let transaction = nextTransactionId(after); ; transaction = nextTransactionId(transaction)) {
      const frame = this.read(transaction, at)
      if (frame === undefined) return
      yield frame
      at = frame.end
    }
  }

  /**
   * Whether some whole frame says that a transaction behind `last` had become durable: then `last` is not where the log ended
   * but where it is damaged (invariant L2).
   */
  provesLossBehind(last: TransactionId): boolean {
    for (const frame of wholeFrames(this.file, this.header.salt))
      if (frame.transaction > last && idDifference(frame.durable, last) > 0) return true
    return false
  }

  flush(): Promise<void> {
    return this.file.flush()
  }

  flushSync(): void {
    this.file.flushSync()
  }

  close(): void {
    this.file.close()
  }

  private readAt(transaction: TransactionId, at: number): Frame | undefined {
    const header = Buffer.alloc(FRAME_HEADER_SIZE)
    if (this.file.read(header, at) < FRAME_HEADER_SIZE) return undefined
    const length = header.readUInt32LE(FRAME_LENGTH)
    if (header.readUInt32LE(FRAME_SALT) !== this.header.salt || header.readUInt32LE(FRAME_TRANSACTION) !== transaction >>> 0)
      return undefined
    if (length < FRAME_HEADER_SIZE || at + length > this.file.refreshSize()) return undefined
    const bytes = Buffer.alloc(length)
    if (this.file.read(bytes, at) < length) return undefined
    const frame = new Frame(bytes, at)
    return frame.isValid(this.header.salt) && frame.transaction === transaction ? frame : undefined
  }

  /** Fills the file with zeroes up to a step behind `size`. */
  private prefill(size: number): void {
    const now = this.file.refreshSize()
    this.capacity = Math.max(now, Math.ceil(size / PREFILL_BYTES) * PREFILL_BYTES + PAGE_SIZE)
    for (let at = Math.ceil(now / PAGE_SIZE) * PAGE_SIZE; at < this.capacity; at += PAGE_SIZE) this.file.write(ZEROES, at)
  }
}

/** Every whole frame in the file, wherever it lies: those of one salt, or of any. */
function* wholeFrames(file: StorageFile, salt?: number): Generator<Frame> {
  const bytes = Buffer.alloc(file.refreshSize())
  file.read(bytes, 0)
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
  for (let at = LOG_FIRST_FRAME; at + FRAME_HEADER_SIZE <= bytes.length; at += 8) {
    const found = words[(at + FRAME_SALT) >>> 2]
    const length = words[(at + FRAME_LENGTH) >>> 2]
    if (length < FRAME_HEADER_SIZE || found === 0 || (salt !== undefined && found !== salt)) continue
    const frame = new Frame(bytes.subarray(at, at + length), at)
    if (frame.isValid(found)) yield frame
  }
}

/** Whether a frame says that another one of its log is durable: then so was the header, which was written before. */
function provesHeader(file: StorageFile): boolean {
  const oldest = new Map<number, number>()
  for (const { salt, transaction, durable } of wholeFrames(file)) {
    const first = oldest.get(salt) ?? transaction
    if (idDifference(durable, first) >= 0) return true
    oldest.set(salt, Math.min(first, transaction))
  }
  return false
}
