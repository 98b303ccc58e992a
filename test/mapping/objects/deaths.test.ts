/**
 * A thousand deaths: processes that are killed while they hold handles, views, permits and mutexes.
 *
 * Each starts from scratch, which costs a tenth of a second of a processor; the test command kills 100 (under Wine 20), `HOLDFAST_DEATHS=1000`
 * kills a thousand (about a minute on two processors). The storm beside this file kills processes at any moment; here each is killed with
 * everything in hand, and what is left is counted.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { folder } from '../../folder.js'
import { amount } from '../../random.js'
import { filesOf, isPosix, startPeer } from './peer.js'

const DEATHS = amount('HOLDFAST_DEATHS', isPosix ? 100 : 20)
const AT_ONCE = 4
const PERMITS = 8

/** Takes one of everything, says so, and waits for its death. */
const VICTIM = `
  const m = await import(process.argv[1])
  const number = process.argv[2]
  const permits = m.Semaphore.open('permits')
  const permit = permits.acquireSync({ timeoutMs: 20_000 })
  const held = [
    permits,
    m.Mutex.create({ name: 'mutex ' + number, initiallyOwned: true }),
    m.Event.create({ name: 'event ' + number, reset: 'auto' }),
    m.WaitableTimer.create({ name: 'Global\\\\timer ' + number, reset: 'manual' }),
    m.FileMapping.create({ name: 'memory ' + number, size: 65536 }),
    m.FileMapping.open('shared memory'),
    m.FileMapping.create({ size: 65536 }),
  ]
  const views = held.slice(4).map((mapping) => mapping.view({ access: 'write' }))
  for (const view of views) view.bytes[5] = 5
  void held[2].wait()
  process.stdout.write(permit === undefined ? 'none' : permit.abandoned ? 'abandoned' : 'restored')
  globalThis.kept = [held, views]
  setInterval(() => {}, 1000)
`

/** Lets one process take its things and kills it; returns what it said of its permit. */
function liveAndDie(namespace: string, number: number): Promise<string> {
  const entry = new URL('../../../src/mapping/index.js', import.meta.url).href
  const child = spawn(process.execPath, ['--input-type=module', '-e', VICTIM, entry, String(number)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, HOLDFAST_OBJECTS: namespace },
  })
  return new Promise((resolve, reject) => {
    let said = ''
    child.stdout.on('data', (bytes) => {
      said += bytes
      child.kill('SIGKILL')
    })
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(said)
      else reject(new Error(`process ${number} ended by itself: ${signal ?? code}`))
    })
  })
}

test('processes killed with everything in hand leave no file, no name and no lost permit behind', async (t) => {
  const namespace = join(folder(t), 'objects')
  mkdirSync(namespace)
  const keeper = await startPeer(t, namespace)
  await keeper.run((m, kept, permits) => {
    kept.semaphore = m.Semaphore.create({ name: 'permits', initial: permits, max: permits })
    kept.mapping = m.FileMapping.create({ name: 'shared memory', size: 65_536 })
  }, PERMITS)
  const listing = `/proc/${keeper.process.pid}/fd`
  const descriptors = () => (existsSync(listing) ? readdirSync(listing).length : 0)
  const before = descriptors()
  let next = 0
  const said: string[] = []
  const lane = async () => {
    while (next < DEATHS) said.push(await liveAndDie(namespace, next++))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  const counts = ['restored', 'abandoned', 'none'].map((word) => said.filter((each) => each === word).length)
  t.log(`${said.length} killed; ${counts[1]} got the permit of a dead one`)
  t.is(said.length, DEATHS)
  t.is(counts[2], 0, 'all got a permit, although nobody ever released one')
  t.true(DEATHS <= PERMITS || (counts[1] as number) > 0, 'those after the first got dead holders’ permits, and were told')
  // On Windows the kernel keeps the objects, and nothing is in the file system.
  if (isPosix) t.true(filesOf(namespace).length > 2, 'a killed process cannot tidy up')

  // What the next to come finds.
  const heir = await startPeer(t, namespace)
  t.deepEqual(
    await heir.run((m, _, deaths) => {
      const found: (number | string)[] = []
      for (let number = 0; number < deaths; number++) {
        for (const name of [`mutex ${number}`, `event ${number}`, `Global\\timer ${number}`, `memory ${number}`]) {
          try {
            m.Mutex.open(name).close()
            found.push(name)
          } catch (error) {
            const { win32Code } = error as { win32Code: number }
            if (win32Code !== 2) found.push(`${name}: ${win32Code}`)
          }
        }
      }
      const permits = m.Semaphore.open('permits')
      let count = 0
      while (permits.tryAcquire() !== undefined) count++
      permits.close()
      return [found, count]
    }, DEATHS),
    [[], PERMITS],
    'no name of theirs is left, and every permit is there',
  )
  t.is(descriptors(), before)
  await keeper.run((_, { semaphore, mapping }) => {
    semaphore.close()
    mapping.close()
  })
  await heir.end()
  await keeper.end()
  t.deepEqual(filesOf(namespace), [])
})
