/**
 * The storage in memory keeps the contract of `storage.ts`, and its recorder knows what a power cut can leave.
 */
import test from 'ava'
import { crc32c } from '../../src/mapping/index.js'
import { PAGE_SIZE } from '../../src/pages/format.js'
import { KilledError, MemoryDisk, type StorageCall } from '../../src/pages/memory-storage.js'
import { type DiskImage, UNIT_SIZE } from '../../src/pages/recorder.js'
import { seededRandom } from '../random.js'

function newDisk(size = 8 * PAGE_SIZE): MemoryDisk {
  return MemoryDisk.create(Buffer.alloc(size))
}

function unit(byte: number, count = 1): Buffer {
  return Buffer.alloc(UNIT_SIZE * count, byte)
}

/** First byte of each of the first units of every image that a power cut could leave, sorted. */
function outcomes(disk: MemoryDisk, units: number, budget = 10_000): string[] {
  const seen = new Set<string>()
  for (const image of disk.crashState().images(seededRandom(1), budget)) seen.add(firstBytes(image, units))
  return [...seen].sort()
}

function firstBytes(image: DiskImage, units: number): string {
  return Array.from({ length: units }, (_, index) => String(image.data[index * UNIT_SIZE])).join('')
}

test('a write is visible at once to every handle and every mapped segment, and growth moves no segment', (t) => {
  const disk = newDisk()
  const a = disk.open()
  const b = disk.open()
  const mapped = new Uint8Array(b.data.map(0))
  a.data.write(unit(7), 4096)
  t.is(mapped[4096], 7)
  a.data.allocate(3 * 64 * PAGE_SIZE)
  t.is(b.data.refreshSize(), 3 * 64 * PAGE_SIZE)
  t.is(b.data.map(0), mapped.buffer)
  const across = 64 * PAGE_SIZE - 100
  a.data.write(unit(9), across)
  const read = Buffer.alloc(UNIT_SIZE)
  t.is(b.data.read(read, across), UNIT_SIZE)
  t.deepEqual(read, unit(9))
  t.is(new Uint8Array(b.data.map(1))[0], 9)
  t.is(b.data.read(read, 3 * 64 * PAGE_SIZE - 10), 10)
  t.is(b.data.read(read, 2 ** 40), 0)
})

test('writePages seals each run with its checksum', (t) => {
  const disk = newDisk()
  const storage = disk.open()
  const arena = [Buffer.alloc(PAGE_SIZE, 1), Buffer.alloc(4 * PAGE_SIZE, 2)]
  storage.data.writePages(arena, Uint32Array.of(3, 0, 0, 1, 5, 1, PAGE_SIZE, 2), 2)
  const read = Buffer.alloc(2 * PAGE_SIZE)
  storage.data.read(read, 5 * PAGE_SIZE)
  t.is(read.readUInt32LE(0), crc32c(read, 4, read.length))
  t.is(read[read.length - 1], 2)
  storage.data.read(read, 3 * PAGE_SIZE)
  t.is(read.readUInt32LE(0), crc32c(read, 4, PAGE_SIZE))
  t.is(read[PAGE_SIZE], 0)
  t.throws(() => storage.data.writePages(arena, Uint32Array.of(8, 0, 0, 1), 1), { message: /behind the end/ })
})

test('a cut file reads as zeroes when it grows again', (t) => {
  const storage = newDisk().open()
  storage.data.write(unit(5, 64), 0)
  storage.data.truncate(PAGE_SIZE)
  t.is(storage.data.refreshSize(), PAGE_SIZE)
  storage.data.allocate(2 * PAGE_SIZE)
  const read = Buffer.alloc(1)
  storage.data.read(read, PAGE_SIZE)
  t.is(read[0], 0)
  storage.data.read(read, PAGE_SIZE - 1)
  t.is(read[0], 5)
})

test('without a flush every subset of the units can be on the disk', (t) => {
  const disk = newDisk()
  disk.open().data.write(Buffer.concat([unit(1), unit(2), unit(3)]), 0)
  t.deepEqual(outcomes(disk, 3), ['000', '003', '020', '023', '100', '103', '120', '123'])
})

test('of a unit written twice each version can be on the disk', (t) => {
  const disk = newDisk()
  const { data } = disk.open()
  data.write(unit(1), 0)
  data.write(unit(2), 0)
  t.deepEqual(outcomes(disk, 1), ['0', '1', '2'])
})

test('a flush covers what was written before it began, and only when it has returned', async (t) => {
  const disk = newDisk()
  const { data } = disk.open()
  let finish: () => void = () => t.fail()
  disk.flushGate = () => new Promise((resolve) => (finish = resolve))
  data.write(unit(1), 0)
  data.write(unit(1), 512)
  const flushing = data.flush()
  data.write(unit(2), 0)
  data.write(unit(3), 1024)
  t.is(outcomes(disk, 3).length, 3 * 2 * 2)
  finish()
  await flushing
  t.deepEqual(outcomes(disk, 3), ['110', '113', '210', '213'])
  data.flushSync()
  t.deepEqual(outcomes(disk, 3), ['213'])
})

test('a failed flush leaves what it covered in doubt until it is written and flushed again', async (t) => {
  const disk = newDisk()
  const { data } = disk.open()
  data.write(unit(1), 0)
  disk.faults = ({ operation }) => (operation === 'flush' ? { code: 'EIO' } : undefined)
  await t.throwsAsync(() => data.flush(), { code: 'EIO', message: /fdatasync/ })
  disk.faults = undefined
  await data.flush()
  t.deepEqual(outcomes(disk, 1), ['0', '1'])
  data.write(unit(1), 0)
  await data.flush()
  t.deepEqual(outcomes(disk, 1), ['1'])
})

