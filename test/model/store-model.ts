/**
 * The whole store API as random operations, and a model of it in sorted arrays.
 *
 * Each operation is applied to the store and to the model and their answers are compared. Operations are plain data, so that
 * fast-check can print and shrink them.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Range, Snapshot, Store, Tree } from '../../structures/index.js'

type Key = string | number | Uint8Array | (string | number)[]
type Value = unknown
type AnyTree = Tree<Key, Value>
type Reader = Pick<AnyTree, 'get' | 'getMany' | 'has' | 'entries' | 'keys' | 'values' | 'first' | 'last' | 'count' | 'getBytes'>

/** A tree of the store under test. */
interface Shape {
  readonly key: 'string' | 'binary' | 'number' | 'tuple'
  readonly value: 'binary' | 'string' | 'json' | 'msgpack'
  readonly keys: fc.Arbitrary<Key>
  readonly values: fc.Arbitrary<Value>
  compare(a: Key, b: Key): number
}

const compareBytes = (a: Key, b: Key) => Buffer.compare(Buffer.from(a as string), Buffer.from(b as string))
const compareNumbers = (a: Key, b: Key) => (a < b ? -1 : a > b ? 1 : 0)

function compareTuples(a: Key, b: Key): number {
  const [x, y] = [a as (string | number)[], b as (string | number)[]]
  for (let index = 0; index < Math.min(x.length, y.length); index++) {
    const [p, q] = [x[index] as string | number, y[index] as string | number]
    if (typeof p !== typeof q) return typeof p === 'number' ? -1 : 1
    const order = typeof p === 'number' ? compareNumbers(p, q) : compareBytes(p, q)
    if (order !== 0) return order
  }
  return x.length - y.length
}

const words = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 2000 }).map((n) => `key:${String(n).padStart(4, '0')}`) },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 60 }).map((n) => `key:${String(n).padStart(4, '0')}`) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 8 }).map((n) => `${'long'.repeat(400)}${n}`) },
)
const numbers = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -30, max: 30 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0.5, -0.5, 1e300, -1e300, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  },
)
const texts = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
  { weight: 2, arbitrary: fc.integer({ min: 900, max: 30_000 }).map((length) => `${length} `.repeat(Math.ceil(length / 5))) },
)

/** One tree for each key encoding and each value encoding. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  strings: { key: 'string', value: 'string', keys: words, values: texts, compare: compareBytes },
  bytes: {
    key: 'binary',
    value: 'binary',
    keys: fc.uint8Array({ minLength: 0, maxLength: 3 }).map((bytes) => bytes.map((byte) => byte & 7)),
    values: fc.uint8Array({ maxLength: 300 }),
    compare: (a, b) => Buffer.compare(a as Uint8Array, b as Uint8Array),
  },
  numbers: {
    key: 'number',
    value: 'json',
    keys: numbers,
    values: fc.record({ text: texts, list: fc.array(fc.integer()) }, { noNullPrototype: true }),
    compare: compareNumbers,
  },
  tuples: {
    key: 'tuple',
    value: 'msgpack',
    keys: fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom('', 'a', 'ab', 'b\0', 'é')), { minLength: 1, maxLength: 3 }),
    values: fc.oneof(fc.integer(), texts, fc.array(fc.boolean()), fc.constant(null)),
    compare: compareTuples,
  },
}
const NAMES = Object.keys(SHAPES)

interface RangeShape {
  from: { key: Key; open: boolean } | undefined
  to: { key: Key; open: boolean } | undefined
  reverse: boolean
  limit: number | undefined
}

type Change = { tree: string } & (
  | { do: 'put'; key: Key; value: Value }
  | { do: 'delete'; key: Key }
  | { do: 'delete range'; range: RangeShape }
  | { do: 'clear' }
  | { do: 'load'; entries: [Key, Value][] }
)
type Query = { tree: string } & ({ ask: 'get'; keys: Key[] } | { ask: 'range'; range: RangeShape } | { ask: 'ends' })

/** One step. */
export type Operation =
  | { op: 'write'; changes: (Change | Query)[]; nested: Change[]; fails: boolean }
  | { op: 'batch'; changes: Change[]; reads: Query[] }
  | { op: 'query'; query: Query }
  | { op: 'snapshot' }
  | { op: 'query snapshot'; index: number; query: Query }
  | { op: 'release snapshot' }
  | { op: 'query other'; query: Query }
  | { op: 'flush' | 'checkpoint' | 'reopen' | 'check' | 'bad input' }

