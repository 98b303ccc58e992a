/**
 * Values as bytes.
 *
 * Encoding has two steps, since the first may run code of the caller (`toJSON`, getters) that uses the store itself: `prepareValue` ends in a
 * string or bytes, `ValueBytes.set` turns that into bytes and runs nobody's code. Decoding never hands out memory of a page.
 *
 * MessagePack is msgpackr's without its record extension, so that any reader of the format understands it; a Map comes back as an object.
 */
import { types } from 'node:util'
import { Packr, Unpackr } from 'msgpackr'
import { HoldfastError } from '../../src/errors.js'
import { VALUE_ASCII } from './layout.js'
import { refuseLarge } from './overflow.js'
import { readText } from './text.js'

/** How a tree's values are made of bytes. */
export type ValueEncoding = 'binary' | 'string' | 'json' | 'msgpack'

/** The type of values of an encoding, if the caller does not name a narrower one. */
export type ValueOf<E extends ValueEncoding> = E extends 'binary' ? Uint8Array : E extends 'string' ? string : unknown

/** A value that needs no more code of the caller. */
export type PreparedValue = string | Uint8Array

/** Strings up to this length are encoded into memory that is kept. */
const KEPT_LENGTH = 64 * 1024
/** Views of encoded strings shorter than this are kept. */
const KEPT_VIEWS = 1024

const packr = new Packr({
  useRecords: false,
  moreTypes: true,
  writeFunction: () => {
    throw new TypeError('a function has no MessagePack form')
  },
} as ConstructorParameters<typeof Packr>[0])
// Binary parts of a value must be copies, and the reader must not leave its marks on the buffers of pages: see `decodeMsgpack`.
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true })
let unpackBytes = Buffer.allocUnsafeSlow(4096)

/** Refuses an encoding that is none. */
export function checkValueEncoding(encoding: unknown): asserts encoding is ValueEncoding {
  if (encoding !== 'binary' && encoding !== 'string' && encoding !== 'json' && encoding !== 'msgpack')
    throw new HoldfastError('ERR_INVALID_ARGUMENT', `values are 'binary', 'string', 'json' or 'msgpack', not ${JSON.stringify(encoding)}`)
}

/** Checks a value and gives it its final form. Throws `ERR_INVALID_VALUE`, `ERR_VALUE_TOO_LARGE`. */
export function prepareValue(encoding: ValueEncoding, value: unknown): PreparedValue {
  if (encoding === 'binary') {
    if (!types.isUint8Array(value)) throw invalidValue('a Uint8Array', value)
    refuseLarge(value.length)
    return value
  }
  if (encoding === 'string') {
    if (typeof value !== 'string') throw invalidValue('a string', value)
    return value
  }
  if (value === undefined) throw new HoldfastError('ERR_INVALID_VALUE', 'undefined is no value: delete the key instead')
  return encoding === 'json' ? toJson(value) : toMsgpack(value)
}

/** The value in these bytes, copied. `flags` is VALUE_ASCII or 0. Throws `ERR_DAMAGED` for bytes that encode nothing. */
export function decodeValue(encoding: ValueEncoding, bytes: Buffer, start: number, end: number, flags: number): unknown {
  if (encoding === 'string') return readText(bytes, start, end, (flags & VALUE_ASCII) !== 0)
  if (encoding === 'json') return parseJson(readText(bytes, start, end, (flags & VALUE_ASCII) !== 0))
  if (encoding === 'msgpack') return decodeMsgpack(bytes, start, end)
  return copyBytes(bytes, start, end)
}

/** The value that a text stands for. Throws `ERR_DAMAGED` for one that is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new HoldfastError('ERR_DAMAGED', `a value is no JSON: ${(cause as Error).message}`, { cause })
  }
}

/** A copy in memory of its own or of Node's pool. */
export function copyBytes(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start)
  bytes.copy(copy, 0, start, end)
  return copy
}

/** The bytes of a prepared value: valid until the next `set`. */
export class ValueBytes {
  bytes: Uint8Array = new Uint8Array(0)
  /** VALUE_ASCII or 0. */
  flags = 0
  private readonly kept = Buffer.allocUnsafeSlow(3 * KEPT_LENGTH)
  /** Views of the first bytes of `kept`, by length, made when first needed: making one costs more than encoding a short text. */
  private readonly views: (Uint8Array | undefined)[] = new Array(KEPT_VIEWS)

  set(value: PreparedValue): void {
    this.flags = 0
    if (typeof value !== 'string') {
      this.bytes = value
      return
    }
    if (value.length <= KEPT_LENGTH) this.bytes = this.view(this.kept.utf8Write(value, 0))
    else {
      refuseLarge(Buffer.byteLength(value))
      this.bytes = Buffer.from(value)
    }
    if (this.bytes.length === value.length) this.flags = VALUE_ASCII
    else if (!value.isWellFormed()) throw noUtf8()
  }

  /** The bytes, copied. */
  copy(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.bytes)
  }

  private view(length: number): Uint8Array {
    if (length >= KEPT_VIEWS) return this.kept.subarray(0, length)
    const view = this.views[length] ?? this.kept.subarray(0, length)
    this.views[length] = view
    return view
  }
}

/** The error for a text with a lone surrogate. */
export function noUtf8(): HoldfastError {
  return new HoldfastError('ERR_INVALID_VALUE', 'the value has a lone surrogate and no UTF-8 form')
}

function toJson(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw new HoldfastError('ERR_INVALID_VALUE', `the value has no JSON form: ${(cause as Error).message}`, { cause })
  }
  if (text === undefined) throw new HoldfastError('ERR_INVALID_VALUE', `a ${typeof value} has no JSON form`)
  return text
}

function toMsgpack(value: unknown): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = packr.pack(value)
  } catch (cause) {
    throw new HoldfastError('ERR_INVALID_VALUE', `the value has no MessagePack form: ${(cause as Error).message}`, { cause })
  }
  refuseLarge(bytes.length)
  return bytes
}

function decodeMsgpack(bytes: Buffer, start: number, end: number): unknown {
  const length = end - start
  try {
    if (length > KEPT_LENGTH) return unpackr.unpack(copyBytes(bytes, start, end))
    if (length > unpackBytes.length) unpackBytes = Buffer.allocUnsafeSlow(2 * length)
    bytes.copy(unpackBytes, 0, start, end)
    return unpackr.unpack(unpackBytes, length)
  } catch (cause) {
    throw new HoldfastError('ERR_DAMAGED', `a value is no MessagePack: ${(cause as Error).message}`, { cause })
  }
}

function invalidValue(expected: string, value: unknown): HoldfastError {
  return new HoldfastError('ERR_INVALID_VALUE', `a value of this tree is ${expected}, not ${value === null ? 'null' : typeof value}`)
}
