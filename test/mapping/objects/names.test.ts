/**
 * The namespace: names, scopes, kinds, lifetimes, rights, and other users.
 */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { folder } from '../../folder.js'
import { filesOf, startPeer } from './peer.js'

test('names of any script and length up to the limit, case counts, scopes are apart', async (t) => {
  const namespace = folder(t)
  const [first, second] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  const names = [
    'a',
    'A',
    '名前',
    'Ωμέγα/πέρας',
    '👩‍👩‍👧',
    'é',
    'e\u0301',
    '../../etc',
    ' . ',
    'local\\'.slice(0, 5),
    'x'.repeat(260),
    '界'.repeat(260),
    'Global\\a',
    'Global\\名前',
  ]
  await first.run((m, kept, names) => {
    kept.events = names.map((name) => m.Event.create({ name, reset: 'manual' }))
  }, names)
  t.is(await first.run((_, { events }) => new Set(events.map((event) => event.id)).size), names.length, 'all are different objects')
  t.true(await first.run((m, { events }, names) => events.every((event, i) => m.Event.open(names[i] as string).id === event.id), names))
  const ids = await first.run((_, { events }) => events.map((event) => event.id))
  t.deepEqual(await second.run((m, _, names) => names.map((name) => m.Event.open(name).id), names), ids)
  t.is(await second.run((m) => m.Event.open('Local\\a').id), (ids as string[])[0])
  const refused: [string, string, number | undefined][] = [
    ['a\\b', 'ERR_PATH_NOT_FOUND', 3],
    ['Global\\a\\b', 'ERR_PATH_NOT_FOUND', 3],
    ['local\\a', 'ERR_PATH_NOT_FOUND', 3],
    ['x'.repeat(261), 'ERR_FILENAME_EXCED_RANGE', 206],
    ['', 'ERR_INVALID_ARGUMENT', undefined],
    ['Local\\', 'ERR_INVALID_ARGUMENT', undefined],
    ['a\0b', 'ERR_INVALID_ARGUMENT', undefined],
    ['\ud800', 'ERR_INVALID_ARGUMENT', undefined],
    ['missing', 'ERR_FILE_NOT_FOUND', 2],
    ['Global\\missing', 'ERR_FILE_NOT_FOUND', 2],
  ]
  for (const [name, code, win32Code] of refused)
    t.like(await second.run((m, _, name) => m.Event.open(name).id, name), { code, win32Code }, name)
})

test('all kinds share one namespace', async (t) => {
  const peer = await startPeer(t, folder(t))
  const codes = await peer.run((m) => {
    const create = [
      (name: string) => m.Semaphore.create({ name, initial: 0, max: 1 }),
      (name: string) => m.Mutex.create({ name }),
      (name: string) => m.Event.create({ name, reset: 'auto' }),
      (name: string) => m.WaitableTimer.create({ name, reset: 'auto' }),
    ]
    const open = [m.Semaphore, m.Mutex, m.Event, m.WaitableTimer].map((kind) => (name: string) => kind.open(name))
    const codes: unknown[] = []
    for (const [i, make] of create.entries()) {
      const object = make(`name ${i}`)
      for (const [k, other] of [...create, ...open].entries()) {
        try {
          const handle = other(`name ${i}`)
          codes.push(k % 4 === i && handle.id === object.id ? 'same' : 'another')
          handle.close()
        } catch (error) {
          codes.push((error as { win32Code: number }).win32Code)
        }
      }
      object.close()
    }
    return codes
  })
  const expected = [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3, 0, 1, 2, 3].map((k) => (i === k ? 'same' : 6)))
  t.deepEqual(codes, expected)
})

test('a name lives while a handle is open in any process, and the next object of the name is fresh', async (t) => {
  const namespace = folder(t)
  const [first, second] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  const id = await first.run((m, kept) => {
    kept.event = m.Event.create({ name: 'event', reset: 'manual', initiallySet: true })
    return kept.event.id
  })
  await second.run((m, kept) => {
    kept.event = m.Event.open('event')
  })
  await first.run((_, { event }) => event.close())
  t.is(await first.run((m) => m.Event.open('event').id), id)
  await first.kill()
  t.is(await second.run((m) => m.Event.create({ name: 'event', reset: 'auto' }).existed), true)
  // One that has used the namespace, and so will not sweep it for being new to it.
  const third = await startPeer(t, namespace)
  t.is(await third.run((m) => m.Event.open('event').id), id)
  await third.run((m, kept) => {
    kept.mutex = m.Mutex.create({ name: 'another' })
  })
  const fourth = await startPeer(t, namespace)
  await fourth.run((m) => m.Mutex.open('another').close())
  await second.kill()
  await third.kill()
  // Nobody is left: what they left is no object.
  t.like(await fourth.run((m) => m.Event.open('event').id), { win32Code: 2 })
  t.like(await fourth.run((m) => m.Mutex.open('another').id), { win32Code: 2 })
  t.deepEqual(
    await fourth.run((m, kept) => {
      kept.event = m.Event.create({ name: 'event', reset: 'manual' })
      return [kept.event.existed, kept.event.waitSync({ timeoutMs: 0 })]
    }),
    [false, false],
  )
  t.is(filesOf(namespace).length, 1)
  await fourth.run((_, { event }) => event.close())
  t.deepEqual(filesOf(namespace), [])
})