function ofTree<T>(build: (name: string, shape: Shape) => fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.constantFrom(...NAMES).chain((name) => build(name, SHAPES[name] as Shape))
}

function rangeOf(keys: fc.Arbitrary<Key>): fc.Arbitrary<RangeShape> {
  const bound = fc.option(fc.record({ key: keys, open: fc.boolean() }), { nil: undefined })
  return fc.record({ from: bound, to: bound, reverse: fc.boolean(), limit: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }) })
}

const changes: fc.Arbitrary<Change> = ofTree((tree, { keys, values }) =>
  fc.oneof(
    { weight: 14, arbitrary: fc.record({ tree: fc.constant(tree), do: fc.constant('put' as const), key: keys, value: values }) },
    { weight: 6, arbitrary: fc.record({ tree: fc.constant(tree), do: fc.constant('delete' as const), key: keys }) },
    { weight: 2, arbitrary: fc.record({ tree: fc.constant(tree), do: fc.constant('delete range' as const), range: rangeOf(keys) }) },
    { weight: 1, arbitrary: fc.record({ tree: fc.constant(tree), do: fc.constant('clear' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        tree: fc.constant(tree),
        do: fc.constant('load' as const),
        entries: fc.array(fc.tuple(keys, values), { maxLength: 40 }),
      }),
    },
  ),
)

const queries: fc.Arbitrary<Query> = ofTree((tree, { keys }) =>
  fc.oneof(
    fc.record({ tree: fc.constant(tree), ask: fc.constant('get' as const), keys: fc.array(keys, { maxLength: 10 }) }),
    fc.record({ tree: fc.constant(tree), ask: fc.constant('range' as const), range: rangeOf(keys) }),
    fc.record({ tree: fc.constant(tree), ask: fc.constant('ends' as const) }),
  ),
)

/** A random history. */
export const histories: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        op: fc.constant('write' as const),
        changes: fc.array(fc.oneof({ weight: 4, arbitrary: changes }, { weight: 1, arbitrary: queries }), { maxLength: 30 }),
        nested: fc.array(changes, { maxLength: 4 }),
        fails: fc.integer({ min: 0, max: 5 }).map((n) => n === 5),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        op: fc.constant('batch' as const),
        changes: fc.array(changes, { maxLength: 12 }),
        reads: fc.array(queries, { maxLength: 3 }),
      }),
    },
    { weight: 8, arbitrary: fc.record({ op: fc.constant('query' as const), query: queries }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('snapshot' as const) }) },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('query snapshot' as const), index: fc.nat(5), query: queries }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('release snapshot' as const) }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('query other' as const), query: queries }) },
    {
      weight: 4,
      arbitrary: fc.record({
        op: fc.constantFrom('flush' as const, 'checkpoint' as const, 'reopen' as const, 'check' as const, 'bad input' as const),
      }),
    },
  ),
  { minLength: 1, maxLength: 40, size: 'max' },
)

/** Entries of one tree, sorted. */
type Entries = readonly (readonly [Key, Value])[]
type Contents = ReadonlyMap<string, Entries>

function locate(entries: Entries, key: Key, compare: Shape['compare']): { at: number; found: boolean } {
  const at = entries.findIndex(([other]) => compare(other, key) >= 0)
  if (at < 0) return { at: entries.length, found: false }
  return { at, found: compare((entries[at] as [Key, Value])[0], key) === 0 }
}

function inRange({ from, to }: RangeShape, compare: Shape['compare']): (entry: readonly [Key, Value]) => boolean {
  return ([key]) => {
    if (from !== undefined && compare(key, from.key) < (from.open ? 1 : 0)) return false
    return to === undefined || compare(key, to.key) <= (to.open ? -1 : 0)
  }
}

function changed(contents: Contents, change: Change): Contents {
  const { compare } = SHAPES[change.tree] as Shape
  const entries = [...(contents.get(change.tree) as Entries)]
  const put = (key: Key, value: Value) => {
    const { at, found } = locate(entries, key, compare)
    entries.splice(at, found ? 1 : 0, [key, value])
  }
  let result: Entries = entries
  if (change.do === 'put') put(change.key, change.value)
  else if (change.do === 'load') for (const [key, value] of change.entries) put(key, value)
  else if (change.do === 'clear') result = []
  else if (change.do === 'delete range') {
    const gone = inRange(change.range, compare)
    result = entries.filter((entry) => !gone(entry))
  } else {
    const { at, found } = locate(entries, change.key, compare)
    if (found) entries.splice(at, 1)
  }
  return new Map([...contents, [change.tree, result]])
}

