/**
 * The tree's handle: an ordered map from keys to values in a store.
 */
import { HoldfastError } from '../../src/errors.js'
import type { PageTransaction, StructureState } from '../../src/pages/page-transaction.js'
import type { Pages } from '../../src/pages/pages.js'
import type { Snapshot, StructureHost } from '../../src/store/structure-host.js'
import { appender } from './append.js'
import { insert } from './insert.js'
import { encodeKey, encodePreparedKey, type KeyEncoding, type PreparedKey, prepareKey } from './keys.js'
import { TreeOperation, TreeOperationFlag } from './kind.js'
import { VALUE_ASCII } from './layout.js'
import type { TreeView } from './position.js'
import { Probe } from './probe.js'
import { type ByteRange, byteRange, isEmptyRange, type Range } from './range.js'
import { TreeReader } from './reader.js'
import { remove } from './remove.js'
import { removeRange } from './remove-range.js'
import { type PreparedValue, prepareValue, ValueBytes, type ValueEncoding } from './values.js'

export { TreeReader } from './reader.js'

/** Entries that `load` takes from its source before it stores them. */
const LOAD_ENTRIES = 1024
const NO_BYTES = new Uint8Array(0)

const probe = new Probe()
const valueBytes = new ValueBytes()
/** For operations that were put off: they may run while `probe` is in use. */
const lateProbe = new Probe()
const lowerProbe = new Probe()
const upperProbe = new Probe()

/**
 * A tree of an open store: made by `Store.tree`. Reads see the newest visible transaction, or the one open on this handle with its changes.
 *
 * `put`, `delete`, `deleteRange` and `clear` change the tree at once, in the transaction of `Store.write` or else in one that all changes of
 * this turn of the event loop share; their promises resolve when that is durable.
 */
export class Tree<K, V> extends TreeReader<K, V> {
  protected readonly pages: Pages
  /** What `pin` returned when `root` was looked up. */
  private pin = Number.NaN
  private pinnedRoot = 0

  constructor(
    private readonly host: StructureHost,
    id: number,
    name: string,
    keyEncoding: KeyEncoding,
    valueEncoding: ValueEncoding,
  ) {
    super(id, name, keyEncoding, valueEncoding)
    this.pages = host.pages
  }

  /**
   * Stores a value under a key, new or not. Throws `ERR_INVALID_KEY`, `ERR_KEY_TOO_LARGE`, `ERR_INVALID_VALUE`, `ERR_VALUE_TOO_LARGE`, and then nothing changed.
   * Resolves when the change is durable.
   */
  put(key: K, value: V): Promise<void> {
    const prepared = prepareValue(this.valueEncoding, value)
    encodeKey(this.keyEncoding, key, probe)
    valueBytes.set(prepared)
    this.putEncoded()
    return this.host.committed()
  }

  /** Removes a key's entry, if there is one. Resolves when the change is durable. */
  delete(key: K): Promise<void> {
    encodeKey(this.keyEncoding, key, probe)
    const transaction = this.host.change()
    if (transaction !== undefined) this.applyDelete(transaction, probe)
    else {
      const lateKey = probe.copy()
      this.host.defer((late) => this.applyDelete(late, lateProbe.set(lateKey)))
    }
    return this.host.committed()
  }

  /**
   * Removes all entries of a range, without `limit` or `reverse`. Refuses a bound that is undefined, which for reading would mean no bound.
   * Resolves when the change is durable.
   */
  deleteRange(range: Range<K>): Promise<void> {
    if (range === undefined) throw new HoldfastError('ERR_INVALID_ARGUMENT', 'deleteRange takes a range')
    const bytes = byteRange(this.keyEncoding, range)
    for (const [name, bound] of Object.entries(range))
      if (bound === undefined) throw new HoldfastError('ERR_INVALID_ARGUMENT', `the range's ${name} is undefined`)
    if (bytes.limit !== Number.POSITIVE_INFINITY || bytes.reverse)
      throw new HoldfastError('ERR_INVALID_ARGUMENT', 'deleteRange takes neither limit nor reverse')
    const transaction = this.host.change()
    if (transaction !== undefined) this.applyDeleteRange(transaction, bytes)
    else this.host.defer((late) => this.applyDeleteRange(late, bytes))
    return this.host.committed()
  }

