/**
 * A key ready to be compared with keys in pages.
 *
 * Probes are made once and filled again and again, so that a lookup allocates nothing. A filled probe is used up at once, before any code
 * of the caller can run: nobody keeps one over a call that could fill it anew.
 */
import { HoldfastError } from '../../src/errors.js'
import { Segment } from '../../src/pages/segment.js'
import { KEY_ASCII, MAX_KEY_BYTES } from './layout.js'

/** Room for the longest key, its successor (one byte more) and the zeros that end it. */
const PROBE_BYTES = MAX_KEY_BYTES + 48

const NOWHERE = new Segment(new ArrayBuffer(64))

export class Probe {
  readonly bytes: Buffer
  /** The same bytes as u32, for comparing prefixes. */
  readonly words: Uint32Array
  /** The same for heads, which are big-endian and begin anywhere. */
  readonly view: DataView
  /** Bytes of the key; four zeros follow them. */
  length = 0
  /** KEY_ASCII if every byte is below 0x80, else 0. */
  flags = 0
  /** Where the last search ended: whether it found the key itself ... */
  found = false
  /** ... and the segment of its page. */
  segment: Segment = NOWHERE

  constructor() {
    const buffer = new ArrayBuffer(PROBE_BYTES)
    this.bytes = Buffer.from(buffer)
    this.words = new Uint32Array(buffer)
    this.view = new DataView(buffer)
  }

  /** Fills in a key given by its bytes. */
  set(key: Uint8Array, length = key.length): this {
    const { bytes } = this
    let seen = 0
    for (let index = 0; index < length; index++) {
      const byte = key[index]
      seen |= byte
      bytes[index] = byte
    }
    this.end(length, seen < 0x80 ? KEY_ASCII : 0)
    return this
  }

  /** Ends a key whose bytes were stored directly. */
  end(length: number, flags: number): void {
    const { bytes } = this
    bytes[length] = 0
    bytes[length + 1] = 0
    bytes[length + 2] = 0
    bytes[length + 3] = 0
    this.length = length
    this.flags = flags
  }

  /** The key and maybe zeros behind it, copied. */
  copy(length = this.length): Uint8Array {
    const copy = Buffer.allocUnsafe(length)
    for (let index = 0; index < length; index++) copy[index] = this.bytes[index]
    return copy
  }
}

/** The error for a key of `length` bytes that is too long. */
export function keyTooLarge(length: number): HoldfastError {
  return new HoldfastError('ERR_KEY_TOO_LARGE', `a key of ${length} bytes is longer than ${MAX_KEY_BYTES}`)
}