function rangeOptions({ from, to, reverse, limit }: RangeShape, whole: boolean): Range<Key> {
  const range: Range<Key> = {}
  if (from !== undefined) range[from.open ? 'gt' : 'gte'] = from.key
  if (to !== undefined) range[to.open ? 'lt' : 'lte'] = to.key
  if (whole && reverse) range.reverse = true
  if (whole && limit !== undefined) range.limit = limit
  return range
}

/** Asks a tree and the model the same. */
function compareAnswers(reader: Reader, entries: Entries, query: Query): void {
  const { compare } = SHAPES[query.tree] as Shape
  const expectedOf = (key: Key) => {
    const { at, found } = locate(entries, key, compare)
    return found ? plain((entries[at] as [Key, Value])[1]) : undefined
  }
  if (query.ask === 'get') {
    for (const key of query.keys) {
      assert.deepEqual(plain(reader.get(key)), expectedOf(key))
      assert.equal(reader.has(key), expectedOf(key) !== undefined)
    }
    assert.deepEqual(reader.getMany(query.keys).map(plain), query.keys.map(expectedOf))
  } else if (query.ask === 'ends') {
    assert.deepEqual(plain(reader.first()), plain(entries[0]))
    assert.deepEqual(plain(reader.last()), plain(entries[entries.length - 1]))
    assert.equal(reader.count(), entries.length)
  } else {
    const selected = entries.filter(inRange(query.range, compare))
    assert.equal(reader.count(rangeOptions(query.range, false)), selected.length)
    if (query.range.reverse) selected.reverse()
    const expected = plain(selected.slice(0, query.range.limit)) as [Key, Value][]
    const range = rangeOptions(query.range, true)
    assert.deepEqual(plain([...reader.entries(range)]), expected)
    assert.deepEqual(
      plain([...reader.keys(range)]),
      expected.map(([key]) => key),
    )
    assert.deepEqual(
      plain([...reader.values(range)]),
      expected.map(([, value]) => value),
    )
  }
}

/** The same with byte arrays as plain ones, so that a Buffer equals a Uint8Array. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] }
  if (Array.isArray(value)) return value.map(plain)
  return Object.is(value, -0) ? 0 : value
}

class Failing extends Error {}

/** Opens handles on the store under test. */
export type Opener = () => Store

/** Runs one history on a new store; throws at the first difference. */
export async function runHistory(open: Opener, history: readonly Operation[]): Promise<void> {
  const run = new Run(open)
  try {
    for (const operation of history) await run.step(operation)
    await run.reopen()
    run.compareAll()
  } finally {
    await run.close()
  }
}

class Run {
  private store: Store
  private trees = new Map<string, AnyTree>()
  private contents: Contents = new Map(NAMES.map((name) => [name, []]))
  private snapshots: { snapshot: Snapshot; contents: Contents }[] = []

  constructor(private readonly open: Opener) {
    this.store = open()
    this.openTrees(this.store, this.trees)
  }

  async step(operation: Operation): Promise<void> {
    switch (operation.op) {
      case 'write':
        return this.write(operation.changes, operation.nested, operation.fails)
      case 'batch':
        return this.batch(operation.changes, operation.reads)
      case 'query':
        return this.query(operation.query)
      case 'snapshot':
        return void this.snapshots.push({ snapshot: this.store.snapshot(), contents: this.contents })
      case 'query snapshot':
        return this.querySnapshot(operation.index, operation.query)
      case 'release snapshot':
        return this.snapshots.shift()?.snapshot.release()
      case 'query other':
        return this.queryOther(operation.query)
      case 'flush':
        return this.store.flush()
      case 'checkpoint':
        return this.store.checkpoint()
      case 'reopen':
        return this.reopen()
      case 'check':
        return assert.deepEqual((await this.store.check()).errors, [])
      case 'bad input':
        return this.badInput()
    }
  }

  async close(): Promise<void> {
    for (const { snapshot } of this.snapshots.splice(0)) snapshot.release()
    await this.store.close()
  }