test('a handle can do what it was opened for and nothing else', async (t) => {
  const peer = await startPeer(t, folder(t))
  const codes = await peer.run((m) => {
    const whole = [m.Semaphore.create({ name: 's', initial: 1, max: 2 }), m.Event.create({ name: 'e', reset: 'auto' })] as const
    const reader = [m.Semaphore.open('s', { access: 'synchronize' }), m.Event.open('e', { access: 'synchronize' })] as const
    const writer = [m.Semaphore.open('s', { access: 'modify' }), m.Event.open('e', { access: 'modify' })] as const
    const calls = [
      () => reader[0].tryAcquire(),
      () => reader[0].release(),
      () => writer[0].release(),
      () => writer[0].tryAcquire(),
      () => writer[1].set(),
      () => reader[1].set(),
      () => reader[1].reset(),
      () => writer[1].waitSync({ timeoutMs: 0 }),
      () => reader[1].waitSync({ timeoutMs: 0 }),
    ]
    const codes = calls.map((call) => {
      try {
        call()
        return 'done'
      } catch (error) {
        return (error as { win32Code: number }).win32Code
      }
    })
    for (const object of [...whole, ...reader, ...writer]) object.close()
    return codes
  })
  t.deepEqual(codes, ['done', 5, 'done', 5, 'done', 5, 5, 5, 'done'])
})

/** Whether this test may start processes of another user. */
const privileged = process.getuid?.() === 0

test('a second user is kept out unless the mode lets it in', async (t) => {
  if (!privileged) {
    t.log('only root can start a process of another user: the other half of this test was not run')
    t.pass()
    return
  }
  const namespace = folder(t)
  chmodSync(namespace, 0o777)
  const mine = await startPeer(t, namespace)
  const theirs = await startPeer(t, namespace, { uid: 65_534 })
  await mine.run((m, kept) => {
    kept.objects = [
      m.Event.create({ name: 'local', reset: 'auto', security: { mode: 0o666 } }),
      m.Event.create({ name: 'Global\\closed', reset: 'auto' }),
      m.Event.create({ name: 'Global\\open', reset: 'auto', security: { mode: 0o666 } }),
      m.Event.create({ name: 'Global\\given', reset: 'auto', security: { owner: { uid: 65_534 } } }),
    ]
  })
  t.like(await theirs.run((m) => m.Event.open('local').id), { win32Code: 2 }, 'another session')
  t.like(await theirs.run((m) => m.Event.open('Global\\closed').id), { win32Code: 5 })
  t.like(await theirs.run((m) => m.Event.create({ name: 'Global\\closed', reset: 'auto' }).id), { win32Code: 5 })
  t.is(await theirs.run((m) => m.Event.open('Global\\given').existed), true)
  t.is(
    await theirs.run(async (m, kept) => {
      kept.event = m.Event.open('Global\\open')
      kept.promise = kept.event.wait()
      return kept.event.existed
    }),
    true,
  )
  // Bells ring from user to user.
  await mine.run((_, { objects }) => (objects[2] as import('../../../src/mapping/index.js').Event).set())
  t.is(await theirs.run((_, { promise }) => promise), true)
  // What another user has made is trusted only by name.
  await theirs.run((m, kept) => {
    kept.event = m.Event.create({ name: 'Global\\foreign', reset: 'auto', security: { mode: 0o666 } })
  })
  t.like(await mine.run((m) => m.Event.open('Global\\foreign').id), { win32Code: 5 })
  t.is(await mine.run((m) => m.Event.open('Global\\foreign', { owner: 65_534 }).existed), true)
})

test('links and directories of others are not followed', async (t) => {
  const namespace = folder(t)
  const peer = await startPeer(t, namespace)
  const name = await peer.run((m) => {
    const event = m.Event.create({ name: 'Global\\x', reset: 'auto' })
    event.close()
    return event.id
  })
  t.is(typeof name, 'string')
  const { createHash } = await import('node:crypto')
  const entry = `o-${createHash('sha256').update('x').digest('hex').slice(0, 40)}`
  writeFileSync(join(namespace, 'victim'), Buffer.alloc(4096))
  symlinkSync(join(namespace, 'victim'), join(namespace, 'holdfast-global', entry))
  t.like(await peer.run((m) => m.Event.open('Global\\x').id), { win32Code: 5 })
  t.like(await peer.run((m) => m.Event.create({ name: 'Global\\x', reset: 'auto' }).id), { win32Code: 5 })
  const trap = folder(t)
  mkdirSync(join(trap, 'elsewhere'), { mode: 0o777 })
  symlinkSync(join(trap, 'elsewhere'), join(trap, 'holdfast-global'))
  const trapped = await startPeer(t, trap)
  t.like(await trapped.run((m) => m.Event.create({ name: 'Global\\x', reset: 'auto' }).id), { win32Code: 5 })
})
