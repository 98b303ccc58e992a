/**
 * The namespace: existing names, kinds, scopes, and how long a name lives.
 */
import { Event, FileMapping, Mutex, type NamedObject, type Security, Semaphore, WaitableTimer } from '../../../../src/mapping/index.js'
import { NotHere, type Section, textOfEach, win32 } from '../row.js'
import type { Scene } from '../scene.js'

/** Creates and opens by name, for each kind. */
const KINDS: readonly [string, (name: string) => NamedObject | FileMapping, (name: string) => NamedObject | FileMapping][] = [
  ['mapping', (name) => FileMapping.create({ name, size: 4096 }), (name) => FileMapping.open(name)],
  ['semaphore', (name) => Semaphore.create({ name, initial: 1, max: 1 }), (name) => Semaphore.open(name)],
  ['mutex', (name) => Mutex.create({ name }), (name) => Mutex.open(name)],
  ['event', (name) => Event.create({ name, reset: 'auto' }), (name) => Event.open(name)],
  ['timer', (name) => WaitableTimer.create({ name, reset: 'auto' }), (name) => WaitableTimer.open(name)],
]

/** What all calls came to; one text if they agree. */
function agreed(texts: readonly string[]): string {
  return `${texts.length} times ${[...new Set(texts)].join(' or ')}`
}

/** Has every kind take a name of every other kind. */
function mixed(scene: Scene, creating: boolean): string {
  return agreed(
    KINDS.flatMap(([kind, create]) => {
      const name = scene.name()
      scene.keep(create(name))
      return textOfEach(
        KINDS.filter(([other]) => other !== kind).map(
          ([, create, open]) =>
            () =>
              scene.keep(creating ? create(name) : open(name)) && 'done',
        ),
      )
    }),
  )
}

export const existing: Section = {
  title: 'Existing and missing names',
  rows: [
    {
      behaviour: 'Creating a name that a mapping has returns that mapping with its old size, and says so (ERROR_ALREADY_EXISTS).',
      call: 'FileMapping.create({ name, size: 65536 }); FileMapping.create({ name, size: 5 }): existed, size, size of a view',
      expected: 'true, 65536, 65536',
      perform(scene) {
        const name = scene.name()
        scene.keep(FileMapping.create({ name, size: 65_536 }))
        const second = scene.keep(FileMapping.create({ name, size: 5 }))
        return [second.existed, second.size, scene.keep(second.view({ access: 'write' })).length]
      },
    },
    {
      behaviour: 'So it is between two processes.',
      call: 'A: FileMapping.create({ name, size: 65536 }); B: FileMapping.create({ name, size: 5 })',
      expected: 'false, true, 65536',
      async perform(scene) {
        const name = scene.name()
        const mapping = scene.keep(FileMapping.create({ name, size: 65_536 }))
        const seen = await (await scene.other()).run((m, kept, name) => {
          kept.mapping = m.FileMapping.create({ name, size: 5 })
          return [kept.mapping.existed, kept.mapping.size]
        }, name)
        return [mapping.existed, seen]
      },
    },
    {
      behaviour: 'Creating a name of another kind fails, for each kind and each other.',
      call: 'FileMapping, Semaphore, Mutex, Event, WaitableTimer: create({ name })',
      expected: `20 times ${win32('ERROR_INVALID_HANDLE')}`,
      perform: (scene) => mixed(scene, true),
    },
    {
      behaviour: 'Opening a name of another kind fails likewise.',
      call: 'FileMapping, Semaphore, Mutex, Event, WaitableTimer: open(name)',
      expected: `20 times ${win32('ERROR_INVALID_HANDLE')}`,
      perform: (scene) => mixed(scene, false),
    },
    {
      behaviour: 'Opening a missing name fails, for each kind.',
      call: 'FileMapping, Semaphore, Mutex, Event, WaitableTimer: open(name)',
      expected: `5 times ${win32('ERROR_FILE_NOT_FOUND')}`,
      perform: (scene) =>
        agreed(
          textOfEach(
            KINDS.map(
              ([, , open]) =>
                () =>
                  open(scene.name()),
            ),
          ),
        ),
    },
  ],
}

