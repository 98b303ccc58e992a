/**
 * The tree's handle: reading its own writes, iterators and cursors among changes, loading, operations that wait, refusals.
 */
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { HoldfastError } from '../../../src/errors.js'
import { treeKind } from '../../../structures/tree/kind.js'
import type { Range } from '../../../structures/tree/range.js'
import { Tree } from '../../../structures/tree/tree.js'
import { FakeStore } from './fake-store.js'

const refusal = (code: string) => ({ instanceOf: HoldfastError, code })

function fresh<V = string>(value: 'string' | 'json' | 'msgpack' | 'binary' = 'string'): { store: FakeStore; tree: Tree<string, V> } {
  const store = new FakeStore()
  store.addTree(1)
  return { store, tree: new Tree<string, V>(store, 1, 'tree', 'string', value) }
}

const key = (index: number) => `key:${String(index).padStart(6, '0')}`

/** A committed tree of entries key(0) = '0', key(1) = '1' ... */
function filled(count: number): { store: FakeStore; tree: Tree<string, string> } {
  const { store, tree } = fresh()
  for (let index = 0; index < count; index++) tree.put(key(index), String(index))
  store.commit()
  return { store, tree }
}

test('an empty tree', (t) => {
  const { store, tree } = fresh()
  for (let round = 0; round < 2; round++) {
    t.is(tree.get('a'), undefined)
    t.false(tree.has('a'))
    t.deepEqual(tree.getMany(['a', 'b']), [undefined, undefined])
    t.deepEqual([...tree], [])
    t.deepEqual([...tree.keys({ reverse: true, gte: 'a' })], [])
    t.is(tree.first(), undefined)
    t.is(tree.last(), undefined)
    t.is(tree.count(), 0)
    t.is(tree.count({ gte: 'a' }), 0)
    const cursor = tree.cursor()
    t.false(cursor.next() || cursor.previous() || cursor.seek('a') || cursor.valid)
    cursor.release()
    store.change()
  }
  tree.delete('a')
  tree.clear()
  store.commit()
  store.check()
})

test('a tree that the snapshot does not have is empty', (t) => {
  const store = new FakeStore()
  const snapshot = store.takeSnapshot()
  store.addTree(1)
  const tree = new Tree<string, string>(store, 1, 'tree', 'string', 'string')
  tree.put('a', 'b')
  store.commit()
  t.deepEqual([...tree.at(snapshot)], [])
  t.is(tree.at(snapshot).count(), 0)
  t.is(tree.at(snapshot).get('a'), undefined)
})

test('reads see the transaction’s own changes, a snapshot does not', (t) => {
  const { store, tree } = filled(300)
  const snapshot = store.takeSnapshot()
  tree.put(key(7), 'new')
  tree.delete(key(8))
  tree.put('zzz', 'last')
  t.is(tree.get(key(7)), 'new')
  t.is(tree.get(key(8)), undefined)
  t.deepEqual(tree.last(), ['zzz', 'last'])
  t.is(tree.count(), 300)
  t.deepEqual(tree.getMany([key(7), key(8), 'zzz']), ['new', undefined, 'last'])
  store.commit()
  const old = tree.at(snapshot)
  t.is(old.get(key(7)), '7')
  t.is(old.get(key(8)), '8')
  t.deepEqual(old.last(), [key(299), '299'])
  t.deepEqual([...old.keys()].length, 300)
  t.is(old.count({ gte: key(100) }), 200)
  snapshot.release()
  for (const read of [() => old.get('a'), () => old.count(), () => [...old], () => old.cursor(), () => old.getMany(['a'])]) t.throws(read)
  store.check()
})

