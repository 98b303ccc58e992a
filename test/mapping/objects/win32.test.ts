/**
 * What only Windows has: security descriptors, the kernel's own semaphores, and waits that another thread does. On other systems the same
 * options mean less, and that is tested here too.
 */
import test from 'ava'
import { folder } from '../../folder.js'
import { isPosix, startPeer } from './peer.js'

test('a security descriptor says who may do what; a text that is none is refused', async (t) => {
  const namespace = folder(t)
  const [maker, user] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  const wrong = await maker.run((m) => m.Event.create({ name: 'event', reset: 'auto', security: { sddl: 'nonsense' } }).id)
  if (isPosix) {
    t.like(wrong, { code: 'ERR_UNSUPPORTED' })
    return
  }
  t.like(wrong, { win32Code: 87 })
  // Everybody may wait and query, nobody else may change.
  const id = await maker.run((m, kept) => {
    const security = { sddl: 'D:(A;;0x00100001;;;WD)' }
    kept.event = m.Event.create({ name: 'event', reset: 'manual', security })
    kept.semaphore = m.Semaphore.create({ name: 'permits', initial: 1, max: 1, security })
    return [kept.event.id, kept.semaphore.id]
  })
  t.like(await user.run((m) => m.Event.open('event').id), { code: 'ERR_ACCESS_DENIED', win32Code: 5 })
  t.like(await user.run((m) => m.Event.create({ name: 'event', reset: 'auto' }).id), { win32Code: 5 })
  t.like(await user.run((m) => m.Semaphore.open('permits').id), { win32Code: 5 })
  t.deepEqual(
    await user.run((m, kept) => {
      kept.event = m.Event.open('event', { access: 'synchronize' })
      kept.semaphore = m.Semaphore.open('permits', { access: 'synchronize' })
      return [kept.event.id, kept.semaphore.id]
    }),
    id as string[],
  )
  t.deepEqual(await user.run((_, { semaphore }) => semaphore.tryAcquire()), { abandoned: false })
  t.is(await maker.run((_, { semaphore }) => semaphore.count), 0)
  const waiting = user.run((_, { event }) => event.wait())
  await maker.run((_, { event }) => event.set())
  t.is(await waiting, true)
})

test("the kernel's own semaphore is a plain count, and what is given back after a wait is not lost", async (t) => {
  const namespace = folder(t)
  const [first, second] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  await first.run((m, kept) => {
    kept.semaphore = m.Semaphore.create({ name: 'count', initial: 0, max: 2 ** 31 - 1, interop: 'win32' })
  })
  await second.run((m, kept) => {
    kept.semaphore = m.Semaphore.open('count')
  })
  t.deepEqual(await second.run((_, { semaphore: { max, count } }) => [max, count]), [2 ** 31 - 1, 0])
  const waiting = second.run((_, { semaphore }) => semaphore.acquire())
  await first.run((_, { semaphore }) => semaphore.release(3))
  t.like(await waiting, { abandoned: false })
  t.is(await first.run((_, { semaphore }) => semaphore.count), 2)
  await second.kill()
  t.is(await first.run((_, { semaphore }) => semaphore.count), 2, 'lost')
  // A wait that ends in the same turn as the release takes its permit or leaves it, and never loses it.
  t.deepEqual(
    await first.run(async (_, { semaphore }) => {
      let taken = 0
      while (semaphore.tryAcquire() !== undefined) taken++
      let kept = 0
      for (let i = 0; i < 200; i++) {
        const abort = new AbortController()
        const waiting = semaphore.acquire({ signal: abort.signal }).then(
          () => 1,
          () => 0,
        )
        if (i % 3 > 0) await new Promise((resolve) => setTimeout(resolve, i % 3))
        semaphore.release()
        abort.abort()
        kept += await waiting
        if (semaphore.tryAcquire() !== undefined) kept++
      }
      return [taken, kept, semaphore.count]
    }),
    [2, 200, 0],
  )
})

test('a mutex that a wait got is owned by the thread that waited, and waits of one thread do not block it', async (t) => {
  const namespace = folder(t)
  const [owner, other] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  for (const peer of [owner, other]) {
    await peer.run((m, kept) => {
      kept.mutexes = [m.Mutex.create({ name: 'a' }), m.Mutex.create({ name: 'b' })]
      kept.event = m.Event.create({ name: 'event', reset: 'auto' })
    })
  }
  await owner.run((_, { mutexes }) => mutexes.map((mutex) => mutex.tryAcquire()))
  const both = other.run((m, { mutexes, event }) => m.waitAll([...mutexes, event]))
  await owner.run((_, { mutexes, event }) => {
    event.set()
    for (const mutex of mutexes) mutex.release()
  })
  t.deepEqual(await both, { index: 0, abandoned: false })
  t.is(await owner.run((_, { mutexes }) => mutexes[1]?.tryAcquire()), undefined)
  t.is(await owner.run((_, { event }) => event.waitSync({ timeoutMs: 0 })), false)
  // Recursion by another wait, by a blocking one, and of several at once.
  t.deepEqual(
    await other.run(async (m, { mutexes }) => {
      const got = [await mutexes[0]?.acquire(), mutexes[0]?.acquireSync(), m.waitAllSync(mutexes), await m.waitAny(mutexes)]
      const codes: unknown[] = []
      for (const [index, times] of [6, 3].entries()) {
        for (let i = 0; i < times; i++) {
          try {
            mutexes[index]?.release()
            codes.push('done')
          } catch (error) {
            codes.push((error as { win32Code: number }).win32Code)
          }
        }
      }
      return [got.every((result) => result !== undefined), codes]
    }),
    [true, ['done', 'done', 'done', 'done', 'done', 288, 'done', 'done', 288]],
  )
  t.deepEqual(await owner.run((m, { mutexes }) => m.waitAllSync(mutexes, { timeoutMs: 0 })), { index: 0, abandoned: false })
  // A blocking wait while another wait of the same thread is under way for the same mutex.
  const waits = other.run(async (_, { mutexes, event }) => {
    const later = mutexes[0]?.acquire()
    await new Promise((resolve) => setTimeout(resolve, 20))
    event.set()
    const now = mutexes[0]?.acquireSync({ timeoutMs: 20_000 })
    return [now?.abandoned, (await later)?.abandoned]
  })
  t.is(await owner.run((_, { event }) => event.wait()), true)
  await owner.run((_, { mutexes }) => mutexes[0]?.release())
  t.deepEqual(await waits, [false, false])
})
