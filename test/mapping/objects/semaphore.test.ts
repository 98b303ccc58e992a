/**
 * Semaphores between processes: counts, limits, waits, and holders that die, stop, or never come back.
 */
import test from 'ava'
import { folder } from '../../folder.js'
import { filesOf, isPosix, startPeer } from './peer.js'

test('permits are counted over all processes, and a release past the maximum changes nothing', async (t) => {
  const namespace = folder(t)
  const [first, second] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  await first.run((m, kept) => {
    kept.semaphore = m.Semaphore.create({ name: 'permits', initial: 2, max: 4 })
  })
  t.deepEqual(
    await second.run((m, kept) => {
      kept.semaphore = m.Semaphore.create({ name: 'permits', initial: 9, max: 9 })
      const { existed, max, count } = kept.semaphore
      return { existed, max, count }
    }),
    { existed: true, max: 4, count: 2 },
    'the old parameters',
  )
  t.deepEqual(await second.run((_, { semaphore }) => semaphore.tryAcquire()), { abandoned: false })
  t.deepEqual(await first.run((_, { semaphore }) => semaphore.tryAcquire()), { abandoned: false })
  t.is(await first.run((_, { semaphore }) => semaphore.tryAcquire()), undefined)
  t.like(await first.run((_, { semaphore }) => semaphore.release(5)), { code: 'ERR_TOO_MANY_POSTS', win32Code: 298 })
  t.is(await second.run((_, { semaphore }) => semaphore.count), 0, 'all or nothing')
  t.is(await first.run((_, { semaphore }) => semaphore.release(3)), 0)
  t.like(await first.run((_, { semaphore }) => semaphore.release(2)), { code: 'ERR_TOO_MANY_POSTS' })
  t.is(await second.run((_, { semaphore }) => semaphore.count), 3)
  t.is(await first.run((_, { semaphore }) => semaphore.release()), 3)
  t.like(await second.run((_, { semaphore }) => semaphore.release()), { code: 'ERR_TOO_MANY_POSTS' }, 'the other process has given it back')
  t.deepEqual(await second.run((_, { semaphore }) => [1, 2, 3, 4, 5].map(() => semaphore.tryAcquire() !== undefined)), [
    true,
    true,
    true,
    true,
    false,
  ])
})

test('a killed holder gives its permits back, and each next one is told', async (t) => {
  const namespace = folder(t)
  const [holder, heir] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  const create = (m: typeof import('../../../src/mapping/index.js'), kept: import('./peer.js').Kept) => {
    kept.semaphore = m.Semaphore.create({ name: 'permits', initial: 3, max: 3 })
    return kept.semaphore.tryAcquire()
  }
  t.deepEqual(await heir.run(create), { abandoned: false })
  await holder.run(create)
  await holder.run(create)
  t.is(await heir.run((_, { semaphore }) => semaphore.tryAcquire()), undefined)
  await holder.kill()
  t.deepEqual(await heir.run((_, { semaphore }) => [1, 2, 3].map(() => semaphore.tryAcquire())), [
    { abandoned: true },
    { abandoned: true },
    undefined,
  ])
  t.deepEqual(
    await heir.run((_, { semaphore }) => {
      semaphore.release(3)
      return [semaphore.count, semaphore.tryAcquire()]
    }),
    [3, { abandoned: false }],
  )
  await heir.run((_, { semaphore }) => semaphore.close())
  t.deepEqual(filesOf(namespace), [])
})

test('who waits gets the permit of a holder that dies', async (t) => {
  const namespace = folder(t)
  const [holder, waiter, blocked] = [await startPeer(t, namespace), await startPeer(t, namespace), await startPeer(t, namespace)]
  for (const peer of [holder, waiter, blocked]) {
    await peer.run((m, kept) => {
      kept.semaphore = m.Semaphore.create({ name: 'one', initial: 1, max: 1 })
    })
  }
  await holder.run((_, { semaphore }) => semaphore.tryAcquire())
  const waited = waiter.run((_, { semaphore }) => semaphore.acquire())
  const slept = blocked.run((_, { semaphore }) => semaphore.acquireSync())
  await holder.kill()
  const winner = await Promise.race([waited.then((result) => ({ result, of: waiter })), slept.then((result) => ({ result, of: blocked }))])
  t.like(winner.result, { abandoned: true })
  await winner.of.kill()
  t.like(await (winner.of === waiter ? slept : waited), { abandoned: true })
})

