/**
 * A process that calls everything of named objects, and of the addon below them, with anything.
 *
 * Its arguments: a seed and a number of rounds. Calls that may wait for ever, and those that take over descriptors by number, are left out.
 */
import * as mapping from '../../../src/mapping/index.js'
import { createNative, nativeObjects } from '../../../src/mapping/objects/native-objects.js'
import { agent } from '../../../src/mapping/objects/waits.js'
import { seededRandom } from '../../random.js'

const LEFT_OUT = [
  'end',
  'waitSync',
  'acquireSync',
  'waitAnySync',
  'waitAllSync',
  'Offer',
  'adopt',
  'inheritable',
  'exportHandle',
  'constructor',
]
const { Semaphore, Mutex, Event, WaitableTimer, FileMapping, waitAll, waitAny } = mapping

function round(random: () => number): void {
  const security = [0o600, -1, -1, ''] as const
  const objects = [
    Semaphore.create({ name: 'semaphore', initial: 3, max: 5 }),
    Semaphore.create({ initial: 3, max: 5, abandoned: 'lost' }),
    Mutex.create({ name: 'Global\\mutex' }),
    Event.create({ name: 'event', reset: 'auto' }),
    WaitableTimer.create({ reset: 'manual' }),
    FileMapping.create({ name: 'memory', size: 65536 }),
  ]
  const natives = [1, 2, 3, 4, 5].map((kind) => createNative(agent(), kind, { scope: 0, text: '' }, security, [1, 1, 0], ''))
  const pending = new nativeObjects.PendingWait(agent())
  pending.start(natives.slice(0, 2), false)
  const throwing = new Proxy([], {
    get() {
      throw new Error('from a proxy')
    },
  })
  const values: unknown[] = [
    undefined, null, true, false, 0, 1, 2, 3, 4, 5, 6, -1, 0.5, Number.NaN, Infinity, 1e300, 2 ** 32, 2 ** 53, 7n, Symbol('s'), '', 'event', 'memory',
    'Global\\mutex', 'a\\b', 'a\0b', '\ud800', 'x'.repeat(300), 'holdfast-3-7-0-t-0123456789abcdef', {}, [], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6, 7], security,
    () => 1, class {}, throwing, new Date(), new Date(Number.NaN), AbortSignal.abort(), new AbortController().signal, { timeoutMs: 0 }, { timeoutMs: -1 },
    { name: 'event', reset: 'auto' }, { name: 'semaphore', initial: 1, max: 2 }, { initial: 9, max: 2 }, { dueMs: 0 }, { dueMs: 5, periodMs: 1 }, { at: new Date() },
    { access: 'synchronize' }, { access: 'modify' }, { security: { mode: 0o1000 } }, { security: { sddl: 'D:' } }, { security: { owner: { uid: 1 } } },
    agent(), pending, [natives[0], natives[0]], natives, natives.slice(0, 3), [agent()], [null], new Array(70), objects, objects.slice(0, 4), ...objects, ...natives,
    Object.create(Semaphore.prototype), Object.create(nativeObjects.NamedObject.prototype),
  ] // biome-ignore format: a list
  const any = () => values[Math.floor(random() * values.length)]
  const targets: object[] = [...objects, ...natives, pending, nativeObjects, Semaphore, Mutex, Event, WaitableTimer, { waitAll, waitAny }]
  for (let call = 0; call < 80; call++) {
    const target = targets[Math.floor(random() * targets.length)] as Record<string, unknown>
    const names = [...Object.getOwnPropertyNames(target), ...Object.getOwnPropertyNames(Object.getPrototypeOf(target))]
    const name = names[Math.floor(random() * names.length)] as string
    if (LEFT_OUT.includes(name)) continue
    try {
      const method = target[name]
      if (typeof method !== 'function') continue
      const receiver = random() < 0.8 ? target : any()
      const given = Array.from({ length: Math.floor(random() * 9) }, any)
      // Take over a descriptor by its number.
      if (name === 'NamedObject' && given[1] === 2) continue
      if (random() < 0.5 && (name === 'NamedObject' || name === 'PendingWait')) given[0] = agent()
      const result = random() < 0.7 ? Reflect.apply(method, receiver, given) : Reflect.construct(method, given)
      if (result instanceof Promise) result.catch(() => undefined)
      // Sizes are taken at their word, and a garbage collection may be long in coming.
      if (result instanceof mapping.FileMapping || result instanceof nativeObjects.NamedObject) result.close()
    } catch {
      // An error is what should come.
    }
  }
  pending.cancel()
  for (const object of [...objects, ...natives]) object.close()
}

const [seed, rounds] = process.argv.slice(2).map(Number) as [number, number]
const random = seededRandom(seed)
for (let i = 0; i < rounds; i++) {
  round(random)
  if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
}
process.exit(0)
