/**
 * Mapped files: coherence, flushing, remote volumes, and what others cannot do to them meanwhile.
 */
import { existsSync, readFileSync } from 'node:fs'
import {
  type Disposition,
  File,
  FileMapping,
  allocationGranularity as G,
  platformTraits,
  refuseRemote,
  removeFile,
} from '../../../../src/mapping/index.js'
import { NotHere, type Section, textOfEach, win32 } from '../row.js'
import type { Scene } from '../scene.js'

export const coherence: Section = {
  title: 'Coherence',
  rows: [
    {
      behaviour: 'All views of a file in a process show the same bytes.',
      call: 'first.bytes[70000] = 5; second.bytes[70000 - 65536]',
      expected: '5',
      perform(scene) {
        const file = scene.file(Buffer.alloc(3 * G))
        const first = scene.keep(scene.keep(FileMapping.create({ file })).view({ access: 'write' }))
        const second = scene.keep(scene.keep(FileMapping.create({ file, protection: 'read-only' })).view({ offset: G, access: 'read' }))
        first.bytes[70_000] = 5
        return second.bytes[70_000 - G]
      },
    },
    {
      behaviour: 'So do views in two processes, both ways, without any flush.',
      call: 'A: Atomics.store(words, 0, 1); B: Atomics.add(words, 0, 1); A: Atomics.load(words, 0)',
      expected: '1, 2',
      async perform(scene) {
        const file = scene.file(Buffer.alloc(G))
        const words = new Uint32Array(scene.keep(scene.keep(FileMapping.create({ file })).view({ access: 'write' })).buffer)
        Atomics.store(words, 0, 1)
        const other = await scene.other()
        const before = await other.run((m, kept, path) => {
          const file = m.File.open(path, { access: 'read-write', disposition: 'open-existing' })
          kept.mapping = m.FileMapping.create({ file })
          file.close()
          kept.view = kept.mapping.view({ access: 'write' })
          return Atomics.add(new Uint32Array(kept.view.buffer), 0, 1)
        }, file.path)
        return [before, Atomics.load(words, 0)]
      },
    },
    {
      behaviour: 'What is written to a file is seen through its views at once: promised on POSIX, not on Windows.',
      call: 'file.write("text", 0); view.bytes',
      expected: { posix: 'text', win32: 'not promised' },
      perform(scene) {
        if (!platformTraits.writesReachViews) throw new NotHere('not promised')
        const file = scene.file('1234')
        const view = scene.keep(scene.keep(FileMapping.create({ file })).view({ access: 'read' }))
        file.write(Buffer.from('text'), 0)
        return Buffer.from(view.bytes).toString()
      },
    },
    {
      behaviour: 'Files of remote volumes, where views are not coherent, are refused unless allowRemote says otherwise.',
      call: 'FileMapping.create({ file on nfs })',
      expected: win32('ERROR_NOT_SUPPORTED'),
      perform: () => refuseRemote({ type: 'nfs', remote: true, overwritesInPlace: false }, 'file'),
    },
  ],
}

export const flushing: Section = {
  title: 'Flushing',
  rows: [
    {
      behaviour: 'A flushed view and a flushed file are durable: both succeed, and the file has the bytes.',
      call: 'view.flush(); await file.flush()',
      expected: 'text',
      async perform(scene) {
        const file = scene.file('1234')
        const view = scene.keep(scene.keep(FileMapping.create({ file })).view({ access: 'write' }))
        view.copyFrom(Buffer.from('text'))
        view.flush()
        await file.flush()
        return readFileSync(file.path, 'utf8')
      },
    },
    {
      behaviour: 'A part of a view can be flushed.',
      call: 'view.flush(65000, 1000)',
      expected: 'nothing',
      perform: (scene) => scene.keep(scene.keep(FileMapping.create({ size: 2 * G })).view({ access: 'write' })).flush(65_000, 1000),
    },
    {
      behaviour: 'A range outside of the view is refused.',
      call: 'view.flush(65536, 1)',
      expected: 'ERR_INVALID_ARGUMENT',
      perform: (scene) => scene.keep(scene.keep(FileMapping.create({ size: G })).view({ access: 'write' })).flush(G, 1),
    },
  ],
}

