/**
 * Sharing without a name: handles given to a running process by a ticket, and to a child at its start.
 */
import { chmodSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { folder } from '../../folder.js'
import { filesOf, isPosix, startPeer } from './peer.js'

const INDEX = fileURLToPath(new URL('../../../src/mapping/index.js', import.meta.url))

test('a handle goes to another process by a ticket, once, and is the same object', async (t) => {
  const namespace = folder(t)
  const [giver, taker] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  const ticket = (await giver.run((m, kept) => {
    kept.semaphore = m.Semaphore.create({ initial: 2, max: 2 })
    kept.semaphore.tryAcquire()
    const ticket = kept.semaphore.offer()
    kept.promise = ticket.claimed
    return ticket.text
  })) as string
  t.regex(ticket, /^[\w.-]+$/)
  t.like(await taker.run((m, _, ticket) => m.Event.claim(ticket), ticket), { win32Code: 6 })
  t.is(
    await taker.run(async (m, kept, ticket) => {
      kept.semaphore = await m.Semaphore.claim(ticket)
      return kept.semaphore.id
    }, ticket),
    (await giver.run((_, { semaphore }) => semaphore.id)) as string,
  )
  t.is(await giver.run((_, { promise }) => promise), true)
  t.like(await taker.run((m, _, ticket) => m.Semaphore.claim(ticket), ticket), { win32Code: 2 })
  t.deepEqual(await taker.run((_, { semaphore }) => [semaphore.tryAcquire(), semaphore.tryAcquire()]), [{ abandoned: false }, undefined])
  // The giver's permit stayed with the giver, and the object lives on without it.
  await giver.kill()
  t.deepEqual(await taker.run((_, { semaphore }) => semaphore.tryAcquire()), { abandoned: true })
  await taker.run((_, { semaphore }) => semaphore.close())
  t.deepEqual(filesOf(namespace), [])
})

test('a ticket carries fewer rights, never more, and can be withdrawn', async (t) => {
  const namespace = folder(t)
  const [giver, taker] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  const [reduced, withdrawn, code] = (await giver.run((m, kept) => {
    kept.event = m.Event.create({ name: 'event', reset: 'manual' })
    const reader = m.Event.open('event', { access: 'synchronize' })
    let code: unknown
    try {
      reader.offer({ access: 'all' })
    } catch (error) {
      code = (error as { win32Code: number }).win32Code
    }
    const gone = kept.event.offer()
    gone.close()
    gone.close()
    const ticket = reader.offer()
    reader.close()
    return [ticket.text, gone.text, code]
  })) as [string, string, number]
  t.is(code, 5)
  t.like(await taker.run((m, _, ticket) => m.Event.claim(ticket), withdrawn), { win32Code: 2 })
  await taker.run(async (m, kept, ticket) => {
    kept.event = await m.Event.claim(ticket)
  }, reduced)
  t.like(await taker.run((_, { event }) => event.set()), { win32Code: 5 })
  const waiting = taker.run((_, { event }) => event.wait())
  await giver.run((_, { event }) => event.set())
  t.is(await waiting, true)
  for (const wrong of ['', 'holdfast-3-7-0-t-../../../etc/pass', 'holdfast-3-7-0-t-0123456789abcdef', 'holdfast-9-7-x'])
    t.regex(
      ((await taker.run((m, _, ticket) => m.Event.claim(ticket), wrong)) as { code: string }).code,
      /ERR_INVALID_ARGUMENT|ERR_FILE_NOT_FOUND/,
    )
})

test('an offer of a killed process is gone, and its socket with the next use', async (t) => {
  const namespace = folder(t)
  const [giver, taker] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  const ticket = (await giver.run((m, kept) => {
    kept.event = m.Event.create({ reset: 'auto' })
    return kept.event.offer().text
  })) as string
  t.is(filesOf(namespace).length, isPosix ? 2 : 0)
  await giver.kill()
  t.like(await taker.run((m, _, ticket) => m.Event.claim(ticket), ticket), { win32Code: 2 })
  await taker.run((m) => m.Event.create({ reset: 'auto' }).close())
  t.deepEqual(filesOf(namespace), [])
})

test('a ticket is worth nothing to another user, unless it is for that user', async (t) => {
  if (process.getuid?.() !== 0) {
    t.log('only root can start a process of another user: this was not run')
    t.pass()
    return
  }
  const namespace = folder(t)
  chmodSync(namespace, 0o777)
  const giver = await startPeer(t, namespace, { uid: 65_533 })
  const taker = await startPeer(t, namespace, { uid: 65_534 })
  const [mine, theirs] = (await giver.run((m, kept) => {
    kept.event = m.Event.create({ reset: 'manual', initiallySet: true })
    return [kept.event.offer().text, kept.event.offer({ uid: 65_534 }).text]
  })) as [string, string]
  t.like(await taker.run((m, _, ticket) => m.Event.claim(ticket), mine), { win32Code: 2 }, 'its socket is in a directory of the giver')
  t.is(await taker.run(async (m, _, ticket) => (await m.Event.claim(ticket)).waitSync({ timeoutMs: 0 }), theirs), true)
})

test('a socket in the shared directory looks at who claims', async (t) => {
  if (process.getuid?.() !== 0) {
    t.log('only root can start a process of another user: this was not run')
    t.pass()
    return
  }
  const namespace = folder(t)
  chmodSync(namespace, 0o777)
  const giver = await startPeer(t, namespace, { uid: 65_533 })
  const taker = await startPeer(t, namespace, { uid: 65_534 })
  const ticket = (await giver.run((m, kept) => {
    kept.event = m.Event.create({ reset: 'manual' })
    return kept.event.offer({ uid: 1 }).text
  })) as string
  t.like(await taker.run((m, _, ticket) => m.Event.claim(ticket), ticket), { win32Code: 2 })
})

test('a child inherits what its parent gives it, with the rights that it gives', async (t) => {
  const namespace = folder(t)
  const parent = await startPeer(t, namespace)
  const result = await parent.run(
    async (m, kept, { index }) => {
      const { fork } = await import('node:child_process')
      kept.semaphore = m.Semaphore.create({ initial: 0, max: 5 })
      kept.event = m.Event.create({ reset: 'auto' })
      const handles = m.inheritable(
        { items: kept.semaphore, 'wake-up': { object: kept.event, access: 'synchronize' } },
        { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
      )
      const text = `import(${JSON.stringify(`file://${index}`)}).then(async (m) => {
        const items = m.Semaphore.inherited('items')
        const event = m.Event.inherited('wake-up')
        const codes = []
        const note = (call) => { try { call(); codes.push('done') } catch (error) { codes.push(error.win32Code) } }
        note(() => m.Semaphore.inherited('items'))
        note(() => m.Event.inherited('other'))
        note(() => event.set())
        items.release(3)
        await event.wait()
        process.send([codes, items.id, event.id, process.env.HOLDFAST_INHERITED])
        process.disconnect()
        items.close()
        event.close()
      })`
      const { writeFileSync } = await import('node:fs')
      writeFileSync(`${process.env.HOLDFAST_OBJECTS}/child.mjs`, text)
      const child = fork(`${process.env.HOLDFAST_OBJECTS}/child.mjs`, { stdio: [...handles.stdio], env: handles.env })
      handles.release()
      handles.release()
      const answer = new Promise((resolve) => child.once('message', resolve))
      const ended = new Promise((resolve) => child.once('exit', resolve))
      await kept.semaphore.acquire()
      kept.event.set()
      const [codes, ...rest] = (await answer) as [unknown[], ...unknown[]]
      const count = kept.semaphore.count
      return [codes, count, rest, [kept.semaphore.id, kept.event.id, ''], await ended]
    },
    { index: INDEX },
  )
  const [codes, count, ids, expected, ended] = result as unknown as [unknown[], number, unknown[], unknown[], number]
  t.deepEqual(codes, [2, 2, 5])
  t.is(count, 2)
  t.deepEqual(ids, expected)
  t.is(ended, 0)
})

test('no other handle is inherited', async (t) => {
  const namespace = folder(t)
  const parent = await startPeer(t, namespace)
  const left = await parent.run(async (m, kept) => {
    const { spawn } = await import('node:child_process')
    kept.events = [m.Event.create({ name: 'event', reset: 'auto' })]
    await kept.events[0]?.wait({ timeoutMs: 1 })
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 10000)'], { stdio: 'ignore' })
    await new Promise((resolve) => child.once('spawn', resolve))
    kept.events[0]?.close()
    let code: unknown
    try {
      m.Event.open('event')
    } catch (error) {
      code = (error as { win32Code: number }).win32Code
    }
    child.kill('SIGKILL')
    return code
  })
  t.is(left, 2, 'the child keeps nothing alive')
})
