import test from 'ava'
import { FreeSpace } from '../../src/pages/free-space.js'

test('the high-water mark rises only when nothing is free', (t) => {
  const space = new FreeSpace(10, [[4, 2]])
  t.deepEqual([space.allocate(), space.allocate(), space.allocate()], [4, 5, 10])
  t.is(space.highWater, 11)
})

test('a page freed by a transaction waits for the snapshots before it', (t) => {
  const space = new FreeSpace(10)
  space.commit(7, [4], [])
  space.reclaim(6, 0)
  t.is(space.free.size, 0)
  space.reclaim(7, 0)
  t.true(space.free.has(4))
})

test('a page that a checkpoint reaches waits for a checkpoint behind its freeing', (t) => {
  const space = new FreeSpace(10)
  space.commit(7, [], [4])
  space.reclaim(9, 6)
  t.is(space.free.size, 0)
  space.reclaim(6, 9)
  t.is(space.free.size, 0)
  space.reclaim(7, 7)
  t.true(space.free.has(4))
})

test('transaction ids wrap around in their low words', (t) => {
  const space = new FreeSpace(10)
  space.commit(0xfffffff0, [4], [])
  space.reclaim(5, 0)
  t.true(space.free.has(4))
})

test('a run lies in one aligned block and the gap before it is free', (t) => {
  const space = new FreeSpace(60)
  t.is(space.allocateRun(10), 64)
  t.deepEqual([...space.free.ranges()], [[60, 4]])
})

test('an aborted transaction leaves the high-water mark where it was', (t) => {
  const space = new FreeSpace(60)
  const run = space.allocateRun(10)
  for (let page = run; page < run + 10; page++) space.free.add(page)
  space.restore(60)
  t.is(space.highWater, 60)
  t.is(space.free.size, 0)
})

test('two processes that apply the same changes agree', (t) => {
  const writer = new FreeSpace(10, [[4, 3]])
  const follower = new FreeSpace(10, [[4, 3]])
  const old = [8, 9]
  for (let transaction = 5; transaction < 50; transaction++) {
    const oldest = transaction - 1
    writer.reclaim(oldest, transaction - 3)
    const allocated = [writer.allocate(), writer.allocate()]
    const change = {
      transaction,
      oldest,
      checkpoint: transaction - 3,
      allocated: allocated.map((page) => [page, 1] as const),
      freedYoung: [allocated[1] as number],
      freedOld: [old.shift() as number],
      highWater: writer.highWater,
    }
    old.push(allocated[0] as number)
    writer.commit(transaction, change.freedYoung, change.freedOld)
    t.true(follower.apply(change))
  }
  t.deepEqual([...follower.all().ranges()], [...writer.all().ranges()])
  t.deepEqual([...follower.free.ranges()], [...writer.free.ranges()])
})

test('a change that does not fit is noticed', (t) => {
  const follower = new FreeSpace(10)
  t.false(follower.apply({ transaction: 5, oldest: 4, checkpoint: 1, allocated: [[6, 1]], freedYoung: [], freedOld: [], highWater: 10 }))
})
