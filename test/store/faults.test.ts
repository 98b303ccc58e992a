/**
 * Calls to the storage that go wrong: typed errors, nothing half-done, and no writing after a failed flush.
 */
import test, { type ExecutionContext } from 'ava'
import { MemoryDisk, type Operation } from '../../src/pages/memory-storage.js'
import { initialBytes } from '../../src/pages/meta.js'
import { openStorage, type Store } from '../../structures/index.js'

function start(): { disk: MemoryDisk; store: Store } {
  const disk = MemoryDisk.create(initialBytes())
  return { disk, store: openStorage(disk.open(), { checkpointBytes: 64 * 1024 }) }
}

/** Lets the n-th call of a kind from now on fail, once. */
function failOnce(disk: MemoryDisk, operation: Operation, file: 'data' | 'log', code: 'EIO' | 'ENOSPC'): void {
  disk.faults = (call) => {
    if (call.operation !== operation || call.file !== file) return undefined
    disk.faults = undefined
    return { code }
  }
}

async function expectIntact(t: ExecutionContext, disk: MemoryDisk, expected: [string, unknown][]): Promise<void> {
  const store = openStorage(disk.open())
  t.deepEqual([...store.tree('a').entries()], expected)
  t.deepEqual((await store.check()).errors, [])
  await store.close()
}

for (const [operation, file] of [
  ['allocate', 'data'],
  ['write', 'log'],
] as const) {
  test(`a full disk in ${file}.${operation} aborts that transaction only`, async (t) => {
    const { disk, store } = start()
    const tree = store.tree('a')
    store.write(() => tree.put('x', 1))
    failOnce(disk, operation, file, 'ENOSPC')
    const before = (await store.stat()).transaction
    t.throws(
      () => {
        for (let round = 0; round < 1000; round++) store.write(() => tree.put(`filler ${round}`, 'f'.repeat(500)))
      },
      { code: 'ENOSPC' },
    )
    t.is(tree.get('x'), 1)
    t.deepEqual((await store.check()).errors, [])
    await tree.put('y', 2)
    t.true((await store.stat()).transaction > before)
    t.is(tree.get('y'), 2)
    await store.close()
  })
}

test('pages that cannot be written abort the transaction, and its frame is never replayed', async (t) => {
  const { disk, store } = start()
  const tree = store.tree('a')
  await tree.put('x', 1)
  failOnce(disk, 'writePages', 'data', 'ENOSPC')
  t.throws(() => store.write(() => tree.put('x', 2)), { code: 'ENOSPC' })
  t.is(tree.get('x'), 1)
  await expectIntact(t, MemoryDisk.fromImage(disk.volatileImage()), [['x', 1]])
  await store.close()
})

test('a failed flush is final in every handle, until somebody has opened the store alone', async (t) => {
  const { disk, store } = start()
  const other = openStorage(disk.open())
  const tree = store.tree('a')
  await tree.put('x', 1)
  failOnce(disk, 'flush', 'log', 'EIO')
  const receipt = store.write(() => tree.put('y', 2))
  await t.throwsAsync(receipt.durable, { code: 'EIO' })
  t.throws(() => store.write(() => tree.put('z', 3)), { code: 'ERR_POISONED' })
  t.throws(() => other.write(() => 1), { code: 'ERR_POISONED' })
  t.is(other.tree('a').get('x'), 1, 'reads go on')
  await Promise.all([store.close(), other.close()])
  await expectIntact(t, disk, [
    ['x', 1],
    ['y', 2],
  ])
})

test('a batch that is not committed rejects every put in it', async (t) => {
  const { disk, store } = start()
  const tree = store.tree('a')
  await tree.put('x', 1)
  failOnce(disk, 'write', 'log', 'ENOSPC')
  const puts = [tree.put('y', 2), tree.put('z', 3)]
  for (const put of puts) await t.throwsAsync(put, { code: 'ENOSPC' })
  t.deepEqual([...tree.keys()], ['x'])
  await store.close()
})

test('a failed flush of a checkpoint poisons the store', async (t) => {
  const { disk, store } = start()
  const tree = store.tree('a')
  await tree.put('x', 1)
  failOnce(disk, 'flush', 'data', 'EIO')
  await t.throwsAsync(store.checkpoint(), { code: 'EIO' })
  t.throws(() => store.write(() => 1), { code: 'ERR_POISONED' })
  await store.close()
  await expectIntact(t, disk, [['x', 1]])
})

test('every call of a workload fails once, and the store stays right', async (t) => {
  const rounds = 400
  for (let ordinal = 1; ordinal <= rounds; ordinal++) {
    const disk = MemoryDisk.create(initialBytes())
    let failed = false
    disk.faults = (call) => {
      if (call.ordinal !== ordinal || ['read', 'open', 'map'].includes(call.operation)) return undefined
      failed = true
      return { code: 'EIO' }
    }
    const acknowledged = new Map<string, unknown>()
    const attempted = new Map<string, Set<unknown>>()
    try {
      const store = openStorage(disk.open(), { checkpointBytes: 64 * 1024 })
      const tree = store.tree('a')
      for (let round = 0; round < 40; round++) {
        const key = `key ${round % 7}`
        const value = `${round} ${'v'.repeat(round % 5 === 0 ? 9000 : 20)}`
        attempted.set(key, (attempted.get(key) ?? new Set()).add(value))
        try {
          await store.write(() => tree.put(key, value)).durable
          acknowledged.set(key, value)
          attempted.set(key, new Set([value]))
        } catch {}
        if (round % 10 === 9) await store.checkpoint().catch(() => {})
      }
      await store.close().catch(() => {})
    } catch {}
    disk.faults = undefined
    const again = openStorage(disk.open())
    const tree = again.tree('a')
    for (const [key, values] of attempted) {
      const found = tree.get(key)
      if (!values.has(found) && acknowledged.get(key) !== found) t.fail(`call ${ordinal}: ${key} holds what was never written`)
    }
    const report = await again.check()
    if (!report.ok) t.fail(`call ${ordinal}: ${report.errors}`)
    await again.close()
    if (!failed) break
  }
  t.pass()
})
