/**
 * Damaged pages: the check finds each broken rule, and reading or changing what is damaged ends in a typed error or an answer, never in a hang or a crash.
 */
import test from 'ava'
import { HoldfastError } from '../../../src/errors.js'
import { PAGE_COUNT, PAGE_SIZE, PAGE_TYPE, PageType } from '../../../src/pages/format.js'
import * as layout from '../../../structures/tree/layout.js'
import { Tree } from '../../../structures/tree/tree.js'
import { amount, seededRandom, seedOfRun } from '../../random.js'
import { FakeStore } from './fake-store.js'

const key = (index: number) => `key:${String(index).padStart(6, '0')}`

function filled(): { store: FakeStore; tree: Tree<string, string> } {
  const store = new FakeStore(512)
  store.addTree(1)
  const tree = new Tree<string, string>(store, 1, 'tree', 'string', 'string')
  for (let index = 0; index < 900; index++) tree.put(key(index), `value ${index}`.repeat(1 + (index % 20)))
  tree.put(key(100), 'x'.repeat(5000))
  tree.put(key(200), 'y'.repeat(270_000))
  tree.put(key(300), 'é'.repeat(3000))
  tree.put('schlüssel', 'ä')
  tree.delete(key(5))
  store.commit()
  store.check()
  return { store, tree }
}

/** Byte offsets of the store's pages of a type, a branch being the root. */
function pagesOf(store: FakeStore, type: number): number[] {
  return [...store.inUse]
    .map((page) => page * PAGE_SIZE)
    .filter((base) => store.segment.bytes[base + PAGE_TYPE] === type && store.segment.words[(base + 4) >>> 2] === base / PAGE_SIZE)
}

type Damage = (store: FakeStore, leaf: number, branch: number, overflow: number) => void