test('iterators release their snapshot however they end', (t) => {
  const { store, tree } = filled(200)
  for (const _ of tree.entries()) break
  t.is(store.snapshots, 0, 'the loop was left')
  for (const _ of tree.keys({ limit: 3 }));
  t.is(store.snapshots, 0, 'the limit was reached')
  for (const _ of tree.values({ gte: key(190) }));
  t.is(store.snapshots, 0, 'the range ended')
  t.throws(() => {
    for (const _ of tree) throw new Error('thrown in the loop')
  })
  t.is(store.snapshots, 0, 'the loop threw')
  const iterator = tree.entries()
  t.is(store.snapshots, 0, 'nothing was asked for yet')
  iterator.next()
  t.is(store.snapshots, 1)
  iterator.return?.()
  t.is(store.snapshots, 0)
  t.deepEqual(iterator.next(), { value: undefined, done: true })
  const cursor = tree.cursor()
  cursor.next()
  cursor.release()
  cursor.release()
  t.is(store.snapshots, 0)
  t.throws(() => cursor.next(), refusal('ERR_CLOSED'))
})

test('iterators and cursors that were forgotten release their snapshots, too', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const { store, tree } = filled(200)
  const forget = () => {
    tree.entries().next()
    tree.cursor().next()
  }
  forget()
  t.is(store.snapshots, 2)
  for (let round = 0; round < 50 && store.snapshots > 0; round++) {
    collect()
    await setTimeout(5)
  }
  t.is(store.snapshots, 0)
})

test('an iterator that fails in the middle of a leaf stays failed and releases its snapshot', (t) => {
  const store = new FakeStore()
  store.addTree(1)
  const texts = new Tree<string, string>(store, 1, 'tree', 'string', 'string')
  for (let index = 0; index < 20; index++) texts.put(`key ${String(index).padStart(2, '0')}`, index === 10 ? 'no JSON' : String(index))
  store.commit()
  const objects = new Tree<string, unknown>(store, 1, 'tree', 'string', 'json')
  const iterator = objects.entries()
  for (let index = 0; index < 10; index++) t.deepEqual(iterator.next().value, [`key 0${index}`, index])
  t.throws(() => iterator.next(), { code: 'ERR_DAMAGED' })
  t.deepEqual(iterator.next(), { value: undefined, done: true })
  t.is(store.snapshots, 0)
})

test('an iterator walks over its snapshot, whatever is written meanwhile', (t) => {
  const { store, tree } = filled(500)
  const seen: string[] = []
  for (const [key] of tree) {
    seen.push(key)
    tree.delete(key)
    tree.put(`${key}+`, 'new')
    if (seen.length % 50 === 0) store.commit()
  }
  t.deepEqual(
    seen,
    Array.from({ length: 500 }, (_, index) => key(index)),
  )
  store.commit()
  t.is(tree.count(), 500)
  store.check()
})

test('inside of a transaction an iterator sees changes as they happen and never repeats itself', (t) => {
  const { store, tree } = filled(500)
  tree.put('open', 'transaction')
  const seen: string[] = []
  for (const [key] of tree.entries({ lt: 'l' })) {
    seen.push(key)
    tree.delete(key)
    if (!key.endsWith('+')) tree.put(`${key}+`, 'new')
  }
  t.is(seen.length, 1000, 'the new key behind each deleted one is met, too')
  for (let index = 0; index < 500; index++) tree.put(key(index), 'again')
  const reversed: string[] = []
  for (const key of tree.keys({ lt: 'l', reverse: true })) {
    reversed.push(key)
    tree.delete(key)
    tree.put(`${key}-`, 'new')
  }
  t.deepEqual(reversed, [...reversed].sort().reverse())
  t.is(new Set(reversed).size, reversed.length)
  store.commit()
  store.check()
})

test('a limit counts entries that were met, not those that were removed before', (t) => {
  const { tree } = filled(500)
  tree.put('open', 'transaction')
  const seen: string[] = []
  for (const [met] of tree.entries({ limit: 100 })) {
    seen.push(met)
    tree.delete(key(Number(met.slice(4)) + 1))
  }
  t.deepEqual(
    seen,
    Array.from({ length: 100 }, (_, index) => key(2 * index)),
  )
  const reversed: string[] = []
  for (const met of tree.keys({ limit: 60, reverse: true, lt: 'l' })) {
    reversed.push(met)
    if (reversed.length % 10 === 0) tree.put(`${met}+`, 'behind')
  }
  t.is(reversed.length, 60)
  t.deepEqual(reversed, [...reversed].sort().reverse())
})

