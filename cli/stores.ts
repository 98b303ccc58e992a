/**
 * Opening the store of a command, and finding the tree that is meant.
 */
import { HoldfastError, type KeyEncoding, open, type Store, type Tree, type ValueEncoding } from '../structures/index.js'
import { ExitCode, Failure } from './failure.js'
import type { Key } from './notation.js'

/** A tree whose encodings are known at run time only. */
export type AnyTree = Tree<Key, unknown>

/** A tree with what it was created with. */
export interface ChosenTree {
  readonly tree: AnyTree
  readonly key: KeyEncoding
  readonly value: ValueEncoding
}

/** The tree that `load` and `put` create in an empty store when none is named. */
export const DEFAULT_TREE = 'main'

/** Runs a command on a store that is only read; it must exist. */
export async function reading<T>(path: string, run: (store: Store) => Promise<T>): Promise<T> {
  return using(open(path, { readOnly: true }), run)
}

/** Runs a command that changes a store; creates it if asked to. */
export async function writing<T>(path: string, options: { create: boolean }, run: (store: Store) => Promise<T>): Promise<T> {
  return using(open(path, options), run)
}

async function using<T>(store: Store, run: (store: Store) => Promise<T>): Promise<T> {
  try {
    return await run(store)
  } finally {
    await store.close()
  }
}

/** The names and encodings of the trees of a store. */
export function treesOf(store: Store): { name: string; key: KeyEncoding; value: ValueEncoding }[] {
  const trees: { name: string; key: KeyEncoding; value: ValueEncoding }[] = []
  for (const { name, kind, options } of store.structures()) {
    if (kind === 'tree') trees.push({ name, ...(options as { key: KeyEncoding; value: ValueEncoding }) })
  }
  return trees
}

/** The tree of that name; without a name the only tree of the store. */
export function existingTree(store: Store, name: string | undefined): ChosenTree {
  const trees = treesOf(store)
  const found = name === undefined ? trees[0] : trees.find((tree) => tree.name === name)
  const names = trees.map((tree) => tree.name).join(', ')
  if (name === undefined && trees.length > 1)
    throw new Failure(ExitCode.USAGE, `the store has several trees; choose one by --tree: ${names}`)
  if (found === undefined && name === undefined) throw new Failure(ExitCode.STORE, 'the store is empty: it has no tree')
  if (found === undefined) throw new Failure(ExitCode.STORE, `the store has no tree "${name}"; it has: ${names || 'none'}`)
  return openTree(store, found.name, found.key, found.value)
}

/** The tree of that name, created if there is none; throws if it exists with other encodings than those given. */
export function treeForWriting(
  store: Store,
  name: string | undefined,
  wanted: { key?: KeyEncoding | undefined; value?: ValueEncoding | undefined },
  standard: { key: KeyEncoding; value: ValueEncoding },
): ChosenTree {
  const trees = treesOf(store)
  if (name === undefined && trees.length > 1) return existingTree(store, name)
  const treeName = name ?? trees[0]?.name ?? DEFAULT_TREE
  const found = trees.find((tree) => tree.name === treeName)
  for (const part of ['key', 'value'] as const) {
    if (found !== undefined && wanted[part] !== undefined && wanted[part] !== found[part])
      throw new HoldfastError('ERR_SCHEMA_MISMATCH', `tree "${treeName}" has ${part} encoding "${found[part]}", not "${wanted[part]}"`)
  }
  return openTree(store, treeName, found?.key ?? wanted.key ?? standard.key, found?.value ?? wanted.value ?? standard.value)
}

function openTree(store: Store, name: string, key: KeyEncoding, value: ValueEncoding): ChosenTree {
  return { tree: store.tree(name, { key, value }) as unknown as AnyTree, key, value }
}
