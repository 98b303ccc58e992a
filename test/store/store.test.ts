/**
 * The store's own behaviour on real files: transactions, turns, receipts, snapshots, closing, refusals.
 */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { platformTraits } from '../../src/mapping/index.js'
import { HoldfastError, type OpenOptions, open, type Store } from '../../structures/index.js'
import { folder } from '../folder.js'

function fresh(t: ExecutionContext, options: OpenOptions = {}): { path: string; store: Store } {
  const path = join(folder(t), 'test.hold')
  const store = open(path, options)
  t.teardown(() => store.close())
  return { path, store }
}

const code = (code: string) => ({ instanceOf: HoldfastError, code })

for (const writePath of ['write', 'view'] as const) {
  test(`what was put is there after reopening (${writePath})`, async (t) => {
    const { path, store } = fresh(t, { writePath })
    const tree = store.tree('words', { value: 'string' })
    await tree.put('ann', 'one')
    await tree.put('bob', 'two')
    await store.close()
    const again = open(path, { writePath })
    t.teardown(() => again.close())
    t.is(again.recovery, undefined)
    t.is(again.tree<'string', 'string'>('words').get('ann'), 'one')
    t.deepEqual([...again.tree('words').keys()], ['ann', 'bob'])
  })
}

test('a transaction covers several trees and is visible on return', (t) => {
  const { store } = fresh(t)
  const [a, b] = [store.tree('a'), store.tree('b')]
  const receipt = store.write(() => {
    a.put('x', 1)
    b.put('y', 2)
    t.is(a.get('x'), 1, 'reads its own writes')
    return 'result'
  })
  t.is(receipt.result, 'result')
  t.deepEqual([a.get('x'), b.get('y')], [1, 2])
})

for (const writePath of ['write', 'view', 'mixed'] as const) {
  test(`large transactions over the same pages again and again (${writePath})`, async (t) => {
    if (writePath === 'mixed' && !platformTraits.writesReachViews) {
      t.log('skipped: writes and views need not agree on this platform')
      t.pass()
      return
    }
    const { path, store } = fresh(t, { writePath })
    const tree = store.tree('a', { key: 'number', value: 'string' })
    const value = (key: number, round: number) => `${key} in round ${round} `.padEnd(300, '.')
    for (let round = 0; round < 6; round++) {
      store.write(() => {
        for (let key = 0; key < 5000; key++) if (round === 0 || (key * 7 + round) % 3 === 0) tree.put(key, value(key, round))
      })
      if (round === 3) await store.checkpoint()
    }
    const expected = (key: number) => value(key, Math.max(0, ...[1, 2, 3, 4, 5].filter((round) => (key * 7 + round) % 3 === 0)))
    for (let key = 0; key < 5000; key++) if (tree.get(key) !== expected(key)) t.fail(`key ${key}`)
    t.true((await store.check()).ok)
    await store.close()
    const again = open(path)
    t.teardown(() => again.close())
    for (const [key, found] of again.tree<'number', 'string'>('a').entries())
      if (found !== expected(key)) t.fail(`key ${key} after reopening`)
  })
}

test('a throw aborts everything, nested calls included', async (t) => {
  const { store } = fresh(t)
  const [a, b] = [store.tree('a'), store.tree('b')]
  await a.put('x', 'before')
  const error = new Error('stop')
  t.throws(
    () =>
      store.write(() => {
        a.put('x', 'inside')
        store.write(() => b.put('y', 'inside'))
        throw error
      }),
    { is: error },
  )
  t.deepEqual([a.get('x'), b.get('y'), b.count()], ['before', undefined, 0])
  t.true((await store.check()).ok)
})

test('a nested throw that is caught still aborts the whole', (t) => {
  const { store } = fresh(t)
  const tree = store.tree('a')
  t.throws(() =>
    store.write(() => {
      tree.put('x', 1)
      try {
        store.write(() => {
          throw new Error('inner')
        })
      } catch {}
    }),
  )
  t.is(tree.get('x'), undefined)
})

test('an async function is refused and nothing is written', (t) => {
  const { store } = fresh(t)
  const tree = store.tree('a')
  t.throws(
    () =>
      store.write(async () => {
        tree.put('x', 1)
      }),
    code('ERR_ASYNC_TRANSACTION'),
  )
  t.is(tree.get('x'), undefined)
})

test('puts of one turn share a transaction, across microtasks', async (t) => {
  const { store } = fresh(t)
  const tree = store.tree('a')
  const before = (await store.stat()).transaction
  const first = tree.put('x', 1)
  await Promise.resolve()
  const second = tree.put('y', 2)
  t.is(tree.get('x'), 1, 'reads its own writes before the commit')
  await Promise.all([first, second])
  t.is((await store.stat()).transaction, before + 1)
})