test('a stopped holder is not robbed', async (t) => {
  if (!isPosix) {
    t.log('not run: Windows has no SIGSTOP')
    t.pass()
    return
  }
  const namespace = folder(t)
  const [holder, other] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  for (const peer of [holder, other]) {
    await peer.run((m, kept) => {
      kept.semaphore = m.Semaphore.create({ name: 'one', initial: 1, max: 1 })
    })
  }
  await holder.run((_, { semaphore }) => semaphore.tryAcquire())
  holder.process.kill('SIGSTOP')
  t.is(await other.run((_, { semaphore }) => semaphore.acquire({ timeoutMs: 300 })), undefined)
  t.is(await other.run((_, { semaphore }) => semaphore.acquireSync({ timeoutMs: 100 })), undefined)
  holder.process.kill('SIGCONT')
  t.is(await holder.run((_, { semaphore }) => semaphore.release()), 0)
  t.deepEqual(await other.run((_, { semaphore }) => semaphore.tryAcquire()), { abandoned: false })
})

test('one process may release what another acquired, and its death then takes nothing', async (t) => {
  const namespace = folder(t)
  const [producer, consumer] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  for (const peer of [producer, consumer]) {
    await peer.run((m, kept) => {
      kept.semaphore = m.Semaphore.create({ name: 'items', initial: 0, max: 3 })
    })
  }
  t.is(await producer.run((_, { semaphore }) => semaphore.release(2)), 0)
  t.is(await producer.run((_, { semaphore }) => semaphore.release(1)), 2)
  for (let i = 0; i < 3; i++) t.deepEqual(await consumer.run((_, { semaphore }) => semaphore.tryAcquire()), { abandoned: false })
  t.is(await producer.run((_, { semaphore }) => semaphore.release(3)), 0, "the consumer's permits, posted anew")
  t.like(await consumer.run((_, { semaphore }) => semaphore.release()), { code: 'ERR_TOO_MANY_POSTS' })
  t.is(await consumer.run((_, { semaphore }) => semaphore.count), 3)
  await consumer.kill()
  t.deepEqual(await producer.run((_, { semaphore }) => [1, 2, 3, 4].map(() => semaphore.tryAcquire())), [
    { abandoned: false },
    { abandoned: false },
    { abandoned: false },
    undefined,
  ])
})

test('lost permits stay lost where that is asked for, and the maximum may be large', async (t) => {
  const namespace = folder(t)
  const [holder, other] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  for (const peer of [holder, other]) {
    await peer.run((m, kept) => {
      kept.semaphore = m.Semaphore.create({ name: 'lost', initial: 1, max: 2 ** 31 - 1, abandoned: 'lost' })
    })
  }
  await holder.run((_, { semaphore }) => semaphore.tryAcquire())
  await holder.kill()
  t.is(await other.run((_, { semaphore }) => semaphore.acquire({ timeoutMs: 100 })), undefined)
  t.is(await other.run((_, { semaphore }) => semaphore.release(2 ** 31 - 1)), 0)
  t.like(await other.run((_, { semaphore }) => semaphore.release()), { code: 'ERR_TOO_MANY_POSTS' })
  t.is(await other.run((_, { semaphore }) => semaphore.count), 2 ** 31 - 1)
  t.like(await other.run((m) => m.Semaphore.create({ initial: 0, max: 65_537 }).count), { code: 'ERR_INVALID_ARGUMENT' })
  t.is(
    await other.run((m) => {
      const large = m.Semaphore.create({ initial: 65_536, max: 65_536 })
      for (let i = 0; i < 1000; i++) large.tryAcquire()
      const count = large.count
      large.release(1000)
      const after = large.count
      large.close()
      return count + after
    }),
    64_536 + 65_536,
  )
})

