/**
 * What a store should hold: a map for each tree after each transaction, and which transactions were acknowledged as durable.
 *
 * Keys are numbers and values strings; `TREES` says how each tree encodes its keys, always in the numbers' order.
 */
import type { Snapshot, Store, Tree } from '../../structures/index.js'

/** Contents of one tree. */
export type TreeState = ReadonlyMap<number, string>
/** Contents of a store: its trees by name. */
export type State = ReadonlyMap<string, TreeState>

/** A key as a tree's encoding wants it. */
export type Key = string | number | Uint8Array
export type AnyTree = Tree<Key, string>

interface TreeShape {
  readonly encoding: 'string' | 'binary' | 'number'
  encode(key: number): Key
  decode(key: Key): number
}

/** The trees of the workload. Some string keys are long, so that pages hold few of them. */
export const TREES: Readonly<Record<string, TreeShape>> = {
  words: {
    encoding: 'string',
    encode: (key) => `word-${String(key).padStart(5, '0')}${key % 13 === 0 ? '-long'.repeat(60) : ''}`,
    decode: (key) => Number((key as string).slice(5, 10)),
  },
  bytes: {
    encoding: 'binary',
    encode: (key) => Uint8Array.of(key >>> 8, key & 255, 7),
    decode: (key) => ((key as Uint8Array)[0] as number) * 256 + ((key as Uint8Array)[1] as number),
  },
  numbers: { encoding: 'number', encode: (key) => key, decode: (key) => key as number },
}

/** Opens (or creates, inside a transaction) one of the trees. */
export function openTree(store: Store, name: string): AnyTree {
  return store.tree(name, { key: shapeOf(name).encoding, value: 'string' }) as unknown as AnyTree
}

export function shapeOf(name: string): TreeShape {
  return TREES[name] as TreeShape
}

/** Says how a store differs from a state; `undefined` if it does not. */
export function difference(store: Store, state: State, snapshot?: Snapshot): string | undefined {
  if (snapshot === undefined) {
    const names = store.structures().map((structure) => structure.name)
    if (names.length !== state.size || names.some((name) => !state.has(name)))
      return `structures are [${names}], expected [${[...state.keys()]}]`
  }
  for (const [name, expected] of state) {
    const tree = openTree(store, name)
    const found = treeDifference(name, snapshot === undefined ? tree : tree.at(snapshot), expected)
    if (found !== undefined) return found
  }
  return undefined
}

function treeDifference(name: string, tree: Pick<AnyTree, 'entries'>, expected: TreeState): string | undefined {
  const { decode } = shapeOf(name)
  let count = 0
  for (const [encoded, value] of tree.entries()) {
    const key = decode(encoded)
    const wanted = expected.get(key)
    if (wanted === undefined) return `${name}[${key}] is there and should not be`
    if (wanted !== value) return `${name}[${key}] is ${brief(value)}, expected ${brief(wanted)}`
    count++
  }
  if (count === expected.size) return undefined
  return `${name} has ${count} entries, expected ${expected.size}`
}

function brief(value: string): string {
  return `'${value.slice(0, 24)}' (${value.length})`
}

/** Changes to a state, kept apart until the transaction commits. */
export class Draft {
  private readonly trees = new Map<string, Map<number, string>>()
  /** What the transaction made, once it is known; stays `undefined` when it was aborted. */
  version: Version | undefined

  constructor(private readonly base: State) {}

  tree(name: string): Map<number, string> {
    let tree = this.trees.get(name)
    if (tree === undefined) {
      tree = new Map(this.base.get(name))
      this.trees.set(name, tree)
    }
    return tree
  }

  get state(): State {
    return new Map([...this.base, ...this.trees])
  }
}

/** A state that was or may have been committed. */
export interface Version {
  readonly state: State
  /** `undefined`: its writer failed or died on the way, so that only a crash can still bring it to light. */
  readonly transaction: number | undefined
}

/** What a crash at one moment may leave: the versions from `low` to `high`, and what the draft became. */
export interface Expectation {
  readonly low: number
  readonly high: number
  readonly draft: Draft | undefined
}

export class Model {
  readonly versions: Version[]
  /** Index of the newest version that was acknowledged as durable. */
  acknowledged = 0
  /** The transaction under way. */
  draft: Draft | undefined

  constructor(transaction: number, state: State = new Map()) {
    this.versions = [{ transaction, state }]
  }

  /** Index of the newest committed version. */
  get newest(): number {
    let index = this.versions.length - 1
    while (this.versions[index]?.transaction === undefined) index--
    return index
  }

  get state(): State {
    return (this.versions[this.newest] as Version).state
  }

  begin(): Draft {
    this.draft = new Draft(this.state)
    return this.draft
  }

  /** The draft was committed as `transaction`; returns its index. */
  commit(transaction: number): number {
    return this.settle(transaction)
  }

  /** Nobody knows whether the draft was committed: only a crash can bring it to light. */
  abandon(): void {
    this.settle(undefined)
  }

  /** The draft was given up before anything was stored. */
  abort(): void {
    this.draft = undefined
  }

  acknowledge(index: number): void {
    this.acknowledged = Math.max(this.acknowledged, index)
  }

  expectation(): Expectation {
    return { low: this.acknowledged, high: this.versions.length - 1, draft: this.draft }
  }

  /** The state that a store recovered to `transaction` holds, or what is wrong with it. */
  judge(store: Store, transaction: number, { low, high, draft }: Expectation): { state: State } | { wrong: string } {
    const allowed = this.versions.slice(low, high + 1)
    if (draft?.version !== undefined) allowed.push(draft.version)
    const named = allowed.filter((version) => version.transaction !== undefined && version.transaction <= transaction).pop()
    const reason = named === undefined ? 'it is older than what was acknowledged' : difference(store, named.state)
    if (named !== undefined && reason === undefined) return named
    // An unfinished version has no id, and the id of one that was lost with its process is given to another.
    const other = allowed.find((version) => difference(store, version.state) === undefined)
    if (other !== undefined) return other
    const ids = allowed.map((version) => version.transaction ?? 'unfinished').join(', ')
    return { wrong: `recovered transaction ${transaction}, allowed are ${ids}: ${reason}` }
  }

  private settle(transaction: number | undefined): number {
    const version = { state: (this.draft as Draft).state, transaction }
    ;(this.draft as Draft).version = version
    this.draft = undefined
    return this.versions.push(version) - 1
  }
}
