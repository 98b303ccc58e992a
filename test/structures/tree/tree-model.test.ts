/**
 * Trees against a sorted map: random operations and every kind of read, with the whole-tree check and a search for leaked pages after each transaction.
 */
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { treeKind } from '../../../structures/tree/kind.js'
import type { Range } from '../../../structures/tree/range.js'
import { Tree, type TreeReader } from '../../../structures/tree/tree.js'
import { amount, seedOfRun } from '../../random.js'
import { FakeStore } from './fake-store.js'

type Entry = [Uint8Array, Uint8Array]

/** A sorted map from bytes to bytes. */
class Model {
  private readonly map = new Map<string, Entry>()

  constructor(entries: Iterable<Entry> = []) {
    for (const entry of entries) this.put(entry)
  }

  put(entry: Entry): void {
    this.map.set(hex(entry[0]), entry)
  }

  delete(key: Uint8Array): void {
    this.map.delete(hex(key))
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.map.get(hex(key))?.[1]
  }

  get entries(): Entry[] {
    return [...this.map.values()].sort(([one], [other]) => Buffer.compare(one, other))
  }

  select(range: Range<Uint8Array>): Entry[] {
    const { gt, gte, lt, lte, prefix, reverse, limit } = range
    const found = this.entries.filter(
      ([key]) =>
        (gt === undefined || Buffer.compare(key, gt) > 0) &&
        (gte === undefined || Buffer.compare(key, gte) >= 0) &&
        (lt === undefined || Buffer.compare(key, lt) < 0) &&
        (lte === undefined || Buffer.compare(key, lte) <= 0) &&
        (prefix === undefined || Buffer.compare(key.subarray(0, prefix.length), prefix) === 0),
    )
    if (reverse === true) found.reverse()
    return found.slice(0, limit)
  }
}

type Operation =
  | { type: 'put'; entries: Entry[] }
  | { type: 'delete'; keys: Uint8Array[] }
  | { type: 'deleteRange'; range: Range<Uint8Array> }
  | { type: 'deleteSome'; step: number; from: number }
  | { type: 'load'; entries: Entry[]; isSorted: boolean }
  | { type: 'commit' | 'abort' | 'clear' }
  | { type: 'read'; range: Range<Uint8Array> }

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const text = (entries: Iterable<Entry>) => [...entries].map(([key, value]) => `${hex(key)}=${value.length}:${hex(value.subarray(0, 16))}`)

/** Keys that meet often, share long prefixes, are long, hold zero bytes, or are empty. */
function keyArbitrary(longest: number): fc.Arbitrary<Uint8Array> {
  const letters = (max: number) => fc.array(fc.constantFrom(0, 1, 97, 98, 255), { maxLength: max })
  const number = fc.nat(3000).map((n) => [...Buffer.from(`key:${String(n).padStart(8, '0')}`)])
  const long = fc
    .tuple(fc.constantFrom(1, 3), letters(3), fc.integer({ min: Math.min(100, longest / 2), max: longest - 8 }), letters(4))
    .map(([letter, head, length, tail]) => [...head, ...new Array<number>(length).fill(letter), ...tail])
  return fc
    .oneof({ weight: 3, arbitrary: letters(6) }, { weight: 3, arbitrary: number }, { weight: longest > 200 ? 6 : 1, arbitrary: long })
    .map((bytes) => Uint8Array.from(bytes.slice(0, longest)))
}

/** Values of all sizes that matter: in the cell, at the limit, in one or several runs of overflow pages. */
const valueArbitrary = fc
  .tuple(
    fc.oneof(
      { weight: 60, arbitrary: fc.nat(60) },
      { weight: 10, arbitrary: fc.integer({ min: 900, max: 2100 }) },
      { weight: 5, arbitrary: fc.constantFrom(4063, 4064, 4065, 9000) },
      { weight: 1, arbitrary: fc.constantFrom(262_112, 262_113, 300_000) },
    ),
    fc.integer({ min: 0, max: 255 }),
  )
  .map(([length, fill]) => new Uint8Array(length).fill(fill))

function operationArbitrary(longest: number): fc.Arbitrary<Operation> {
  const key = keyArbitrary(longest)
  const entry: fc.Arbitrary<Entry> = fc.tuple(key, valueArbitrary)
  const range: fc.Arbitrary<Range<Uint8Array>> = fc.record(
    { gt: key, gte: key, lt: key, lte: key, prefix: key.map((bytes) => bytes.slice(0, 3)), reverse: fc.boolean(), limit: fc.nat(50) },
    { requiredKeys: [] },
  )
  const bounds = fc.record({ gt: key, gte: key, lt: key, lte: key }, { requiredKeys: [] })
  const many = { minLength: 1, maxLength: 60 }
  return fc.oneof(
    { weight: 8, arbitrary: fc.record({ type: fc.constant('put' as const), entries: fc.array(entry, many) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('delete' as const), keys: fc.array(key, many) }) },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('deleteSome' as const), step: fc.integer({ min: 1, max: 4 }), from: fc.nat(100) }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('deleteRange' as const), range: bounds }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('load' as const), entries: fc.array(entry, many), isSorted: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('commit' as const, 'commit' as const, 'abort' as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('clear' as const) }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('read' as const), range }) },
  )
}

class Run {
  readonly store = new FakeStore()
  readonly tree: Tree<Uint8Array, Uint8Array>
  model = new Model()
  private committed = new Model()

