/**
 * better-sqlite3: one table `WITHOUT ROWID`, prepared statements, write-ahead log.
 *
 * Its calls are synchronous, so 64 concurrent callers are 64 transactions one after the other.
 */
import { join } from 'node:path'
import { type Fold, sampleBytes } from '../digest.js'
import type { Engine, Session, Use } from './engine.js'
import { loadPeer, peerVersion } from './peer-package.js'

interface Statement<Row> {
  run(...values: unknown[]): unknown
  get(...values: unknown[]): Row | undefined
  iterate(...values: unknown[]): IterableIterator<Row>
  all(...values: unknown[]): Row[]
  pluck(): Statement<Row>
  raw(): Statement<Row>
}

interface SqliteDatabase {
  prepare<Row>(sql: string): Statement<Row>
  pragma(source: string): unknown
  exec(sql: string): unknown
  close(): void
}

type SqliteModule = new (path: string) => SqliteDatabase

class SqliteSession implements Session {
  private readonly selectText: Statement<string>
  private readonly selectBytes: Statement<Uint8Array>
  private readonly selectAll: Statement<[string, string]>
  private readonly selectRange: Statement<[string, string]>
  private readonly insert: Statement<never>
  private readonly upsert: Statement<never>

  constructor(
    private readonly db: SqliteDatabase,
    private readonly use: Use,
  ) {
    this.selectText = db.prepare<string>('SELECT value FROM entries WHERE key = ?').pluck()
    this.selectBytes = db.prepare<Uint8Array>('SELECT CAST(value AS BLOB) FROM entries WHERE key = ?').pluck()
    this.selectAll = db.prepare<[string, string]>('SELECT key, value FROM entries ORDER BY key').raw()
    this.selectRange = db.prepare<[string, string]>('SELECT key, value FROM entries WHERE key >= ? ORDER BY key LIMIT ?').raw()
    this.insert = db.prepare<never>('INSERT INTO entries VALUES (?, ?)')
    this.upsert = db.prepare<never>('INSERT INTO entries VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
    // One open read transaction spares a lock and a check of the file's change counter per statement.
    if (use === 'read') db.exec('BEGIN')
  }

  load(keys: string[], values: string[]): void {
    this.inTransaction(this.insert, keys, values)
    this.db.pragma('wal_checkpoint(TRUNCATE)')
  }

  get(key: string): string | undefined {
    return this.selectText.get(key)
  }

  touchBytes(key: string): number {
    const bytes = this.selectBytes.get(key)
    return bytes === undefined ? 0 : sampleBytes(bytes.length, bytes[1] as number, bytes[bytes.length - 2] as number)
  }

  getMany(keys: string[]): (string | undefined)[] {
    // A loop: a join with json_each, its documented way to bind a list, took three times as long.
    const values = new Array<string | undefined>(keys.length)
    for (let i = 0; i < keys.length; i++) values[i] = this.selectText.get(keys[i] as string)
    return values
  }

  scan(fold: Fold): number {
    let digest = 0
    for (const [key, value] of this.selectAll.iterate()) digest = fold(digest, key, value)
    return digest
  }

  range(start: string, count: number, fold: Fold, before: number): number {
    let digest = before
    for (const [key, value] of this.selectRange.all(start, count)) digest = fold(digest, key, value)
    return digest
  }

  transaction(keys: string[], values: string[]): void {
    this.inTransaction(this.upsert, keys, values)
  }

  putAlone(key: string, value: string): void {
    this.upsert.run(key, value)
  }

  putAmongMany(key: string, value: string): void {
    this.upsert.run(key, value)
  }

  close(): void {
    if (this.use === 'read') this.db.exec('COMMIT')
    this.db.close()
  }

  private inTransaction(statement: Statement<never>, keys: string[], values: string[]): void {
    this.db.exec('BEGIN IMMEDIATE')
    for (let i = 0; i < keys.length; i++) statement.run(keys[i], values[i])
    this.db.exec('COMMIT')
  }
}

/** better-sqlite3 over one file. */
export const betterSqlite3: Engine = {
  name: 'better-sqlite3',
  version() {
    const Database = loadPeer<SqliteModule>('better-sqlite3')
    const db = new Database(':memory:')
    const version = db.prepare<string>('SELECT sqlite_version()').pluck().get()
    db.close()
    return `${peerVersion('better-sqlite3')} (SQLite ${version})`
  },
  open(directory, use) {
    const Database = loadPeer<SqliteModule>('better-sqlite3')
    const db = new Database(join(directory, 'data.sqlite'))
    db.pragma('journal_mode = WAL')
    // FULL flushes the log at every commit; with NORMAL a power loss takes commits back, so it is not durable.
    db.pragma(`synchronous = ${use === 'visible' ? 'OFF' : 'FULL'}`)
    // Pages stay in its cache (1 GiB at most) and are read through a map: both are its documented ways to read faster.
    db.pragma('cache_size = -1048576')
    db.pragma('mmap_size = 17179869184')
    db.exec('CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID')
    return new SqliteSession(db, use)
  },
}
