/**
 * Turns input records into entries of trees, in transactions of many entries.
 *
 * Without `--key` the records are what `dump` prints: a line that names a tree and its encodings, then its entries.
 */
import type { KeyEncoding, Store, ValueEncoding } from '../structures/index.js'
import { ExitCode, Failure, failureOf } from './failure.js'
import { type Key, keyFromCell, keyFromJson, valueFromJson } from './notation.js'
import type { InputFormat, InputRecord } from './records.js'
import { type ChosenTree, treeForWriting } from './stores.js'

/** Options of `load` that say where entries go. */
export interface LoadTarget {
  readonly tree?: string
  readonly key?: readonly string[]
  readonly keyEncoding?: KeyEncoding
  readonly value?: ValueEncoding
}

/** Loads records into a store. */
export class Loader {
  private chosen: ChosenTree | undefined
  private fromHeader = false
  private count = 0

  constructor(
    private readonly store: Store,
    private readonly format: InputFormat,
    private readonly target: LoadTarget,
  ) {}

  /** Entries loaded so far. */
  get entries(): number {
    return this.count
  }

  /** Loads one batch; every run of entries of one tree is a transaction. */
  load(records: readonly InputRecord[]): void {
    let entries: [Key, unknown][] = []
    for (const record of records) {
      try {
        if (this.isHeader(record.json)) {
          this.commit(entries)
          entries = []
          this.openFromHeader(record.json)
        } else entries.push(this.entryOf(record.json))
      } catch (error) {
        this.commit(entries)
        const { exitCode, message } = failureOf(error)
        throw new Failure(exitCode, `line ${record.line}: ${message} (${this.count} entries before it were loaded)`)
      }
    }
    this.commit(entries)
  }

  private commit(entries: readonly [Key, unknown][]): void {
    const tree = this.chosen?.tree
    if (tree === undefined || entries.length === 0) return
    this.store.write(() => tree.load(entries))
    this.count += entries.length
  }

  private isHeader(json: unknown): json is { tree: string; key: KeyEncoding; value: ValueEncoding } {
    if (this.target.key !== undefined || json === null || typeof json !== 'object') return false
    const { tree, key, value } = json as Record<string, unknown>
    return typeof tree === 'string' && typeof key === 'string' && typeof value === 'string'
  }

  private openFromHeader(header: { tree: string; key: KeyEncoding; value: ValueEncoding }): void {
    if (this.target.tree !== undefined && this.fromHeader)
      throw new Failure(ExitCode.USAGE, 'the input holds several trees, so --tree cannot name them all')
    this.fromHeader = true
    this.chosen = treeForWriting(this.store, this.target.tree ?? header.tree, header, header)
  }

  private entryOf(json: unknown): [Key, unknown] {
    if (json === null || typeof json !== 'object' || Array.isArray(json)) throw new Failure(ExitCode.USAGE, 'it is not an object')
    const record = json as Record<string, unknown>
    const { key: fields } = this.target
    if (fields === undefined) {
      if (!Object.hasOwn(record, 'key') || !Object.hasOwn(record, 'value'))
        throw new Failure(ExitCode.USAGE, 'it has no "key" and "value"; name the field that is the key by --key')
      const { key, value } = this.chosen ?? this.choose(record.key)
      return [keyFromJson(key, record.key), valueFromJson(value, record.value)]
    }
    const parts = fields.map((field) => {
      if (!Object.hasOwn(record, field)) throw new Failure(ExitCode.USAGE, `it has no field "${field}"`)
      return record[field]
    })
    const part = fields.length === 1 ? parts[0] : parts
    const { key, value } = this.chosen ?? this.choose(part)
    const isCell = this.format === 'csv' && typeof part === 'string'
    return [
      isCell ? keyFromCell(key, part) : keyFromJson(key, key === 'tuple' && !Array.isArray(part) ? [part] : part),
      value === 'string' ? JSON.stringify(record) : record,
    ]
  }

  /** The first key decides the encoding of a new tree, unless options do. */
  private choose(key: unknown): ChosenTree {
    const standard: KeyEncoding = Array.isArray(key) ? 'tuple' : typeof key === 'number' ? 'number' : 'string'
    const wanted = { key: this.target.keyEncoding, value: this.target.value }
    this.chosen = treeForWriting(this.store, this.target.tree, wanted, { key: standard, value: 'json' })
    return this.chosen
  }
}
