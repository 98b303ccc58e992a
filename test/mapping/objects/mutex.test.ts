/**
 * Mutexes between processes: owned by a thread, recursive, abandoned by death.
 */
import test from 'ava'
import { folder } from '../../folder.js'
import { filesOf, isPosix, startPeer } from './peer.js'

test('a thread owns a mutex over all its handles, as often as it acquired it; nobody else releases it', async (t) => {
  const namespace = folder(t)
  const [owner, other] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  t.deepEqual(
    await owner.run((m, kept) => {
      kept.mutexes = [m.Mutex.create({ name: 'one', initiallyOwned: true }), m.Mutex.open('one')]
      return kept.mutexes.map((mutex) => mutex.tryAcquire())
    }),
    [{ abandoned: false }, { abandoned: false }],
  )
  await other.run((m, kept) => {
    kept.mutex = m.Mutex.create({ name: 'one', initiallyOwned: true })
  })
  t.is(await other.run((_, { mutex }) => mutex.existed), true)
  t.is(await other.run((_, { mutex }) => mutex.tryAcquire()), undefined, 'initiallyOwned has no effect on an existing one')
  t.like(await other.run((_, { mutex }) => mutex.release()), { code: 'ERR_NOT_OWNER', win32Code: 288 })
  // The handle that was acquired first goes; the mutex stays owned.
  await owner.run((_, { mutexes }) => mutexes[0]?.close())
  t.is(await other.run((_, { mutex }) => mutex.tryAcquire()), undefined)
  await owner.run((_, { mutexes }) => mutexes[1]?.release())
  await owner.run((_, { mutexes }) => mutexes[1]?.release())
  t.is(await other.run((_, { mutex }) => mutex.tryAcquire()), undefined, 'acquired three times')
  await owner.run((_, { mutexes }) => mutexes[1]?.release())
  t.deepEqual(await other.run((_, { mutex }) => mutex.tryAcquire()), { abandoned: false })
  t.like(await owner.run((_, { mutexes }) => mutexes[1]?.release()), { code: 'ERR_NOT_OWNER' })
  await other.run((_, { mutex }) => mutex.release())
  await other.run((_, { mutex }) => mutex.close())
  await owner.run((_, { mutexes }) => mutexes[1]?.close())
  t.deepEqual(filesOf(namespace), [])
})

test("an owner's death and its close are told to the next, once; a stopped owner keeps it", async (t) => {
  const namespace = folder(t)
  const [owner, next] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  for (const peer of [owner, next]) {
    await peer.run((m, kept) => {
      kept.mutex = m.Mutex.create({ name: 'one' })
    })
  }
  await owner.run((_, { mutex }) => mutex.acquireSync())
  // Windows has no such signal: there it is only busy elsewhere.
  if (isPosix) owner.process.kill('SIGSTOP')
  t.is(await next.run((_, { mutex }) => mutex.acquire({ timeoutMs: 200 })), undefined)
  const waiting = next.run(async (_, { mutex }) => (await mutex.acquire())?.abandoned)
  await owner.kill()
  t.is(await waiting, true)
  await next.run((_, { mutex }) => mutex.release())
  t.deepEqual(await next.run((_, { mutex }) => mutex.tryAcquire()), { abandoned: false })
  const third = await startPeer(t, namespace)
  await third.run((m, kept) => {
    kept.mutex = m.Mutex.open('one')
  })
  const blocked = third.run((_, { mutex }) => mutex.acquireSync()?.abandoned)
  await next.run((_, { mutex }) => mutex.close())
  t.is(await blocked, true)
})

test('threads of one process are owners of their own', async (t) => {
  const peer = await startPeer(t, folder(t))
  t.deepEqual(
    await peer.run(async (m) => {
      const mutex = m.Mutex.create({ name: 'one', initiallyOwned: true })
      const { Worker } = await import('node:worker_threads')
      const { createRequire } = await import('node:module')
      const mapping = createRequire(process.argv[1] as string).resolve('../../../src/mapping/index.js')
      const worker = new Worker(
        `import('file://' + ${JSON.stringify(mapping)}).then(async (m) => {
          const { parentPort } = require('node:worker_threads')
          const mutex = m.Mutex.open('one')
          parentPort.postMessage(mutex.tryAcquire())
          parentPort.postMessage((await mutex.acquire()).abandoned)
          await new Promise((resolve) => parentPort.once('message', resolve))
        })`,
        { eval: true },
      )
      const next = () => new Promise((resolve) => worker.once('message', resolve))
      const first = await next()
      mutex.release()
      const second = await next()
      const mine = mutex.tryAcquire()
      // The thread ends with the mutex, and with a wait under way nobody can be left waiting for.
      await worker.terminate()
      const after = await mutex.acquire({ timeoutMs: 5000 })
      mutex.close()
      return [first, second, mine, after?.abandoned]
    }),
    [undefined, false, undefined, true],
  )
})
