/**
 * Sharing by name: unrelated processes meet at a name. The parent and its worker count together in one mapping, guarded by a mutex.
 *
 *     node dist/examples/share-by-name.js
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { FileMapping, Mutex } from '../src/mapping/index.js'

const name = process.argv[2] ?? `counter-${process.pid}`
// Whoever comes first creates the objects; `existed` says who that was.
using mapping = FileMapping.create({ name, size: 8 })
using mutex = Mutex.create({ name: `${name}-lock` })
using view = mapping.view({ access: 'write' })
const counter = new BigInt64Array(view.buffer)

if (process.argv[2] !== undefined) await count()
else {
  const worker = fork(fileURLToPath(import.meta.url), [name])
  const ended = once(worker, 'exit')
  await count()
  const [code] = await ended
  console.log(`two processes counted to ${counter[0]}`)
  process.exitCode = code === 0 && counter[0] === 2000n ? 0 : 1
}

async function count(): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    await mutex.acquire()
    counter[0] = (counter[0] as bigint) + 1n
    mutex.release()
  }
}
