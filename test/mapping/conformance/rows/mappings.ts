/**
 * Creating mappings: of files and of memory.
 */
import { type File, FileMapping, allocationGranularity as G } from '../../../../src/mapping/index.js'
import { type Section, win32 } from '../row.js'

export const growth: Section = {
  title: 'Size and growth of a file',
  rows: [
    {
      behaviour: 'A mapping that is larger than its file makes the file grow.',
      call: 'FileMapping.create({ file: 5 bytes, size: 200000 }); file.size',
      expected: '200000',
      perform(scene) {
        const file = scene.file('12345')
        scene.keep(FileMapping.create({ file, size: 200_000 }))
        return file.size
      },
    },
    {
      behaviour: 'What was in the file is in the mapping, and new bytes can be stored and read.',
      call: 'FileMapping.create({ file: "hello", size: 65537 }).view({ access: "write" })',
      expected: 'hello, 7',
      perform(scene) {
        const mapping = scene.keep(FileMapping.create({ file: scene.file('hello'), size: G + 1 }))
        const { bytes } = scene.keep(mapping.view({ access: 'write' }))
        bytes[G] = 7
        return [Buffer.from(bytes.subarray(0, 5)).toString(), bytes[G]]
      },
    },
    {
      behaviour: 'A full disk fails here, and not at a later store.',
      call: 'FileMapping.create({ file, size: 4 TiB })',
      expected: win32('ERROR_DISK_FULL'),
      wine: 'grows files without taking the space',
      perform: (scene) => scene.keep(FileMapping.create({ file: scene.fileOfSmallVolume(), size: 2 ** 42 })).size,
    },
    {
      behaviour: 'Size 0 is the current length of the file.',
      call: 'FileMapping.create({ file: 5 bytes, size: 0 }).size',
      expected: '5',
      perform: (scene) => scene.keep(FileMapping.create({ file: scene.file('12345'), size: 0 })).size,
    },
    {
      behaviour: 'Size 0 of an empty file fails.',
      call: 'FileMapping.create({ file: 0 bytes, size: 0 })',
      expected: win32('ERROR_FILE_INVALID'),
      perform: (scene) => scene.keep(FileMapping.create({ file: scene.file(''), size: 0 })).size,
    },
    {
      behaviour: 'A read-only mapping that is larger than the file fails.',
      call: 'FileMapping.create({ file: 5 bytes, size: 6, protection: "read-only" })',
      expected: win32('ERROR_NOT_ENOUGH_MEMORY'),
      perform: (scene) => scene.keep(FileMapping.create({ file: scene.file('12345'), size: 6, protection: 'read-only' })).size,
    },
    {
      behaviour: 'So does one for copying.',
      call: 'FileMapping.create({ file: 5 bytes, size: 6, protection: "write-copy" })',
      expected: win32('ERROR_NOT_ENOUGH_MEMORY'),
      perform: (scene) => scene.keep(FileMapping.create({ file: scene.file('12345'), size: 6, protection: 'write-copy' })).size,
    },
    {
      behaviour: 'A mapping for writing needs a file that is open for writing.',
      call: 'FileMapping.create({ file: open for reading, protection: "read-write" })',
      expected: win32('ERROR_ACCESS_DENIED'),
      perform: (scene) => scene.keep(FileMapping.create({ file: scene.file('12345', { access: 'read' }) })).size,
    },
  ],
}

export const memory: Section = {
  title: 'Memory without a file (page-file-backed)',
  rows: [
    {
      behaviour: 'Memory needs a size.',
      call: 'FileMapping.create({ size: 0 })',
      expected: win32('ERROR_INVALID_PARAMETER'),
      perform: (scene) => scene.keep(FileMapping.create({ size: 0 })).size,
    },
    {
      behaviour: 'Memory starts as zeroes.',
      call: 'FileMapping.create({ size: 1 MiB }).view({ access: "read" }).bytes.every((byte) => byte === 0)',
      expected: 'true',
      perform: (scene) =>
        scene.keep(scene.keep(FileMapping.create({ size: 2 ** 20 })).view({ access: 'read' })).bytes.every((byte) => byte === 0),
    },
    {
      behaviour: 'A closed file does not become memory by accident.',
      call: 'file.close(); FileMapping.create({ file, size: 65536 })',
      expected: 'ERR_CLOSED',
      perform(scene) {
        const file = scene.file('12345')
        file.close()
        return scene.keep(FileMapping.create({ file, size: G })).size
      },
    },
    {
      behaviour: 'Nor does a file that could not be opened.',
      call: 'FileMapping.create({ file: undefined, size: 65536 })',
      expected: 'ERR_INVALID_ARGUMENT',
      perform: (scene) => scene.keep(FileMapping.create({ file: undefined as unknown as File, size: G })).size,
    },
    {
      behaviour: 'Reserved memory takes its space by commit (SEC_RESERVE), and can be used then.',
      call: 'FileMapping.create({ size: 1 GiB, allocation: "reserve" }).commit(65536, 65536)',
      expected: '9',
      perform(scene) {
        const mapping = scene.keep(FileMapping.create({ size: 2 ** 30, allocation: 'reserve' }))
        mapping.commit(G, G)
        const { bytes } = scene.keep(mapping.view({ offset: G, length: G, access: 'write' }))
        bytes[G - 1] = 9
        return bytes[G - 1]
      },
    },
    {
      behaviour: 'Only reserved memory is committed.',
      call: 'FileMapping.create({ size: 65536 }).commit(0, 4096)',
      expected: win32('ERROR_INVALID_PARAMETER'),
      perform: (scene) => scene.keep(FileMapping.create({ size: G })).commit(0, 4096),
    },
  ],
}
