/**
 * Views: where they begin, what they allow, where in memory they are, and what a fault of one becomes.
 */
import { truncateSync } from 'node:fs'
import { FileMapping, allocationGranularity as G, type MappingViewOptions } from '../../../../src/mapping/index.js'
import { isPosix } from '../../objects/peer.js'
import { NotHere, type Section, win32 } from '../row.js'
import type { Scene } from '../scene.js'

/** The length of a view of 200,000 bytes of memory. */
function viewed(scene: Scene, options: Omit<MappingViewOptions, 'access'>): number {
  const mapping = scene.keep(FileMapping.create({ size: 200_000 }))
  return scene.keep(mapping.view({ ...options, access: 'read' })).length
}

export const ranges: Section = {
  title: 'Offsets, lengths and addresses of views',
  rows: [
    {
      behaviour: 'A view begins at a multiple of 64 KiB.',
      call: 'mapping.view({ offset: 4096 })',
      expected: win32('ERROR_MAPPED_ALIGNMENT'),
      perform: (scene) => viewed(scene, { offset: 4096 }),
    },
    {
      behaviour: 'A view without a length goes to the end of the mapping.',
      call: 'FileMapping.create({ size: 200000 }).view({ offset: 65536 }).length',
      expected: '134464',
      perform: (scene) => viewed(scene, { offset: G }),
    },
    {
      behaviour: 'A view begins inside of the mapping.',
      call: 'FileMapping.create({ size: 200000 }).view({ offset: 262144, length: 1 })',
      expected: win32('ERROR_ACCESS_DENIED'),
      perform: (scene) => viewed(scene, { offset: 4 * G, length: 1 }),
    },
    {
      behaviour: 'A view ends inside of the mapping.',
      call: 'FileMapping.create({ size: 200000 }).view({ length: 200001 })',
      expected: win32('ERROR_ACCESS_DENIED'),
      perform: (scene) => viewed(scene, { length: 200_001 }),
    },
    {
      behaviour: 'A wished address is honoured.',
      call: 'mapping.view({ address }).address === address',
      expected: 'true',
      perform(scene) {
        const mapping = scene.keep(FileMapping.create({ size: 4 * G }))
        const first = mapping.view({ access: 'read' })
        const address = first.address as bigint
        first.unmap()
        return scene.keep(mapping.view({ access: 'read', address })).address === address
      },
    },
    {
      behaviour: 'A wished address that is in use fails, and what is there stays.',
      call: 'mapping.view({ address: first.address })',
      expected: win32('ERROR_INVALID_ADDRESS'),
      perform(scene) {
        const mapping = scene.keep(FileMapping.create({ size: G }))
        const first = scene.keep(mapping.view({ access: 'read' }))
        return scene.keep(mapping.view({ access: 'read', address: first.address as bigint })).length
      },
    },
    {
      behaviour: 'A wished address is a multiple of 64 KiB.',
      call: 'mapping.view({ address: 0x10001000 })',
      expected: win32('ERROR_MAPPED_ALIGNMENT'),
      perform: (scene) => viewed(scene, { address: 0x1000_1000 }),
    },
    {
      behaviour: 'Bytes of an unmapped view cannot be reached any more.',
      call: 'view.unmap(); view.bytes[0]; view.check()',
      expected: 'ERR_CLOSED',
      perform(scene) {
        const view = scene.keep(FileMapping.create({ size: G })).view({ access: 'read' })
        view.unmap()
        if (view.bytes[0] !== undefined) throw new Error('still there')
        view.check()
      },
    },
  ],
}

export const rights: Section = {
  title: 'Access rights',
  rows: [
    {
      behaviour: 'A read-only mapping has no views for writing.',
      call: 'FileMapping.create({ file, protection: "read-only" }).view({ access: "write" })',
      expected: win32('ERROR_ACCESS_DENIED'),
      perform(scene) {
        const mapping = scene.keep(FileMapping.create({ file: scene.file('12345'), protection: 'read-only' }))
        return scene.keep(mapping.view({ access: 'write' })).length
      },
    },
    {
      behaviour: 'A view for copying needs reading only; what it stores is its own.',
      call: 'mapping.view({ access: "copy" }).copyFrom("COPY"): the view, another view',
      expected: 'COPY, text',
      perform(scene) {
        const mapping = scene.keep(FileMapping.create({ file: scene.file('text', { access: 'read' }), protection: 'read-only' }))
        const copy = scene.keep(mapping.view({ access: 'copy' }))
        copy.copyFrom(Buffer.from('COPY'))
        return [copy, scene.keep(mapping.view({ access: 'read' }))].map((view) => Buffer.from(view.bytes).toString())
      },
    },
    {
      behaviour: 'A duplicate with fewer rights has no views for writing.',
      call: 'mapping.duplicate({ access: "read" }).view({ access: "write" })',
      expected: win32('ERROR_ACCESS_DENIED'),
      perform(scene) {
        const duplicate = scene.keep(scene.keep(FileMapping.create({ size: G })).duplicate({ access: 'read' }))
        return scene.keep(duplicate.view({ access: 'write' })).length
      },
    },
    {
      behaviour: 'A duplicate never has more rights.',
      call: 'mapping.duplicate({ access: "read" }).duplicate({ access: "all" })',
      expected: win32('ERROR_ACCESS_DENIED'),
      perform(scene) {
        const duplicate = scene.keep(scene.keep(FileMapping.create({ size: G })).duplicate({ access: 'read' }))
        return scene.keep(duplicate.duplicate({ access: 'all' })).rights
      },
    },
    {
      behaviour: 'A mapping that is opened for reading has no views for writing.',
      call: 'FileMapping.open(name, { access: "read" }).view({ access: "write" })',
      expected: win32('ERROR_ACCESS_DENIED'),
      perform(scene) {
        const name = scene.name()
        scene.keep(FileMapping.create({ name, size: G }))
        return scene.keep(scene.keep(FileMapping.open(name, { access: 'read' })).view({ access: 'write' })).length
      },
    },
    {
      behaviour: 'There are no views for executing.',
      call: 'mapping.view({ access: "execute" })',
      expected: 'ERR_INVALID_ARGUMENT',
      perform: (scene) => scene.keep(FileMapping.create({ size: G })).view({ access: 'execute' as 'read' }).length,
    },
    {
      behaviour: 'A stray store into a view for reading lands nowhere, and is an error of the next call.',
      call: 'mapping.view({ access: "read" }).bytes[0] = 1; view.check()',
      expected: win32('ERROR_NOACCESS'),
      perform(scene) {
        const view = scene.keep(scene.keep(FileMapping.create({ size: G })).view({ access: 'read' }))
        view.bytes[0] = 1
        view.check()
      },
    },
    {
      behaviour: 'A file that somebody cuts below a view does not end the process: it is an error of the next call.',
      call: 'truncate(path, 0) by others; view.bytes[65536]; view.check()',
      expected: win32('ERROR_SWAPERROR'),
      perform(scene) {
        const file = scene.file(Buffer.alloc(2 * G, 1))
        const view = scene.keep(file.view({ offset: 0, length: 2 * G, access: 'read' }))
        if (!isPosix) throw new NotHere('the system does not let it be cut')
        truncateSync(file.path, 0)
        if (view.bytes[G] !== 0) throw new Error('no zero')
        view.check()
      },
    },
  ],
}