/** One broken rule each. */
const DAMAGES: Record<string, Damage> = {
  'a page of another type': ({ segment }, leaf) => (segment.bytes[leaf + PAGE_TYPE] = PageType.BRANCH),
  'a leaf in place of the root': ({ segment }, _leaf, branch) => (segment.bytes[branch + PAGE_TYPE] = PageType.LEAF),
  'a run where there is none': ({ segment }, leaf) => (segment.words[(leaf + 20) >>> 2] = 2),
  'flags that mean nothing': ({ segment }, leaf) => (segment.bytes[leaf + 17] = 1),
  'one entry more': ({ segment }, leaf) => segment.halves[(leaf + PAGE_COUNT) >>> 1]++,
  'one entry less': ({ segment }, leaf) => segment.halves[(leaf + PAGE_COUNT) >>> 1]--,
  'an empty leaf': ({ segment }, leaf) => (segment.halves[(leaf + PAGE_COUNT) >>> 1] = 0),
  'another prefix': ({ segment }, leaf) => segment.bytes[leaf + layout.TREE_PREFIX]++,
  'a shorter prefix': ({ segment }, leaf) => segment.halves[(leaf + layout.TREE_PREFIX_LENGTH) >>> 1]--,
  'an impossible prefix': ({ segment }, leaf) => (segment.halves[(leaf + layout.TREE_PREFIX_LENGTH) >>> 1] = 5000),
  'bytes behind the prefix': ({ segment }, leaf) => (segment.bytes[leaf + layout.TREE_PREFIX + layout.prefixLengthOf(segment, leaf)] = 1),
  'another head': ({ segment }, leaf) => segment.words[layout.headsIndex(segment, leaf) + 3]++,
  'entries out of order': ({ segment }, leaf) => {
    const at = layout.leafPointersIndex(segment, leaf)
    ;[segment.halves[at], segment.halves[at + 1]] = [segment.halves[at + 1] as number, segment.halves[at] as number]
    const heads = layout.headsIndex(segment, leaf)
    ;[segment.words[heads], segment.words[heads + 1]] = [segment.words[heads + 1] as number, segment.words[heads] as number]
  },
  'an entry twice': ({ segment }, leaf) => {
    const at = layout.leafPointersIndex(segment, leaf)
    segment.halves[at + 1] = segment.halves[at] as number
    const heads = layout.headsIndex(segment, leaf)
    segment.words[heads + 1] = segment.words[heads] as number
  },
  'a cell pointer outside of the page': ({ segment }, leaf) => (segment.halves[layout.leafPointersIndex(segment, leaf) + 1] = 4095),
  'a cell pointer into the arrays': ({ segment }, leaf) => (segment.halves[layout.leafPointersIndex(segment, leaf) + 1] = 40),
  'a key that leaves the page': ({ segment }, leaf) => layout.setHalf(segment.bytes, layout.leafCell(segment, leaf, 2), 4000),
  'a value that leaves the page': ({ segment }, leaf) => layout.setHalf(segment.bytes, layout.leafCell(segment, leaf, 2) + 2, 4090),
  'a value a byte longer': ({ segment }, leaf) => segment.bytes[layout.leafCell(segment, leaf, 2) + 2]++,
  'a wrong count of dead bytes': ({ segment }, leaf) => segment.halves[(leaf + layout.TREE_DEAD_BYTES) >>> 1]++,
  'a wrong start of the cells': ({ segment }, leaf) => (segment.halves[(leaf + layout.TREE_CELLS_START) >>> 1] = 5000),
  'a key that is not ASCII': ({ segment }, leaf) => {
    const cell = layout.leafCell(segment, leaf, 4)
    segment.bytes[cell + 4] = 0xc3
    segment.words[layout.headsIndex(segment, leaf) + 4] = layout.headAt(
      segment.bytes,
      cell + 4,
      layout.halfAt(segment.bytes, cell) & layout.LENGTH_MASK,
    )
  },
  'a value that is not ASCII': ({ segment }, leaf) => {
    const cell = layout.leafCell(segment, leaf, 4)
    segment.bytes[cell + 4 + (layout.halfAt(segment.bytes, cell) & layout.LENGTH_MASK)] = 0xc3
  },
  'a child that two branches have': ({ segment }, _leaf, branch) => {
    const children = layout.childrenIndex(segment, branch)
    segment.words[children] = segment.words[children + 1] as number
  },
  'children exchanged': ({ segment }, _leaf, branch) => {
    const at = layout.childrenIndex(segment, branch)
    ;[segment.words[at], segment.words[at + 1]] = [segment.words[at + 1] as number, segment.words[at] as number]
  },
  'a branch that is its own child': ({ segment }, _leaf, branch) =>
    (segment.words[layout.childrenIndex(segment, branch)] = branch / PAGE_SIZE),
  'a child that does not exist': ({ segment }, _leaf, branch) => (segment.words[layout.childrenIndex(segment, branch) + 1] = 400),
  'a child far outside of the file': ({ segment }, _leaf, branch) =>
    (segment.words[layout.childrenIndex(segment, branch) + 1] = 4_000_000_000),
  'another separator': ({ segment }, _leaf, branch) => {
    const cell = layout.branchCell(segment, branch, 1)
    segment.bytes[cell + 2 + 0]++
    segment.words[layout.headsIndex(segment, branch) + 1] = layout.headAt(segment.bytes, cell + 2, layout.halfAt(segment.bytes, cell))
  },
  'a chain that ends early': ({ segment }, _leaf, _branch, overflow) => (segment.words[(overflow + layout.OVERFLOW_NEXT) >>> 2] = 0),
  'a chain that goes in a circle': ({ segment }, _leaf, _branch, overflow) =>
    (segment.words[(overflow + layout.OVERFLOW_NEXT) >>> 2] = overflow / PAGE_SIZE),
  'a run with a wrong length': ({ segment }, _leaf, _branch, overflow) => segment.words[(overflow + layout.OVERFLOW_LENGTH) >>> 2]--,
  'a run without bytes': ({ segment }, _leaf, _branch, overflow) => (segment.words[(overflow + layout.OVERFLOW_LENGTH) >>> 2] = 0),
  'a run that is no overflow page': ({ segment }, _leaf, _branch, overflow) => (segment.bytes[overflow + PAGE_TYPE] = PageType.LEAF),
  'a large value that is not ASCII': ({ segment }, _leaf, _branch, overflow) => (segment.bytes[overflow + layout.OVERFLOW_BYTES] = 0x80),
  'a wrong number of entries': (store) => ((store.states.get(1) as { count: number }).count += 1),
  'a wrong depth': (store) => ((store.states.get(1) as { depth: number }).depth += 1),
  'an impossible depth': (store) => ((store.states.get(1) as { depth: number }).depth = 60_000),
  'no root': (store) => ((store.states.get(1) as { root: number }).root = 0),
  'a page that nobody owns': (store) => store.inUse.add(500),
}

