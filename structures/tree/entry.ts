/**
 * Reading an entry's value where a search or a walk found its cell.
 */
import type { PageTransaction } from '../../src/pages/page-transaction.js'
import type { Pages } from '../../src/pages/pages.js'
import type { Segment } from '../../src/pages/segment.js'
import { halfAt, LEAF_CELL_VALUE, LENGTH_MASK, VALUE_ASCII, VALUE_OVERFLOW } from './layout.js'
import { valueStart } from './lookup.js'
import { overflowLength, readOverflow } from './overflow.js'
import { PageReader } from './page-reader.js'
import { copyBytes, decodeValue, type ValueEncoding } from './values.js'

/** The value of the entry in `cell`, decoded. `transaction` is where the cell was found, if not in `pages`. */
export function readValue(
  encoding: ValueEncoding,
  segment: Segment,
  cell: number,
  pages: Pages | undefined,
  transaction: PageTransaction | undefined,
): unknown {
  const { bytes } = segment
  const start = valueStart(segment, cell)
  const field = halfAt(bytes, cell + LEAF_CELL_VALUE)
  // What most values are comes first.
  if (encoding === 'string' && (field & (VALUE_OVERFLOW | VALUE_ASCII)) === VALUE_ASCII)
    return bytes.latin1Slice(start, start + (field & LENGTH_MASK))
  if ((field & VALUE_OVERFLOW) === 0) return decodeValue(encoding, bytes, start, start + (field & LENGTH_MASK), field)
  const value = readOverflow(new PageReader(pages, transaction), bytes, start)
  return encoding === 'binary' ? value : decodeValue(encoding, value, 0, value.length, field)
}

/** The bytes of the value of the entry in `cell`, copied. */
export function readValueBytes(segment: Segment, cell: number, pages: Pages | undefined, transaction: PageTransaction | undefined): Buffer {
  const start = valueStart(segment, cell)
  const field = halfAt(segment.bytes, cell + LEAF_CELL_VALUE)
  if ((field & VALUE_OVERFLOW) === 0) return copyBytes(segment.bytes, start, start + (field & LENGTH_MASK))
  return readOverflow(new PageReader(pages, transaction), segment.bytes, start)
}

/** The number of bytes of the value of the entry in `cell`. */
export function valueLength(segment: Segment, cell: number): number {
  const field = halfAt(segment.bytes, cell + LEAF_CELL_VALUE)
  return (field & VALUE_OVERFLOW) === 0 ? field & LENGTH_MASK : overflowLength(segment.bytes, valueStart(segment, cell))
}