test('a put that is refused does not disturb its neighbours', async (t) => {
  const { store } = fresh(t)
  const tree = store.tree('a', { key: 'string', value: 'json' })
  const good = tree.put('x', 1)
  t.throws(() => void tree.put('y', undefined), code('ERR_INVALID_VALUE'))
  await good
  t.deepEqual([...tree.entries()], [['x', 1]])
})

test('write commits the turn before it, and its abort leaves that alone', async (t) => {
  const { store } = fresh(t)
  const tree = store.tree('a')
  const put = tree.put('x', 1)
  t.throws(() =>
    store.write(() => {
      tree.put('x', 2)
      throw new Error('stop')
    }),
  )
  await put
  t.is(tree.get('x'), 1)
})

test('a receipt tells the transaction and when it is durable', async (t) => {
  const { store } = fresh(t)
  const tree = store.tree('a')
  const receipt = store.write(() => tree.put('x', 1))
  await receipt.durable
  const stat = await store.stat()
  t.is(stat.transaction, receipt.transaction)
  t.true(stat.durable >= receipt.transaction)
})

test('a write that changes nothing makes no transaction', (t) => {
  const { store } = fresh(t)
  const tree = store.tree('a')
  const first = store.write(() => tree.put('x', 1))
  t.is(store.write(() => tree.get('x')).transaction, first.transaction)
})

test('a snapshot does not move', (t) => {
  const { store } = fresh(t)
  const tree = store.tree('a')
  store.write(() => tree.put('x', 1))
  const snapshot = store.snapshot()
  for (let round = 0; round < 50; round++) store.write(() => tree.put('x', round + 2))
  t.is(tree.at(snapshot).get('x'), 1)
  t.is(tree.get('x'), 51)
  snapshot.release()
  snapshot.release()
  t.throws(() => tree.at(snapshot).get('x'), code('ERR_CLOSED'))
})

test('small commits turn over few pages', async (t) => {
  const { store } = fresh(t)
  const tree = store.tree('a')
  for (let round = 0; round < 500; round++) store.write(() => tree.put('x', round))
  t.true((await store.stat()).pages < 40)
})

test('the last to close leaves one file of the size that is needed', async (t) => {
  const { path, store } = fresh(t)
  const other = open(path)
  const tree = store.tree('a')
  store.write(() => tree.put('x', 'y'.repeat(100)))
  t.is(other.tree('a').get('x'), 'y'.repeat(100))
  await store.close()
  t.true(existsSync(`${path}-log`), 'another handle has it open')
  await other.close()
  t.deepEqual(readdirSync(join(path, '..')), ['test.hold'])
  t.true(statSync(path).size < 64 * 1024)
})

test('close is idempotent and commits what is pending', async (t) => {
  const { path, store } = fresh(t)
  const put = store.tree('a').put('x', 1)
  await Promise.all([store.close(), store.close(), put])
  const again = open(path)
  t.is(again.tree('a').get('x'), 1)
  await again.close()
})

test('a closed store refuses everything by name', async (t) => {
  const { store } = fresh(t)
  const tree = store.tree('a')
  const snapshot = store.snapshot()
  await store.close()
  t.throws(() => tree.get('x'), code('ERR_CLOSED'))
  t.throws(() => void tree.put('x', 1), code('ERR_CLOSED'))
  t.throws(() => [...tree.entries()], code('ERR_CLOSED'))
  t.throws(() => store.write(() => 1), code('ERR_CLOSED'))
  t.throws(() => store.tree('b'), code('ERR_CLOSED'))
  t.throws(() => tree.at(snapshot).get('x'), code('ERR_CLOSED'))
  await t.throwsAsync(store.check(), code('ERR_CLOSED'))
})

test('a read-only handle reads and refuses to write', async (t) => {
  const { path, store } = fresh(t)
  const tree = store.tree('a')
  store.write(() => tree.put('x', 1))
  const reader = open(path, { readOnly: true })
  t.teardown(() => reader.close())
  t.is(reader.tree('a').get('x'), 1)
  t.throws(() => void reader.tree('a').put('x', 2), code('ERR_READ_ONLY'))
  t.throws(() => reader.write(() => 1), code('ERR_READ_ONLY'))
  t.throws(() => reader.tree('none'), code('ERR_NOT_FOUND'))
})

test('what cannot be opened is refused by name and not changed', (t) => {
  const path = folder(t)
  t.throws(() => open(join(path, 'none'), { create: false }), code('ERR_NOT_FOUND'))
  t.throws(() => open(join(path, 'none'), { readOnly: true }), code('ERR_NOT_FOUND'))
  writeFileSync(join(path, 'foreign'), 'not a store, but long enough to hold a header of some kind or other'.repeat(300))
  t.throws(() => open(join(path, 'foreign')), code('ERR_FOREIGN_FILE'))
  writeFileSync(join(path, 'empty'), '')
  t.throws(() => open(join(path, 'empty')), code('ERR_FOREIGN_FILE'))
  t.throws(() => open(join(path, 'no', 'folder')), { code: 'ENOENT' })
  t.throws(() => open(''), code('ERR_INVALID_ARGUMENT'))
  t.throws(() => open(join(path, 'x'), { busyTimeoutMs: -1 }), code('ERR_INVALID_ARGUMENT'))
  t.throws(() => open(join(path, 'y'), { checkpointBytes: Number.NaN }), code('ERR_INVALID_ARGUMENT'))
})