test('arguments of the wrong kind are refused', (t) => {
  const { store, tree } = filled(3)
  const other = new FakeStore()
  for (const keys of ['a', undefined, new Set(['a'])])
    t.throws(() => tree.getMany(keys as unknown as string[]), refusal('ERR_INVALID_ARGUMENT'))
  for (const entries of [5, undefined, [5], 'ab', [{ key: 'a' }]])
    t.throws(() => tree.load(entries as unknown as [string, string][]), refusal('ERR_INVALID_ARGUMENT'))
  for (const snapshot of [undefined, {}, other.takeSnapshot()])
    t.throws(() => tree.at(snapshot as ReturnType<FakeStore['takeSnapshot']>), refusal('ERR_INVALID_ARGUMENT'))
  t.is(store.open, undefined)
})

test('an iterator begun inside of a transaction goes on when that has ended', (t) => {
  const { store, tree } = filled(400)
  tree.put('open', 'transaction')
  const iterator = tree.keys()
  const seen = [iterator.next().value]
  store.commit()
  seen.push(iterator.next().value, iterator.next().value)
  t.is(store.snapshots, 1)
  tree.put('another', 'transaction')
  for (const key of iterator) seen.push(key)
  t.deepEqual(seen.slice(0, 4), [key(0), key(1), key(2), key(3)])
  t.is(seen.length, 401)
  t.is(store.snapshots, 0)
})

test('other trees change while one is walked over in a transaction', (t) => {
  const { store, tree } = filled(300)
  store.addTree(2)
  const other = new Tree<string, string>(store, 2, 'other', 'string', 'string')
  other.put('a', 'b')
  for (const [key, value] of tree) other.put(key, value.repeat(100))
  store.commit()
  store.check()
  t.is(other.count(), 301)
})

test('a cursor moves both ways and stops at the ends', (t) => {
  const { tree } = filled(100)
  const cursor = tree.cursor()
  t.false(cursor.valid)
  t.is(cursor.key, undefined)
  t.is(cursor.value, undefined)
  t.is(cursor.valueByteLength, 0)
  t.true(cursor.previous())
  t.is(cursor.key, key(99))
  t.false(cursor.next())
  t.false(cursor.valid)
  t.false(cursor.next())
  t.true(cursor.previous())
  t.is(cursor.key, key(99))
  t.true(cursor.seek('key:000050'))
  t.deepEqual([cursor.key, cursor.value, cursor.keyByteLength, cursor.valueByteLength], [key(50), '50', 10, 2])
  t.deepEqual(cursor.valueBytes, Buffer.from('50'))
  t.true(cursor.seek('key:0000505'))
  t.is(cursor.key, key(51))
  t.true(cursor.previous())
  t.is(cursor.key, key(50))
  t.false(cursor.seek('l'))
  t.true(cursor.seek(''))
  t.is(cursor.key, key(0))
  t.false(cursor.previous())
  t.false(cursor.previous())
  t.true(cursor.next())
  t.is(cursor.key, key(0))
  cursor.release()
})

test('a cursor in a transaction keeps its place among changes', (t) => {
  const { store, tree } = filled(100)
  tree.put('open', 'transaction')
  const cursor = tree.cursor()
  cursor.seek(key(50))
  tree.delete(key(50))
  t.false(cursor.valid, 'its entry is gone')
  t.is(cursor.key, undefined)
  t.true(cursor.next())
  t.is(cursor.key, key(51))
  tree.delete(key(51))
  t.true(cursor.previous())
  t.is(cursor.key, key(49))
  tree.put(key(49), 'changed')
  t.is(cursor.value, 'changed')
  tree.put(`${key(49)}+`, 'new')
  t.true(cursor.next())
  t.is(cursor.key, `${key(49)}+`)
  tree.clear()
  t.false(cursor.valid)
  t.false(cursor.next())
  tree.put('x', 'y')
  store.commit()
  t.true(cursor.previous())
  t.is(cursor.key, 'x')
  cursor.release()
  t.is(store.snapshots, 0)
})

