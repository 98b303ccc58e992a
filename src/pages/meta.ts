/**
 * The file header (page 0) and the two meta pages (pages 1 and 2): `docs/format.md`, "Header" and "Meta pages".
 *
 * A meta page names the state of everything as of one checkpoint. A checkpoint writes first the copy that is not in use, flushes,
 * then the other, flushes: at every instant one copy is whole and names a state whose pages nobody overwrites (invariants M1, M2).
 */
import { randomBytes } from 'node:crypto'
import { HoldfastError } from '../errors.js'
import { crc32c } from '../mapping/index.js'
import {
  FIRST_PAGE,
  FORMAT_VERSION,
  PAGE_CRC,
  PAGE_NUMBER,
  PAGE_RUN,
  PAGE_SIZE,
  PAGE_TRANSACTION,
  PAGE_TYPE,
  type PageNumber,
  PageType,
  type TransactionId,
} from './format.js'
import { LOG_FIRST_FRAME } from './redo-log.js'
import type { StorageFile } from './storage.js'

// Byte offsets in page 0.
/** 8 bytes: "HOLDFAST". This and the version stay where they are in every version of the format. */
export const HEADER_MAGIC = 24
/** u32 */
export const HEADER_VERSION = 32
/** u32: bytes in a page. */
export const HEADER_PAGE_SIZE = 36
/** 16 random bytes: tells this store from every other. */
export const HEADER_STORE_ID = 40

export const HEADER_MAGIC_VALUE = 'HOLDFAST'

// Byte offsets in a meta page; numbers are u32 unless said.
/** Root page of the catalog tree, 0 if empty. */
export const META_CATALOG_ROOT = 24
/** Its levels below the root. */
export const META_CATALOG_DEPTH = 28
/** Number of structures. */
export const META_CATALOG_COUNT = 32
/** First page number never used. */
export const META_HIGH_WATER = 36
/** First page of the free list, 0 if nothing is free. */
export const META_FREELIST = 40
/** Id that the next structure gets. */
export const META_NEXT_STRUCTURE = 44
/** Salt of the log that holds what came after; 0 if there is no log: the store was closed cleanly. */
export const META_LOG_SALT = 48
/** f64: where in the log the frames after this checkpoint begin, in bytes. */
export const META_LOG_START = 56
/** Bytes in use. */
export const META_SIZE = 64

/** The state as of a checkpoint. */
export interface Meta {
  transaction: TransactionId
  catalogRoot: PageNumber
  catalogDepth: number
  catalogCount: number
  highWater: PageNumber
  freelist: PageNumber
  nextStructure: number
  logSalt: number
  logStart: number
}

/** Bytes of a new, empty store. */
export function initialBytes(): Uint8Array {
  const bytes = Buffer.alloc(FIRST_PAGE * PAGE_SIZE)
  bytes.write(HEADER_MAGIC_VALUE, HEADER_MAGIC, 'latin1')
  bytes.writeUInt32LE(FORMAT_VERSION, HEADER_VERSION)
  bytes.writeUInt32LE(PAGE_SIZE, HEADER_PAGE_SIZE)
  randomBytes(16).copy(bytes, HEADER_STORE_ID)
  seal(bytes.subarray(0, PAGE_SIZE), 0, PageType.HEADER, 0)
  const meta: Meta = {
    transaction: 1,
    catalogRoot: 0,
    catalogDepth: 0,
    catalogCount: 0,
    highWater: FIRST_PAGE,
    freelist: 0,
    nextStructure: 1,
    logSalt: 0,
    logStart: LOG_FIRST_FRAME,
  }
  for (const page of [1, 2]) bytes.set(encodeMeta(meta, page), page * PAGE_SIZE)
  return bytes
}

/** Reads page 0 and returns the store's id. Throws `ERR_FOREIGN_FILE`, `ERR_NEWER_FORMAT`, `ERR_DAMAGED`. */
export function readHeader(file: StorageFile): Uint8Array {
  const bytes = Buffer.alloc(PAGE_SIZE)
  const length = file.read(bytes, 0)
  if (length < HEADER_STORE_ID || bytes.toString('latin1', HEADER_MAGIC, HEADER_MAGIC + 8) !== HEADER_MAGIC_VALUE)
    throw new HoldfastError('ERR_FOREIGN_FILE', `${file.path} is not a Holdfast store`)
  const version = bytes.readUInt32LE(HEADER_VERSION)
  if (version > FORMAT_VERSION)
    throw new HoldfastError(
      'ERR_NEWER_FORMAT',
      `${file.path} has format version ${version}; this version of Holdfast reads up to ${FORMAT_VERSION}`,
    )
  if (length < PAGE_SIZE || !isSealed(bytes, 0, PageType.HEADER) || bytes.readUInt32LE(HEADER_PAGE_SIZE) !== PAGE_SIZE)
    throw new HoldfastError('ERR_DAMAGED', `${file.path}: the header page is damaged`)
  return bytes.subarray(HEADER_STORE_ID, HEADER_STORE_ID + 16)
}

