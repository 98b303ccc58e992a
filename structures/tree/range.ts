/**
 * Ranges of keys, as callers give them and as pages are walked: always from an inclusive lower to an exclusive upper bound in bytes.
 *
 * The first key above a key is that key with a zero byte behind it; the first above all keys that begin with some bytes is those bytes plus one.
 */
import { HoldfastError } from '../../src/errors.js'
import { encodeKey, type KeyEncoding } from './keys.js'
import { Probe } from './probe.js'

/** Which entries, and in which order. Several lower or upper bounds hold together. */
export interface Range<K> {
  /** Keys above this one. */
  gt?: K | undefined
  /** Keys from this one on. */
  gte?: K | undefined
  /** Keys below this one. */
  lt?: K | undefined
  /** Keys up to this one. */
  lte?: K | undefined
  /** Keys that begin with this: a string's characters, binary's bytes, a tuple's elements. Not for numbers. */
  prefix?: K | undefined
  /** From the last to the first. */
  reverse?: boolean | undefined
  /** At most this many entries. */
  limit?: number | undefined
}

/** A range in bytes. */
export interface ByteRange {
  /** The first key that may be in the range. */
  readonly lower: Uint8Array | undefined
  /** The first key that is not. */
  readonly upper: Uint8Array | undefined
  readonly reverse: boolean
  /** Infinity if there is none. */
  readonly limit: number
}

const EVERYTHING: ByteRange = { lower: undefined, upper: undefined, reverse: false, limit: Number.POSITIVE_INFINITY }
const probe = new Probe()

/** Turns a range into bytes. Throws `ERR_INVALID_ARGUMENT`, and for bounds what `encodeKey` throws. */
export function byteRange<K>(encoding: KeyEncoding, range: Range<K> | undefined): ByteRange {
  if (range === undefined) return EVERYTHING
  if (range === null || typeof range !== 'object') throw new HoldfastError('ERR_INVALID_ARGUMENT', 'a range is an object')
  let lower: Uint8Array | undefined
  let upper: Uint8Array | undefined
  let reverse = false
  let limit = Number.POSITIVE_INFINITY
  for (const name in range) {
    const value: unknown = range[name as keyof Range<K>]
    if (value === undefined) continue
    if (name === 'gte') lower = higher(lower, bound(encoding, value, 0))
    else if (name === 'gt') lower = higher(lower, bound(encoding, value, 1))
    else if (name === 'lt') upper = lowerOf(upper, bound(encoding, value, 0))
    else if (name === 'lte') upper = lowerOf(upper, bound(encoding, value, 1))
    else if (name === 'limit') limit = checkedLimit(value)
    else if (name === 'reverse') reverse = checkedReverse(value)
    else if (name === 'prefix') {
      if (encoding === 'number') throw new HoldfastError('ERR_INVALID_ARGUMENT', 'number keys have no prefix')
      const prefix = bound(encoding, value, 0)
      lower = higher(lower, prefix)
      upper = lowerOf(upper, behindPrefix(prefix))
    } else throw new HoldfastError('ERR_INVALID_ARGUMENT', `a range has no option "${name}"`)
  }
  return { lower, upper, reverse, limit }
}

/** Whether the range can hold no key at all. */
export function isEmptyRange(range: ByteRange): boolean {
  return range.limit === 0 || (range.lower !== undefined && range.upper !== undefined && Buffer.compare(range.lower, range.upper) >= 0)
}

function bound(encoding: KeyEncoding, key: unknown, zeros: 0 | 1): Uint8Array {
  encodeKey(encoding, key, probe)
  return probe.copy(probe.length + zeros)
}

function higher(first: Uint8Array | undefined, second: Uint8Array): Uint8Array {
  return first === undefined || Buffer.compare(first, second) < 0 ? second : first
}

function lowerOf(first: Uint8Array | undefined, second: Uint8Array | undefined): Uint8Array | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return Buffer.compare(first, second) < 0 ? first : second
}

/** The first key above all that begin with these bytes; `undefined` if there is none. */
function behindPrefix(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length--
  if (length === 0) return undefined
  const behind = Buffer.from(prefix.subarray(0, length))
  behind[length - 1]++
  return behind
}

function checkedLimit(limit: unknown): number {
  if (typeof limit === 'number' && (limit === Number.POSITIVE_INFINITY || (Number.isSafeInteger(limit) && limit >= 0))) return limit
  throw new HoldfastError('ERR_INVALID_ARGUMENT', 'limit is a whole number, not negative')
}

function checkedReverse(reverse: unknown): boolean {
  if (typeof reverse !== 'boolean') throw new HoldfastError('ERR_INVALID_ARGUMENT', 'reverse is true or false')
  return reverse
}
