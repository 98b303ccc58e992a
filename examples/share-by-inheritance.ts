/**
 * Sharing by inheritance: a parent gives a child handles at its start, and no name exists that others could find.
 *
 *     node dist/examples/share-by-inheritance.js
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Event, FileMapping, inheritable } from '../src/mapping/index.js'

if (process.argv[2] === undefined) await parent()
else child()

async function parent(): Promise<void> {
  using mapping = FileMapping.create({ size: 64, shareable: true })
  using answered = Event.create({ reset: 'auto' })
  using view = mapping.view({ access: 'write' })
  view.copyFrom(Buffer.from('six times seven is '))
  using handles = inheritable({ memory: mapping, answered }, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  const worker = fork(fileURLToPath(import.meta.url), ['child'], { stdio: [...handles.stdio], env: handles.env })
  const ended = once(worker, 'exit')
  if (!(await answered.wait({ timeoutMs: 60_000 }))) throw new Error('the child has not answered for a minute')
  const text = Buffer.from(view.bytes)
  console.log(text.toString('utf8', 0, text.indexOf(0)))
  const [code] = await ended
  process.exitCode = code === 0 ? 0 : 1
}

function child(): void {
  using mapping = FileMapping.inherited('memory')
  using answered = Event.inherited('answered')
  using view = mapping.view({ access: 'write' })
  view.copyFrom(Buffer.from('forty-two'), view.bytes.indexOf(0))
  answered.set()
}
