/**
 * The storage contract over real files, by positioned writes and through views.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import { HoldfastError } from '../../src/errors.js'
import { crc32c, platformTraits } from '../../src/mapping/index.js'
import { PAGE_SIZE } from '../../src/pages/format.js'
import { type NativeStorageOptions, openNativeStorage, type WritePath } from '../../src/pages/native-storage.js'
import type { Storage } from '../../src/pages/storage.js'
import { CONTROL_SIZE } from '../../src/sync/control-words.js'
import { folder } from '../folder.js'

const INITIAL = Buffer.alloc(3 * PAGE_SIZE, 0x41)

function openStorage(t: ExecutionContext, path: string, options: Partial<NativeStorageOptions> = {}): Storage {
  const storage = openNativeStorage(path, { readOnly: false, create: () => INITIAL, ...options })
  t.teardown(() => storage.close())
  return storage
}

function throwsCode(t: ExecutionContext, call: () => unknown, code: string): void {
  const error = t.throws(call) as (Error & { code?: string }) | undefined
  t.is(error?.code, code)
}

test('a store that is not there is not found, or is created as a whole', (t) => {
  const directory = folder(t)
  const path = join(directory, 'store')
  const error = t.throws(() => openNativeStorage(path, { readOnly: false }), { instanceOf: HoldfastError })
  t.is(error?.code, 'ERR_NOT_FOUND')
  t.deepEqual(readdirSync(directory), [])
  openStorage(t, path).close()
  t.deepEqual(readdirSync(directory), ['store'])
  t.deepEqual(readFileSync(path).subarray(0, INITIAL.length), INITIAL)
  let made = 0
  const again = openStorage(t, path, {
    create: () => {
      made++
      return INITIAL
    },
  })
  t.is(made, 0, 'nothing is created over a store')
  again.close()
})

test('a creation that fails leaves nothing', (t) => {
  const directory = folder(t)
  const create = () => {
    throw new Error('no bytes')
  }
  t.throws(() => openNativeStorage(join(directory, 'store'), { readOnly: false, create }), { message: 'no bytes' })
  t.deepEqual(readdirSync(directory), [])
  throwsCode(t, () => openNativeStorage(join(directory, 'none', 'store'), { readOnly: false, create: () => INITIAL }), 'ENOENT')
  mkdirSync(join(directory, 'folder'))
  throwsCode(t, () => openNativeStorage(join(directory, 'folder'), { readOnly: false, create: () => INITIAL }), 'EISDIR')
})

test('of two that create at once one wins', (t) => {
  const directory = folder(t)
  const path = join(directory, 'store')
  const winner = Buffer.alloc(INITIAL.length, 0x57)
  const storage = openStorage(t, path, {
    create: () => {
      // The other one comes first, exactly now.
      openNativeStorage(path, { readOnly: false, create: () => winner }).close()
      return INITIAL
    },
  })
  const bytes = Buffer.alloc(INITIAL.length)
  storage.data.read(bytes, 0)
  t.true(bytes.equals(winner))
  t.deepEqual(readdirSync(directory), ['store'])
})

test('many threads that create at once see one store', async (t) => {
  const directory = folder(t)
  const path = join(directory, 'store')
  const module = new URL('../../src/pages/native-storage.js', import.meta.url).href
  const body = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(${JSON.stringify(module)}).then(({ openNativeStorage }) => {
      parentPort.postMessage('ready')
      parentPort.once('message', () => {
        const storage = openNativeStorage(workerData.path, { readOnly: false, create: () => Buffer.alloc(12288, workerData.value) })
        const bytes = Buffer.alloc(12288)
        storage.data.read(bytes, 0)
        storage.close()
        parentPort.postMessage(bytes.every((byte) => byte === bytes[0]) ? bytes[0] : -1)
      })
    })`
  const workers = [1, 2, 3, 4].map((value) => new Worker(body, { eval: true, workerData: { path, value } }))
  const next = (worker: Worker) => new Promise<unknown>((resolve) => worker.once('message', resolve))
  await Promise.all(workers.map(next))
  const answers = workers.map(next)
  for (const worker of workers) worker.postMessage('go')
  const seen = await Promise.all(answers)
  t.is(new Set(seen).size, 1, `all see the same bytes: ${seen}`)
  t.true((seen[0] as number) >= 1)
  t.deepEqual(readdirSync(directory), ['store'])
})

for (const writePath of ['write', 'view'] as const satisfies WritePath[]) {
  test(`pages are sealed, seen by every handle and read back (${writePath})`, async (t) => {
    const path = join(folder(t), 'store')
    const writer = openStorage(t, path, { writePath })
    const reader = openStorage(t, path, { readOnly: true, writePath })
    writer.data.allocate(64 * PAGE_SIZE)
    const early = Buffer.from(reader.data.map(0))
    const arena = [Buffer.alloc(8 * PAGE_SIZE, 0x61)]
    writer.data.writePages(arena, Uint32Array.of(3, 0, PAGE_SIZE, 1, 4, 0, 4 * PAGE_SIZE, 2, 50, 0, 0, 1), 3)
    for (const [page, count] of [
      [3, 1],
      [4, 2],
      [50, 1],
    ] as const) {
      const mapped = early.subarray(page * PAGE_SIZE, (page + count) * PAGE_SIZE)
      t.is(mapped.readUInt32LE(0), crc32c(mapped, 4, mapped.length), `page ${page} in the reader's view`)
      const read = Buffer.alloc(mapped.length)
      t.is(reader.data.read(read, page * PAGE_SIZE), read.length)
      t.true(read.equals(mapped))
    }
    writer.data.write(Buffer.from('meta'), PAGE_SIZE)
    t.is(early.toString('latin1', PAGE_SIZE, PAGE_SIZE + 4), 'meta')
    await Promise.all([writer.data.flush(), writer.data.flush()])
    writer.data.flushSync()
    t.is(writer.data.map(0), writer.data.map(0), 'a segment is mapped once')
    writer.close()
    reader.close()
    t.is(early.length, 0, 'closing unmaps')
    t.is(readFileSync(path).toString('latin1', PAGE_SIZE, PAGE_SIZE + 4), 'meta')
  })

  test(`growth into further segments, with the first ones mapped (${writePath})`, (t) => {
    const path = join(folder(t), 'store')
    const { data } = openStorage(t, path, { writePath })
    const first = Buffer.from(data.map(0))
    const { segmentPages } = data
    const arena = [Buffer.alloc(PAGE_SIZE, 9)]
    for (const segment of [1, 2, 3]) {
      const page = segment * segmentPages + segment
      // A hole: real allocation would take what the disk may not have.
      if (platformTraits.mappedFileCanShrink) data.truncate((page + 1) * PAGE_SIZE)
      else data.allocate((page + 1) * PAGE_SIZE)
      data.writePages(arena, Uint32Array.of(page, 0, 0, 1), 1)
      const mapped = Buffer.from(data.map(segment))
      t.is(mapped[segment * PAGE_SIZE + 5], 9)
    }
    t.is(first[0], 0x41)
    const page = Buffer.alloc(PAGE_SIZE)
    t.is(data.read(page, (2 * segmentPages + 2) * PAGE_SIZE), PAGE_SIZE)
    t.is(page.readUInt32LE(0), crc32c(page, 4, PAGE_SIZE))
    // Across the border of two segments.
    data.write(Buffer.alloc(2 * PAGE_SIZE, 7), (segmentPages - 1) * PAGE_SIZE)
    const across = Buffer.alloc(2 * PAGE_SIZE)
    t.is(data.read(across, (segmentPages - 1) * PAGE_SIZE), across.length)
    t.true(across.equals(Buffer.alloc(2 * PAGE_SIZE, 7)))
  })

  test(`reads end with the file, writes extend it (${writePath})`, (t) => {
    const { data } = openStorage(t, join(folder(t), 'store'), { writePath })
    const target = Buffer.alloc(100)
    // In the view path reading maps a segment, and where a view may not pass its end, the file is grown to that.
    data.read(target, 0)
    const size = data.refreshSize()
    t.is(data.read(target, size - 30), 30)
    t.is(data.read(target, size + 30), 0)
    data.write(Buffer.alloc(50, 1), size - 10)
    if (writePath === 'view' && !platformTraits.viewMayPassEnd) t.true(data.refreshSize() >= size + 40)
    else t.is(data.refreshSize(), size + 40)
    t.is(data.read(target.subarray(0, 50), size - 10), 50)
    t.true(target.subarray(0, 50).equals(Buffer.alloc(50, 1)))
  })

  test(`the last one cuts the file (${writePath})`, (t) => {
    const path = join(folder(t), 'store')
    const storage = openStorage(t, path, { writePath })
    storage.data.allocate(100 * PAGE_SIZE)
    storage.data.map(0)
    t.true(storage.tryLock('users', 'exclusive'))
    storage.data.truncate(10 * PAGE_SIZE)
    storage.close()
    t.is(statSync(path).size, 10 * PAGE_SIZE)
  })

  test(`what one who is not alone any more wanted to cut stays (${writePath})`, (t) => {
    const path = join(folder(t), 'store')
    const storage = openStorage(t, path, { writePath })
    storage.data.allocate(100 * PAGE_SIZE)
    storage.data.map(0)
    t.true(storage.tryLock('users', 'exclusive'))
    storage.data.truncate(10 * PAGE_SIZE)
    storage.unlock('users')
    const other = openStorage(t, path, { writePath })
    other.data.allocate(50 * PAGE_SIZE)
    storage.close()
    t.true(other.data.refreshSize() >= 50 * PAGE_SIZE)
  })
}

test('pages behind the end of the file are our mistake, not a fault', (t) => {
  const { data } = openStorage(t, join(folder(t), 'store'), { writePath: 'view' })
  const behind = Math.ceil(data.refreshSize() / PAGE_SIZE) + data.segmentPages
  t.throws(() => data.writePages([Buffer.alloc(PAGE_SIZE)], Uint32Array.of(behind, 0, 0, 1), 1), { message: /behind the end/ })
})

test('the log is created, reopened and removed', async (t) => {
  const path = join(folder(t), 'store')
  const storage = openStorage(t, path)
  t.is(storage.openLog(false), undefined)
  storage.removeLog()
  const log = storage.openLog(true)
  t.is(log?.refreshSize(), 0)
  log?.allocate(65536)
  log?.write(Buffer.from('frame'), 100)
  await log?.flush()
  log?.flushSync()
  const again = storage.openLog(false)
  const bytes = Buffer.alloc(5)
  again?.read(bytes, 100)
  t.is(bytes.toString(), 'frame')
  t.is(storage.openLog(true)?.refreshSize(), 65536, 'create leaves a log that is there')
  log?.close()
  log?.close()
  storage.removeLog()
  t.false(existsSync(`${path}-log`))
  t.is(storage.openLog(false), undefined)
})

test('control words are shared by all handles, and gone with the last', (t) => {
  const path = join(folder(t), 'store')
  const [a, b] = [openStorage(t, path), openStorage(t, path, { readOnly: true })]
  t.throws(() => a.control, { message: /under the lock 'opening'/ }, 'whoever opened it earlier might be alone with it')
  const words = [a, b].map((storage) => {
    t.true(storage.tryLock('opening', 'exclusive'))
    const control = new Int32Array(storage.control)
    storage.unlock('opening')
    return control
  }) as [Int32Array, Int32Array]
  t.is(words[0].byteLength, CONTROL_SIZE)
  t.is(statSync(`${path}-lock`).size, CONTROL_SIZE)
  Atomics.store(words[0], 77, 4711)
  t.is(Atomics.load(words[1], 77), 4711)
  Atomics.add(words[1], 77, 1)
  t.is(Atomics.load(words[0], 77), 4712)
  b.close()
  t.true(a.tryLock('opening', 'exclusive'))
  a.removeControl()
  t.false(existsSync(`${path}-lock`))
  t.is(words[0].length, 0)
  a.unlockSlot(0)
  a.close()
})

test('one store has one set of control words, whatever link it was opened by', (t) => {
  const directory = folder(t)
  const path = join(directory, 'store')
  openStorage(t, path).close()
  const link = join(directory, 'link')
  try {
    symlinkSync(path, link)
  } catch {
    // Windows wants a privilege for it.
  }
  // Wine says that it has made one and has not.
  if (!existsSync(link)) {
    t.log('skipped: this system lets us make no symbolic links')
    t.pass()
    return
  }
  const storage = openStorage(t, link)
  t.true(storage.tryLock('opening', 'exclusive'))
  new Uint8Array(storage.control)[0] = 1
  t.true(existsSync(`${path}-lock`))
  t.false(existsSync(join(directory, 'link-lock')))
})

test('locks of a store exclude other handles', (t) => {
  const path = join(folder(t), 'store')
  const [a, b] = [openStorage(t, path), openStorage(t, path, { readOnly: true })]
  for (const name of ['opening', 'users', 'writer', 'checkpointer'] as const) {
    t.true(a.tryLock(name, 'exclusive'), name)
    t.false(b.tryLock(name, 'exclusive'), name)
    t.false(b.lockWait(name, 'shared', 5), name)
    a.unlock(name)
    t.true(b.lockWait(name, 'shared', 5), name)
    t.true(a.tryLock(name, 'shared'), name)
    a.unlock(name)
    b.unlock(name)
  }
  t.true(a.tryLock('opening', 'exclusive'))
  t.true(a.control.byteLength > 0)
  a.unlock('opening')
  t.true(b.tryLock('opening', 'exclusive'))
  t.true(b.control.byteLength > 0)
  b.unlock('opening')
  t.true(a.tryLockSlot(0))
  t.true(b.tryLockSlot(1))
  t.false(b.tryLockSlot(0))
  a.unlockSlot(0)
  t.true(b.tryLockSlot(0))
  t.true(a.tryLock('writer', 'exclusive'))
  a.close()
  t.true(b.tryLock('writer', 'exclusive'), 'closing frees the locks')
})

test('a closed storage refuses everything, and closes again', (t) => {
  const storage = openStorage(t, join(folder(t), 'store'))
  storage.close()
  storage.close()
  const calls = [
    () => storage.openLog(true),
    () => storage.removeLog(),
    () => storage.control,
    () => storage.tryLock('writer', 'exclusive'),
    () => storage.lockWait('writer', 'exclusive', 1),
    () => storage.unlock('writer'),
    () => storage.tryLockSlot(0),
    () => storage.unlockSlot(0),
    () => storage.removeControl(),
    () => storage.data.refreshSize(),
    () => storage.data.map(0),
    () => storage.data.write(Buffer.alloc(1), 0),
  ]
  for (const call of calls) throwsCode(t, call, 'ERR_CLOSED')
})

test('opening a file that is not a store leaves it as it is', (t) => {
  const path = join(folder(t), 'store')
  writeFileSync(path, 'not a store, and shorter than a page')
  const { data } = openStorage(t, path, { writePath: 'write' })
  const bytes = Buffer.alloc(100)
  t.is(data.read(bytes, 0), 36)
  t.is(data.refreshSize(), 36)
})
