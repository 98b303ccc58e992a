/**
 * The data that every engine is measured with: keys, values, and random orders, all from seeds, so that every
 * process of a run makes the same ones and no engine gets an easier set.
 *
 * A key is `key:` and twelve digits; only even numbers are stored, so that a missing key lies between two stored
 * ones. A value is 100 characters of ASCII that depend on the entry and on how often it was written (an engine that
 * skips identical updates gains nothing). Strings are flat one-byte strings, as a parser would hand them out.
 */

/** Length of every value in characters and bytes. */
export const VALUE_BYTES = 100

/** A small seeded generator (xorshift32): equal sequences for equal seeds, on every machine. */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0 || 0x9e3779b9
  }

  /** The next 32 random bits as an unsigned number. */
  next(): number {
    let state = this.state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.state = state >>> 0
    return this.state
  }

  /** A random integer from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * bound)
  }
}

const keyBytes = Buffer.from('key:000000000000', 'latin1')
const valueBytes = Buffer.alloc(VALUE_BYTES)
const ALPHABET = Buffer.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_', 'latin1')

function keyFromNumber(number: number): string {
  let rest = number
  for (let at = 15; at >= 4; at--) {
    keyBytes[at] = 48 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  return keyBytes.latin1Slice(0, 16)
}

/** The key of entry `index`; ascending by index. */
export function keyAt(index: number): string {
  return keyFromNumber(2 * index)
}

/** A key that is never stored and lies behind entry `index`. */
export function missingKeyAt(index: number): string {
  return keyFromNumber(2 * index + 1)
}

/** The value of entry `index` after it was written `version` times more. */
export function valueAt(index: number, version = 0): string {
  const random = new Random(Math.imul(index + 1, 0x85ebca6b) ^ Math.imul(version + 1, 0xc2b2ae35))
  random.next()
  for (let at = 0; at < VALUE_BYTES; at += 5) {
    const bits = random.next()
    for (let part = 0; part < 5; part++) valueBytes[at + part] = ALPHABET[(bits >>> (part * 6)) & 63] as number
  }
  return valueBytes.latin1Slice(0, VALUE_BYTES)
}

/** The numbers from 0 to `count` - 1 in a random order. */
export function shuffled(count: number, seed: number): Uint32Array {
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i++) order[i] = i
  const random = new Random(seed)
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const held = order[i] as number
    order[i] = order[j] as number
    order[j] = held
  }
  return order
}

/** Entries as two parallel arrays, the form in which every engine takes what it writes. */
export interface Entries {
  readonly keys: string[]
  readonly values: string[]
}

/** The first `count` entries in ascending order, or in the given one. */
export function entriesOf(count: number, order?: Uint32Array): Entries {
  const keys = new Array<string>(count)
  const values = new Array<string>(count)
  for (let i = 0; i < count; i++) {
    const index = order ? (order[i] as number) : i
    keys[i] = keyAt(index)
    values[i] = valueAt(index)
  }
  return { keys, values }
}

/**
 * `count` updates of random entries out of `existing`; `version` tells one batch of updates from the next.
 * With `lanes`, update i goes to an entry that only updates i modulo `lanes` touch: callers that take every n-th update
 * never meet, so the outcome does not depend on who comes first.
 */
export function updatesOf(existing: number, count: number, version: number, lanes = 1): Entries {
  const random = new Random(0x51ed270b + version)
  const keys = new Array<string>(count)
  const values = new Array<string>(count)
  for (let i = 0; i < count; i++) {
    const index = lanes === 1 ? random.below(existing) : random.below(Math.floor(existing / lanes)) * lanes + (i % lanes)
    keys[i] = keyAt(index)
    values[i] = valueAt(index, version * count + i + 1)
  }
  return { keys, values }
}
