/**
 * Events and waitable timers between processes.
 */
import test from 'ava'
import { folder } from '../../folder.js'
import { filesOf, startPeer } from './peer.js'

test('an auto-reset event lets one wait pass, a manual one all until it is reset', async (t) => {
  const namespace = folder(t)
  const peers = [await startPeer(t, namespace), await startPeer(t, namespace), await startPeer(t, namespace)]
  for (const peer of peers) {
    await peer.run((m, kept) => {
      kept.events = [
        m.Event.create({ name: 'auto', reset: 'auto' }),
        m.Event.create({ name: 'manual', reset: 'manual', initiallySet: true }),
      ]
    })
  }
  const [first, second, third] = peers as [(typeof peers)[0], (typeof peers)[0], (typeof peers)[0]]
  let passed = 0
  const waits = [second, third].map(async (peer, i) => {
    t.is(await peer.run((_, { events }, sync) => (sync ? events[0]?.waitSync() : events[0]?.wait()), i === 0), true)
    passed++
  })
  await first.run((_, { events }) => events[0]?.set())
  await Promise.race(waits)
  t.is(await first.run((_, { events }) => events[0]?.wait({ timeoutMs: 100 })), false, 'it was for one')
  t.is(passed, 1)
  await first.run((_, { events }) => events[0]?.set())
  await Promise.all(waits)
  for (const peer of peers) t.is(await peer.run((_, { events }) => events[1]?.waitSync({ timeoutMs: 0 })), true)
  t.is(await second.run((_, { events }) => events[1]?.resetMode), 'manual')
  await second.run((_, { events }) => events[1]?.reset())
  t.is(await third.run((_, { events }) => events[1]?.wait({ timeoutMs: 20 })), false)
  for (const peer of peers) await peer.run((_, { events }) => events.map((event) => event.close()))
  await Promise.all(peers.map((peer) => peer.end()))
  t.deepEqual(filesOf(namespace), [], 'bells go with their processes')
})

test('a waiter that was killed leaves its slot to others, and nobody waits for it', async (t) => {
  const namespace = folder(t)
  const setter = await startPeer(t, namespace)
  await setter.run((m, kept) => {
    kept.event = m.Event.create({ name: 'auto', reset: 'auto' })
  })
  const doomed = await startPeer(t, namespace)
  void doomed.run((m, kept) => {
    kept.event = m.Event.open('auto')
    return kept.event.wait()
  })
  await setter.run((_, { event }) => new Promise((resolve) => setTimeout(resolve, 100, event.id)))
  await doomed.kill()
  t.is(
    await setter.run((_, { event }) => {
      event.set()
      return event.waitSync({ timeoutMs: 0 })
    }),
    true,
  )
  await setter.run((_, { event }) => event.close())
  t.deepEqual(filesOf(namespace), [])
})

test('sixty-four waits for one event and more are all served', async (t) => {
  const peer = await startPeer(t, folder(t))
  t.is(
    await peer.run(async (m) => {
      const event = m.Event.create({ name: 'crowd', reset: 'manual' })
      const handles = Array.from({ length: 80 }, () => m.Event.open('crowd'))
      const waits = handles.map((handle) => handle.wait())
      event.set()
      const passed = (await Promise.all(waits)).filter(Boolean).length
      for (const handle of handles) handle.close()
      event.close()
      return passed
    }),
    80,
  )
})

