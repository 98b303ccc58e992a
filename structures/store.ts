/**
 * The public store: opening a file, and a handle for each structure in it.
 */
import { HoldfastError } from '../src/errors.js'
import { initialBytes } from '../src/pages/meta.js'
import { openNativeStorage } from '../src/pages/native-storage.js'
import type { Storage } from '../src/pages/storage.js'
import { optionsOf } from '../src/store/catalog.js'
import { StoreCore, type StoreOptions } from '../src/store/store.js'
import { catalogTree } from './tree/catalog.js'
import type { KeyEncoding, KeyOf } from './tree/keys.js'
import { treeKind } from './tree/kind.js'
import { treePageRules } from './tree/page-rules.js'
import { Tree } from './tree/tree.js'
import type { ValueEncoding, ValueOf } from './tree/values.js'

/** Options of `open`. */
export interface OpenOptions extends StoreOptions {
  /** Creates the store if there is none. Default true, unless `readOnly`. */
  create?: boolean
  /** How pages reach the file: by positioned writes, by stores into writable views, or by each where it is cheaper. Default: by platform and file system. */
  writePath?: 'write' | 'view' | 'mixed'
  /** Opens a store on a network or otherwise unsuitable file system all the same; only one machine may ever use it then. */
  allowRemote?: boolean
}

/** Encodings of a tree. */
export interface TreeOptions<K extends KeyEncoding, V extends ValueEncoding> {
  /** Default `'string'`. */
  key?: K
  /** Default `'json'`. */
  value?: V
}

const KINDS = { catalogTree, kinds: [treeKind], pageRules: treePageRules }
/** Longest name of a structure in bytes of UTF-8. */
const MAX_NAME_BYTES = 256

export class Store extends StoreCore {
  // biome-ignore lint/suspicious/noExplicitAny: handles of every key and value type live here; `tree` checks the encodings.
  private readonly trees = new Map<string, Tree<any, any>>()

  /** For `open` and `openStorage`. */
  constructor(storage: Storage, options: StoreOptions = {}) {
    super(storage, KINDS, options)
  }

  /**
   * The tree of this name, created with these encodings if there is none. An existing tree keeps the encodings it was created
   * with: others throw `ERR_SCHEMA_MISMATCH`; without options they are taken as they are. Throws `ERR_NOT_FOUND` for a
   * tree that does not exist in a read-only store.
   */
  tree<K extends KeyEncoding = 'string', V extends ValueEncoding = 'json', Value = ValueOf<V>>(
    name: string,
    options?: TreeOptions<K, V>,
  ): Tree<KeyOf<K>, Value> {
    if (typeof name !== 'string' || name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES)
      throw new HoldfastError('ERR_INVALID_ARGUMENT', `the name of a tree is a string of 1 to ${MAX_NAME_BYTES} bytes`)
    const wanted = { key: options?.key ?? 'string', value: options?.value ?? 'json' }
    const state = this.structure(name, this.readOnly ? undefined : { kind: treeKind, options: JSON.stringify(treeKind.options(wanted)) })
    if (state === undefined) throw new HoldfastError('ERR_NOT_FOUND', `the store ${this.path} has no tree "${name}"`)
    const stored = optionsOf(state) as { key: KeyEncoding; value: ValueEncoding }
    for (const part of ['key', 'value'] as const) {
      if (state.kind !== treeKind.kind || (options?.[part] !== undefined && options[part] !== stored[part]))
        throw new HoldfastError('ERR_SCHEMA_MISMATCH', `tree "${name}" has ${part} encoding "${stored[part]}", not "${wanted[part]}"`)
    }
    let tree = this.trees.get(name)
    if (tree === undefined) {
      tree = new Tree(this, state.id, name, stored.key, stored.value)
      this.trees.set(name, tree)
    }
    return tree as Tree<KeyOf<K>, Value>
  }
}

/**
 * Opens the store in the file `path`, and recovers it if it was not closed cleanly and nobody else has it open.
 * Throws `ERR_NOT_FOUND`, `ERR_FOREIGN_FILE`, `ERR_NEWER_FORMAT`, `ERR_DAMAGED`, `ERR_BUSY`, `ERR_REMOTE_VOLUME`, or the `SystemError` of the file system.
 */
export function open(path: string, options: OpenOptions = {}): Store {
  if (typeof path !== 'string' || path === '')
    throw new HoldfastError('ERR_INVALID_ARGUMENT', 'the path of a store is a string that is not empty')
  const { readOnly = false, create = !readOnly, writePath, allowRemote = false } = options
  if (writePath !== undefined && !['write', 'view', 'mixed'].includes(writePath))
    throw new HoldfastError('ERR_INVALID_ARGUMENT', `writePath is 'write', 'view' or 'mixed', not ${JSON.stringify(writePath)}`)
  const storage = openNativeStorage(path, {
    readOnly,
    ...(create && !readOnly ? { create: initialBytes } : {}),
    ...(writePath === undefined ? {} : { writePath }),
    allowRemote,
  })
  return openStorage(storage, options)
}

/** Opens the store in a storage of one's own making; on an error the storage is closed. */
export function openStorage(storage: Storage, options: StoreOptions = {}): Store {
  try {
    return new Store(storage, options)
  } catch (error) {
    storage.close()
    throw error
  }
}