test('ranges', (t) => {
  const { tree } = filled(100)
  const keys = (range: Range<string>) => [...tree.keys(range)].map((key) => Number(key.slice(4)))
  t.deepEqual(keys({ gte: key(3), lt: key(6) }), [3, 4, 5])
  t.deepEqual(keys({ gt: key(3), lte: key(6) }), [4, 5, 6])
  t.deepEqual(keys({ gt: key(3), gte: key(5), lt: key(9), lte: key(7) }), [5, 6, 7], 'the tighter bounds hold')
  t.deepEqual(keys({ prefix: 'key:00009', limit: 2, reverse: true }), [99, 98])
  t.deepEqual(keys({ prefix: 'key:00009', lt: key(92) }), [90, 91])
  t.deepEqual(keys({ gte: key(6), lt: key(3) }), [])
  t.deepEqual(keys({ gte: key(3), lt: key(3) }), [])
  t.deepEqual(keys({ gte: key(3), lte: key(3) }), [3])
  t.deepEqual(keys({ limit: 0 }), [])
  t.deepEqual(keys({ gte: undefined, limit: 1 }), [0])
  t.deepEqual(tree.first({ gt: key(3) }), [key(4), '4'])
  t.deepEqual(tree.last({ lt: key(3) }), [key(2), '2'])
  t.deepEqual(tree.last({ lt: key(3), reverse: true }), [key(0), '0'])
  t.is(tree.count({ gte: key(10), lt: key(90), limit: 70 }), 70)
  t.is(tree.count({ limit: 7 }), 7)
  const wrong = [null, 5, { limit: -1 }, { limit: 1.5 }, { limit: '1' }, { reverse: 1 }, { start: 'a' }]
  for (const range of wrong) t.throws(() => tree.entries(range as Range<string>), refusal('ERR_INVALID_ARGUMENT'), JSON.stringify(range))
  t.throws(() => tree.entries({ gte: 5 as unknown as string }), refusal('ERR_INVALID_KEY'))
  for (const range of [{ limit: 5 }, { reverse: true }, { gte: undefined }, undefined, null, 'a'] as Range<string>[])
    t.throws(() => tree.deleteRange(range), refusal('ERR_INVALID_ARGUMENT'))
})

test('ranges of numbers and tuples', (t) => {
  const store = new FakeStore()
  for (const id of [1, 2, 3]) store.addTree(id)
  const numbers = new Tree<number, number>(store, 1, 'numbers', 'number', 'json')
  for (let number = -50; number < 50; number++) numbers.put(number / 2, number)
  t.deepEqual([...numbers.keys({ gte: -1, lt: 1 })], [-1, -0.5, 0, 0.5])
  t.deepEqual([...numbers.keys({ gt: -Infinity, limit: 1 })], [-25])
  t.is(numbers.get(-0), 0)
  t.throws(() => numbers.keys({ prefix: 1 }), refusal('ERR_INVALID_ARGUMENT'))
  const tuples = new Tree<readonly (string | number)[], string>(store, 2, 'tuples', 'tuple', 'string')
  for (const user of ['ann', 'anna', 'bob']) for (let year = 2000; year < 2005; year++) tuples.put([user, year], `${user} ${year}`)
  t.deepEqual(
    [...tuples.values({ prefix: ['ann'] })],
    [2000, 2001, 2002, 2003, 2004].map((year) => `ann ${year}`),
  )
  t.deepEqual(
    [...tuples.keys({ gt: ['ann', 2003], lte: ['anna', 2000] })],
    [
      ['ann', 2004],
      ['anna', 2000],
    ],
  )
  const binary = new Tree<Uint8Array, string>(store, 3, 'binary', 'binary', 'string')
  for (const last of [0, 254, 255]) binary.put(Uint8Array.of(255, last), String(last))
  t.deepEqual([...binary.values({ prefix: Uint8Array.of(255, 255) })], ['255'])
  t.deepEqual([...binary.values({ prefix: Uint8Array.of(255) })], ['0', '254', '255'])
  t.deepEqual([...binary.values({ prefix: Uint8Array.of() })], ['0', '254', '255'])
})