  /** Removes all entries. Resolves when the change is durable. */
  clear(): Promise<void> {
    return this.deleteRange({})
  }

  /**
   * Stores many entries and returns how many. Entries in ascending order behind the tree's last key make full pages and cost a fraction of `put`; others are
   * put one by one. Throws what `put` throws. Call it inside of `Store.write`, so that all entries are stored in one transaction or none is; outside, some of
   * those before a refused one may stay.
   */
  load(entries: Iterable<readonly [K, V]>): number {
    if (typeof entries?.[Symbol.iterator] !== 'function')
      throw new HoldfastError('ERR_INVALID_ARGUMENT', 'load takes something to iterate over')
    const keys: PreparedKey[] = []
    const values: PreparedValue[] = []
    let stored = 0
    let count = 0
    for (const entry of entries) {
      if (!Array.isArray(entry)) throw new HoldfastError('ERR_INVALID_ARGUMENT', 'an entry to load is an array of a key and a value')
      // The source may use its arrays again for the next entry.
      keys[count] = prepareKey(this.keyEncoding, entry[0], probe)
      const value = prepareValue(this.valueEncoding, entry[1])
      values[count] = this.valueEncoding === 'binary' ? Uint8Array.from(value as Uint8Array) : value
      if (++count < LOAD_ENTRIES) continue
      this.loadSome(keys, values, count)
      stored += count
      count = 0
    }
    this.loadSome(keys, values, count)
    return stored + count
  }

  /** The tree as a snapshot of its store shows it. */
  at(snapshot: Snapshot): TreeSnapshot<K, V> {
    if (snapshot?.pages !== this.pages) throw new HoldfastError('ERR_INVALID_ARGUMENT', 'at takes a snapshot of the same open store')
    return new TreeSnapshot(snapshot, this.id, this.name, this.keyEncoding, this.valueEncoding)
  }

  currentTransaction(): PageTransaction | undefined {
    return this.host.current()
  }

  openView(): TreeView {
    const transaction = this.enter()
    if (transaction !== undefined) return { pages: this.pages, root: this.root, transaction, snapshot: undefined, ownsSnapshot: false }
    const snapshot = this.host.takeSnapshot()
    // If nothing new became visible meanwhile, the snapshot shows what was pinned, whose root is known already.
    const root = this.host.pin() === this.pin ? this.root : (snapshot.state(this.id)?.root ?? 0)
    return { pages: this.pages, root, transaction, snapshot, ownsSnapshot: true }
  }

  protected enter(): PageTransaction | undefined {
    const transaction = this.host.current()
    if (transaction !== undefined) {
      this.root = transaction.state(this.id).root
      return transaction
    }
    const pin = this.host.pin()
    if (pin !== this.pin) {
      this.pin = pin
      this.pinnedRoot = this.host.pinnedState(this.id)?.root ?? 0
    }
    this.root = this.pinnedRoot
    return undefined
  }

  protected state(): Readonly<StructureState> | undefined {
    const transaction = this.host.current()
    if (transaction !== undefined) return transaction.state(this.id)
    this.host.pin()
    return this.host.pinnedState(this.id)
  }

  /** Checks a prepared entry and leaves it in `probe` and `valueBytes`. */
  private encode(key: PreparedKey, value: PreparedValue): void {
    encodePreparedKey(this.keyEncoding, key, probe)
    valueBytes.set(value)
  }

  /** Stores what `encode` left. */
  private putEncoded(): void {
    const transaction = this.host.change()
    if (transaction !== undefined) {
      this.applyPut(transaction, probe, valueBytes.bytes, valueBytes.flags)
      return
    }
    const lateKey = probe.copy()
    const lateValue = valueBytes.copy()
    const { flags } = valueBytes
    this.host.defer((late) => this.applyPut(late, lateProbe.set(lateKey), lateValue, flags))
  }

  private applyPut(transaction: PageTransaction, key: Probe, value: Uint8Array, flags: number): void {
    try {
      this.recordPut(transaction, key, value, flags)
      insert(transaction, transaction.state(this.id), key, value, flags)
    } catch (error) {
      this.host.spoil(error)
      throw error
    }
  }