test('a timer set by one process goes off in all, once or again and again, until it is cancelled', async (t) => {
  const namespace = folder(t)
  const [first, second] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  for (const peer of [first, second]) {
    await peer.run((m, kept) => {
      kept.timer = m.WaitableTimer.create({ name: 'timer', reset: 'auto' })
    })
  }
  t.is(await second.run((_, { timer }) => timer.wait({ timeoutMs: 20 })), false, 'not set')
  const waiting = second.run((_, { timer }) => timer.wait())
  await first.run((_, { timer }) => timer.set({ dueMs: 30 }))
  t.is(await waiting, true)
  t.is(await first.run((_, { timer }) => timer.waitSync({ timeoutMs: 20 })), false, 'it was for one wait')
  t.true(
    await second.run(async (_, { timer }) => {
      const start = performance.now()
      timer.set({ at: new Date(Date.now() + 10), periodMs: 10 })
      for (let i = 0; i < 5; i++) await timer.wait()
      return performance.now() - start > 40
    }),
    'never early',
  )
  await first.run((_, { timer }) => timer.cancel())
  t.is(
    await first.run((_, { timer }) => {
      // It may have gone off once more before it was cancelled.
      timer.waitSync({ timeoutMs: 0 })
      return timer.waitSync({ timeoutMs: 30 })
    }),
    false,
  )
  t.deepEqual(
    await first.run((m) => {
      const manual = m.WaitableTimer.create({ reset: 'manual' })
      manual.set({ dueMs: 0 })
      const seen = [manual.waitSync({ timeoutMs: 1000 }), manual.waitSync({ timeoutMs: 0 })]
      manual.cancel()
      seen.push(manual.waitSync({ timeoutMs: 0 }))
      manual.set({ dueMs: 1e9 })
      seen.push(manual.waitSync({ timeoutMs: 0 }))
      manual.close()
      return seen
    }),
    [true, true, true, false],
    'cancelled while signalled, it stays so',
  )
  t.like(await first.run((_, { timer }) => timer.set({})), { code: 'ERR_INVALID_ARGUMENT' })
  t.like(await first.run((_, { timer }) => timer.set({ dueMs: -1 })), { code: 'ERR_INVALID_ARGUMENT' })
})

test('waiting for any takes one, waiting for all takes all at once or nothing', async (t) => {
  const peer = await startPeer(t, folder(t))
  t.deepEqual(
    await peer.run(async (m) => {
      const semaphore = m.Semaphore.create({ initial: 1, max: 2 })
      const mutex = m.Mutex.create()
      const event = m.Event.create({ reset: 'auto' })
      const timer = m.WaitableTimer.create({ reset: 'auto' })
      const seen: unknown[] = []
      seen.push(m.waitAllSync([semaphore, event, timer], { timeoutMs: 10 }), semaphore.count)
      event.set()
      seen.push((await m.waitAll([semaphore, event, timer], { timeoutMs: 10 }))?.index, semaphore.count)
      seen.push(await m.waitAny([timer, event]), event.waitSync({ timeoutMs: 0 }))
      const all = m.waitAll([event, timer, semaphore, mutex])
      event.set()
      timer.set({ dueMs: 20 })
      seen.push(await all, semaphore.count, event.waitSync({ timeoutMs: 0 }), timer.waitSync({ timeoutMs: 0 }))
      mutex.release()
      const any = m.waitAny([event, semaphore])
      semaphore.release()
      seen.push(await any)
      for (const object of [semaphore, mutex, event, timer]) object.close()
      return seen
    }),
    [
      undefined,
      1,
      undefined,
      1,
      { index: 1, abandoned: false },
      false,
      { index: 0, abandoned: false },
      0,
      false,
      false,
      { index: 1, abandoned: false },
    ],
  )
})

test('a process with nothing to wait for ends by itself, and one that waits does not', async (t) => {
  const namespace = folder(t)
  const [first, second] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  await first.run((m, kept) => {
    kept.event = m.Event.create({ name: 'event', reset: 'auto' })
  })
  await second.run(async (m, kept) => {
    kept.event = m.Event.open('event')
    await kept.event.wait({ timeoutMs: 1 })
    process.removeAllListeners('message')
    void kept.event.wait().then(() => kept.event.close())
  })
  const ended = second.end()
  const early = await Promise.race([ended.then(() => 'ended'), new Promise((resolve) => setTimeout(resolve, 300, 'waits'))])
  t.is(early, 'waits')
  await first.run((_, { event }) => event.set())
  await ended
  t.is(second.process.exitCode, 0)
})

test('a program that ends by process.exit leaves nothing behind', async (t) => {
  const namespace = folder(t)
  const peer = await startPeer(t, namespace)
  await peer.run((m, kept) => {
    kept.objects = [m.Event.create({ name: 'event', reset: 'auto' }), m.Mutex.create({ name: 'Global\\mutex', initiallyOwned: true })]
    void m.waitAny(kept.objects.slice(0, 1)).catch(() => undefined)
    kept.objects[0]?.offer()
    setTimeout(() => process.exit(3), 10)
  })
  await new Promise((resolve) => peer.process.once('exit', resolve))
  t.is(peer.process.exitCode, 3)
  t.deepEqual(filesOf(namespace), [])
})
