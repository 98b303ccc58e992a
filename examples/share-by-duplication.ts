/**
 * Sharing by duplication: a process that runs already gets a handle of its own, here one that allows reading only.
 *
 *     node dist/examples/share-by-duplication.js
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { FileMapping, type MappingError } from '../src/mapping/index.js'

if (process.argv[2] === undefined) await owner()
else process.once('message', (ticket: string) => void reader(ticket))

async function owner(): Promise<void> {
  using mapping = FileMapping.create({ size: 64, shareable: true })
  using view = mapping.view({ access: 'write' })
  view.copyFrom(Buffer.from('look, but do not touch'))
  const other = fork(fileURLToPath(import.meta.url), ['reader'])
  // The ticket's text can go by any channel; it is good for one claim.
  using ticket = mapping.offer({ access: 'read' })
  other.send(ticket.text)
  const [code] = await once(other, 'exit')
  process.exitCode = code === 0 ? 0 : 1
}

async function reader(ticket: string): Promise<void> {
  using mapping = await FileMapping.claim(ticket)
  using view = mapping.view({ access: 'read' })
  const text = Buffer.from(view.bytes)
  console.log(`the other process reads: ${text.toString('utf8', 0, text.indexOf(0))}`)
  try {
    mapping.view({ access: 'write' })
  } catch (error) {
    const { win32Code, win32Name } = error as MappingError
    console.log(`and may not write: ${win32Name} (${win32Code})`)
  }
  process.disconnect()
}
