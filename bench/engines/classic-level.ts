/**
 * classic-level (LevelDB): synchronous gets, batches, iterators read in chunks.
 *
 * After a load that is read later the store is compacted, which gives it one sorted run to read; a bulk load is timed
 * without that.
 */
import { join } from 'node:path'
import { type Fold, sampleBytes } from '../digest.js'
import type { Engine, Session, Use } from './engine.js'
import { loadPeer, peerVersion } from './peer-package.js'

interface LevelIterator {
  nextv(size: number): Promise<[string, string][]>
  close(): Promise<void>
}

interface LevelBatch {
  put(key: string, value: string): LevelBatch
  write(options: { sync: boolean }): Promise<void>
}

interface LevelDatabase {
  open(): Promise<void>
  getSync(key: string): string | undefined
  getSync(key: string, options: { valueEncoding: 'view' }): Uint8Array | undefined
  getMany(keys: string[]): Promise<(string | undefined)[]>
  put(key: string, value: string, options: { sync: boolean }): Promise<void>
  batch(): LevelBatch
  iterator(options: Record<string, unknown>): LevelIterator
  compactRange(start: string, end: string): Promise<void>
  close(): Promise<void>
}

interface LevelModule {
  ClassicLevel: new (path: string, options: Record<string, unknown>) => LevelDatabase
}

/** Entries per batch of a bulk load: larger ones only cost memory. */
const LOAD_BATCH_ENTRIES = 10_000
/** Entries that one call of `nextv` may return in a full scan. */
const SCAN_CHUNK_ENTRIES = 1000

class LevelSession implements Session {
  constructor(
    private readonly db: LevelDatabase,
    private readonly use: Use,
  ) {}

  async load(keys: string[], values: string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += LOAD_BATCH_ENTRIES) {
      const end = Math.min(keys.length, from + LOAD_BATCH_ENTRIES)
      const batch = this.db.batch()
      for (let i = from; i < end; i++) batch.put(keys[i] as string, values[i] as string)
      // Every batch is flushed: LevelDB changes its log file on the way and a later flush does not cover the earlier file.
      await batch.write({ sync: true })
    }
  }

  get(key: string): string | undefined {
    return this.db.getSync(key)
  }

  touchBytes(key: string): number {
    const bytes = this.db.getSync(key, { valueEncoding: 'view' })
    return bytes === undefined ? 0 : sampleBytes(bytes.length, bytes[1] as number, bytes[bytes.length - 2] as number)
  }

  getMany(keys: string[]): Promise<(string | undefined)[]> {
    return this.db.getMany(keys)
  }

  async scan(fold: Fold): Promise<number> {
    // A read-ahead of 1 MiB: fewer crossings into C++ than with the default 16 KiB.
    const iterator = this.db.iterator({ highWaterMarkBytes: 1024 * 1024 })
    let digest = 0
    for (;;) {
      const entries = await iterator.nextv(SCAN_CHUNK_ENTRIES)
      if (entries.length === 0) break
      for (const [key, value] of entries) digest = fold(digest, key, value)
    }
    await iterator.close()
    return digest
  }

  async range(start: string, count: number, fold: Fold, before: number): Promise<number> {
    const iterator = this.db.iterator({ gte: start, limit: count })
    let digest = before
    for (const [key, value] of await iterator.nextv(count)) digest = fold(digest, key, value)
    await iterator.close()
    return digest
  }

  transaction(keys: string[], values: string[]): Promise<void> {
    const batch = this.db.batch()
    for (let i = 0; i < keys.length; i++) batch.put(keys[i] as string, values[i] as string)
    return batch.write({ sync: this.use === 'durable' })
  }

  putAlone(key: string, value: string): Promise<void> {
    return this.db.put(key, value, { sync: true })
  }

  putAmongMany(key: string, value: string): Promise<void> {
    return this.db.put(key, value, { sync: true })
  }

  compact(): Promise<void> {
    return this.db.compactRange('', '\uffff')
  }

  close(): Promise<void> {
    return this.db.close()
  }
}

function openDatabase(directory: string): LevelDatabase {
  const { ClassicLevel } = loadPeer<LevelModule>('classic-level')
  return new ClassicLevel(join(directory, 'data.level'), {
    // Random text does not shrink, so compression would only cost time.
    compression: false,
    // Room for all blocks of the record run, and a larger log before it turns into a table: both measured faster.
    cacheSize: 512 * 1024 * 1024,
    writeBufferSize: 64 * 1024 * 1024,
  })
}

/** classic-level over one folder. */
export const classicLevel: Engine = {
  name: 'classic-level',
  version: () => peerVersion('classic-level'),
  async open(directory, use) {
    const db = openDatabase(directory)
    await db.open()
    return new LevelSession(db, use)
  },
}