/** Creates an event by one name and opens it by another. */
function openedAs(scene: Scene, created: string, opened: string): boolean {
  const event = scene.keep(Event.create({ name: created, reset: 'manual' }))
  return scene.keep(Event.open(opened)).id === event.id
}

export const names: Section = {
  title: 'Names',
  rows: [
    {
      behaviour: 'Case counts.',
      call: 'create({ name: "name" }); open("NAME")',
      expected: win32('ERROR_FILE_NOT_FOUND'),
      perform(scene) {
        const name = scene.name()
        return openedAs(scene, name, name.toUpperCase())
      },
    },
    {
      behaviour: 'Local\\ is what a name without prefix means.',
      call: 'create({ name: "name" }); open("Local\\\\name")',
      expected: 'true',
      perform(scene) {
        const name = scene.name()
        return openedAs(scene, name, `Local\\${name}`)
      },
    },
    {
      behaviour: 'Global\\ is another scope.',
      call: 'create({ name: "name" }); open("Global\\\\name")',
      expected: win32('ERROR_FILE_NOT_FOUND'),
      perform(scene) {
        const name = scene.name()
        return openedAs(scene, name, `Global\\${name}`)
      },
    },
    {
      behaviour: 'A name in Global\\ is found by other processes.',
      call: 'A: create({ name: "Global\\\\name" }); B: open("Global\\\\name")',
      expected: 'true',
      wine: 'asks for no privilege; Windows wants one for creating mappings there (SeCreateGlobalPrivilege)',
      async perform(scene) {
        const name = `Global\\${scene.name()}`
        const event = scene.keep(Event.create({ name, reset: 'manual' }))
        const other = await scene.other()
        return (await other.run((m, _, name) => m.Event.open(name).id, name)) === event.id
      },
    },
    {
      behaviour: 'A further backslash is refused.',
      call: 'create({ name: "Local\\\\a\\\\b" })',
      expected: win32('ERROR_PATH_NOT_FOUND'),
      perform: (scene) => scene.keep(Event.create({ name: 'Local\\a\\b', reset: 'auto' })).existed,
    },
    {
      behaviour: 'A name of 260 UTF-16 code units of any script is found by other processes.',
      call: 'A: create({ name }); B: open(name)',
      expected: 'true',
      async perform(scene) {
        const name = `Ωж漢字 🙂 ${scene.name()}`.padEnd(260, '名')
        const mutex = scene.keep(Mutex.create({ name }))
        return (await (await scene.other()).run((m, _, name) => m.Mutex.open(name).id, name)) === mutex.id
      },
    },
    {
      behaviour: 'A longer name is refused.',
      call: 'create({ name: 261 code units })',
      expected: win32('ERROR_FILENAME_EXCED_RANGE'),
      perform: (scene) => scene.keep(Event.create({ name: scene.name().padEnd(261, 'x'), reset: 'auto' })).existed,
    },
  ],
}

