/**
 * Many processes at once, and many deaths: one object for each name at any time, no more holders than permits, nothing left behind.
 *
 * Processes note when they surely had what they had, by the machine's monotonic clock; what the notes of all say together is checked
 * afterwards. `HOLDFAST_STORM_MS` and `HOLDFAST_KILLS` make it longer.
 */
import { existsSync, readdirSync } from 'node:fs'
import test from 'ava'
import { folder } from '../../folder.js'
import { amount, seedOfRun } from '../../random.js'
import { filesOf, isPosix, type Peer, startPeer } from './peer.js'

/** From, to, and what was had in between. */
type Note = [from: number, to: number, name: string, id: string, created: boolean]

const STORM_MS = amount('HOLDFAST_STORM_MS', 5_000)
const KILLS = amount('HOLDFAST_KILLS', 60)

/** Creates, opens and closes a few names at random for a while. */
function storm(peer: Peer, argument: { milliseconds: number; seed: number }) {
  return peer.run(async (m, _, { milliseconds, seed }) => {
    let state = seed
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    const now = () => Number(process.hrtime.bigint() / 100n)
    const notes: Note[] = []
    const open: { object: { id: string; existed: boolean; close(): void }; name: string; from: number; created: boolean }[] = []
    const end = performance.now() + milliseconds
    while (performance.now() < end) {
      if (open.length === 0 || (open.length < 3 && random(2) === 0)) {
        const name = `name ${random(3)}`
        try {
          const object = random(2) === 0 ? m.Event.open(name) : m.Event.create({ name, reset: 'auto' })
          open.push({ object, name, from: now(), created: !object.existed })
        } catch (error) {
          if ((error as { win32Code?: number }).win32Code !== 2) throw error
        }
      } else {
        const { object, name, from, created } = open.splice(random(open.length), 1)[0] as (typeof open)[0]
        notes.push([from, now(), name, object.id, created])
        object.close()
      }
      if (random(50) === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    for (const { object, name, from, created } of open) {
      notes.push([from, now(), name, object.id, created])
      object.close()
    }
    return notes
  }, argument)
}

/** What is wrong with the notes of all processes together. */
function faults(notes: Note[]): string[] {
  const found: string[] = []
  const last = new Map<string, { id: string; to: number }>()
  const creations = new Map<string, number>()
  for (const [from, to, name, id, created] of notes.sort((a, b) => a[0] - b[0])) {
    const before = last.get(name)
    if (before !== undefined && before.id !== id && from < before.to) found.push(`${name} was ${before.id} and ${id} at once`)
    if (before === undefined || before.id !== id || to > before.to)
      last.set(name, { id, to: before?.id === id ? Math.max(to, before.to) : to })
    creations.set(id, (creations.get(id) ?? 0) + Number(created))
  }
  for (const [id, count] of creations) if (count !== 1) found.push(`${id} was created ${count} times`)
  return found
}

test('eight processes agree on one object for each name', async (t) => {
  const namespace = folder(t)
  const seed = seedOfRun()
  t.log(`HOLDFAST_SEED=${seed}`)
  const peers = await Promise.all(Array.from({ length: 8 }, () => startPeer(t, namespace)))
  const results = await Promise.all(peers.map((peer, i) => storm(peer, { milliseconds: STORM_MS, seed: seed + i })))
  const notes = (results as Note[][]).flat()
  t.log(`${notes.length} handles of ${new Set(notes.map((note) => note[3])).size} objects`)
  t.true(new Set(notes.map((note) => note[3])).size > 5, 'names came and went')
  t.deepEqual(faults(notes).slice(0, 5), [])
  t.deepEqual(filesOf(namespace), [])
})

test('two objects of one name at a time would be noticed', async (t) => {
  const peers = [await startPeer(t, folder(t)), await startPeer(t, folder(t))]
  const results = await Promise.all(peers.map((peer, i) => storm(peer, { milliseconds: 1000, seed: i })))
  t.not(faults((results as Note[][]).flat()).length, 0)
})

test('there are never more holders than permits, whoever is killed', async (t) => {
  const namespace = folder(t)
  const max = 3
  const keeper = await startPeer(t, namespace)
  await keeper.run((m, kept, max) => {
    kept.semaphore = m.Semaphore.create({ name: 'permits', initial: max, max })
  }, max)
  const use = (peer: Peer, milliseconds: number) =>
    peer.run(async (m, _, milliseconds) => {
      const semaphore = m.Semaphore.open('permits')
      const now = () => Number(process.hrtime.bigint() / 100n)
      const notes: [number, number][] = []
      for (const end = performance.now() + milliseconds; performance.now() < end; ) {
        await semaphore.acquire()
        const from = now()
        if (notes.length % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
        notes.push([from, now()])
        semaphore.release()
      }
      return notes
    }, milliseconds)
  const lasting = await Promise.all([1, 2, 3, 4].map(() => startPeer(t, namespace)))
  const uses = lasting.map((peer) => use(peer, 2500))
  for (let i = 0; i < 8; i++) {
    const doomed = await startPeer(t, namespace)
    void use(doomed, 60_000)
    await new Promise((resolve) => setTimeout(resolve, 30 + 7 * i))
    await doomed.kill()
  }
  const notes = ((await Promise.all(uses)) as [number, number][][]).flat()
  t.true(notes.length > 100)
  t.true(most(notes) <= max, `${most(notes)} at once`)
  t.is(most([[0, 10], [5, 7], [6, 9], [6, 8], [11, 12]]), 4, 'too many would be noticed') // biome-ignore format: a list
  t.is(
    await keeper.run((_, { semaphore }) => {
      let permits = 0
      while (semaphore.tryAcquire() !== undefined) permits++
      return permits
    }),
    max,
    'no permit was lost, and none was made',
  )
})

/** How many were had at once. */
function most(notes: readonly [number, number][]): number {
  const changes = notes.flatMap(([from, to]) => [[from, 1] as const, [to, -1] as const]).sort((a, b) => a[0] - b[0] || a[1] - b[1])
  let now = 0
  let most = 0
  for (const [, change] of changes) {
    now += change
    most = Math.max(most, now)
  }
  return most
}

test('killed processes leave no name, no permit and, after the next use, no file behind', async (t) => {
  const namespace = folder(t)
  const keeper = await startPeer(t, namespace)
  await keeper.run((m, kept) => {
    kept.semaphore = m.Semaphore.create({ name: 'shared', initial: 40, max: 40 })
  })
  const live = async (number: number) => {
    const peer = await startPeer(t, namespace)
    void peer.run(async (m, kept, number) => {
      kept.objects = []
      const shared = m.Semaphore.open('shared')
      for (let i = 0; ; i++) {
        shared.tryAcquire()
        kept.objects.push(
          shared,
          m.Mutex.create({ name: `mutex ${number} ${i}`, initiallyOwned: true }),
          m.Semaphore.create({ name: `semaphore ${i}`, initial: 1, max: 5 }),
          m.Event.create({ reset: 'auto' }),
          m.WaitableTimer.create({ name: `Global\\timer ${number}`, reset: 'auto' }),
        )
        void (kept.objects[3] as import('../../../src/mapping/index.js').Event).wait()
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }, number)
    await new Promise((resolve) => setTimeout(resolve, number % 40))
    await peer.kill()
  }
  for (let done = 0; done < KILLS; done += 6) await Promise.all(Array.from({ length: 6 }, (_, i) => live(done + i)))
  const left = filesOf(namespace).length
  t.log(`${left} files before the next use`)
  if (isPosix) t.true(left > 1, 'the dead cannot tidy up')
  const next = await startPeer(t, namespace)
  t.deepEqual(
    await next.run((m) => {
      const codes = ['mutex 0 0', 'Global\\timer 0'].map((name) => {
        try {
          return m.Mutex.open(name).id
        } catch (error) {
          return (error as { win32Code: number }).win32Code
        }
      })
      const shared = m.Semaphore.open('shared')
      let permits = 0
      while (shared.tryAcquire() !== undefined) permits++
      shared.close()
      return [...codes, permits]
    }),
    [2, 2, 40],
  )
  await keeper.run((_, { semaphore }) => semaphore.close())
  t.deepEqual(filesOf(namespace), [])
})

test('handles do not grow over many cycles', async (t) => {
  const namespace = folder(t)
  const peer = await startPeer(t, namespace)
  const cycles = (count: number) =>
    peer.run(async (m, _, count) => {
      for (let i = 0; i < count; i++) {
        const semaphore = m.Semaphore.create({ name: `cycle ${i % 7}`, initial: 1, max: 2 })
        const first = m.Event.create({ name: 'event', reset: 'manual', initiallySet: true })
        const event = m.Event.open('event')
        first.close()
        semaphore.tryAcquire()
        await m.waitAll([semaphore, event], { timeoutMs: i % 2 })
        semaphore.close()
        event.close()
      }
    }, count)
  const handles = () => (existsSync(`/proc/${peer.process.pid}/fd`) ? readdirSync(`/proc/${peer.process.pid}/fd`).length : 0)
  await cycles(50)
  const before = handles()
  await cycles(1000)
  t.log(`${before} handles before, ${handles()} after`)
  t.true(handles() <= before + 5)
  t.deepEqual(
    filesOf(namespace).filter((name) => !name.startsWith('b-')),
    [],
  )
})
