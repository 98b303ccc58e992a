/**
 * Files of the mapping layer: opening, reading, writing, growing, cutting, flushing, closing.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { type Disposition, File, platformTraits } from '../../src/mapping/index.js'
import { folder } from '../folder.js'
import { throwsCode, throwsSystemError } from './errors.js'

const GIB = 2 ** 30

function fresh(path: string): File {
  return File.open(path, { access: 'read-write', disposition: 'create-new' })
}

test('what a disposition does about a file that is there, or is not', (t) => {
  const path = join(folder(t), 'file')
  const open = (disposition: Disposition) => File.open(path, { access: 'read-write', disposition })
  throwsSystemError(t, () => open('open-existing'), ['ENOENT'], path)
  throwsSystemError(t, () => open('truncate-existing'), ['ENOENT'], path)
  t.false(existsSync(path))
  for (const disposition of ['create-new', 'open-always', 'create-always'] as const) {
    const file = open(disposition)
    t.is(file.size, 0)
    file.close()
    rmSync(path)
  }
  writeFileSync(path, 'contents')
  throwsSystemError(t, () => open('create-new'), ['EEXIST'], path)
  for (const [disposition, size] of [
    ['open-existing', 8],
    ['open-always', 8],
    ['truncate-existing', 0],
    ['create-always', 0],
  ] as const) {
    writeFileSync(path, 'contents')
    const file = open(disposition)
    t.is(file.size, size, disposition)
    file.close()
  }
})

test('a file that is open for reading is not written to', (t) => {
  const path = join(folder(t), 'file')
  writeFileSync(path, 'contents')
  const file = File.open(path, { access: 'read', disposition: 'open-existing' })
  const calls = [
    () => file.write(Buffer.from('x'), 0),
    () => file.allocate(100),
    () => file.truncate(0),
    () => file.flushSync(),
    () => file.view({ offset: 0, length: 8, access: 'write' }),
    () => file.tryLock(0, 'exclusive'),
    () => file.writePages([Buffer.alloc(16)], Uint32Array.of(0, 0, 0, 1), 1, 16),
  ]
  for (const call of calls) throwsCode(t, call, 'ERR_INVALID_ARGUMENT')
  for (const disposition of ['create-always', 'truncate-existing'] as const)
    throwsCode(t, () => File.open(path, { access: 'read', disposition }), 'ERR_INVALID_ARGUMENT')
  file.close()
  t.is(readFileSync(path, 'utf8'), 'contents')
})

test('what is not a regular file is refused', (t) => {
  const path = join(folder(t), 'directory')
  mkdirSync(path)
  throwsSystemError(t, () => File.open(path, { access: 'read', disposition: 'open-existing' }), ['EISDIR'], path)
  throwsSystemError(t, () => File.open(path, { access: 'read-write', disposition: 'open-existing' }), ['EISDIR'], path)
  throwsSystemError(t, () => File.open(join(path, 'no', 'file'), { access: 'read-write', disposition: 'create-new' }), ['ENOENT'])
})

test('names outside of ASCII and paths longer than 260 characters', (t) => {
  let path = join(folder(t), 'größe 表 🗄')
  for (let i = 0; i < 6; i++) path = join(path, 'long'.repeat(12))
  mkdirSync(path, { recursive: true })
  const file = fresh(join(path, 'file ü'))
  file.write(Buffer.from('here'), 0)
  file.close()
  t.is(readFileSync(join(path, 'file ü'), 'utf8'), 'here')
})

test('reads stop at the end of the file, writes extend it', (t) => {
  const file = fresh(join(folder(t), 'file'))
  file.write(Buffer.from('0123456789'), 5)
  t.is(file.size, 15)
  const target = Buffer.alloc(8, 'x')
  t.is(file.read(target, 0), 8)
  t.deepEqual(target, Buffer.concat([Buffer.alloc(5), Buffer.from('012')]))
  t.is(file.read(target, 12), 3)
  t.is(target.toString('latin1', 0, 3), '789')
  t.is(file.read(target, 15), 0)
  t.is(file.read(target, 1000), 0)
  t.is(file.read(new Uint8Array(0), 0), 0)
  file.write(new Uint8Array(0), 5000)
  t.is(file.size, 15, 'nothing written at an offset extends nothing')
  const large = Buffer.alloc(3 * 2 ** 20, 0x5a)
  file.write(large, 7)
  const back = Buffer.alloc(large.length)
  t.is(file.read(back, 7), large.length)
  t.true(back.equals(large))
  file.close()
})

test('allocation grows, never shrinks, and takes real space', (t) => {
  const path = join(folder(t), 'file')
  const file = fresh(path)
  file.write(Buffer.from('kept'), 0)
  file.allocate(4 * 2 ** 20)
  t.is(file.size, 4 * 2 ** 20)
  file.allocate(10)
  t.is(file.size, 4 * 2 ** 20)
  const target = Buffer.alloc(8)
  file.read(target, 0)
  t.is(target.toString('latin1', 0, 4), 'kept')
  const { blocks } = statSync(path)
  if (platformTraits.viewMayPassEnd) t.true(blocks * 512 >= 4 * 2 ** 20, 'the blocks are there')
  else t.log('skipped: whether the blocks are there, since node:fs does not tell on Windows')
  file.close()
})

// A memory file system knows at once that it has no room; asking a disk for too much would fill it first.
const onSmallDisk = platformTraits.viewMayPassEnd && existsSync('/dev/shm') ? test : test.skip
onSmallDisk('a full disk is an error of the allocation (skipped without a POSIX /dev/shm; Wine reserves nothing)', (t) => {
  const path = `/dev/shm/holdfast-test-${process.pid}`
  const file = File.open(path, { access: 'read-write', disposition: 'create-always' })
  t.teardown(() => rmSync(path))
  throwsSystemError(t, () => file.allocate(2 ** 50), ['ENOSPC'], path)
  file.allocate(65536)
  t.is(file.size, 65536)
  file.close()
})

test('truncation cuts and extends', (t) => {
  const file = fresh(join(folder(t), 'file'))
  file.write(Buffer.from('0123456789'), 0)
  file.truncate(4)
  t.is(file.size, 4)
  file.truncate(8)
  const target = Buffer.alloc(8)
  t.is(file.read(target, 0), 8)
  t.is(target.toString('latin1'), '0123\0\0\0\0')
  file.close()
})

test('offsets above 4 GiB', (t) => {
  const file = fresh(join(folder(t), 'sparse'))
  const places = [2 ** 31, 2 ** 32, 2 ** 32 + 65536, 5 * GIB + 12345, 2 ** 40 + 7]
  for (const offset of places) file.write(Buffer.from(`at ${offset}`), offset)
  t.is(file.size, Math.max(...places) + `at ${Math.max(...places)}`.length)
  for (const offset of places) {
    const target = Buffer.alloc(`at ${offset}`.length)
    file.read(target, offset)
    t.is(target.toString(), `at ${offset}`)
  }
  const view = file.view({ offset: 2 ** 32 + 65536, length: 65536, access: 'read' })
  t.is(Buffer.from(view.buffer).toString('latin1', 0, 13), `at ${2 ** 32 + 65536}`)
  view.unmap()
  t.true(file.tryLock(2 ** 40, 'exclusive'))
  // Page 2^20 + 1 of 4 KiB is at 4 GiB + 4 KiB.
  const arena = [Buffer.alloc(8192, 1)]
  file.writePages(arena, Uint32Array.of(2 ** 20 + 1, 0, 4096, 1), 1, 4096)
  const page = Buffer.alloc(4096)
  file.read(page, 2 ** 32 + 4096)
  t.true(page.equals((arena[0] as Buffer).subarray(4096)))
  file.truncate(2 ** 32 + 5)
  t.is(file.size, 2 ** 32 + 5)
  file.close()
})

test('flushes resolve, also several at once and with views', async (t) => {
  const file = fresh(join(folder(t), 'file'))
  file.allocate(65536)
  const view = file.view({ offset: 0, length: 65536, access: 'write' })
  view.bytes.fill(3)
  view.flush()
  view.flush(4097, 100)
  view.flush(0, 0)
  await Promise.all([file.flush(), file.flush([{ view, offset: 10, length: 5000 }]), file.flush()])
  file.flushSync()
  view.unmap()
  file.close()
  t.pass()
})

test('a flush that is under way outlives close and unmap', async (t) => {
  const path = join(folder(t), 'file')
  const file = fresh(path)
  file.write(Buffer.alloc(8 * 2 ** 20, 1), 0)
  const view = file.view({ offset: 0, length: 65536, access: 'write' })
  view.bytes.fill(2)
  const lock = file.tryLock(2 ** 52, 'exclusive')
  t.true(lock)
  const flushed = file.flush([{ view, offset: 0, length: 65536 }])
  view.unmap()
  file.close()
  const other = File.open(path, { access: 'read-write', disposition: 'open-existing' })
  t.true(other.tryLock(2 ** 52, 'exclusive'), 'close frees the locks at once')
  other.close()
  await t.notThrowsAsync(flushed)
})

test('a closed file refuses everything, and closes again', async (t) => {
  const file = fresh(join(folder(t), 'file'))
  file.write(Buffer.alloc(65536), 0)
  file.close()
  file.close()
  const calls = [
    () => file.size,
    () => file.read(Buffer.alloc(1), 0),
    () => file.write(Buffer.alloc(1), 0),
    () => file.allocate(1),
    () => file.truncate(1),
    () => file.flushSync(),
    () => file.tryLock(0, 'shared'),
    () => file.lockWait(0, 'shared', 1),
    () => file.unlock(0),
    () => file.view({ offset: 0, length: 1, access: 'read' }),
    () => file.writePages([], new Uint32Array(0), 0, 4096),
  ]
  for (const call of calls) throwsCode(t, call, 'ERR_CLOSED')
  await t.throwsAsync(file.flush(), { code: 'ERR_CLOSED' })
})

test('share modes keep others out where there are such', (t) => {
  const path = join(folder(t), 'file')
  const options = { access: 'read-write', disposition: 'open-always' } as const
  const file = File.open(path, { ...options, share: { read: true, write: false, delete: false } })
  const second = () => File.open(path, options).close()
  if (platformTraits.mappedFileCanShrink) {
    t.notThrows(second, 'POSIX systems have no share modes')
  } else {
    const error = throwsSystemError(t, second, ['EBUSY'], path)
    t.is((error as unknown as { win32Code: number }).win32Code, 32)
  }
  file.close()
  t.notThrows(second)
})

test('wrong arguments are refused and change nothing', async (t) => {
  const path = join(folder(t), 'file')
  const file = fresh(path)
  const bytes = Buffer.alloc(4)
  const wrong = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '0', null, undefined, 0n, {}] as unknown as number[]
  for (const value of wrong) {
    for (const call of [
      () => file.read(bytes, value),
      () => file.write(bytes, value),
      () => file.allocate(value),
      () => file.truncate(value),
      () => file.tryLock(value, 'shared'),
      () => file.unlock(value),
      () => file.lockWait(0, 'shared', value === 1.5 || value === 2 ** 53 ? -1 : value),
      () => file.view({ offset: value, length: 1, access: 'read' }),
      () => file.view({ offset: 0, length: value, access: 'read' }),
    ])
      throwsCode(t, call, 'ERR_INVALID_ARGUMENT')
  }
  for (const value of [undefined, null, 'text', [1, 2], new ArrayBuffer(4), new Uint16Array(4)] as unknown as Uint8Array[]) {
    throwsCode(t, () => file.read(value, 0), 'ERR_INVALID_ARGUMENT')
    throwsCode(t, () => file.write(value, 0), 'ERR_INVALID_ARGUMENT')
  }
  throwsCode(t, () => file.view({ offset: 4096, length: 1, access: 'read' }), 'ERR_INVALID_ARGUMENT')
  throwsCode(t, () => file.view({ offset: 0, length: 2 ** 32, access: 'read' }), 'ERR_INVALID_ARGUMENT')
  for (const value of ['', 'a\0b', 7, undefined] as unknown as string[])
    throwsCode(t, () => File.open(value, { access: 'read', disposition: 'open-existing' }), 'ERR_INVALID_ARGUMENT')
  for (const value of [undefined, null, {}, { access: 'write' }, { access: 'read', disposition: 'maybe' }] as unknown as {
    access: 'read'
    disposition: 'open-existing'
  }[])
    throwsCode(t, () => File.open(path, value), 'ERR_INVALID_ARGUMENT')
  await t.throwsAsync(file.flush([{ view: {} as never, offset: 0, length: 0 }]), { code: 'ERR_INVALID_ARGUMENT' })
  t.is(file.size, 0)
  file.close()
})

test('an error of the system from a call on an open file', (t) => {
  const file = fresh(join(folder(t), 'file'))
  // No file system of today holds so much; Wine has a word of its own for it.
  throwsSystemError(t, () => file.truncate(Number.MAX_SAFE_INTEGER), ['EFBIG', 'EINVAL', 'ENOSPC', 'ENOMEM'], file.path)
  t.is(file.size, 0)
  file.close()
})
