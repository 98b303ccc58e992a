/**
 * Two processes: how long until the other, which sleeps, has what it waits for.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Event, FileMapping, Mutex, Semaphore } from '../../src/mapping/index.js'
import { loadPeer } from '../engines/peer-package.js'
import { now } from '../measure.js'
import { type Doing, type Step, type StepContext, sampleOf, timeEach } from './step.js'

/** Long enough for the other process to fall asleep; the same in bench/limits/mapping.c. */
const ASLEEP_US = 200n

/** The longest time that a process of a pair waits for the other. */
const PATIENCE_MS = 10_000

/** What is handed over: `take` may wait asleep. */
interface Baton {
  take(): unknown
  give(): unknown
}

/** The processes' common memory: whether one waits, and when the other let go. */
class Track {
  private readonly mapping: FileMapping
  private readonly waiting: Int32Array
  private readonly givenAt: BigInt64Array

  constructor(key: string) {
    this.mapping = FileMapping.create({ name: `bench track ${key}`, size: 65_536 })
    const { buffer } = this.mapping.view({ access: 'write' })
    this.waiting = new Int32Array(buffer, 0, 1)
    this.givenAt = new BigInt64Array(buffer, 64, 1)
  }

  /** Lets the other process fall asleep over its wait, then lets go. */
  async give(baton: Baton): Promise<void> {
    const patience = now() + PATIENCE_MS
    while (Atomics.compareExchange(this.waiting, 0, 1, 0) === 0) {
      if (now() > patience) throw new Error('the other process does not come for it')
    }
    const asleep = process.hrtime.bigint() + ASLEEP_US * 1000n
    while (process.hrtime.bigint() < asleep);
    Atomics.store(this.givenAt, 0, process.hrtime.bigint())
    await baton.give()
  }

  /** Waits for it; microseconds since the other began to let go. */
  async take(baton: Baton): Promise<number> {
    Atomics.store(this.waiting, 0, 1)
    await baton.take()
    return Number(process.hrtime.bigint() - Atomics.load(this.givenAt, 0)) / 1000
  }
}

function handOver(open: (context: StepContext) => Baton): Doing {
  return {
    async measure(context) {
      const track = new Track(context.key)
      const baton = open(context)
      await baton.take()
      await context.startPartner()
      const waits: number[] = []
      const start = now()
      const warm = start + context.timeMs / 2
      const end = warm + context.timeMs
      for (let time = start; time < end || waits.length < 5; time = now()) {
        await track.give(baton)
        const wait = await track.take(baton)
        if (time > warm) waits.push(wait)
      }
      return sampleOf(waits)
    },
    async partner(context, ready) {
      const track = new Track(context.key)
      const baton = open(context)
      ready()
      for (;;) {
        await track.take(baton)
        await track.give(baton)
      }
    },
  }
}

const mutexSync = handOver(({ key }) => {
  const mutex = Mutex.create({ name: `bench baton ${key}` })
  return { take: () => mutex.acquireSync(), give: () => mutex.release() }
})

const semaphoreAsync = handOver(({ key }) => {
  const semaphore = Semaphore.create({ name: `bench baton ${key}`, initial: 1, max: 1 })
  return { take: () => semaphore.acquire(), give: () => semaphore.release() }
})

interface ProperLockfile {
  lock(file: string, options: Record<string, unknown>): Promise<() => Promise<void>>
}

const properLockfile = handOver(({ directory }) => {
  const { lock } = loadPeer<ProperLockfile>('proper-lockfile')
  const file = join(directory, 'file')
  writeFileSync(file, '')
  let release: () => Promise<void> = async () => {}
  return {
    async take() {
      // It can only look again: as often as its timer lets it.
      release = await lock(file, { retries: { forever: true, factor: 1, minTimeout: 1, maxTimeout: 1 } })
    },
    give: () => release(),
  }
})

const events = (key: string) =>
  ['there', 'back'].map((way) => Event.create({ name: `bench ${way} ${key}`, reset: 'auto' })) as [Event, Event]

const wakeUp: Doing = {
  async measure({ key, timeMs, startPartner }) {
    const [there, back] = events(key)
    await startPartner()
    return timeEach(timeMs, async () => {
      there.set()
      await back.wait()
    })
  },
  async partner({ key }, ready) {
    const [there, back] = events(key)
    ready()
    for (;;) {
      await there.wait()
      back.set()
    }
  },
}

/** The steps of this file. */
export const processSteps: readonly Step[] = [
  {
    name: 'hand-over-mutex',
    title: 'from release() in one process until acquireSync() has returned in another that slept in it',
    unit: 'us',
    limit: { what: 'hand-over' },
    engines: { holdfast: mutexSync },
  },
  {
    name: 'hand-over-semaphore',
    title: 'from release() in one process until await acquire() has a permit in another whose event loop slept',
    unit: 'us',
    limit: { what: 'hand-over' },
    engines: { holdfast: semaphoreAsync, 'proper-lockfile': properLockfile },
  },
  {
    name: 'wake-up',
    title: 'round trip by two auto-reset events between two processes whose event loops sleep: two wakes; goal: p50 at most 10 us',
    unit: 'us',
    limit: { what: 'wake-up' },
    engines: { holdfast: wakeUp },
  },
]