/** What opening a mapped file anew comes to. */
function overwritten(scene: Scene, disposition: Disposition): number {
  const file = scene.file(Buffer.alloc(2 * G))
  scene.keep(FileMapping.create({ file }))
  return scene.keep(File.open(file.path, { access: 'read-write', disposition })).size
}

export const whileMapped: Section = {
  title: 'Files that are mapped',
  rows: [
    {
      behaviour: 'A mapped file is not shrunk.',
      call: 'FileMapping.create({ file }); file.truncate(5)',
      expected: win32('ERROR_USER_MAPPED_FILE'),
      perform(scene) {
        const file = scene.file(Buffer.alloc(2 * G))
        scene.keep(scene.keep(FileMapping.create({ file })).view({ access: 'read' }))
        file.truncate(5)
        return file.size
      },
    },
    {
      behaviour: 'A view alone is enough for that.',
      call: 'mapping.close(); file.truncate(5)',
      expected: win32('ERROR_USER_MAPPED_FILE'),
      perform(scene) {
        const file = scene.file(Buffer.alloc(2 * G))
        const mapping = FileMapping.create({ file })
        scene.keep(mapping.view({ access: 'read' }))
        mapping.close()
        file.truncate(5)
        return file.size
      },
    },
    {
      behaviour: 'So is a mapping in another process, until that is killed.',
      call: 'B: map; A: file.truncate(5); B is killed; A: file.truncate(5), file.size',
      expected: `${win32('ERROR_USER_MAPPED_FILE')}, nothing, 5`,
      async perform(scene) {
        const file = scene.file(Buffer.alloc(2 * G))
        const other = await scene.other()
        await other.run((m, kept, path) => {
          const file = m.File.open(path, { access: 'read-write', disposition: 'open-existing' })
          kept.mapping = m.FileMapping.create({ file })
          kept.view = kept.mapping.view({ access: 'read' })
          file.close()
        }, file.path)
        const before = textOfEach([() => file.truncate(5)])
        await other.kill()
        return [...before, ...textOfEach([() => file.truncate(5), () => file.size])]
      },
    },
    {
      behaviour: 'A mapped file is not overwritten by create-always.',
      call: 'FileMapping.create({ file }); File.open(path, { disposition: "create-always" })',
      expected: win32('ERROR_USER_MAPPED_FILE'),
      perform: (scene) => overwritten(scene, 'create-always'),
    },
    {
      behaviour: 'Nor by truncate-existing.',
      call: 'FileMapping.create({ file }); File.open(path, { disposition: "truncate-existing" })',
      expected: win32('ERROR_USER_MAPPED_FILE'),
      perform: (scene) => overwritten(scene, 'truncate-existing'),
    },
    {
      behaviour: 'A mapped file can grow.',
      call: 'FileMapping.create({ file }); file.truncate(300000); file.size',
      expected: '300000',
      perform(scene) {
        const file = scene.file(Buffer.alloc(2 * G))
        scene.keep(scene.keep(FileMapping.create({ file })).view({ access: 'read' }))
        file.truncate(300_000)
        return file.size
      },
    },
    {
      behaviour: 'When it is no longer mapped, it can be shrunk.',
      call: 'view.unmap(); mapping.close(); file.truncate(5); file.size',
      expected: '5',
      perform(scene) {
        const file = scene.file(Buffer.alloc(2 * G))
        const mapping = FileMapping.create({ file })
        mapping.view({ access: 'read' }).unmap()
        mapping.close()
        file.truncate(5)
        return file.size
      },
    },
    {
      behaviour: 'A mapped file cannot be removed on Windows; on POSIX it can, and its views stay.',
      call: 'removeFile(path); is it there?',
      expected: { posix: 'true, false, 1', win32: `${win32('ERROR_ACCESS_DENIED')}, true, 1` },
      wine: 'allows removing a mapped file',
      perform(scene) {
        const file = scene.file(Buffer.alloc(G, 1))
        const view = scene.keep(scene.keep(FileMapping.create({ file })).view({ access: 'read' }))
        file.close()
        return [...textOfEach([() => removeFile(file.path)]), existsSync(file.path), view.bytes[G - 1]]
      },
    },
  ],
}