test('a tree keeps its encodings', async (t) => {
  const { store } = fresh(t)
  store.tree('a', { key: 'number', value: 'binary' })
  t.throws(() => store.tree('a', { key: 'string' }), code('ERR_SCHEMA_MISMATCH'))
  t.throws(() => store.tree('a', { value: 'json' }), code('ERR_SCHEMA_MISMATCH'))
  t.is(store.tree('a').keyEncoding, 'number')
  t.throws(() => store.tree('b', { key: 'bytes' as 'binary' }), code('ERR_INVALID_ARGUMENT'))
  t.throws(() => store.tree(''), code('ERR_INVALID_ARGUMENT'))
  t.throws(() => store.write(() => store.tree('new')), code('ERR_INVALID_ARGUMENT'))
  t.deepEqual(
    store.structures().map(({ name, kind, count }) => ({ name, kind, count })),
    [{ name: 'a', kind: 'tree', count: 0 }],
  )
})

test('two handles of one process see each other and take turns', async (t) => {
  const { path, store } = fresh(t)
  const other = open(path, { busyTimeoutMs: 20 })
  t.teardown(() => other.close())
  const [mine, theirs] = [store.tree('a'), other.tree('a')]
  for (let round = 0; round < 100; round++) {
    store.write(() => mine.put(`mine ${round}`, round))
    other.write(() => theirs.put(`theirs ${round}`, round))
  }
  t.is(mine.count(), 200)
  const turn = mine.put('held', 1)
  t.throws(() => other.write(() => 1), code('ERR_BUSY'))
  const deferred = theirs.put('waits', 2)
  await Promise.all([turn, deferred])
  t.deepEqual([mine.get('waits'), theirs.get('held')], [2, 1])
  t.true((await other.check()).ok)
})

test('a checkpoint frees the log', async (t) => {
  const { store } = fresh(t, { checkpointBytes: 256 * 1024 })
  const tree = store.tree('a')
  for (let round = 0; round < 300; round++) store.write(() => tree.put(`key ${round % 50}`, 'x'.repeat(3000)))
  const stat = await store.stat()
  t.true(stat.logBytes < 1024 * 1024, `the log has ${stat.logBytes} bytes`)
  await store.checkpoint()
  t.true((await store.stat()).checkpoint >= stat.transaction)
  t.true((await store.check()).ok)
})

// A checkpoint that was asked for while an older one ran began when that had ended, which close had waited for: the storage was closed under it, the
// failure poisoned the store, and the last close left the log behind. Close waits for whatever was asked for before it.
test('closing waits for checkpoints that were asked for', async (t) => {
  const { path, store } = fresh(t)
  const tree = store.tree('a')
  store.write(() => tree.put('first', 1))
  const first = store.checkpoint()
  await new Promise((resolve) => setImmediate(resolve))
  store.write(() => tree.put('second', 2))
  const second = store.checkpoint()
  await store.close()
  await Promise.all([first, second])
  t.false(existsSync(`${path}-log`))
  const again = open(path)
  t.is(again.recovery, undefined)
  t.is(again.tree('a').get('second'), 2)
  await again.close()
})

test('a transaction too large for the log is visible at once and durable by a checkpoint', async (t) => {
  const { path, store } = fresh(t, { checkpointBytes: 256 * 1024 })
  const tree = store.tree('a', { value: 'binary' })
  const value = new Uint8Array(1000).fill(7)
  const receipt = store.write(() => {
    for (let index = 0; index < 2000; index++) tree.put(`key ${index}`, value)
  })
  t.is(tree.count(), 2000)
  const small = tree.put('small', value)
  await receipt.durable
  await small
  const other = open(path)
  t.is(other.tree('a').count(), 2001)
  other.write(() => void other.tree<'string', 'binary'>('a').put('other', value))
  t.true((await other.check()).ok)
  await other.close()
})

test('a large value comes back', async (t) => {
  const { path, store } = fresh(t)
  const tree = store.tree('a', { value: 'binary' })
  const value = new Uint8Array(5_000_000)
  for (let index = 0; index < value.length; index += 997) value[index] = index % 251
  await tree.put('large', value)
  t.deepEqual(Buffer.from(tree.get('large') as Uint8Array).equals(value), true)
  await store.close()
  const again = open(path)
  t.teardown(() => again.close())
  t.true(Buffer.from(again.tree<'string', 'binary'>('a').get('large') as Uint8Array).equals(value))
  t.true((await again.check()).ok)
})
