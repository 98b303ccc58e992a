/**
 * Events, waitable timers, and waits for several objects.
 */
import { Event, Semaphore, WaitableTimer, waitAll, waitAllSync, waitAny, waitAnySync } from '../../../../src/mapping/index.js'
import type { Section } from '../row.js'

export const events: Section = {
  title: 'Events and waitable timers',
  rows: [
    {
      behaviour: 'A manual-reset event stays set until it is reset.',
      call: 'set(); waitSync(); waitSync(); reset(); waitSync({ timeoutMs: 0 })',
      expected: 'true, true, false',
      perform(scene) {
        const event = scene.keep(Event.create({ reset: 'manual' }))
        event.set()
        const set = [event.waitSync({ timeoutMs: 1000 }), event.waitSync({ timeoutMs: 0 })]
        event.reset()
        return [...set, event.waitSync({ timeoutMs: 0 })]
      },
    },
    {
      behaviour: 'An auto-reset event lets one wait pass, and is reset by it.',
      call: 'set(); waitSync(); waitSync({ timeoutMs: 0 })',
      expected: 'true, false',
      perform(scene) {
        const event = scene.keep(Event.create({ reset: 'auto', initiallySet: true }))
        return [event.waitSync({ timeoutMs: 1000 }), event.waitSync({ timeoutMs: 0 })]
      },
    },
    {
      behaviour: 'An event wakes another process.',
      call: 'B: wait(); A: set()',
      expected: 'true',
      async perform(scene) {
        const name = scene.name()
        const event = scene.keep(Event.create({ name, reset: 'auto' }))
        const other = await scene.other()
        await other.run((m, kept, name) => {
          kept.event = m.Event.open(name)
          kept.promise = kept.event.wait({ timeoutMs: 10_000 })
        }, name)
        event.set()
        return other.run((_, { promise }) => promise)
      },
    },
    {
      behaviour: 'An existing event keeps its mode and its state.',
      call: 'create({ name, reset: "manual", initiallySet: true }); create({ name, reset: "auto" }): resetMode, waitSync',
      expected: 'manual, true',
      perform(scene) {
        const name = scene.name()
        scene.keep(Event.create({ name, reset: 'manual', initiallySet: true }))
        const second = scene.keep(Event.create({ name, reset: 'auto' }))
        return [second.resetMode, second.waitSync({ timeoutMs: 0 })]
      },
    },
    {
      behaviour: 'A timer is signalled when its time has come, and not before.',
      call: 'set({ dueMs: 60000 }); waitSync({ timeoutMs: 0 }); set({ dueMs: 5 }); wait()',
      expected: 'false, true',
      async perform(scene) {
        const timer = scene.keep(WaitableTimer.create({ reset: 'manual' }))
        timer.set({ dueMs: 60_000 })
        const early = timer.waitSync({ timeoutMs: 0 })
        timer.set({ dueMs: 5 })
        return [early, await timer.wait({ timeoutMs: 10_000 })]
      },
    },
    {
      behaviour: 'A manual-reset timer stays signalled, an auto-reset one is for one wait.',
      call: 'set({ dueMs: 0 }); wait(); wait({ timeoutMs: 0 })',
      expected: 'true, true, true, false',
      async perform(scene) {
        const passed: boolean[] = []
        for (const reset of ['manual', 'auto'] as const) {
          const timer = scene.keep(WaitableTimer.create({ reset }))
          timer.set({ dueMs: 0 })
          passed.push(await timer.wait({ timeoutMs: 10_000 }), await timer.wait({ timeoutMs: 0 }))
        }
        return passed
      },
    },
    {
      behaviour: 'A cancelled timer does not go off.',
      call: 'set({ dueMs: 20 }); cancel(); waitSync({ timeoutMs: 100 })',
      expected: 'false',
      perform(scene) {
        const timer = scene.keep(WaitableTimer.create({ reset: 'auto' }))
        timer.set({ dueMs: 20 })
        timer.cancel()
        return timer.waitSync({ timeoutMs: 100 })
      },
    },
    {
      behaviour: 'A timer that one process sets goes off in another.',
      call: 'A: set({ dueMs: 5 }); B: wait()',
      expected: 'true',
      async perform(scene) {
        const name = scene.name()
        scene.keep(WaitableTimer.create({ name, reset: 'manual' })).set({ dueMs: 5 })
        const other = await scene.other()
        return other.run((m, kept, name) => {
          kept.timer = m.WaitableTimer.open(name)
          return kept.timer.wait({ timeoutMs: 10_000 })
        }, name)
      },
    },
  ],
}

export const several: Section = {
  title: 'Waiting for several objects',
  rows: [
    {
      behaviour: 'A wait for any takes the first that is signalled, and says which.',
      call: 'waitAny([unset event, semaphore with 1 permit])',
      expected: '1, 0',
      async perform(scene) {
        const semaphore = scene.keep(Semaphore.create({ initial: 1, max: 1 }))
        const result = await waitAny([scene.keep(Event.create({ reset: 'auto' })), semaphore], { timeoutMs: 10_000 })
        return [result?.index, semaphore.count]
      },
    },
    {
      behaviour: 'A wait for all takes everything at once or nothing.',
      call: 'waitAll([semaphore with 1 permit, unset event], { timeoutMs: 20 }); semaphore.count; event.set(); waitAll(...)',
      expected: 'nothing, 1, 0, 0',
      async perform(scene) {
        const semaphore = scene.keep(Semaphore.create({ initial: 1, max: 1 }))
        const event = scene.keep(Event.create({ reset: 'auto' }))
        const first = await waitAll([semaphore, event], { timeoutMs: 20 })
        const count = semaphore.count
        event.set()
        return [first, count, (await waitAll([semaphore, event], { timeoutMs: 10_000 }))?.index, semaphore.count]
      },
    },
    {
      behaviour: 'Waits that block the thread do the same.',
      call: 'waitAnySync([a, b], { timeoutMs: 0 }); waitAllSync([a, b], { timeoutMs: 0 })',
      expected: '1, nothing',
      perform(scene) {
        const objects = [false, true].map((initiallySet) => scene.keep(Event.create({ reset: 'manual', initiallySet })))
        return [waitAnySync(objects, { timeoutMs: 0 })?.index, waitAllSync(objects, { timeoutMs: 0 })]
      },
    },
    {
      behaviour: 'One wait takes 64 objects at most.',
      call: 'waitAnySync(65 events)',
      expected: 'ERR_INVALID_ARGUMENT',
      perform(scene) {
        const objects = Array.from({ length: 65 }, () => scene.keep(Event.create({ reset: 'auto' })))
        return waitAnySync(objects, { timeoutMs: 0 })
      },
    },
    {
      behaviour: 'A wait that is aborted takes nothing.',
      call: 'semaphore.acquire({ signal }) is aborted; semaphore.release(); count',
      expected: 'AbortError, 1',
      async perform(scene) {
        const semaphore = scene.keep(Semaphore.create({ initial: 0, max: 1 }))
        const controller = new AbortController()
        const waiting = semaphore.acquire({ signal: controller.signal }).catch((error: Error) => error.name)
        controller.abort()
        const ended = await waiting
        semaphore.release()
        return [ended, semaphore.count]
      },
    },
  ],
}
