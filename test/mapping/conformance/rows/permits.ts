/**
 * Semaphores and mutexes: counts, owners, and the deaths of holders.
 */
import { Mutex, Semaphore, type SemaphoreOptions } from '../../../../src/mapping/index.js'
import { isPosix } from '../../objects/peer.js'
import { NotHere, type Section, textOfEach, win32 } from '../row.js'
import type { Scene } from '../scene.js'

/** What an acquire gets after another process was killed with the only permit. */
async function afterDeath(scene: Scene, options: Partial<SemaphoreOptions>): Promise<unknown> {
  const name = scene.name()
  const semaphore = scene.keep(Semaphore.create({ name, initial: 1, max: 1, ...options }))
  const other = await scene.other()
  const taken = await other.run((m, kept, name) => {
    kept.semaphore = m.Semaphore.open(name)
    return kept.semaphore.tryAcquire()?.abandoned
  }, name)
  await other.kill()
  return [taken, (await semaphore.acquire({ timeoutMs: 500 }))?.abandoned]
}

export const semaphores: Section = {
  title: 'Semaphores',
  rows: [
    {
      behaviour: 'A semaphore counts from 0 to max; release returns the count before.',
      call: 'Semaphore.create({ initial: 0, max: 3 }); release(2); tryAcquire(); release(); count',
      expected: '0, false, 1, 2',
      perform(scene) {
        const semaphore = scene.keep(Semaphore.create({ initial: 0, max: 3 }))
        return [semaphore.release(2), semaphore.tryAcquire()?.abandoned, semaphore.release(), semaphore.count]
      },
    },
    {
      behaviour: 'Releasing past max fails, and releases nothing.',
      call: 'Semaphore.create({ initial: 1, max: 3 }); release(3); count',
      expected: `${win32('ERROR_TOO_MANY_POSTS')}, 1`,
      perform(scene) {
        const semaphore = scene.keep(Semaphore.create({ initial: 1, max: 3 }))
        return textOfEach([() => semaphore.release(3), () => semaphore.count])
      },
    },
    {
      behaviour: 'Nobody gets a permit that is not there; the time passes.',
      call: 'Semaphore.create({ initial: 0, max: 1 }); acquireSync({ timeoutMs: 10 })',
      expected: 'nothing',
      perform: (scene) => scene.keep(Semaphore.create({ initial: 0, max: 1 })).acquireSync({ timeoutMs: 10 }),
    },
    {
      behaviour: 'One process may release what another acquired.',
      call: 'A: tryAcquire(); B: release(); A: tryAcquire()',
      expected: 'false, 0, false',
      async perform(scene) {
        const name = scene.name()
        const semaphore = scene.keep(Semaphore.create({ name, initial: 1, max: 1 }))
        const first = semaphore.tryAcquire()?.abandoned
        const before = await (await scene.other()).run((m, _, name) => m.Semaphore.open(name).release(), name)
        return [first, before, semaphore.tryAcquire()?.abandoned]
      },
    },
    {
      behaviour: 'The permits of a killed process come back, and the next one is told. (On Win32 they are lost.)',
      call: 'B: tryAcquire(), is killed; A: acquire({ timeoutMs: 500 })?.abandoned',
      expected: 'false, true',
      perform: (scene) => afterDeath(scene, {}),
    },
    {
      behaviour: 'With abandoned: "lost" they are lost, as on Win32.',
      call: 'B: tryAcquire(), is killed; A: acquire({ timeoutMs: 500 })?.abandoned',
      expected: 'false, nothing',
      perform: (scene) => afterDeath(scene, { abandoned: 'lost' }),
    },
    {
      behaviour: 'So they are with interop: "win32", the kernel’s own semaphore on Windows.',
      call: 'B: tryAcquire(), is killed; A: acquire({ timeoutMs: 500 })?.abandoned',
      expected: 'false, nothing',
      perform: (scene) => afterDeath(scene, { interop: 'win32' }),
    },
    {
      behaviour: 'A stopped process keeps its permits.',
      call: 'B: tryAcquire(), is stopped; A: acquire({ timeoutMs: 200 })',
      expected: 'nothing',
      async perform(scene) {
        if (!isPosix) throw new NotHere('processes are not stopped from outside')
        const name = scene.name()
        const semaphore = scene.keep(Semaphore.create({ name, initial: 1, max: 1 }))
        const other = await scene.another()
        await other.run((m, kept, name) => {
          kept.semaphore = m.Semaphore.open(name)
          kept.semaphore.tryAcquire()
        }, name)
        other.process.kill('SIGSTOP')
        return semaphore.acquire({ timeoutMs: 200 })
      },
    },
  ],
}

export const mutexes: Section = {
  title: 'Mutexes',
  rows: [
    {
      behaviour: 'Release by one who is not the owner fails.',
      call: 'Mutex.create().release()',
      expected: win32('ERROR_NOT_OWNER'),
      perform: (scene) => scene.keep(Mutex.create()).release(),
    },
    {
      behaviour: 'Also while another process is the owner.',
      call: 'B: tryAcquire(); A: tryAcquire(), release()',
      expected: `false, nothing, ${win32('ERROR_NOT_OWNER')}`,
      async perform(scene) {
        const name = scene.name()
        const mutex = scene.keep(Mutex.create({ name }))
        const owned = await (await scene.other()).run((m, kept, name) => {
          kept.mutex = m.Mutex.open(name)
          return kept.mutex.tryAcquire()?.abandoned
        }, name)
        return [owned, ...textOfEach([() => mutex.tryAcquire(), () => mutex.release()])]
      },
    },
    {
      behaviour: 'The owner gets a mutex again at once, and releases it as often.',
      call: 'Mutex.create({ initiallyOwned: true }); tryAcquire(); release(); release(); release()',
      expected: `nothing, nothing, ${win32('ERROR_NOT_OWNER')}`,
      perform(scene) {
        const mutex = scene.keep(Mutex.create({ initiallyOwned: true }))
        if (mutex.tryAcquire() === undefined) throw new Error('not recursive')
        return textOfEach([() => mutex.release(), () => mutex.release(), () => mutex.release()])
      },
    },
    {
      behaviour: 'What its owner releases goes to the next, who is told nothing.',
      call: 'B: tryAcquire(), release(); A: acquire()',
      expected: 'false',
      async perform(scene) {
        const name = scene.name()
        const mutex = scene.keep(Mutex.create({ name }))
        await (await scene.other()).run((m, kept, name) => {
          kept.mutex = m.Mutex.open(name)
          kept.mutex.tryAcquire()
          kept.mutex.release()
        }, name)
        const acquired = await mutex.acquire({ timeoutMs: 5000 })
        mutex.release()
        return acquired?.abandoned
      },
    },
    {
      behaviour: 'The death of the owner is told to the next owner (WAIT_ABANDONED).',
      call: 'B: tryAcquire(), is killed; A: acquire()?.abandoned',
      expected: 'false, true',
      async perform(scene) {
        const name = scene.name()
        const mutex = scene.keep(Mutex.create({ name }))
        const other = await scene.other()
        const owned = await other.run((m, kept, name) => {
          kept.mutex = m.Mutex.open(name)
          return kept.mutex.tryAcquire()?.abandoned
        }, name)
        await other.kill()
        const acquired = await mutex.acquire({ timeoutMs: 5000 })
        mutex.release()
        return [owned, acquired?.abandoned]
      },
    },
  ],
}