test('text of all kinds survives scans both ways', (t) => {
  const { store, tree } = fresh<unknown>('json')
  const expected: [string, unknown][] = []
  for (let index = 0; index < 600; index++) {
    const odd = index % 7 === 0 ? 'é' : index % 11 === 0 ? '一😀' : ''
    const value = index % 5 === 0 ? { text: `${odd}${'x'.repeat(index)}` } : index % 3 === 0 ? odd : index
    expected.push([`${index % 13 === 0 ? 'ü' : 'u'}:${String(index).padStart(4, '0')}`, value])
  }
  for (const entry of expected) tree.put(...entry)
  store.commit()
  expected.sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
  t.deepEqual([...tree], expected)
  t.deepEqual([...tree.entries({ reverse: true })], [...expected].reverse())
  t.deepEqual(
    [...tree.keys()],
    expected.map(([key]) => key),
  )
  t.deepEqual(
    [...tree.values({ limit: 3, reverse: true })],
    expected
      .slice(-3)
      .reverse()
      .map(([, value]) => value),
  )
  const long = 'p'.repeat(300)
  const { store: other, tree: prefixed } = filled(0)
  for (let index = 0; index < 100; index++) prefixed.put(long + index, String(index))
  other.commit()
  t.deepEqual([...prefixed.keys()].sort(), Array.from({ length: 100 }, (_, index) => long + index).sort())
})

test('large values come and go without leaving pages behind', (t) => {
  const { store, tree } = fresh<Uint8Array>('binary')
  const sizes = [0, 2000, 2010, 2014, 2015, 4063, 4064, 4065, 262_112, 262_113, 524_224, 1_000_000]
  for (const size of sizes) {
    const value = Buffer.alloc(size, size % 251)
    tree.put('value', value)
    t.true(Buffer.from(tree.get('value') as Uint8Array).equals(value), `${size} in the transaction`)
    store.commit()
    store.check()
    t.true(Buffer.from(tree.get('value') as Uint8Array).equals(value), `${size}`)
    t.true(Buffer.from(tree.getBytes('value') as Uint8Array).equals(value))
  }
  const cursor = tree.cursor()
  cursor.next()
  t.is(cursor.valueByteLength, 1_000_000)
  cursor.release()
  tree.put('value', Buffer.alloc(5000))
  tree.delete('value')
  store.commit()
  store.check()
  t.is(store.inUse.size, 0)
})

test('results are copies', (t) => {
  const { store, tree } = fresh<Uint8Array>('binary')
  const given = Uint8Array.of(1, 2, 3)
  tree.put('a', given)
  given.fill(9)
  store.commit()
  for (const value of [tree.get('a'), tree.getBytes('a'), tree.first()?.[1], tree.getMany(['a'])[0]]) {
    t.deepEqual([...(value as Uint8Array)], [1, 2, 3])
    value?.fill(7)
  }
  t.deepEqual([...(tree.get('a') as Uint8Array)], [1, 2, 3])
})

