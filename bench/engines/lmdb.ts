/**
 * lmdb-js, twice: as it comes (`lmdb`) and over a writable map (`lmdb-writemap`).
 *
 * The writable map is faster at large transactions, but any stray store can corrupt the file, and combined with
 * `noSync` it has been seen to abort in its free list; so it has a name of its own and takes part in the writing
 * workloads only, where it makes a difference.
 */
import { join } from 'node:path'
import { type Fold, sampleBytes } from '../digest.js'
import type { Engine, Session, Use } from './engine.js'
import { loadPeer, peerVersion } from './peer-package.js'

interface LmdbBuffer {
  readonly length: number
  [index: number]: number
}

interface LmdbDatabase {
  get(key: string): string | undefined
  getBinaryFast(key: string): LmdbBuffer | undefined
  getRange(options?: { start?: string; limit?: number }): Iterable<{ key: string; value: string }>
  put(key: string, value: string): Promise<boolean>
  put(key: string, value: string, options: { append: boolean }): Promise<boolean>
  putSync(key: string, value: string): void
  transactionSync(run: () => void): void
  readonly flushed: PromiseLike<unknown>
  close(): Promise<void>
}

interface LmdbModule {
  open(options: Record<string, unknown>): LmdbDatabase
}

class LmdbSession implements Session {
  constructor(private readonly db: LmdbDatabase) {}

  async load(keys: string[], values: string[], sorted: boolean): Promise<void> {
    const { db } = this
    if (sorted) {
      // One synchronous transaction with `append` skips the search for the place: its documented way for sorted input.
      db.transactionSync(() => {
        for (let i = 0; i < keys.length; i++) db.put(keys[i] as string, values[i] as string, { append: true })
      })
    } else {
      // Queued puts of one turn become one transaction on its own thread: faster than transactionSync for random input.
      let last: Promise<unknown> | undefined
      for (let i = 0; i < keys.length; i++) last = db.put(keys[i] as string, values[i] as string)
      await last
    }
    await db.flushed
  }

  get(key: string): string | undefined {
    return this.db.get(key)
  }

  touchBytes(key: string): number {
    // Valid until the next get, and half the time of `getBinary`, which copies.
    const bytes = this.db.getBinaryFast(key)
    return bytes === undefined ? 0 : sampleBytes(bytes.length, bytes[1] as number, bytes[bytes.length - 2] as number)
  }

  getMany(keys: string[]): (string | undefined)[] {
    // Its own getMany prefetches on a thread and then gets one by one: half the speed of this loop on cached data.
    const values = new Array<string | undefined>(keys.length)
    for (let i = 0; i < keys.length; i++) values[i] = this.db.get(keys[i] as string)
    return values
  }

  scan(fold: Fold): number {
    let digest = 0
    for (const { key, value } of this.db.getRange()) digest = fold(digest, key, value)
    return digest
  }

  range(start: string, count: number, fold: Fold, before: number): number {
    let digest = before
    for (const { key, value } of this.db.getRange({ start, limit: count })) digest = fold(digest, key, value)
    return digest
  }

  async transaction(keys: string[], values: string[]): Promise<void> {
    // 10 to 30 % faster than transactionSync: the puts run on its own thread while the loop still queues. The promise
    // resolves when the transaction is committed, which includes the flush unless noSync is set (overlappingSync is off).
    let last: Promise<unknown> | undefined
    for (let i = 0; i < keys.length; i++) last = this.db.put(keys[i] as string, values[i] as string)
    await last
  }

  putAlone(key: string, value: string): void {
    // No thread to wake: 20 % faster than `await put`.
    this.db.putSync(key, value)
  }

  async putAmongMany(key: string, value: string): Promise<void> {
    // Puts of one event-loop turn share a transaction and its flush.
    await this.db.put(key, value)
  }

  async close(): Promise<void> {
    await this.db.close()
  }
}

function openLmdb(directory: string, use: Use, useWritemap: boolean): Session {
  const { open } = loadPeer<LmdbModule>('lmdb')
  return new LmdbSession(
    open({
      path: join(directory, 'data.mdb'),
      // Strings decoded in C++, without the MessagePack decoder; string keys are fastest in its default key encoding
      // (custom encoders and 8 KiB pages were tried: equal or slower).
      encoding: 'string',
      maxDbs: 1,
      useWritemap,
      ...(use === 'visible' ? { noSync: true } : { overlappingSync: false }),
    }),
  )
}

function lmdbVersion(): string {
  return peerVersion('lmdb')
}

/** lmdb-js with a read-only map. */
export const lmdb: Engine = {
  name: 'lmdb',
  version: lmdbVersion,
  open: (directory, use) => openLmdb(directory, use, false),
}

/** lmdb-js with `useWritemap`. */
export const lmdbWritemap: Engine = {
  name: 'lmdb-writemap',
  version: lmdbVersion,
  workloads: ['transaction-10k', 'transaction-10k-durable', 'put-durable', 'put-durable-64', 'bulk-load-sorted', 'bulk-load-random'],
  open: (directory, use) => openLmdb(directory, use, true),
}
