/**
 * Reading a tree: what its handle and a tree at a snapshot have in common.
 *
 * A lookup is a memory access: it allocates nothing but its result and leaves the mapped pages as they are.
 */
import { HoldfastError } from '../../src/errors.js'
import type { PageTransaction, StructureState } from '../../src/pages/page-transaction.js'
import type { Pages } from '../../src/pages/pages.js'
import { Cursor } from './cursor.js'
import { readValue, readValueBytes } from './entry.js'
import { BATCH_KEYS, batch, batchCells, findBatch } from './get-many.js'
import { EntryIterator, type IterationSource } from './iterator.js'
import { encodeKey, type KeyEncoding } from './keys.js'
import { findInPages, findInTransaction, NOT_FOUND } from './lookup.js'
import { PageReader } from './page-reader.js'
import type { TreeView } from './position.js'
import { Probe } from './probe.js'
import { type ByteRange, byteRange, isEmptyRange, type Range } from './range.js'
import { lowerBound } from './search.js'
import type { ValueEncoding } from './values.js'
import { Walk } from './walk.js'

const probe = new Probe()

export abstract class TreeReader<K, V> implements IterationSource {
  /** Root of the state that `enter` chose; 0 if it is empty. */
  protected root = 0
  protected abstract readonly pages: Pages

  constructor(
    /** Number of the tree in the catalog. */
    readonly id: number,
    readonly name: string,
    readonly keyEncoding: KeyEncoding,
    readonly valueEncoding: ValueEncoding,
  ) {}

  /** Chooses the state to read: sets `root`; returns the transaction to read it in, if any. Throws `ERR_CLOSED`. */
  protected abstract enter(): PageTransaction | undefined
  /** The state of the tree that reads go to. */
  protected abstract state(): Readonly<StructureState> | undefined
  /** For iterators: a state that lasts. */
  abstract openView(): TreeView
  /** For iterators: the open transaction. */
  abstract currentTransaction(): PageTransaction | undefined

  /** The value of a key; `undefined` if there is none. Throws `ERR_INVALID_KEY`, `ERR_KEY_TOO_LARGE`, `ERR_CLOSED`, `ERR_DAMAGED`. */
  get(key: K): V | undefined {
    encodeKey(this.keyEncoding, key, probe)
    const transaction = this.enter()
    const cell = this.find(transaction)
    if (cell === NOT_FOUND) return undefined
    return readValue(this.valueEncoding, probe.segment, cell, this.pages, transaction) as V
  }

  /** The values of many keys, in their order: several times faster than as many `get`s when the tree is larger than the processor's caches. */
  getMany(keys: readonly K[]): (V | undefined)[] {
    if (!Array.isArray(keys)) throw new HoldfastError('ERR_INVALID_ARGUMENT', 'getMany takes an array of keys')
    const transaction = this.enter()
    if (transaction !== undefined || this.root === 0) return Array.from(keys, (key) => this.get(key))
    const { pages, root } = this
    const values: (V | undefined)[] = []
    for (let from = 0; from < keys.length; from += BATCH_KEYS) {
      const count = Math.min(BATCH_KEYS, keys.length - from)
      for (let lane = 0; lane < count; lane++) encodeKey(this.keyEncoding, keys[from + lane], batch[lane])
      findBatch(pages, root, count)
      for (let lane = 0; lane < count; lane++) {
        const cell = batchCells[lane]
        values.push(cell === NOT_FOUND ? undefined : (readValue(this.valueEncoding, batch[lane].segment, cell, pages, undefined) as V))
      }
    }
    return values
  }

  /** Whether there is an entry for the key. */
  has(key: K): boolean {
    encodeKey(this.keyEncoding, key, probe)
    return this.find(this.enter()) !== NOT_FOUND
  }

  /** The bytes of a key's value, copied; `undefined` if there is none. */
  getBytes(key: K): Uint8Array | undefined {
    encodeKey(this.keyEncoding, key, probe)
    const transaction = this.enter()
    const cell = this.find(transaction)
    return cell === NOT_FOUND ? undefined : readValueBytes(probe.segment, cell, this.pages, transaction)
  }

  /**
   * The entries of a range in order. The iterator walks over a snapshot, taken when the first entry is asked for and released when it ends or the
   * loop is left; inside of a transaction it sees the transaction's changes as they happen.
   */
  entries(range?: Range<K>): IterableIterator<[K, V]> {
    return new EntryIterator<[K, V]>(this, byteRange(this.keyEncoding, range), 'entries')
  }

  /** The keys of a range in order; see `entries`. */
  keys(range?: Range<K>): IterableIterator<K> {
    return new EntryIterator<K>(this, byteRange(this.keyEncoding, range), 'keys')
  }

  /** The values of a range in the order of their keys; see `entries`. */
  values(range?: Range<K>): IterableIterator<V> {
    return new EntryIterator<V>(this, byteRange(this.keyEncoding, range), 'values')
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries()
  }

  /** The first entry of the tree, or of a range. */
  first(range?: Range<K>): [K, V] | undefined {
    for (const entry of this.entries({ ...range, limit: 1 })) return entry
    return undefined
  }

  /** The last entry of the tree, or of a range. */
  last(range?: Range<K>): [K, V] | undefined {
    for (const entry of this.entries({ ...range, limit: 1, reverse: range?.reverse !== true })) return entry
    return undefined
  }

  /** A cursor, which holds a snapshot until it is released. */
  cursor(): Cursor<K, V> {
    return new Cursor<K, V>(this)
  }

  /** The number of entries, known without looking; or of those in a range, whose leaves are visited. */
  count(range?: Range<K>): number {
    const bytes = byteRange(this.keyEncoding, range)
    const transaction = this.enter()
    if (bytes.lower === undefined && bytes.upper === undefined) return Math.min(this.state()?.count ?? 0, bytes.limit)
    if (this.root === 0 || isEmptyRange(bytes)) return 0
    return countRange(new Walk(new PageReader(this.pages, transaction), this.root), bytes)
  }

  private find(transaction: PageTransaction | undefined): number {
    if (this.root === 0) return NOT_FOUND
    return transaction === undefined ? findInPages(this.pages, this.root, probe) : findInTransaction(transaction, this.root, probe)
  }
}

/** Entries of a range with a bound, not counted beyond its limit. */
function countRange(walk: Walk, range: ByteRange): number {
  const { lower, upper, limit } = range
  let count = 0
  let from = 0
  if (lower === undefined) walk.seekFirst()
  else from = walk.seek(probe.set(lower))
  if (upper !== undefined) probe.set(upper)
  do {
    const to = upper === undefined ? walk.count : lowerBound(walk.segment, walk.base, probe)
    count += Math.max(0, to - from)
    if (to < walk.count) break
    from = 0
  } while (count < limit && walk.nextLeaf())
  return Math.min(count, limit)
}
