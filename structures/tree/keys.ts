/**
 * Keys as bytes whose order (memcmp) is the order of the keys.
 *
 * Strings are UTF-8: their order is that of code points, which differs from `<` only where surrogate pairs meet U+E000 to U+FFFF. Numbers are
 * doubles in eight bytes; tuples see `tuple.ts`.
 */
import { types } from 'node:util'
import { HoldfastError } from '../../src/errors.js'
import { KEY_ASCII, MAX_KEY_BYTES } from './layout.js'
import { keyTooLarge, type Probe } from './probe.js'
import { readText } from './text.js'
import { decodeDouble, decodeTuple, encodeDouble, encodeTuple, type TupleElement } from './tuple.js'

export type { TupleElement } from './tuple.js'

/** How a tree's keys are made of bytes. */
export type KeyEncoding = 'string' | 'binary' | 'number' | 'tuple'

/** The type of keys of an encoding. */
export type KeyOf<E extends KeyEncoding> = E extends 'string'
  ? string
  : E extends 'binary'
    ? Uint8Array
    : E extends 'number'
      ? number
      : readonly TupleElement[]

/** Bytes of a number key. */
const NUMBER_BYTES = 8
const encoder = new TextEncoder()

/** Refuses an encoding that is none. */
export function checkKeyEncoding(encoding: unknown): asserts encoding is KeyEncoding {
  if (encoding !== 'string' && encoding !== 'binary' && encoding !== 'number' && encoding !== 'tuple')
    throw new HoldfastError('ERR_INVALID_ARGUMENT', `keys are 'string', 'binary', 'number' or 'tuple', not ${JSON.stringify(encoding)}`)
}

/** Fills the probe with a key. Throws `ERR_INVALID_KEY`, `ERR_KEY_TOO_LARGE`. */
export function encodeKey(encoding: KeyEncoding, key: unknown, probe: Probe): void {
  if (encoding === 'string') encodeString(key, probe)
  else if (encoding === 'binary') encodeBinary(key, probe)
  else if (encoding === 'number') encodeNumber(key, probe)
  else encodeTuple(key, probe)
}

/** A key that the caller cannot change any more. */
export type PreparedKey = string | number | Uint8Array

/** Gives a key a form that lasts; `probe` is used on the way. Throws what `encodeKey` throws, for strings and numbers later. */
export function prepareKey(encoding: KeyEncoding, key: unknown, probe: Probe): PreparedKey {
  if (encoding === 'string' || encoding === 'number') return key as string | number
  encodeKey(encoding, key, probe)
  return probe.copy()
}

/** Fills the probe with a key that `prepareKey` returned. */
export function encodePreparedKey(encoding: KeyEncoding, key: PreparedKey, probe: Probe): void {
  if (encoding === 'string' || encoding === 'number') encodeKey(encoding, key, probe)
  else probe.set(key as Uint8Array)
}

/** The probe's key. */
export function decodeKey(encoding: KeyEncoding, probe: Probe): unknown {
  const { bytes, length } = probe
  if (encoding === 'string') return readText(bytes, 0, length, (probe.flags & KEY_ASCII) !== 0)
  if (encoding === 'binary') return probe.copy()
  if (encoding === 'number') {
    if (length !== NUMBER_BYTES) throw new HoldfastError('ERR_DAMAGED', 'a key is no number')
    return decodeDouble(bytes, 0)
  }
  return decodeTuple(bytes, length)
}

function encodeString(key: unknown, probe: Probe): void {
  if (typeof key !== 'string') throw invalidKey('a string', key)
  const { length } = key
  if (length > MAX_KEY_BYTES) throw keyTooLarge(Buffer.byteLength(key))
  const { words, bytes } = probe
  const whole = length >>> 2
  let seen = 0
  let at = 0
  for (let word = 0; word < whole; word++, at += 4) {
    const first = key.charCodeAt(at)
    const second = key.charCodeAt(at + 1)
    const third = key.charCodeAt(at + 2)
    const fourth = key.charCodeAt(at + 3)
    seen |= first | second | third | fourth
    words[word] = first | (second << 8) | (third << 16) | (fourth << 24)
  }
  words[whole] = 0
  for (; at < length; at++) {
    const code = key.charCodeAt(at)
    seen |= code
    bytes[at] = code
  }
  if (seen > 0x7f) encodeWideString(key, probe)
  else probe.end(length, KEY_ASCII)
}

function encodeWideString(key: string, probe: Probe): void {
  if (!key.isWellFormed()) throw new HoldfastError('ERR_INVALID_KEY', 'the key has a lone surrogate and no UTF-8 form')
  const length = Buffer.byteLength(key)
  if (length > MAX_KEY_BYTES) throw keyTooLarge(length)
  encoder.encodeInto(key, probe.bytes)
  probe.end(length, 0)
}

function encodeBinary(key: unknown, probe: Probe): void {
  if (!types.isUint8Array(key)) throw invalidKey('a Uint8Array', key)
  if (key.length > MAX_KEY_BYTES) throw keyTooLarge(key.length)
  probe.set(key)
}

function encodeNumber(key: unknown, probe: Probe): void {
  if (typeof key !== 'number' || Number.isNaN(key)) throw invalidKey('a number that is not NaN', key)
  encodeDouble(key, probe.bytes, 0)
  probe.end(NUMBER_BYTES, 0)
}

function invalidKey(expected: string, key: unknown): HoldfastError {
  return new HoldfastError('ERR_INVALID_KEY', `a key of this tree is ${expected}, not ${key === null ? 'null' : typeof key}`)
}