export const lifetime: Section = {
  title: 'Lifetime of names and memory',
  rows: [
    {
      behaviour: 'A name ends with its last handle, though a view is still there.',
      call: 'mapping.close(); FileMapping.open(name)',
      expected: win32('ERROR_FILE_NOT_FOUND'),
      perform(scene) {
        const name = scene.name()
        const mapping = FileMapping.create({ name, size: 65_536 })
        scene.keep(mapping.view({ access: 'write' }))
        mapping.close()
        return FileMapping.open(name).size
      },
    },
    {
      behaviour: 'Memory lives as long as a view of it, in any process.',
      call: 'A and B: map, close all handles; A: store; B: load',
      expected: '42',
      async perform(scene) {
        const name = scene.name()
        const mapping = FileMapping.create({ name, size: 65_536 })
        const { bytes } = scene.keep(mapping.view({ access: 'write' }))
        const other = await scene.other()
        await other.run((m, kept, name) => {
          const mapping = m.FileMapping.open(name)
          kept.view = mapping.view({ access: 'read' })
          mapping.close()
        }, name)
        mapping.close()
        bytes[9] = 42
        return other.run((_, { view }) => view.bytes[9])
      },
    },
    {
      behaviour: 'A name lives on in another process that has a handle.',
      call: 'A: create, B: open, A: close, open; B: close; A: close, open',
      expected: `65536, ${win32('ERROR_FILE_NOT_FOUND')}`,
      async perform(scene) {
        const name = scene.name()
        const mapping = FileMapping.create({ name, size: 65_536 })
        const other = await scene.other()
        await other.run((m, kept, name) => {
          kept.mapping = m.FileMapping.open(name)
        }, name)
        mapping.close()
        const again = FileMapping.open(name)
        await other.run((_, { mapping }) => mapping.close())
        again.close()
        return [again.size, ...textOfEach([() => FileMapping.open(name).size])]
      },
    },
    {
      behaviour: 'A killed process leaves no name behind.',
      call: 'B: create({ name }), is killed; A: open(name)',
      expected: win32('ERROR_FILE_NOT_FOUND'),
      async perform(scene) {
        const name = scene.name()
        const other = await scene.other()
        await other.run((m, kept, name) => {
          kept.mapping = m.FileMapping.create({ name, size: 65_536 })
        }, name)
        await other.kill()
        return FileMapping.open(name).size
      },
    },
    {
      behaviour: 'A name that is created again is a fresh object, whatever views of the old one remain.',
      call: 'store 1; mapping.close(); FileMapping.create({ name, size }): existed, byte',
      expected: 'false, 0',
      perform(scene) {
        const name = scene.name()
        const mapping = FileMapping.create({ name, size: 65_536 })
        scene.keep(mapping.view({ access: 'write' })).bytes[0] = 1
        mapping.close()
        const fresh = scene.keep(FileMapping.create({ name, size: 65_536 }))
        return [fresh.existed, scene.keep(fresh.view({ access: 'read' })).bytes[0]]
      },
    },
  ],
}

/** What opening an object comes to for another user. */
async function openedByAnother(scene: Scene, security: Security): Promise<unknown> {
  if (process.getuid?.() !== 0) throw new NotHere('only root can start a process of another user')
  const name = `Global\\${scene.name()}`
  scene.keep(Event.create({ name, reset: 'manual', security }))
  return (await scene.another(65_534)).run((m, _, name) => m.Event.open(name).id && 'opened', name)
}

export const security: Section = {
  title: 'Security',
  rows: [
    {
      behaviour: 'Another user is kept out by default.',
      call: 'A: create({ name: "Global\\\\name" }); B, another user: open("Global\\\\name")',
      expected: win32('ERROR_ACCESS_DENIED'),
      perform: (scene) => openedByAnother(scene, {}),
    },
    {
      behaviour: 'Another user is let in by the mode, on POSIX.',
      call: 'A: create({ name: "Global\\\\name", security: { mode: 0o666 } }); B, another user: open("Global\\\\name")',
      expected: 'opened',
      perform: (scene) => openedByAnother(scene, { mode: 0o666 }),
    },
    {
      behaviour: 'Mode, owner and SDDL are checked before anything is made.',
      call: 'create({ security: { mode: 0o1000 } })',
      expected: 'ERR_INVALID_ARGUMENT',
      perform: (scene) => scene.keep(Event.create({ reset: 'auto', security: { mode: 0o1000 } })).existed,
    },
    {
      behaviour: 'An SDDL string decides on Windows who may open an object; elsewhere it is refused, and the mode decides.',
      call: 'create({ name, security: { sddl: "D:(A;;GR;;;WD)" } }); open(name)',
      expected: { posix: 'ERR_UNSUPPORTED', win32: win32('ERROR_ACCESS_DENIED') },
      perform(scene) {
        const name = scene.name()
        scene.keep(Event.create({ name, reset: 'auto', security: { sddl: 'D:(A;;GR;;;WD)' } }))
        scene.keep(Event.open(name))
        return 'opened'
      },
    },
  ],
}
