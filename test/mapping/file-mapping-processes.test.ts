/**
 * File mappings of other processes: what they keep others from doing, and what a child inherits.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { allocationGranularity, File, FileMapping } from '../../src/mapping/index.js'
import { folder } from '../folder.js'
import { throwsCode } from './errors.js'
import { startPeer } from './peer.js'

for (const then of ['nothing', 'close'] as const) {
  const what = then === 'close' ? 'a view whose mapping and file are closed' : 'a mapping'
  test(`${what} in another process keeps the file whole until that process is killed`, async (t) => {
    const path = join(folder(t), 'file')
    writeFileSync(path, Buffer.alloc(2 * allocationGranularity))
    const peer = await startPeer(t)
    await peer.ask({ do: 'open', path })
    await peer.ask({ do: 'hold', then })
    const file = File.open(path, { access: 'read-write', disposition: 'open-existing' })
    t.teardown(() => file.close())
    const overwrite = () => File.open(path, { access: 'read-write', disposition: 'create-always' }).close()
    throwsCode(t, () => file.truncate(5), 'ERR_USER_MAPPED_FILE')
    throwsCode(t, overwrite, 'ERR_USER_MAPPED_FILE')
    t.is(file.size, 2 * allocationGranularity)
    await peer.kill()
    file.truncate(5)
    t.is(file.size, 5)
    overwrite()
    t.is(file.size, 0)
  })
}

test('children get what is inheritable and nothing else (skipped without /proc/self/fd)', (t) => {
  // Wine shows the host's.
  if (process.platform === 'win32' || !existsSync('/proc/self/fd')) {
    t.log('skipped: no /proc/self/fd')
    t.pass()
    return
  }
  const path = join(folder(t), 'file')
  writeFileSync(path, 'text')
  const open = (inheritable: boolean) => File.open(path, { access: 'read', disposition: 'open-existing', inheritable })
  const files = [open(true), open(false)]
  const mappings = [true, false].map((inheritable) => FileMapping.create({ size: 4096, inheritable }))
  const copies = [true, false].map((inheritable) => (mappings[0] as FileMapping).duplicate({ access: 'read', inheritable }))
  t.teardown(() => {
    for (const object of [...files, ...mappings, ...copies]) object.close()
  })
  const { stdout } = spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' })
  const inherited = stdout.split('\n').filter((line) => line.includes(path))
  t.is(inherited.length, 1)
  const numbers = new Set([...stdout.matchAll(/ (\d+) -> \/memfd:holdfast/g)].map((match) => Number(match[1])))
  for (const mapping of [...mappings, ...copies]) t.is(numbers.has(mapping.handle), mapping === mappings[0] || mapping === copies[0])
})