/** Reads one meta page; `undefined` if it is not whole. */
export function readMeta(file: StorageFile, page: number): Meta | undefined {
  const bytes = Buffer.alloc(PAGE_SIZE)
  if (file.read(bytes, page * PAGE_SIZE) < PAGE_SIZE || !isSealed(bytes, page, PageType.META)) return undefined
  return {
    transaction: bytes.readUInt32LE(PAGE_TRANSACTION) + bytes.readUInt32LE(PAGE_TRANSACTION + 4) * 2 ** 32,
    catalogRoot: bytes.readUInt32LE(META_CATALOG_ROOT),
    catalogDepth: bytes.readUInt32LE(META_CATALOG_DEPTH),
    catalogCount: bytes.readUInt32LE(META_CATALOG_COUNT),
    highWater: bytes.readUInt32LE(META_HIGH_WATER),
    freelist: bytes.readUInt32LE(META_FREELIST),
    nextStructure: bytes.readUInt32LE(META_NEXT_STRUCTURE),
    logSalt: bytes.readUInt32LE(META_LOG_SALT),
    logStart: bytes.readDoubleLE(META_LOG_START),
  }
}

/** The newest whole meta page and where it lies. Throws `ERR_DAMAGED` if there is none or the file is shorter than it says. */
export function newestMeta(file: StorageFile): { meta: Meta; page: number } {
  const [first, second] = [readMeta(file, 1), readMeta(file, 2)]
  const page = second === undefined || (first !== undefined && first.transaction >= second.transaction) ? 1 : 2
  const meta = page === 1 ? first : second
  if (meta === undefined) throw new HoldfastError('ERR_DAMAGED', `${file.path}: both meta pages are damaged`)
  if (meta.highWater * PAGE_SIZE > file.refreshSize())
    throw new HoldfastError(
      'ERR_DAMAGED',
      `${file.path} was cut: it has ${file.refreshSize()} bytes and needs ${meta.highWater * PAGE_SIZE}`,
    )
  return { meta, page }
}

/** A meta page ready to be written as page 1 or 2. */
export function encodeMeta(meta: Meta, page: number): Buffer {
  const bytes = Buffer.alloc(PAGE_SIZE)
  bytes.writeUInt32LE(meta.catalogRoot, META_CATALOG_ROOT)
  bytes.writeUInt32LE(meta.catalogDepth, META_CATALOG_DEPTH)
  bytes.writeUInt32LE(meta.catalogCount, META_CATALOG_COUNT)
  bytes.writeUInt32LE(meta.highWater, META_HIGH_WATER)
  bytes.writeUInt32LE(meta.freelist, META_FREELIST)
  bytes.writeUInt32LE(meta.nextStructure, META_NEXT_STRUCTURE)
  bytes.writeUInt32LE(meta.logSalt, META_LOG_SALT)
  bytes.writeDoubleLE(meta.logStart, META_LOG_START)
  seal(bytes, page, PageType.META, meta.transaction)
  return bytes
}

function seal(bytes: Buffer, page: PageNumber, type: PageType, transaction: TransactionId): void {
  bytes.writeUInt32LE(page, PAGE_NUMBER)
  bytes.writeUInt32LE(transaction >>> 0, PAGE_TRANSACTION)
  bytes.writeUInt32LE(Math.floor(transaction / 2 ** 32), PAGE_TRANSACTION + 4)
  bytes.writeUInt8(type, PAGE_TYPE)
  bytes.writeUInt32LE(1, PAGE_RUN)
  bytes.writeUInt32LE(crc32c(bytes, PAGE_CRC + 4, PAGE_SIZE), PAGE_CRC)
}

function isSealed(bytes: Buffer, page: PageNumber, type: PageType): boolean {
  return (
    bytes.readUInt32LE(PAGE_NUMBER) === page &&
    bytes.readUInt8(PAGE_TYPE) === type &&
    bytes.readUInt32LE(PAGE_CRC) === crc32c(bytes, PAGE_CRC + 4, PAGE_SIZE)
  )
}