/** Reads everything in every way; returns how many reads were refused. Throws what is no typed refusal. */
function readAll(store: FakeStore): number {
  const tree = new Tree<string, string>(store, 1, 'tree', 'string', 'string')
  let refused = 0
  const attempt = (read: () => unknown) => {
    try {
      read()
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'ERR_DAMAGED')) throw error
      refused++
    }
  }
  const bounded = (iterator: Iterable<unknown>) => {
    let count = 0
    for (const _ of iterator) if (++count > 100_000) throw new Error('endless')
  }
  attempt(() => bounded(tree.entries()))
  attempt(() => bounded(tree.entries({ reverse: true })))
  attempt(() => bounded(tree.keys({ gte: key(100), lt: key(400) })))
  attempt(() => bounded(tree.values({ gt: key(300), reverse: true })))
  attempt(() => tree.count({ gt: key(30) }))
  attempt(() => tree.first())
  attempt(() => tree.last())
  for (let index = 0; index < 900; index += 23) {
    attempt(() => tree.get(key(index)))
    attempt(() => tree.has(`${key(index)}x`))
  }
  attempt(() => tree.getMany(Array.from({ length: 900 }, (_, index) => key(index))))
  attempt(() => {
    const cursor = tree.cursor()
    let count = 0
    while (cursor.next()) {
      void [cursor.key, cursor.value, cursor.valueByteLength]
      if (++count > 100_000) throw new Error('endless')
    }
    cursor.release()
  })
  return refused
}

/** Changes the tree here and there; each change is done or refused, and the transaction is given up. */
function changeSome(store: FakeStore, random: () => number): void {
  const tree = new Tree<string, string>(store, 1, 'tree', 'string', 'string')
  const change = () => {
    const index = Math.floor(random() * 1000)
    const kind = random()
    if (kind < 0.5) tree.put(`${key(index)}${random() < 0.5 ? 'x' : ''}`, 'z'.repeat(random() * 1000))
    else if (kind < 0.85) tree.delete(key(index))
    else if (kind < 0.95) tree.deleteRange({ gte: key(index), lt: key(index + 200) })
    else tree.load([[`z${index}`, 'a']])
  }
  for (let step = 0; step < 10; step++) {
    try {
      change()
    } catch (error) {
      if (!(error instanceof HoldfastError && error.code === 'ERR_DAMAGED')) throw error
    }
  }
  store.abort()
}

for (const [name, damage] of Object.entries(DAMAGES)) {
  test(`the check finds ${name}`, (t) => {
    const { store } = filled()
    const leaf = pagesOf(store, PageType.LEAF)[3] as number
    const branch = pagesOf(store, PageType.BRANCH)[0] as number
    const overflow = pagesOf(store, PageType.OVERFLOW).find(
      (base) => store.segment.words[(base + layout.OVERFLOW_NEXT) >>> 2] !== 0,
    ) as number
    damage(store, leaf, branch, overflow)
    t.throws(() => store.check(), { instanceOf: HoldfastError, code: 'ERR_DAMAGED' })
    t.notThrows(() => readAll(store))
  })
}

test('random damage that checksums do not see never hangs or crashes a reader or a writer', (t) => {
  const seed = seedOfRun()
  t.log(`seed ${seed}`)
  const random = seededRandom(seed)
  const { store } = filled()
  const intact = Buffer.from(store.segment.bytes)
  const inUse = new Set(store.inUse)
  const state = { ...store.states.get(1) } as never
  const places = [PageType.LEAF, PageType.BRANCH, PageType.OVERFLOW].flatMap((type) => pagesOf(store, type))
  let refused = 0
  let found = 0
  const runs = amount('HOLDFAST_TREE_DAMAGES', 400)
  for (let run = 0; run < runs; run++) {
    const base = places[Math.floor(random() * places.length)] as number
    const within = random() < 0.7 ? 24 + Math.floor(random() * 200) : 16 + Math.floor(random() * (PAGE_SIZE - 16))
    const length = random() < 0.8 ? 1 : 8
    for (let at = 0; at < length && within + at < PAGE_SIZE; at++)
      store.segment.bytes[base + within + at] = random() < 0.3 ? 0xff : random() * 256
    try {
      store.check()
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      found++
    }
    refused += readAll(store) > 0 ? 1 : 0
    changeSome(store, random)
    store.segment.bytes.set(intact)
    store.inUse = new Set(inUse)
    store.states.set(1, { ...(state as object) } as never)
  }
  t.log(`${runs} damages: the check found ${found}, reading met ${refused}`)
  t.true(found > runs / 2)
})
