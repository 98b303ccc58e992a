/**
 * Acquire and release, set and reset, of objects that nobody else wants at that moment.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Event, Mutex, Semaphore } from '../../src/mapping/index.js'
import { loadPeer } from '../engines/peer-package.js'
import { type Doing, type Step, timePairs } from './step.js'

/** The part of proper-lockfile that is used here. */
interface ProperLockfile {
  lockSync(file: string): () => void
}

interface Named {
  readonly name?: string
}

function pairs(make: (named: Named) => { readonly pair: () => void; close(): void }, isNamed: boolean): Doing {
  return {
    measure({ timeMs, key }) {
      const { pair, close } = make(isNamed ? { name: `bench ${key}` } : {})
      const sample = timePairs(timeMs, pair)
      close()
      return sample
    },
  }
}

function semaphore(named: Named) {
  const made = Semaphore.create({ ...named, initial: 1, max: 1 })
  const pair = () => {
    if (made.tryAcquire() === undefined) throw new Error('there was no permit')
    made.release()
  }
  return { pair, close: () => made.close() }
}

function mutex(named: Named) {
  const made = Mutex.create(named)
  const pair = () => {
    if (made.tryAcquire() === undefined) throw new Error('it was not free')
    made.release()
  }
  return { pair, close: () => made.close() }
}

function event(named: Named) {
  const made = Event.create({ ...named, reset: 'manual' })
  const pair = () => {
    made.set()
    made.reset()
  }
  return { pair, close: () => made.close() }
}

const properLockfile: Doing = {
  measure({ directory, timeMs }) {
    const { lockSync } = loadPeer<ProperLockfile>('proper-lockfile')
    const file = join(directory, 'file')
    writeFileSync(file, '')
    return timePairs(timeMs, () => lockSync(file)(), 5)
  },
}

function steps(isNamed: boolean): Step[] {
  const [suffix, which] = isNamed ? ['named', 'a named'] : ['unnamed', 'an unnamed']
  return [
    {
      name: `semaphore-${suffix}`,
      title: `acquire and release a permit of ${which} semaphore`,
      unit: 'ns/pair',
      limit: { what: 'lock' },
      engines: { holdfast: pairs(semaphore, isNamed) },
    },
    {
      name: `mutex-${suffix}`,
      title: `acquire and release ${which} mutex`,
      unit: 'ns/pair',
      limit: { what: 'lock' },
      engines: { holdfast: pairs(mutex, isNamed), ...(isNamed ? { 'proper-lockfile': properLockfile } : {}) },
    },
    {
      name: `event-${suffix}`,
      title: `set and reset ${which} event`,
      unit: 'ns/pair',
      limit: { what: 'event' },
      engines: { holdfast: pairs(event, isNamed) },
    },
  ]
}

/** The steps of this file. */
export const objectSteps: readonly Step[] = [...steps(true), ...steps(false)]
