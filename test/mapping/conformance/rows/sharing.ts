/**
 * The three ways to share: inheritance, name, duplication. Each between two processes.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Event, FileMapping, type Inheritable, inheritable } from '../../../../src/mapping/index.js'
import { type Section, win32 } from '../row.js'
import type { Scene } from '../scene.js'

const INDEX = new URL('../../../../src/mapping/index.js', import.meta.url).href

/** What a child that inherits these objects answers with; `text` is its program, which has the module as `m`. */
async function childAnswer(scene: Scene, objects: Readonly<Record<string, Inheritable>>, text: string): Promise<unknown> {
  const program = `${scene.path()}.mjs`
  writeFileSync(program, `import * as m from ${JSON.stringify(INDEX)}\n${text}\nprocess.disconnect()\n`)
  using handles = inheritable(objects, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const child = fork(program, { execArgv: [], stdio: [...handles.stdio], env: handles.env })
  const ended = once(child, 'exit')
  const [answer] = await Promise.race([once(child, 'message'), ended])
  await ended
  return answer
}

const NOTE = 'const note = (call) => { try { return call() } catch (error) { return error.win32Name + " (" + error.win32Code + ")" } }'

export const sharing: Section = {
  title: 'Three ways to share',
  rows: [
    {
      behaviour: 'Inheritance: a child gets a mapping without a name from its parent.',
      call: 'inheritable({ memory: mapping }); child: FileMapping.inherited("memory"), store 8; parent: load',
      expected: '65536, 8',
      async perform(scene) {
        const mapping = scene.keep(FileMapping.create({ size: 65_536, shareable: true }))
        const { bytes } = scene.keep(mapping.view({ access: 'write' }))
        const size = await childAnswer(
          scene,
          { memory: mapping },
          `const mapping = m.FileMapping.inherited('memory')
          const view = mapping.view({ access: 'write' })
          view.bytes[1] = 8
          process.send(mapping.size)`,
        )
        return [size, bytes[1]]
      },
    },
    {
      behaviour: 'A child gets the rights that its parent gives it.',
      call: 'inheritable({ memory: { object, access: "read" } }); child: view({ access: "write" })',
      expected: win32('ERROR_ACCESS_DENIED'),
      perform(scene) {
        const mapping = scene.keep(FileMapping.create({ size: 65_536, shareable: true }))
        return childAnswer(
          scene,
          { memory: { object: mapping, access: 'read' } },
          `${NOTE}
          const mapping = m.FileMapping.inherited('memory')
          process.send(note(() => mapping.view({ access: 'write' }).length))`,
        )
      },
    },
    {
      behaviour: 'A child gets nothing that was not given to it.',
      call: 'inheritable({ event }); child: FileMapping.inherited("event"), FileMapping.inherited("other")',
      expected: `${win32('ERROR_INVALID_HANDLE')}, ${win32('ERROR_FILE_NOT_FOUND')}`,
      perform(scene) {
        const event = scene.keep(Event.create({ reset: 'auto' }))
        return childAnswer(
          scene,
          { event },
          `${NOTE}
          process.send(['event', 'other'].map((key) => note(() => m.FileMapping.inherited(key).size)))`,
        )
      },
    },
    {
      behaviour: 'Name: unrelated processes find a mapping by its name.',
      call: 'A: create({ name }), store "text"; B: open(name), load',
      expected: 'text',
      async perform(scene) {
        const name = scene.name()
        scene.keep(scene.keep(FileMapping.create({ name, size: 4 })).view({ access: 'write' })).copyFrom(Buffer.from('text'))
        return (await scene.other()).run((m, kept, name) => {
          kept.mapping = m.FileMapping.open(name, { access: 'read' })
          kept.view = kept.mapping.view({ access: 'read' })
          return new TextDecoder().decode(kept.view.bytes.slice(0, 4))
        }, name)
      },
    },
    {
      behaviour: 'Name: a file’s mapping is found by its name too.',
      call: 'A: create({ name, file }), store "text"; B: open(name), load',
      expected: 'text',
      async perform(scene) {
        const name = scene.name()
        const mapping = scene.keep(FileMapping.create({ name, file: scene.file('1234') }))
        scene.keep(mapping.view({ access: 'write' })).copyFrom(Buffer.from('text'))
        return (await scene.other()).run((m, kept, name) => {
          kept.mapping = m.FileMapping.open(name)
          kept.view = kept.mapping.view({ access: 'read' })
          return new TextDecoder().decode(kept.view.bytes.slice(0, 4))
        }, name)
      },
    },
    {
      behaviour: 'Duplication: a process that runs already gets a handle, with fewer rights if so wished.',
      call: 'A: offer({ access: "read" }); B: claim(ticket), load, view({ access: "write" })',
      expected: `5, ${win32('ERROR_ACCESS_DENIED')}`,
      async perform(scene) {
        const mapping = scene.keep(FileMapping.create({ size: 65_536, shareable: true }))
        scene.keep(mapping.view({ access: 'write' })).bytes[0] = 5
        const ticket = scene.keep(mapping.offer({ access: 'read' }))
        const other = await scene.other()
        const byte = await other.run(async (m, kept, text) => {
          kept.mapping = await m.FileMapping.claim(text)
          kept.view = kept.mapping.view({ access: 'read' })
          return kept.view.bytes[0]
        }, ticket.text)
        return [byte, await other.run((_, { mapping }) => mapping.view({ access: 'write' }).length)]
      },
    },
    {
      behaviour: 'A duplicate has no more rights than its source.',
      call: 'mapping.duplicate({ access: "read" }).offer({ access: "all" })',
      expected: win32('ERROR_ACCESS_DENIED'),
      perform(scene) {
        const mapping = scene.keep(FileMapping.create({ size: 65_536, shareable: true }))
        return scene.keep(scene.keep(mapping.duplicate({ access: 'read' })).offer({ access: 'all' })).text
      },
    },
    {
      behaviour: 'A ticket is good for one claim.',
      call: 'B: claim(ticket); B: claim(ticket)',
      expected: `all, ${win32('ERROR_FILE_NOT_FOUND')}`,
      async perform(scene) {
        const mapping = scene.keep(FileMapping.create({ size: 65_536, shareable: true }))
        const ticket = scene.keep(mapping.offer())
        const other = await scene.other()
        const claim = () =>
          other.run(async (m, kept, text) => {
            kept.mapping = await m.FileMapping.claim(text)
            return kept.mapping.rights
          }, ticket.text)
        return [await claim(), await claim()]
      },
    },
    {
      behaviour: 'The memory outlives the process that made it.',
      call: 'B: create, offer; A: claim; B is killed; A: load',
      expected: '6',
      async perform(scene) {
        const other = await scene.other()
        const text = (await other.run((m, kept) => {
          kept.mapping = m.FileMapping.create({ size: 65_536, shareable: true })
          kept.view = kept.mapping.view({ access: 'write' })
          kept.view.bytes[0] = 6
          return kept.mapping.offer().text
        })) as string
        const mapping = scene.keep(await FileMapping.claim(text))
        await other.kill()
        return scene.keep(mapping.view({ access: 'read' })).bytes[0]
      },
    },
  ],
}
