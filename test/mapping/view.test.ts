/**
 * Views: mapped bytes, their life and their end.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { allocationGranularity, File, platformTraits, View } from '../../src/mapping/index.js'
import { folder } from '../folder.js'
import { throwsCode, throwsSystemError } from './errors.js'

function fileOf(t: ExecutionContext, size: number): File {
  const file = File.open(join(folder(t), 'file'), { access: 'read-write', disposition: 'create-new' })
  file.allocate(size)
  // Before the folder is removed, since Windows keeps what is open.
  t.teardown(() => file.close())
  return file
}

test('views show the file, and each other', (t) => {
  const file = fileOf(t, 3 * allocationGranularity)
  const whole = file.view({ offset: 0, length: 3 * allocationGranularity, access: 'read' })
  const part = file.view({ offset: allocationGranularity, length: 100, access: 'write' })
  t.is(part.length, 100)
  t.is(part.buffer.byteLength, 100)
  part.bytes[7] = 99
  t.is(whole.bytes[allocationGranularity + 7], 99)
  const byte = Buffer.alloc(1)
  file.read(byte, allocationGranularity + 7)
  t.is(byte[0], 99)
  file.write(Buffer.from([55]), 2 * allocationGranularity)
  t.is(whole.bytes[2 * allocationGranularity], 55)
  t.not(whole.buffer, part.buffer)
  part.unmap()
  t.is(whole.bytes[allocationGranularity + 7], 99)
  whole.unmap()
})

test('a copying view of a file that is open for reading keeps its stores to itself', (t) => {
  const made = fileOf(t, allocationGranularity)
  made.write(Buffer.from('abc'), 0)
  const file = File.open(made.path, { access: 'read', disposition: 'open-existing' })
  t.teardown(() => file.close())
  const copy = file.view({ offset: 0, length: 100, access: 'copy' })
  copy.copyFrom(Buffer.from('x'), 1)
  t.is(Buffer.from(copy.bytes.subarray(0, 3)).toString(), 'axc')
  const stored = Buffer.alloc(3)
  made.read(stored, 0)
  t.is(stored.toString(), 'abc')
  copy.unmap()
})

test('unmapping detaches, twice is once', (t) => {
  const file = fileOf(t, allocationGranularity)
  const view = file.view({ offset: 0, length: 1000, access: 'write' })
  const words = new Uint32Array(view.buffer)
  const buffer = Buffer.from(view.buffer, 10, 10)
  words[3] = 7
  view.unmap()
  view.unmap()
  t.is(view.length, 0)
  t.true(view.bytes[0] === undefined)
  t.true(words[3] === undefined)
  t.is(words.length, 0)
  t.is(buffer.length, 0)
  words[3] = 8 // goes nowhere
  t.is(view.buffer.byteLength, 0)
  throwsCode(t, () => view.flush(), 'ERR_CLOSED')
  throwsCode(t, () => view.advise('random'), 'ERR_CLOSED')
})

test('views outlive their file, and end with `using`', (t) => {
  const file = fileOf(t, allocationGranularity)
  const view = file.view({ offset: 0, length: 10, access: 'write' })
  file.close()
  view.bytes[0] = 1
  view.flush()
  view.advise('will-need')
  t.is(view.bytes[0], 1)
  view[Symbol.dispose]()
  t.is(view.length, 0)
})

test('live views stay as they are while the file grows', (t) => {
  const file = fileOf(t, allocationGranularity)
  const views = [file.view({ offset: 0, length: allocationGranularity, access: 'write' })]
  views[0]?.bytes.fill(1)
  for (let i = 1; i < 40; i++) {
    file.allocate((i + 1) * allocationGranularity)
    const view = file.view({ offset: i * allocationGranularity, length: allocationGranularity, access: 'write' })
    view.bytes.fill(i + 1)
    views.push(view)
  }
  for (const [i, view] of views.entries()) {
    t.is(view.bytes[0], i + 1)
    t.is(view.bytes[allocationGranularity - 1], i + 1)
  }
  for (const view of views) view.unmap()
})

test('a view past the end of the file', (t) => {
  const file = fileOf(t, allocationGranularity)
  const map = () => file.view({ offset: 0, length: 4 * allocationGranularity, access: 'read' })
  if (!platformTraits.viewMayPassEnd) {
    throwsSystemError(t, map, ['EACCES', 'EINVAL'])
    return
  }
  const view = map()
  t.is(view.length, 4 * allocationGranularity)
  file.allocate(4 * allocationGranularity)
  file.write(Buffer.from([5]), 3 * allocationGranularity)
  t.is(view.bytes[3 * allocationGranularity], 5, 'what the file has grown to is there')
  view.unmap()
})

test('a file cannot shrink under a view where that is the rule', (t) => {
  const file = fileOf(t, 2 * allocationGranularity)
  const view = file.view({ offset: 0, length: 100, access: 'read' })
  if (platformTraits.mappedFileCanShrink) file.truncate(allocationGranularity)
  else {
    throwsCode(t, () => file.truncate(allocationGranularity), 'ERR_USER_MAPPED_FILE')
    t.is(file.size, 2 * allocationGranularity)
  }
  view.unmap()
  file.truncate(allocationGranularity)
  t.is(file.size, allocationGranularity)
})

test('an empty file has nothing to map where a view may not pass its end', (t) => {
  const file = fileOf(t, 0)
  const map = () => file.view({ offset: 0, length: 1, access: 'read' })
  if (platformTraits.viewMayPassEnd) map().unmap()
  else throwsSystemError(t, map, ['EINVAL'])
  t.is(file.size, 0)
})

test('advice and flush take what they should', (t) => {
  const file = fileOf(t, allocationGranularity)
  const view = file.view({ offset: 0, length: 5000, access: 'write' })
  view.advise('random')
  view.advise('will-need')
  throwsCode(t, () => view.advise('sequential' as 'random'), 'ERR_INVALID_ARGUMENT')
  view.flush(4999, 1)
  view.flush(5000)
  for (const [offset, length] of [
    [5001, 0],
    [0, 5001],
    [4999, 2],
    [-1, 1],
    [0.5, 1],
    [0, Number.NaN],
    [2 ** 52, 2 ** 52],
  ] as const)
    throwsCode(t, () => view.flush(offset, length), 'ERR_INVALID_ARGUMENT')
  view.unmap()
})

test('a buffer that was detached by others is left alone', (t) => {
  const file = fileOf(t, allocationGranularity)
  const view = file.view({ offset: 0, length: 1000, access: 'write' })
  view.bytes[0] = 42
  let moved: ArrayBuffer | undefined
  try {
    moved = structuredClone(view.buffer, { transfer: [view.buffer] })
  } catch {
    t.log('this Node refuses to transfer the buffer')
  }
  view.unmap()
  t.is(view.length, 0)
  if (moved !== undefined) t.is(new Uint8Array(moved)[0], 42)
})

test('many maps and unmaps reuse addresses', (t) => {
  const file = fileOf(t, 4 * allocationGranularity)
  for (let i = 0; i < 5000; i++) {
    const view = file.view({ offset: (i % 4) * allocationGranularity, length: allocationGranularity, access: 'write' })
    view.bytes[i % 1000] = i
    if (view.bytes[i % 1000] !== (i & 0xff)) t.fail('the view does not hold what was stored')
    view.unmap()
  }
  t.pass()
})

const withProcMaps = platformTraits.viewMayPassEnd && existsSync('/proc/self/maps') ? test : test.skip
withProcMaps('dropped views are unmapped by the garbage collector (skipped without /proc/self/maps)', async (t) => {
  const file = fileOf(t, allocationGranularity)
  const mapped = () => readFileSync('/proc/self/maps', 'utf8').split(file.path).length - 1
  const kept = file.view({ offset: 0, length: 100, access: 'read' }).buffer
  for (let i = 0; i < 100; i++) file.view({ offset: 0, length: allocationGranularity, access: 'read' })
  t.true(mapped() > 1)
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 20 && mapped() > 1; i++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.is(mapped(), 1, 'only the one whose buffer is held is left')
  t.is(new Uint8Array(kept)[0], 0)
})

test('a view is made by File.view alone', (t) => {
  const fake = Object.create(View.prototype) as View
  throwsCode(t, () => View.prototype.flush.call(fake, 0, 0), 'ERR_INVALID_ARGUMENT')
  t.throws(() => Reflect.construct(View, [{}, 'read']))
})
