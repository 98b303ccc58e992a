/**
 * A named mapping: the first process writes a message into memory and waits, the second finds the memory by its name.
 *
 *     node dist/examples/named-mapping.js first      # in one terminal
 *     node dist/examples/named-mapping.js second     # in another
 *
 * Without an argument it starts both.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Event, FileMapping } from '../src/mapping/index.js'

const [role, name = 'message'] = process.argv.slice(2)
try {
  if (role === 'first') await first()
  else if (role === 'second') second()
  else await both()
} catch (error) {
  console.error(`named-mapping: ${(error as Error).message}`)
  process.exitCode = 1
}

async function first(): Promise<void> {
  using mapping = FileMapping.create({ name, size: 256 })
  using read = Event.create({ name: `${name}-read`, reset: 'auto' })
  using view = mapping.view({ access: 'write' })
  view.copyFrom(Buffer.from('Message from first process'))
  process.send?.('written')
  // The name lives as long as somebody has a handle: stay until the other has read.
  if (!(await read.wait({ timeoutMs: 60_000 }))) throw new Error('nobody has read the message for a minute')
}

function second(): void {
  using mapping = FileMapping.open(name, { access: 'read' })
  using read = Event.open(`${name}-read`)
  using view = mapping.view({ access: 'read' })
  const text = Buffer.from(view.bytes)
  console.log(text.toString('utf8', 0, text.indexOf(0)))
  read.set()
}

async function both(): Promise<void> {
  const program = fileURLToPath(import.meta.url)
  const unique = `message-${process.pid}`
  const writer = fork(program, ['first', unique])
  const ended = once(writer, 'exit')
  await Promise.race([once(writer, 'message'), ended])
  const reader = fork(program, ['second', unique])
  const [[readerCode], [writerCode]] = await Promise.all([once(reader, 'exit'), ended])
  process.exitCode = readerCode === 0 && writerCode === 0 ? 0 : 1
}