  constructor() {
    this.store.addTree(1)
    this.tree = new Tree(this.store, 1, 'tree', 'binary', 'binary')
  }

  execute(operation: Operation): void {
    const { tree, model, store } = this
    switch (operation.type) {
      case 'put':
        for (const entry of operation.entries) {
          tree.put(...entry)
          model.put(entry)
        }
        break
      case 'delete':
        for (const key of operation.keys) {
          tree.delete(key)
          model.delete(key)
        }
        break
      case 'deleteSome':
        for (const [index, [key]] of model.entries.entries()) {
          if (index < operation.from || index % operation.step !== 0) continue
          tree.delete(key)
          model.delete(key)
        }
        break
      case 'deleteRange':
        tree.deleteRange(operation.range)
        for (const [key] of model.select(operation.range)) model.delete(key)
        break
      case 'load': {
        const entries = operation.isSorted ? new Model(operation.entries).entries : operation.entries
        if (tree.load(entries) !== entries.length) throw new Error('wrong number of entries loaded')
        for (const entry of entries) model.put(entry)
        break
      }
      case 'clear':
        tree.clear()
        this.model = new Model()
        break
      case 'commit':
        store.commit()
        this.committed = new Model(model.entries)
        break
      case 'abort':
        store.abort()
        this.model = new Model(this.committed.entries)
        break
      case 'read':
        this.read(operation.range)
        break
    }
    if (store.open === undefined) store.check()
  }

  /** Commits what is open, compares everything, and replays the log into another store. */
  finish(t: ExecutionContext): void {
    this.execute({ type: 'commit' })
    const expected = text(this.model.entries)
    t.deepEqual(text(this.tree.entries()), expected)
    this.read({})
    this.read({ reverse: true })
    if (this.store.snapshots !== 0) throw new Error('a snapshot was not released')
    const replay = new FakeStore()
    replay.addTree(1)
    const transaction = replay.change()
    if (transaction !== undefined) for (const operation of this.store.log) treeKind.apply(transaction, operation)
    replay.commit()
    replay.check()
    t.deepEqual(text(new Tree<Uint8Array, Uint8Array>(replay, 1, 'tree', 'binary', 'binary').entries()), expected)
  }

  /** Reads a range in every way there is. */
  private read(range: Range<Uint8Array>): void {
    const { tree, model } = this
    const selected = model.select(range)
    const expected = text(selected)
    same(text(tree.entries(range)), expected)
    same(
      [...tree.keys(range)].map(hex),
      selected.map(([key]) => hex(key)),
    )
    same(
      [...tree.values(range)].map(hex),
      selected.map(([, value]) => hex(value)),
    )
    same(tree.count(range), selected.length)
    same(tree.count(), model.entries.length)
    same(text(byCursor(tree, range)), expected)
    const keys = selected.map(([key]) => key)
    const wanted = [...keys, ...keys.map((key) => Uint8Array.from([...key.subarray(0, 1990), 7]))]
    same(
      tree.getMany(wanted).map(lengthOf),
      wanted.map((key) => lengthOf(model.get(key))),
    )
    for (const key of wanted) {
      same(lengthOf(tree.get(key)), lengthOf(model.get(key)))
      same(tree.has(key), model.get(key) !== undefined)
    }
    const first = model.entries[0]
    same(text(tree.first() === undefined ? [] : [tree.first() as Entry]), text(first === undefined ? [] : [first]))
  }
}

const lengthOf = (value: Uint8Array | undefined) => (value === undefined ? 'none' : `${value.length}:${value[0]}`)

/** The entries of a range, found with a cursor; bounds are applied outside. */
function* byCursor(tree: TreeReader<Uint8Array, Uint8Array>, range: Range<Uint8Array>): Generator<Entry> {
  const model = new Model()
  const cursor = tree.cursor()
  const start = range.gte ?? range.gt
  let found = start === undefined ? cursor.next() : cursor.seek(start)
  for (; found; found = cursor.next()) {
    const value = cursor.value as Uint8Array
    if (cursor.valueByteLength !== value.length || cursor.keyByteLength !== cursor.key?.length) throw new Error('wrong length')
    model.put([cursor.key as Uint8Array, value])
  }
  const backwards = new Model()
  for (found = cursor.previous(); found; found = cursor.previous()) backwards.put([cursor.key as Uint8Array, cursor.value as Uint8Array])
  same(text(backwards.entries), text(tree.entries()))
  cursor.release()
  yield* model.select(range)
}

function same(actual: unknown, expected: unknown): void {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (one !== other) throw new Error(`got ${one.slice(0, 2000)}\nexpected ${other.slice(0, 2000)}`)
}

for (const [name, longest, runs] of [
  ['short keys', 40, 150],
  ['long keys', 400, 100],
  ['the longest keys', 2000, 100],
] as const) {
  test(`any operations leave the tree like the model: ${name}`, (t) => {
    const seed = seedOfRun()
    t.log(`seed ${seed}`)
    fc.assert(
      fc.property(fc.array(operationArbitrary(longest), { minLength: 1, maxLength: 40 }), (operations) => {
        const run = new Run()
        for (const operation of operations) run.execute(operation)
        run.finish(t)
      }),
      { seed, numRuns: amount('HOLDFAST_TREE_RUNS', runs) },
    )
  })
}