test('what cannot be stored is refused and nothing changed', (t) => {
  const { store, tree } = filled(10)
  const wrong: [unknown, unknown, string][] = [
    [1, 'a', 'ERR_INVALID_KEY'],
    ['x'.repeat(2001), 'a', 'ERR_KEY_TOO_LARGE'],
    ['a', 1, 'ERR_INVALID_VALUE'],
    ['a', undefined, 'ERR_INVALID_VALUE'],
    ['a', '\ud800', 'ERR_INVALID_VALUE'],
    ['\udfff', 'a', 'ERR_INVALID_KEY'],
  ]
  for (const [key, value, code] of wrong) t.throws(() => tree.put(key as string, value as string), refusal(code))
  for (const read of [
    (key: string) => tree.get(key),
    (key: string) => tree.has(key),
    (key: string) => tree.getBytes(key),
    (key: string) => tree.getMany([key]),
    (key: string) => tree.delete(key),
  ]) {
    t.throws(() => read(1 as unknown as string), refusal('ERR_INVALID_KEY'))
    t.throws(() => read('x'.repeat(2001)), refusal('ERR_KEY_TOO_LARGE'))
  }
  t.is(store.open, undefined, 'no transaction was begun')
  t.throws(
    () =>
      tree.load([
        ['a', 'b'],
        ['b', 5 as unknown as string],
      ]),
    refusal('ERR_INVALID_VALUE'),
  )
  t.is(tree.get('a'), undefined)
  t.throws(
    () =>
      tree.load([
        ['y', 'b'],
        ['\ud800', 'b'],
        ['z', 'b'],
      ]),
    refusal('ERR_INVALID_KEY'),
  )
  t.is(store.spoiled, undefined)
  t.deepEqual([...tree.keys({ gt: 'l' })], ['y'], 'entries before the refused one are stored')
  store.commit()
  store.check()
})

test('code of the caller that runs while a value is encoded may use the tree', (t) => {
  const { store, tree } = fresh<unknown>('json')
  tree.put('outer', {
    toJSON() {
      tree.put('inner', 'i')
      t.is(tree.get('inner'), 'i')
      return 'o'
    },
  })
  tree.load(
    (function* () {
      for (let index = 0; index < 3000; index++) {
        if (index % 100 === 0) tree.put('inner', index)
        if (index === 2500) store.commit()
        yield [key(index), index] as const
      }
    })(),
  )
  store.commit()
  store.check()
  t.is(tree.get('outer'), 'o')
  t.is(tree.get('inner'), 2900)
  t.is(tree.count(), 3002)
  t.deepEqual(
    [...tree.values({ prefix: 'key:' })],
    Array.from({ length: 3000 }, (_, index) => index),
  )
})

test('a load of sorted entries fills pages, whatever was there and in whatever pieces it comes', (t) => {
  const { store, tree } = fresh()
  const value = 'v'.repeat(100)
  for (let from = 0; from < 3000; from += 300) {
    tree.load(Array.from({ length: 300 }, (_, index) => [key(from + index), value] as const))
    if (from % 900 === 0) store.commit()
  }
  store.commit()
  store.check()
  t.is(tree.count(), 3000)
  const leaves = Math.ceil((3000 * (100 + 10 + 2)) / 4064)
  t.true(store.inUse.size <= leaves * 1.05 + 3, `${store.inUse.size} pages for ${leaves} leaves`)
  t.is(tree.load([]), 0)
})

test('a load takes entries in any order, and arrays that are used again', (t) => {
  const store = new FakeStore()
  store.addTree(1)
  const tree = new Tree<Uint8Array, Uint8Array>(store, 1, 'tree', 'binary', 'binary')
  const [key, value] = [new Uint8Array(2), new Uint8Array(1)]
  const order = Array.from({ length: 5000 }, (_, index) => (index * 2711) % 5000)
  const source = function* (): Generator<[Uint8Array, Uint8Array]> {
    for (const number of order) {
      key.set([number >> 8, number & 255])
      value[0] = number % 251
      yield [key, value]
    }
  }
  t.is(tree.load(source()), 5000)
  t.is(tree.load(source()), 5000, 'and again, over the old entries')
  store.commit()
  store.check()
  t.is(tree.count(), 5000)
  let expected = 0
  for (const [key, value] of tree) {
    if (((key[0] as number) << 8) + (key[1] as number) !== expected || value[0] !== expected % 251) t.fail(`entry ${expected}`)
    expected++
  }
})

