/**
 * What pages look like after much work: the check passes at every step, trees become deep, prefixes are as long as they can be.
 */
import test from 'ava'
import { PAGE_SIZE, PAGE_TYPE, PageType } from '../../../src/pages/format.js'
import { countOf, leafCell, leafPointersIndex, PAGE_ROOM, prefixLengthOf } from '../../../structures/tree/layout.js'
import { copyLeafKey, leafUsed } from '../../../structures/tree/leaf.js'
import { Probe } from '../../../structures/tree/probe.js'
import { Tree } from '../../../structures/tree/tree.js'
import { seededRandom, seedOfRun } from '../../random.js'
import { FakeStore } from './fake-store.js'

function fresh(pages?: number): { store: FakeStore; tree: Tree<Uint8Array, Uint8Array> } {
  const store = new FakeStore(pages)
  store.addTree(1)
  return { store, tree: new Tree<Uint8Array, Uint8Array>(store, 1, 'tree', 'binary', 'binary') }
}

/** Leaves of the tree: byte offsets in the store's segment. */
function leaves(store: FakeStore): number[] {
  return [...store.inUse].map((page) => page * PAGE_SIZE).filter((base) => store.segment.bytes[base + PAGE_TYPE] === PageType.LEAF)
}

test('deep trees of long keys grow and shrink', (t) => {
  const seed = seedOfRun()
  t.log(`seed ${seed}`)
  const random = seededRandom(seed)
  const { store, tree } = fresh(8192)
  const model = new Map<string, Uint8Array>()
  let deepest = 0
  for (let round = 0; round < 40; round++) {
    const grows = round < 20
    for (let index = 0; index < 100; index++) {
      // Neighbours differ at their end only, so that separators are long and branches have few children.
      const key = Buffer.alloc(1980, Math.floor(random() * 3))
      key.writeUInt32BE(Math.floor(random() * 300), 0)
      key.writeUInt32BE(Math.floor(random() * 4), 1976)
      const value = Buffer.alloc(Math.floor(random() * 30))
      const known = [...model.keys()]
      const old = known[Math.floor(random() * known.length)]
      if ((!grows || random() < 0.2) && old !== undefined) {
        tree.delete(Buffer.from(old, 'hex'))
        model.delete(old)
      }
      if (grows || random() < 0.1) {
        tree.put(key, value)
        model.set(key.toString('hex'), value)
      }
    }
    store.commit()
    store.check()
    deepest = Math.max(deepest, store.states.get(1)?.depth ?? 0)
    const actual = [...tree.keys()].map((key) => Buffer.from(key).toString('hex'))
    t.deepEqual(actual, [...model.keys()].sort())
  }
  t.log(`depth ${deepest}`)
  t.true(deepest >= 6, `depth ${deepest}`)
})

test('random entries of ordinary size: check, prefix and fill after every thousand', (t) => {
  const seed = seedOfRun()
  t.log(`seed ${seed}`)
  const random = seededRandom(seed)
  const { store, tree } = fresh(8192)
  const [first, last] = [new Probe(), new Probe()]
  const keys: Buffer[] = []
  for (let round = 0; round < 30; round++) {
    for (let index = 0; index < 1000; index++) {
      const key = Buffer.from(`user:${Math.floor(random() * 1e9)}:${index % 7}`)
      tree.put(key, Buffer.alloc(Math.floor(random() * 120)))
      keys.push(key)
    }
    store.commit()
    store.check()
  }
  const fills: number[] = []
  for (const base of leaves(store)) {
    const { segment } = store
    copyLeafKey(segment, base, 0, first)
    copyLeafKey(segment, base, countOf(segment, base) - 1, last)
    let common = 0
    while (common < Math.min(first.length, last.length) && first.bytes[common] === last.bytes[common]) common++
    t.true(prefixLengthOf(segment, base) <= common)
    fills.push(leafUsed(segment, base) / PAGE_ROOM)
  }
  const average = fills.reduce((sum, fill) => sum + fill, 0) / fills.length
  t.log(`${fills.length} leaves, ${(100 * average).toFixed(1)} % full`)
  t.true(average > 0.6 && average < 0.8, `${average}`)
  for (const [index, key] of keys.entries()) if (index % 3 !== 0) tree.delete(key)
  store.commit()
  store.check()
  tree.deleteRange({ gte: Buffer.from('user:2'), lt: Buffer.from('user:8') })
  store.commit()
  store.check()
  t.is(tree.count(), [...tree.keys()].length)
})

test('pages that become neighbours at the seam of a removed range join', (t) => {
  const { store, tree } = fresh()
  const key = (index: number) => Buffer.from(`key:${1000 + index}`)
  tree.load(Array.from({ length: 400 }, (_, index) => [key(index), Buffer.alloc(90)] as const))
  store.commit()
  const probe = new Probe()
  const firstKeys = leaves(store).map((base) => {
    copyLeafKey(store.segment, base, 0, probe)
    return Number(Buffer.from(probe.copy()).toString().slice(4)) - 1000
  })
  const [start, , , end] = firstKeys.sort((one, other) => one - other) as [number, number, number, number]
  const middle = Math.floor((start + (firstKeys[1] as number)) / 2)
  tree.deleteRange({ gte: key(middle), lt: key(end - 2) })
  store.commit()
  store.check()
  t.is(leaves(store).length, firstKeys.length - 2, 'the second leaf went, and the rest of the third joined the first')
})

test('a rewritten leaf has the longest prefix and its cells in the order of the keys', (t) => {
  const { store, tree } = fresh()
  tree.load(Array.from({ length: 500 }, (_, index) => [Buffer.from(`a/long/prefix/${1000 + index}`), Buffer.alloc(50)] as const))
  store.commit()
  for (const base of leaves(store)) {
    const { segment } = store
    t.true(prefixLengthOf(segment, base) >= 'a/long/prefix/1'.length)
    const pointers = [
      ...segment.halves.subarray(leafPointersIndex(segment, base), leafPointersIndex(segment, base) + countOf(segment, base)),
    ]
    t.deepEqual(
      pointers,
      [...pointers].sort((one, other) => one - other),
    )
    t.is(leafCell(segment, base, 0), base + (pointers[0] as number))
  }
})
