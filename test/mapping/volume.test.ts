/**
 * File systems: told by their type, refused where mapping them would lie.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { File, FileMapping, MappingError } from '../../src/mapping/index.js'
import type { NativeVolume } from '../../src/mapping/native.js'
import { classifyVolume, refuseRemote } from '../../src/mapping/volume.js'
import { folder } from '../folder.js'

const CASES: readonly [NativeVolume, type: string, remote: boolean, overwritesInPlace: boolean][] = [
  [[0x6969, '', false], 'nfs', true, false],
  [[0xff534d42, '', false], 'cifs', true, false],
  [[0xfe534d42, '', false], 'smb2', true, false],
  [[0x01021997, '', false], '9p', true, false],
  [[0x65735546, '', false], 'fuse', true, false],
  [[0x00c36400, '', false], 'ceph', true, false],
  [[0x7461636f, '', false], 'ocfs2', true, false],
  [[0x786f4256, '', false], 'vboxsf', true, false],
  [[0xef53, '', false], 'ext', false, true],
  [[0x58465342, '', false], 'xfs', false, true],
  [[0x01021994, '', false], 'tmpfs', false, true],
  [[0x9123683e, '', false], 'btrfs', false, false],
  [[0x794c7630, '', false], 'overlay', false, false],
  [[0x12345678, '', false], '0x12345678', false, false],
  [[0, 'NTFS', false], 'NTFS', false, false],
  [[0, 'NTFS', true], 'NTFS', true, false],
  [[0, 'apfs', false], 'apfs', false, false],
  [[0, 'smbfs', true], 'smbfs', true, false],
  [[0, 'macfuse', false], 'macfuse', true, false],
]

test('types of file systems are told apart', (t) => {
  for (const [given, type, remote, overwritesInPlace] of CASES) {
    const volume = classifyVolume(given)
    t.deepEqual(volume, { type, remote, overwritesInPlace })
    if (!remote) {
      t.notThrows(() => refuseRemote(volume, 'file'))
      continue
    }
    const error = t.throws(() => refuseRemote(volume, 'file'), { instanceOf: MappingError }) as MappingError
    t.deepEqual([error.code, error.win32Code, error.path], ['ERR_REMOTE_VOLUME', 50, 'file'])
    t.true(error.message.includes(`'${type}'`))
  }
})

test('the disk under the tests can be mapped', (t) => {
  const path = join(folder(t), 'file')
  writeFileSync(path, 'text')
  const file = File.open(path, { access: 'read', disposition: 'open-existing' })
  t.teardown(() => file.close())
  t.not(file.volume.type, '')
  t.false(file.volume.remote, file.volume.type)
  FileMapping.create({ file, protection: 'read-only' }).close()
})

test('a file of a file system that is refused can be opened, and mapped by wish (skipped where none is mounted)', (t) => {
  // Where the kernel shows its mounts; one that is unsuitable and can be read.
  const mounts = existsSync('/proc/self/mounts') ? readFileSync('/proc/self/mounts', 'utf8').split('\n') : []
  const places = mounts.map((line) => line.split(' ')).filter(([, , type]) => type !== undefined && /^(nfs|cifs|9p|fuse\.)/.test(type))
  for (const [, place] of places) {
    const path = join(place as string, `holdfast-test-${process.pid}`)
    try {
      mkdirSync(path)
      writeFileSync(join(path, 'file'), 'text')
    } catch {
      continue
    }
    t.teardown(() => rmSync(path, { recursive: true, force: true }))
    const file = File.open(join(path, 'file'), { access: 'read', disposition: 'open-existing' })
    t.throws(() => FileMapping.create({ file, protection: 'read-only' }), { code: 'ERR_REMOTE_VOLUME' })
    FileMapping.create({ file, protection: 'read-only', allowRemote: true }).close()
    file.close()
    return
  }
  t.log('skipped: no such file system is mounted where files can be written')
  t.pass()
})