  async reopen(): Promise<void> {
    await this.close()
    this.store = this.open()
    this.trees = new Map()
    assert.deepEqual(
      this.store
        .structures()
        .map(({ name, count }) => [name, count])
        .sort(),
      NAMES.map((name) => [name, this.entries(name).length]).sort(),
    )
    this.openTrees(this.store, this.trees)
  }

  compareAll(): void {
    for (const tree of NAMES) compareAnswers(this.tree(tree), this.entries(tree), { tree, ask: 'range', range: ALL })
  }

  private openTrees(store: Store, trees: Map<string, AnyTree>): void {
    for (const [name, { key, value }] of Object.entries(SHAPES)) trees.set(name, store.tree(name, { key, value }) as unknown as AnyTree)
  }

  private tree(name: string): AnyTree {
    return this.trees.get(name) as AnyTree
  }

  private entries(name: string, contents = this.contents): Entries {
    return contents.get(name) as Entries
  }

  private write(steps: readonly (Change | Query)[], nested: readonly Change[], fails: boolean): void {
    const before = this.contents
    try {
      const { result } = this.store.write(() => {
        for (const step of steps) {
          if ('ask' in step) compareAnswers(this.tree(step.tree), this.entries(step.tree), step)
          else this.apply(step).catch(() => undefined)
        }
        const inner = this.store.write(() => {
          for (const change of nested) this.apply(change).catch(() => undefined)
          if (fails) throw new Failing()
          return 'inner'
        })
        return `${inner.result} and outer`
      })
      assert.equal(result, 'inner and outer')
    } catch (error) {
      if (!(error instanceof Failing)) throw error
      this.contents = before
    }
    this.compareAll()
  }

  /** Single operations of one turn: seen at once by this handle, and by others when the batch has committed. */
  private async batch(steps: readonly Change[], reads: readonly Query[]): Promise<void> {
    const done = steps.map((change) => this.apply(change))
    for (const read of reads) this.query(read)
    await Promise.all(done)
    // `load` gives no promise: its batch commits when the turn ends.
    await new Promise((resolve) => setImmediate(resolve))
    for (const read of reads) await this.queryOther(read)
  }

  private apply(change: Change): Promise<unknown> {
    this.contents = changed(this.contents, change)
    const tree = this.tree(change.tree)
    if (change.do === 'put') return tree.put(change.key, change.value)
    if (change.do === 'delete') return tree.delete(change.key)
    if (change.do === 'clear') return tree.clear()
    if (change.do === 'delete range') return tree.deleteRange(rangeOptions(change.range, false))
    tree.load(change.entries)
    return Promise.resolve()
  }

  private query(query: Query): void {
    compareAnswers(this.tree(query.tree), this.entries(query.tree), query)
  }

  private querySnapshot(index: number, query: Query): void {
    if (this.snapshots.length === 0) return
    const { snapshot, contents } = this.snapshots[index % this.snapshots.length] as { snapshot: Snapshot; contents: Contents }
    compareAnswers(this.tree(query.tree).at(snapshot), this.entries(query.tree, contents), query)
  }

  private async queryOther(query: Query): Promise<void> {
    const other = this.open()
    try {
      const trees = new Map<string, AnyTree>()
      this.openTrees(other, trees)
      compareAnswers(trees.get(query.tree) as AnyTree, this.entries(query.tree), query)
    } finally {
      await other.close()
    }
  }

  private badInput(): void {
    const code = (run: () => unknown, expected: string) => assert.throws(run, (error: { code?: string }) => error.code === expected)
    code(() => this.tree('numbers').put(Number.NaN, 1), 'ERR_INVALID_KEY')
    code(() => this.tree('strings').put('\ud800', 'x'), 'ERR_INVALID_KEY')
    code(() => this.tree('strings').put('k'.repeat(5000), 'x'), 'ERR_KEY_TOO_LARGE')
    code(() => this.tree('strings').put('k', 7), 'ERR_INVALID_VALUE')
    code(() => this.tree('numbers').put(1, undefined), 'ERR_INVALID_VALUE')
    code(() => this.store.tree('strings', { key: 'number' }), 'ERR_SCHEMA_MISMATCH')
    this.compareAll()
  }
}

const ALL: RangeShape = { from: undefined, to: undefined, reverse: false, limit: undefined }
