/**
 * Ordered tuples as bytes: `docs/format.md`, "Tuple keys".
 *
 * Each element is a tag and a body that ends by itself, so that the bytes of a tuple begin with those of every shorter tuple it begins with,
 * and memcmp orders tuples element by element: null, false, true, numbers, strings (by code point), binary (by byte), tuples. A tuple comes before
 * every longer one that begins with it.
 */
import { HoldfastError } from '../../src/errors.js'
import { KEY_ASCII, MAX_KEY_BYTES } from './layout.js'
import { keyTooLarge, type Probe } from './probe.js'

/** What a tuple key may hold. */
export type TupleElement = null | boolean | number | string | Uint8Array | readonly TupleElement[]

/** Tags, ascending in the order of the types. Every tag is above END. */
export const TupleTag = { NULL: 0x10, FALSE: 0x20, TRUE: 0x21, NUMBER: 0x30, STRING: 0x40, BINARY: 0x50, TUPLE: 0x60 } as const
/** Ends a string, binary or inner tuple. */
export const TUPLE_END = 0x00
/** Follows a zero byte inside of a string or binary. */
export const TUPLE_ZERO = 0xff
/** Inner tuples may be this deep. */
const MAX_NESTING = 32

const double = new DataView(new ArrayBuffer(8))

/** Stores a double as eight bytes in the order of numbers; -0 as 0. */
export function encodeDouble(value: number, bytes: Uint8Array, at: number): void {
  double.setFloat64(0, value + 0)
  const isNegative = value < 0
  for (let index = 0; index < 8; index++) bytes[at + index] = isNegative ? ~double.getUint8(index) : double.getUint8(index)
  if (!isNegative) bytes[at] |= 0x80
}

/** The double in eight bytes that `encodeDouble` stored. */
export function decodeDouble(bytes: Uint8Array, at: number): number {
  const isNegative = bytes[at] < 0x80
  for (let index = 0; index < 8; index++) double.setUint8(index, isNegative ? ~bytes[at + index] : bytes[at + index])
  if (!isNegative) double.setUint8(0, bytes[at] & 0x7f)
  return double.getFloat64(0)
}

/** Fills the probe with a tuple. Throws `ERR_INVALID_KEY`, `ERR_KEY_TOO_LARGE`. */
export function encodeTuple(tuple: unknown, probe: Probe): void {
  if (!Array.isArray(tuple)) throw new HoldfastError('ERR_INVALID_KEY', 'a tuple key is an array')
  const length = encodeElements(tuple, probe.bytes, 0, 0)
  let seen = 0
  for (let index = 0; index < length; index++) seen |= probe.bytes[index]
  probe.end(length, seen < 0x80 ? KEY_ASCII : 0)
}

function encodeElements(elements: readonly unknown[], bytes: Uint8Array, at: number, nesting: number): number {
  if (nesting > MAX_NESTING) throw new HoldfastError('ERR_INVALID_KEY', `a tuple key is nested deeper than ${MAX_NESTING}`)
  let end = at
  for (let index = 0; index < elements.length; index++) end = encodeElement(elements[index], bytes, end, nesting)
  return end
}

function encodeElement(element: unknown, bytes: Uint8Array, at: number, nesting: number): number {
  if (element === null) return put(bytes, at, TupleTag.NULL)
  if (typeof element === 'boolean') return put(bytes, at, element ? TupleTag.TRUE : TupleTag.FALSE)
  if (typeof element === 'number') return encodeNumberElement(element, bytes, at)
  if (typeof element === 'string') {
    if (!element.isWellFormed()) throw new HoldfastError('ERR_INVALID_KEY', 'a string in a tuple key has a lone surrogate')
    return encodeBytes(Buffer.from(element), TupleTag.STRING, bytes, at)
  }
  if (element instanceof Uint8Array) return encodeBytes(element, TupleTag.BINARY, bytes, at)
  if (Array.isArray(element)) {
    const end = encodeElements(element, bytes, put(bytes, at, TupleTag.TUPLE), nesting + 1)
    return put(bytes, end, TUPLE_END)
  }
  throw new HoldfastError('ERR_INVALID_KEY', `a tuple key cannot hold ${element === undefined ? 'undefined' : `a ${typeof element}`}`)
}

function encodeNumberElement(element: number, bytes: Uint8Array, at: number): number {
  if (Number.isNaN(element)) throw new HoldfastError('ERR_INVALID_KEY', 'a tuple key cannot hold NaN')
  if (at + 9 > MAX_KEY_BYTES) throw keyTooLarge(at + 9)
  bytes[at] = TupleTag.NUMBER
  encodeDouble(element, bytes, at + 1)
  return at + 9
}

function encodeBytes(source: Uint8Array, tag: number, bytes: Uint8Array, at: number): number {
  if (at + source.length + 2 > MAX_KEY_BYTES) throw keyTooLarge(at + source.length + 2)
  let end = put(bytes, at, tag)
  for (let index = 0; index < source.length; index++) {
    const byte = source[index]
    end = put(bytes, end, byte)
    if (byte === 0) end = put(bytes, end, TUPLE_ZERO)
  }
  return put(bytes, end, TUPLE_END)
}

function put(bytes: Uint8Array, at: number, byte: number): number {
  if (at >= MAX_KEY_BYTES) throw keyTooLarge(at + 1)
  bytes[at] = byte
  return at + 1
}

/** The tuple in the first `length` of these bytes. Throws `ERR_DAMAGED` for bytes that `encodeTuple` cannot have written. */
export function decodeTuple(bytes: Uint8Array, length: number): TupleElement[] {
  const reader = new TupleReader(bytes, length)
  const elements: TupleElement[] = []
  while (!reader.isAtEnd) elements.push(reader.element(0))
  return elements
}

class TupleReader {
  private at = 0

  constructor(
    private readonly bytes: Uint8Array,
    private readonly length: number,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.length
  }

  element(nesting: number): TupleElement {
    switch (this.next()) {
      case TupleTag.NULL:
        return null
      case TupleTag.FALSE:
        return false
      case TupleTag.TRUE:
        return true
      case TupleTag.NUMBER:
        return this.number()
      case TupleTag.STRING:
        return this.binary().toString()
      case TupleTag.BINARY:
        return this.binary()
      case TupleTag.TUPLE:
        if (nesting === MAX_NESTING) throw wrongTuple()
        return this.elements(nesting + 1)
      default:
        throw wrongTuple()
    }
  }

  private elements(nesting: number): TupleElement[] {
    const elements: TupleElement[] = []
    while (!this.isAtEnd) {
      if (this.bytes[this.at] === TUPLE_END) {
        this.at++
        return elements
      }
      elements.push(this.element(nesting))
    }
    throw wrongTuple()
  }

  private number(): number {
    if (this.at + 8 > this.length) throw wrongTuple()
    this.at += 8
    return decodeDouble(this.bytes, this.at - 8)
  }

  private binary(): Buffer {
    const found = Buffer.allocUnsafe(this.length - this.at)
    let count = 0
    for (let byte = this.next(); byte !== TUPLE_END || this.bytes[this.at] === TUPLE_ZERO; byte = this.next()) {
      if (byte === TUPLE_END) this.at++
      found[count++] = byte
    }
    return found.subarray(0, count)
  }

  private next(): number {
    if (this.isAtEnd) throw wrongTuple()
    return this.bytes[this.at++]
  }
}

function wrongTuple(): HoldfastError {
  return new HoldfastError('ERR_DAMAGED', 'a key is no tuple')
}