test('the size of a file is decided by a power cut too', (t) => {
  const disk = newDisk(PAGE_SIZE)
  const { data } = disk.open()
  data.allocate(2 * PAGE_SIZE)
  data.write(unit(1), PAGE_SIZE)
  const images = [...disk.crashState().images(seededRandom(1), 4)]
  t.deepEqual(images.map((image) => `${image.data.length} ${image.data[PAGE_SIZE]}`).sort(), [
    '4096 undefined',
    '4096 undefined',
    '8192 0',
    '8192 1',
  ])
  data.flushSync()
  t.is(disk.crashState().undecided, 0)
  t.is(disk.crashState().durableImage().data.length, 2 * PAGE_SIZE)
})

test('names are durable at once, contents are not', (t) => {
  const disk = newDisk()
  const storage = disk.open()
  t.is(storage.openLog(false), undefined)
  const log = storage.openLog(true)
  log?.write(unit(1), 0)
  t.is(disk.crashState().durableImage().log?.length, 0)
  t.is(disk.crashState().newestImage().log?.length, UNIT_SIZE)
  storage.removeLog()
  t.is(disk.crashState().durableImage().log, undefined)
})

test('a crash state stays as it was taken, and so does an image', (t) => {
  const disk = newDisk()
  const { data } = disk.open()
  data.write(unit(1), 0)
  const state = disk.crashState()
  const image = state.newestImage()
  data.write(unit(2), 0)
  data.flushSync()
  t.is(state.durableImage().data[0], 0)
  t.is(state.newestImage().data[0], 1)
  MemoryDisk.fromImage(image).open().data.write(unit(9), 0)
  t.is(image.data[0], 1)
})

test('the unit that the power cut met can be torn', (t) => {
  const disk = newDisk()
  disk.open().data.write(unit(1), 0)
  const torn = new Set<number>()
  for (let seed = 0; seed < 50; seed++) {
    for (const image of disk.crashState().images(seededRandom(seed), 8)) {
      const ones = image.data.subarray(0, UNIT_SIZE).reduce((sum, byte) => sum + byte, 0)
      if (ones > 0 && ones < UNIT_SIZE) torn.add(ones)
    }
  }
  t.true(torn.size > 30)
})

test('many undecided units: none, all, and only states that are possible', (t) => {
  const disk = newDisk()
  const { data } = disk.open()
  for (let index = 0; index < 40; index++) data.write(unit(index + 1), index * UNIT_SIZE)
  const images = [...disk.crashState().images(seededRandom(7), 500)]
  t.is(images.length, 500)
  t.true(images.some((image) => image.data.every((byte) => byte === 0)))
  t.true(images.some((image) => Array.from({ length: 40 }, (_, index) => image.data[index * UNIT_SIZE] === index + 1).every(Boolean)))
  t.true(new Set(images.map((image) => firstBytes(image, 40))).size > 200)
  for (const image of images)
    for (let index = 0; index < 40; index++) t.true([0, index + 1].includes(image.data[index * UNIT_SIZE] as number))
})

test('locks: shared beside shared, exclusive alone, freed by a kill', (t) => {
  const disk = newDisk()
  const [a, b, c] = [disk.open(), disk.open(), disk.open()]
  t.true(a.tryLock('users', 'shared'))
  t.true(b.tryLock('users', 'shared'))
  t.false(c.tryLock('users', 'exclusive'))
  t.true(a.tryLock('writer', 'exclusive'))
  t.false(b.lockWait('writer', 'exclusive', 1000))
  t.true(a.tryLockSlot(0))
  t.false(b.tryLockSlot(0))
  a.kill()
  t.true(b.tryLock('writer', 'exclusive'))
  t.true(b.tryLockSlot(0))
  t.throws(() => a.data.refreshSize(), { instanceOf: KilledError })
  b.unlock('users')
  t.true(c.tryLock('users', 'exclusive'))
  b.close()
  b.close()
  t.throws(() => b.tryLock('writer', 'exclusive'), { code: 'ERR_CLOSED' })
  t.true(c.tryLock('writer', 'exclusive'))
})

test('faults strike the call that was named, with the shape of a system error', (t) => {
  const disk = newDisk()
  const { data } = disk.open()
  const calls: StorageCall[] = []
  disk.faults = (call) => {
    calls.push(call)
    return call.ordinal === 2 ? { code: 'ENOSPC', bytes: 512 } : undefined
  }
  data.write(unit(1), 0)
  const error = t.throws(() => data.write(unit(2, 2), 0), { code: 'ENOSPC' }) as NodeJS.ErrnoException
  t.is(error.errno, -28)
  t.is(error.syscall, 'write')
  t.is(error.path, 'memory:data')
  const read = Buffer.alloc(1024)
  data.read(read, 0)
  t.deepEqual([read[0], read[512]], [2, 0])
  t.deepEqual(
    calls.map((call) => call.operation),
    ['write', 'write', 'read'],
  )
})

test('a handle killed in a write leaves the part that was written and nothing after', (t) => {
  const disk = newDisk()
  const storage = disk.open()
  disk.faults = ({ operation }) => (operation === 'write' ? { kill: true, bytes: 512 } : undefined)
  t.throws(() => storage.data.write(unit(3, 2), 0), { instanceOf: KilledError })
  t.throws(() => storage.data.write(unit(4, 2), 0), { instanceOf: KilledError })
  const image = disk.volatileImage()
  t.deepEqual([image.data[0], image.data[512]], [3, 0])
})
