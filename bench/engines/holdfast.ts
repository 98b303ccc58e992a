/**
 * Holdfast: one tree of string keys and string values in one file, with its standard options.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { open, type Store, type Tree } from '../../structures/index.js'
import { type Fold, sampleBytes } from '../digest.js'
import { REPOSITORY_FOLDER } from '../folders.js'
import type { Engine, Session, Use } from './engine.js'

class HoldfastSession implements Session {
  private readonly tree: Tree<string, string>

  constructor(
    private readonly store: Store,
    private readonly use: Use,
  ) {
    this.tree = store.tree('entries', { key: 'string', value: 'string' })
  }

  async load(keys: string[], values: string[], sorted: boolean): Promise<void> {
    const { store, tree } = this
    const receipt = store.write(() => {
      if (sorted) tree.load(pairs(keys, values))
      else for (let i = 0; i < keys.length; i++) tree.put(keys[i] as string, values[i] as string)
    })
    await receipt.durable
  }

  get(key: string): string | undefined {
    return this.tree.get(key)
  }

  touchBytes(key: string): number {
    const bytes = this.tree.getBytes(key)
    return bytes === undefined ? 0 : sampleBytes(bytes.length, bytes[1] as number, bytes[bytes.length - 2] as number)
  }

  getMany(keys: string[]): (string | undefined)[] {
    return this.tree.getMany(keys)
  }

  scan(fold: Fold): number {
    let digest = 0
    for (const [key, value] of this.tree.entries()) digest = fold(digest, key, value)
    return digest
  }

  range(start: string, count: number, fold: Fold, before: number): number {
    let digest = before
    for (const [key, value] of this.tree.entries({ gte: start, limit: count })) digest = fold(digest, key, value)
    return digest
  }

  transaction(keys: string[], values: string[]): void | Promise<void> {
    const { store, tree } = this
    const receipt = store.write(() => {
      for (let i = 0; i < keys.length; i++) tree.put(keys[i] as string, values[i] as string)
    })
    if (this.use === 'durable') return receipt.durable
  }

  putAlone(key: string, value: string): Promise<void> {
    return this.tree.put(key, value)
  }

  putAmongMany(key: string, value: string): Promise<void> {
    return this.tree.put(key, value)
  }

  close(): Promise<void> {
    return this.store.close()
  }
}

function* pairs(keys: string[], values: string[]): Generator<[string, string]> {
  for (let i = 0; i < keys.length; i++) yield [keys[i] as string, values[i] as string]
}

/** The engine that all others are compared with. */
export const holdfast: Engine = {
  name: 'holdfast',
  version() {
    const manifest = JSON.parse(readFileSync(join(REPOSITORY_FOLDER, 'package.json'), 'utf8')) as { version: string }
    return manifest.version
  },
  open: (directory, use) => new HoldfastSession(open(join(directory, 'data.hold')), use),
}
