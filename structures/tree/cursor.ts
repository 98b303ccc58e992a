/**
 * A cursor: moves over the entries of a tree in both directions and decodes only what it is asked for.
 */
import { HoldfastError } from '../../src/errors.js'
import { readValue, readValueBytes, valueLength } from './entry.js'
import type { IterationSource } from './iterator.js'
import { decodeKey, encodeKey } from './keys.js'
import { halfAt, LEAF_CELL_KEY, LENGTH_MASK, prefixLengthOf } from './layout.js'
import { copyLeafKey } from './leaf.js'
import { Position } from './position.js'
import { Probe } from './probe.js'

const probe = new Probe()

/** Where a cursor stands: on an entry, before the first, behind the last, or nowhere yet. */
enum Place {
  NOWHERE,
  ENTRY,
  BEFORE,
  BEHIND,
}

/**
 * A position in a tree, over a snapshot of its own, which it holds until `release`; inside of a transaction it sees the transaction's changes as they
 * happen. A new cursor stands nowhere: `next` goes to the first entry, `previous` to the last.
 */
export class Cursor<K, V> {
  private readonly position: Position
  private place = Place.NOWHERE
  private isReleased = false

  /** For `TreeReader.cursor`. */
  constructor(private readonly source: IterationSource) {
    this.position = new Position(source)
  }

  /** Whether the cursor stands on an entry. */
  get valid(): boolean {
    return this.isOnPlace() && !this.position.isBetween
  }

  /** Goes to the first entry whose key is not below `key`; `false` if there is none. */
  seek(key: K): boolean {
    encodeKey(this.source.keyEncoding, key, probe)
    this.resume()
    return this.settle(this.position.seek(probe), Place.BEHIND)
  }

  /** Goes to the next entry, or to the first; `false` if there is none. */
  next(): boolean {
    if (this.isOnPlace()) return this.settle(this.position.next(), Place.BEHIND)
    if (this.place === Place.BEHIND) return false
    this.resume()
    return this.settle(this.position.seekFirst(), Place.BEHIND)
  }

  /** Goes to the entry before, or to the last; `false` if there is none. */
  previous(): boolean {
    if (this.isOnPlace()) return this.settle(this.position.previous(), Place.BEFORE)
    if (this.place === Place.BEFORE) return false
    this.resume()
    return this.settle(this.position.seekLast(), Place.BEFORE)
  }

  /** The entry's key; `undefined` if the cursor is not `valid`. */
  get key(): K | undefined {
    if (!this.valid) return undefined
    const { walk, index } = this.position
    copyLeafKey(walk.segment, walk.base, index, probe)
    return decodeKey(this.source.keyEncoding, probe) as K
  }

  /** The entry's value; `undefined` if the cursor is not `valid`. */
  get value(): V | undefined {
    if (!this.valid) return undefined
    const { walk, cell, pages, transaction } = this.position
    return readValue(this.source.valueEncoding, walk.segment, cell, pages, transaction) as V
  }

  /** The bytes of the entry's value, copied. */
  get valueBytes(): Uint8Array | undefined {
    if (!this.valid) return undefined
    const { walk, cell, pages, transaction } = this.position
    return readValueBytes(walk.segment, cell, pages, transaction)
  }

  /** Bytes of the entry's key; 0 if the cursor is not `valid`. */
  get keyByteLength(): number {
    if (!this.valid) return 0
    const { walk, cell } = this.position
    return prefixLengthOf(walk.segment, walk.base) + (halfAt(walk.segment.bytes, cell + LEAF_CELL_KEY) & LENGTH_MASK)
  }

  /** Bytes of the entry's value; 0 if the cursor is not `valid`. */
  get valueByteLength(): number {
    return this.valid ? valueLength(this.position.walk.segment, this.position.cell) : 0
  }

  /** Ends the cursor and its snapshot; idempotent. */
  release(): void {
    this.isReleased = true
    this.place = Place.NOWHERE
    this.position.release()
  }

  [Symbol.dispose](): void {
    this.release()
  }

  private settle(found: boolean, otherwise: Place): boolean {
    if (found) {
      this.place = Place.ENTRY
      this.position.leave()
    } else this.place = otherwise
    return found
  }

  /** Whether the cursor stands on an entry, or between the neighbours of one that was removed. */
  private isOnPlace(): boolean {
    return this.place === Place.ENTRY && (!this.position.resume() || this.position.find())
  }

  private resume(): void {
    if (this.isReleased) throw new HoldfastError('ERR_CLOSED', 'the cursor was released')
    this.position.resume()
  }
}