  private applyDelete(transaction: PageTransaction, key: Probe): void {
    try {
      transaction.record(this.id, TreeOperation.DELETE, 0, key.bytes, key.length, NO_BYTES, 0)
      remove(transaction, transaction.state(this.id), key)
    } catch (error) {
      this.host.spoil(error)
      throw error
    }
  }

  private applyDeleteRange(transaction: PageTransaction, range: ByteRange): void {
    if (isEmptyRange(range)) return
    const { HAS_LOWER, HAS_UPPER } = TreeOperationFlag
    const { lower, upper } = range
    try {
      const flags = (lower === undefined ? 0 : HAS_LOWER) | (upper === undefined ? 0 : HAS_UPPER)
      const from = lower ?? NO_BYTES
      const to = upper ?? NO_BYTES
      transaction.record(this.id, TreeOperation.DELETE_RANGE, flags, from, from.length, to, to.length)
      const state = transaction.state(this.id)
      removeRange(transaction, state, lower && lowerProbe.set(lower), upper && upperProbe.set(upper))
    } catch (error) {
      this.host.spoil(error)
      throw error
    }
  }

  /** Stores the first `count` entries of a load; no code of the caller runs meanwhile. */
  private loadSome(keys: readonly PreparedKey[], values: readonly PreparedValue[], count: number): void {
    const transaction = count === 0 ? undefined : this.host.change()
    if (transaction === undefined) {
      for (let index = 0; index < count; index++) {
        this.encode(keys[index], values[index])
        this.putEncoded()
      }
      return
    }
    let refusal: unknown
    try {
      refusal = this.appendAll(transaction, keys, values, count)
    } catch (error) {
      this.host.spoil(error)
      throw error
    }
    if (refusal !== undefined) throw refusal
  }

  /** Stores entries up to the first that cannot be stored, and returns why it cannot. */
  private appendAll(transaction: PageTransaction, keys: readonly PreparedKey[], values: readonly PreparedValue[], count: number): unknown {
    const state = transaction.state(this.id)
    let refusal: unknown
    let bytes = 0
    appender.begin(transaction, state)
    for (let index = 0; index < count; index++) {
      const value = values[index]
      try {
        encodePreparedKey(this.keyEncoding, keys[index], appender.key)
        bytes += appender.key.length + value.length
        // The quick way, without a record for the log.
        if (typeof value === 'string' && !transaction.logged && appender.isBehind() && appender.addText(transaction, state, value)) continue
        valueBytes.set(value)
      } catch (error) {
        refusal = error
        break
      }
      this.storeOne(transaction, state)
    }
    appender.flush(transaction, state)
    transaction.appended(bytes)
    return refusal
  }

  /** Stores the entry in the appender's key and `valueBytes`. */
  private storeOne(transaction: PageTransaction, state: StructureState): void {
    const { key } = appender
    const { bytes, flags } = valueBytes
    this.recordPut(transaction, key, bytes, flags)
    if (appender.isBehind()) appender.add(transaction, state, bytes, flags)
    else {
      appender.flush(transaction, state)
      insert(transaction, state, key, bytes, flags)
    }
  }

  private recordPut(transaction: PageTransaction, key: Probe, value: Uint8Array, flags: number): void {
    const recordFlags = flags === VALUE_ASCII ? TreeOperationFlag.VALUE_ASCII : 0
    transaction.record(this.id, TreeOperation.PUT, recordFlags, key.bytes, key.length, value, value.length)
  }
}

/** A tree in a snapshot: made by `Tree.at`, readable until the snapshot is released. */
export class TreeSnapshot<K, V> extends TreeReader<K, V> {
  protected readonly pages: Pages

  constructor(
    private readonly snapshot: Snapshot,
    id: number,
    name: string,
    keyEncoding: KeyEncoding,
    valueEncoding: ValueEncoding,
  ) {
    super(id, name, keyEncoding, valueEncoding)
    this.pages = snapshot.pages
  }

  currentTransaction(): undefined {
    return undefined
  }

  openView(): TreeView {
    this.enter()
    return { pages: this.pages, root: this.root, transaction: undefined, snapshot: this.snapshot, ownsSnapshot: false }
  }

  protected enter(): undefined {
    this.root = this.snapshot.state(this.id)?.root ?? 0
    return undefined
  }

  protected state(): Readonly<StructureState> | undefined {
    return this.snapshot.state(this.id)
  }
}
