/**
 * The reference: a sorted array and a Map on the heap. It says what every engine has to return; the runner compares
 * digests with it. It is no store (nothing is durable, nothing is shared) and appears in no table.
 */
import { type Fold, sampleBytes } from '../digest.js'
import type { Engine, Session } from './engine.js'

class ReferenceSession implements Session {
  private readonly entries = new Map<string, string>()
  private sortedKeys: string[] | undefined

  load(keys: string[], values: string[]): void {
    this.transaction(keys, values)
  }

  get(key: string): string | undefined {
    return this.entries.get(key)
  }

  touchBytes(key: string): number {
    const value = this.entries.get(key)
    return value === undefined ? 0 : sampleBytes(value.length, value.charCodeAt(1), value.charCodeAt(value.length - 2))
  }

  getMany(keys: string[]): (string | undefined)[] {
    return keys.map((key) => this.entries.get(key))
  }

  scan(fold: Fold): number {
    return this.range('', this.entries.size, fold, 0)
  }

  range(start: string, count: number, fold: Fold, before: number): number {
    this.sortedKeys ??= [...this.entries.keys()].sort()
    const keys = this.sortedKeys
    let low = 0
    let high = keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((keys[middle] as string) < start) low = middle + 1
      else high = middle
    }
    let digest = before
    for (let i = low; i < Math.min(keys.length, low + count); i++) {
      const key = keys[i] as string
      digest = fold(digest, key, this.entries.get(key) as string)
    }
    return digest
  }

  transaction(keys: string[], values: string[]): void {
    for (let i = 0; i < keys.length; i++) this.entries.set(keys[i] as string, values[i] as string)
    this.sortedKeys = undefined
  }

  putAlone(key: string, value: string): void {
    this.transaction([key], [value])
  }

  putAmongMany(key: string, value: string): void {
    this.transaction([key], [value])
  }

  close(): void {}
}

/** What should be read. */
export const reference: Engine = { name: 'reference', version: () => '', open: () => new ReferenceSession() }
