/**
 * Values too large for a leaf, in chains of runs of overflow pages.
 *
 * Every run but the last is as long as runs may be; the last is as long as it needs to be. The leaf's cell holds a reference: first page and length.
 */
import { HoldfastError } from '../../src/errors.js'
import { MAX_RUN_PAGES, MAX_VALUE_BYTES, PAGE_RUN, PAGE_SIZE, PAGE_TYPE, type PageNumber, PageType } from '../../src/pages/format.js'
import type { PageTransaction } from '../../src/pages/page-transaction.js'
import { damaged } from '../../src/pages/pages.js'
import type { Segment } from '../../src/pages/segment.js'
import {
  OVERFLOW_BYTES,
  OVERFLOW_LENGTH,
  OVERFLOW_NEXT,
  REFERENCE_BYTES,
  REFERENCE_LENGTH,
  REFERENCE_PAGE,
  setWord,
  wordAt,
} from './layout.js'
import type { PageReader } from './page-reader.js'

/** Bytes of a value in the longest run. */
const MAX_RUN_BYTES = MAX_RUN_PAGES * PAGE_SIZE - OVERFLOW_BYTES

const reference = new Uint8Array(REFERENCE_BYTES)

/** Stores a value in new overflow pages and returns the reference to it, which is valid until the next call. */
export function writeOverflow(transaction: PageTransaction, value: Uint8Array): Uint8Array {
  const { length } = value
  // From the last run to the first: each run holds the number of the next.
  let next: PageNumber = 0
  let start = Math.floor((length - 1) / MAX_RUN_BYTES) * MAX_RUN_BYTES
  for (let end = length; start >= 0; end = start, start -= MAX_RUN_BYTES) {
    const pageCount = Math.ceil((OVERFLOW_BYTES + end - start) / PAGE_SIZE)
    const page = transaction.allocate(PageType.OVERFLOW, pageCount)
    const { segment, base } = transaction
    segment.words[(base + OVERFLOW_NEXT) >>> 2] = next
    segment.words[(base + OVERFLOW_LENGTH) >>> 2] = end - start
    segment.bytes.set(value.subarray(start, end), base + OVERFLOW_BYTES)
    segment.bytes.fill(0, base + OVERFLOW_BYTES + end - start, base + pageCount * PAGE_SIZE)
    next = page
  }
  setWord(reference, REFERENCE_PAGE, next)
  setWord(reference, REFERENCE_LENGTH, length)
  return reference
}

/** Gives the pages of a value back. The reference is read before the transaction moves on. */
export function freeOverflow(transaction: PageTransaction, bytes: Uint8Array, at: number): void {
  let page: PageNumber = wordAt(bytes, at + REFERENCE_PAGE)
  let rest = wordAt(bytes, at + REFERENCE_LENGTH)
  while (rest > 0) {
    transaction.locate(page)
    rest -= runLength(page, transaction.segment, transaction.base, rest)
    const next = transaction.segment.words[(transaction.base + OVERFLOW_NEXT) >>> 2]
    transaction.free(page)
    page = next
  }
}

/** The value that the reference at `at` stands for, copied. Throws `ERR_DAMAGED`. */
export function readOverflow(reader: PageReader, bytes: Uint8Array, at: number): Buffer {
  let page: PageNumber = wordAt(bytes, at + REFERENCE_PAGE)
  const length = overflowLength(bytes, at)
  if (length > MAX_VALUE_BYTES) throw damaged(page, `a value of ${length} bytes begins there`)
  const value = Buffer.allocUnsafe(length)
  for (let start = 0; start < length; ) {
    reader.locate(page)
    const { segment, base } = reader
    const part = runLength(page, segment, base, length - start)
    value.set(segment.bytes.subarray(base + OVERFLOW_BYTES, base + OVERFLOW_BYTES + part), start)
    start += part
    page = segment.words[(base + OVERFLOW_NEXT) >>> 2]
  }
  return value
}

/** Bytes of the value that the reference at `at` stands for. */
export function overflowLength(bytes: Uint8Array, at: number): number {
  return wordAt(bytes, at + REFERENCE_LENGTH)
}

/** Bytes of a value in this run, of which `rest` are still to come. Throws `ERR_DAMAGED` if the run is not what the chain needs. */
export function runLength(page: PageNumber, segment: Segment, base: number, rest: number): number {
  if (segment.bytes[base + PAGE_TYPE] !== PageType.OVERFLOW) throw damaged(page, 'it is no overflow page')
  const length = segment.words[(base + OVERFLOW_LENGTH) >>> 2]
  const room = segment.words[(base + PAGE_RUN) >>> 2] * PAGE_SIZE - OVERFLOW_BYTES
  if (length === 0 || length > room || length > rest) throw damaged(page, 'its part of a value has an impossible length')
  return length
}

/** Refuses a value that is longer than values may be. */
export function refuseLarge(length: number): void {
  if (length > MAX_VALUE_BYTES) throw new HoldfastError('ERR_VALUE_TOO_LARGE', `a value of ${length} bytes is longer than 1 GiB`)
}