test('a wait that is aborted, or whose time is up, takes nothing; the event loop goes on meanwhile', async (t) => {
  const namespace = folder(t)
  const [holder, waiter] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  for (const peer of [holder, waiter]) {
    await peer.run((m, kept) => {
      kept.semaphore = m.Semaphore.create({ name: 'one', initial: 1, max: 1 })
    })
  }
  await holder.run((_, { semaphore }) => semaphore.tryAcquire())
  t.deepEqual(
    await waiter.run(async (_, { semaphore }) => {
      const abort = new AbortController()
      const waiting = semaphore.acquire({ signal: abort.signal }).catch((error: Error) => error.message)
      let ticks = 0
      const timer = setInterval(() => ticks++, 1)
      const timed = await semaphore.acquire({ timeoutMs: 50 })
      abort.abort(new Error('enough'))
      clearInterval(timer)
      return [timed, ticks > 5, await waiting, await semaphore.acquire({ signal: AbortSignal.abort(new Error('before')) }).catch(String)]
    }),
    [undefined, true, 'enough', 'Error: before'] as unknown[],
  )
  await holder.run((_, { semaphore }) => semaphore.release())
  t.is(await holder.run((_, { semaphore }) => semaphore.count), 1, 'nothing was lost')
})

test('two processes hand one permit to and fro without losing it', async (t) => {
  const namespace = folder(t)
  const peers = [await startPeer(t, namespace), await startPeer(t, namespace), await startPeer(t, namespace)]
  for (const peer of peers) {
    await peer.run((m, kept) => {
      kept.semaphore = m.Semaphore.create({ name: 'busy', initial: 2, max: 2 })
    })
  }
  const results = await Promise.all(
    peers.map((peer) =>
      peer.run(async (_, { semaphore }) => {
        let abandoned = 0
        for (let i = 0; i < 600; i++) {
          const got = i % 3 === 0 ? semaphore.acquireSync() : await semaphore.acquire()
          if (got?.abandoned) abandoned++
          if (i % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
          semaphore.release()
        }
        return abandoned
      }),
    ),
  )
  t.deepEqual(results, [0, 0, 0])
  t.is(await peers[0]?.run((_, { semaphore }) => semaphore.count), 2)
})

test('a closed handle is refused, and wrong arguments change nothing', async (t) => {
  const peer = await startPeer(t, folder(t))
  t.deepEqual(
    await peer.run(async (m) => {
      const semaphore = m.Semaphore.create({ initial: 0, max: 1 })
      const codes: unknown[] = []
      const note = (error: unknown) => codes.push((error as { code: unknown }).code)
      const wrong = [
        () => m.Semaphore.create({ initial: 2, max: 1 }),
        () => m.Semaphore.create({ initial: 0, max: 0 }),
        () => m.Semaphore.create({ initial: 0, max: 1, abandoned: 'kept' as 'lost' }),
        () => m.Semaphore.create(null as never),
        () => semaphore.release(0),
        () => semaphore.release(1.5),
        () => semaphore.acquireSync({ timeoutMs: -1 }),
        () => m.waitAnySync([]),
        () => m.waitAnySync([semaphore, semaphore]),
        () => m.waitAnySync([{} as never]),
      ]
      for (const call of wrong) {
        try {
          call()
          codes.push('nothing')
        } catch (error) {
          note(error)
        }
      }
      await semaphore.acquire({ signal: 5 as never }).catch(note)
      const waiting = semaphore.acquire().catch(note)
      semaphore.close()
      semaphore.close()
      await waiting
      await semaphore.acquire().catch(note)
      return [...new Set(codes.slice(0, 11)), ...codes.slice(11)]
    }),
    ['ERR_INVALID_ARGUMENT', 'ERR_CLOSED', 'ERR_CLOSED'],
  )
})