test('ascending puts fill pages', (t) => {
  const { store, tree } = filled(5000)
  store.check()
  t.is(tree.count(), 5000)
  t.true(store.inUse.size < ((5000 * 17) / 4064) * 1.2 + 5, `${store.inUse.size} pages`)
})

test('deleting most entries gives most pages back', (t) => {
  const { store, tree } = filled(5000)
  const pages = store.inUse.size
  for (let index = 0; index < 5000; index++) if (index % 10 !== 0) tree.delete(key(index))
  store.commit()
  store.check()
  t.true(store.inUse.size < pages / 2.5, `${store.inUse.size} of ${pages} pages`)
  for (let index = 0; index < 5000; index++) tree.delete(key(index))
  store.commit()
  store.check()
  t.is(store.inUse.size, 0)
  t.deepEqual(
    { ...store.states.get(1), name: '', options: '' },
    { id: 1, kind: treeKind.kind, name: '', options: '', root: 0, depth: 0, count: 0 },
  )
})

test('operations that have to wait are copied and done later, in order', (t) => {
  const { store, tree } = fresh<Uint8Array>('binary')
  tree.put('gone', Uint8Array.of(0))
  tree.put('kept', Uint8Array.of(5))
  store.commit()
  store.isBusy = true
  const value = Uint8Array.of(1, 2)
  tree.put('a', value)
  value.fill(9)
  tree.delete('gone')
  tree.load([
    ['b', value],
    ['a0', value],
  ])
  tree.put('b1', Buffer.from([1]))
  tree.deleteRange({ prefix: 'b1' })
  t.is(tree.get('a'), undefined)
  store.runDeferred()
  store.commit()
  store.check()
  t.deepEqual(
    [...tree].map(([key, value]) => [key, ...value]),
    [
      ['a', 1, 2],
      ['a0', 9, 9],
      ['b', 9, 9],
      ['kept', 5],
    ],
  )
})

test('an operation that fails half-way spoils the transaction', (t) => {
  const { store, tree } = filled(2000)
  const root = store.states.get(1)?.root as number
  store.segment.bytes[root * 4096 + 16] = 99
  t.throws(() => tree.put(key(5), 'x'), refusal('ERR_DAMAGED'))
  t.throws(() => store.commit(), refusal('ERR_DAMAGED'))
})

test('records are replayed with the same result, others are refused', (t) => {
  const { store, tree } = filled(100)
  tree.deleteRange({ gte: key(20), lt: key(40) })
  tree.deleteRange({ gt: key(90) })
  tree.deleteRange({ lte: key(3) })
  store.commit()
  const replay = new FakeStore()
  replay.addTree(1)
  const transaction = replay.change()
  if (transaction === undefined) return t.fail()
  for (const operation of store.log) treeKind.apply(transaction, operation)
  const empty = new Uint8Array(0)
  const bad = [
    { structure: 1, operation: 9, flags: 0, key: empty, value: empty },
    { structure: 1, operation: 1, flags: 0, key: new Uint8Array(2001), value: empty },
    { structure: 1, operation: 3, flags: 0, key: new Uint8Array(2002), value: empty },
    { structure: 1, operation: 3, flags: 3, key: empty, value: new Uint8Array(2002) },
  ]
  for (const operation of bad) t.throws(() => treeKind.apply(transaction, operation), refusal('ERR_DAMAGED'))
  replay.commit()
  replay.check()
  t.deepEqual([...new Tree<string, string>(replay, 1, 'tree', 'string', 'string')], [...tree])
})

test('encodings that are none are refused', (t) => {
  t.deepEqual(treeKind.options({ key: 'string', value: 'json' }), { key: 'string', value: 'json' })
  for (const options of [
    { key: 'int', value: 'json' },
    { key: 'string', value: 'xml' },
    { key: undefined, value: 'json' },
  ])
    t.throws(() => treeKind.options(options), refusal('ERR_INVALID_ARGUMENT'))
})
