/**
 * File mappings: the rules of the model, with and without a file.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { ErrorCode } from '../../src/errors.js'
import { allocationGranularity, File, FileMapping, type FileMappingOptions, MappingError, type View } from '../../src/mapping/index.js'
import { folder } from '../folder.js'
import { throwsCode } from './errors.js'
import { isPosix } from './objects/peer.js'

const G = allocationGranularity

function fileOf(t: ExecutionContext, size: number, access: 'read' | 'read-write' = 'read-write'): File {
  const path = join(folder(t), 'file')
  const made = File.open(path, { access: 'read-write', disposition: 'create-new' })
  if (size > 0) made.allocate(size)
  made.close()
  const file = File.open(path, { access, disposition: 'open-existing' })
  // Before the folder is removed, since Windows keeps what is open.
  t.teardown(() => file.close())
  return file
}

/** Closes it when the test ends, however it ends. */
function kept<T extends View | FileMapping>(t: ExecutionContext, object: T): T {
  t.teardown(() => object[Symbol.dispose]())
  return object
}

function create(t: ExecutionContext, options: FileMappingOptions): FileMapping {
  return kept(t, FileMapping.create(options))
}

/** The call throws a `MappingError` with this code and Win32 number. */
function refuses(t: ExecutionContext, call: () => unknown, code: ErrorCode, win32Code: number): void {
  const error = t.throws(call, { instanceOf: MappingError }) as MappingError | undefined
  t.deepEqual([error?.code, error?.win32Code], [code, win32Code])
}

test('size 0 is the length of the file, and an empty file has none', (t) => {
  const file = fileOf(t, 3 * G + 5)
  const mapping = create(t, { file })
  t.is(mapping.size, 3 * G + 5)
  t.false(mapping.existed)
  t.is(mapping.path, file.path)
  refuses(t, () => FileMapping.create({ file: fileOf(t, 0) }), 'ERR_FILE_INVALID', 1006)
  refuses(t, () => FileMapping.create({ file: fileOf(t, 0), protection: 'read-only' }), 'ERR_FILE_INVALID', 1006)
})

test('a larger mapping makes the file grow, if it may', (t) => {
  const file = fileOf(t, 10)
  const mapping = create(t, { file, size: 2 * G })
  t.is(mapping.size, 2 * G)
  t.is(file.size, 2 * G)
  const view = kept(t, mapping.view({ access: 'write' }))
  t.is(view.length, 2 * G)
  view.copyFrom(Buffer.from('end'), 2 * G - 3)
  view.unmap()
  t.is(readFileSync(file.path).subarray(-3).toString(), 'end')
  for (const protection of ['read-only', 'write-copy'] as const)
    refuses(t, () => FileMapping.create({ file, size: 3 * G, protection }), 'ERR_NOT_ENOUGH_MEMORY', 8)
  t.is(file.size, 2 * G)
})

test('a mapping for writing needs a file for writing; a closed file or none is refused', (t) => {
  const file = fileOf(t, G, 'read')
  refuses(t, () => FileMapping.create({ file }), 'ERR_ACCESS_DENIED', 5)
  create(t, { file, protection: 'read-only' })
  create(t, { file, protection: 'write-copy' })
  file.close()
  throwsCode(t, () => FileMapping.create({ file, size: G, protection: 'read-only' }), 'ERR_CLOSED')
  for (const value of [undefined, null, 3, {}, Object.create(File.prototype)])
    t.throws(() => FileMapping.create({ file: value as unknown as File, size: G }), undefined, 'no memory instead of a file')
  throwsCode(t, () => FileMapping.create({ file: undefined as unknown as File, size: G }), 'ERR_INVALID_ARGUMENT')
})

test('memory without a file starts as zeroes, is shared by its views, and outlives its handle', (t) => {
  refuses(t, () => FileMapping.create({}), 'ERR_INVALID_PARAMETER', 87)
  const mapping = create(t, { size: 5 * G + 1 })
  t.is(mapping.path, undefined)
  const one = kept(t, mapping.view({ access: 'write' }))
  const two = kept(t, mapping.view({ offset: 4 * G, access: 'read' }))
  t.is(two.length, G + 1)
  t.true(one.bytes.every((byte) => byte === 0))
  one.bytes[4 * G + 9] = 42
  t.is(two.bytes[9], 42)
  mapping.close()
  mapping.close()
  one.bytes[4 * G + 9] = 43
  t.is(two.bytes[9], 43)
  throwsCode(t, () => mapping.view({ access: 'read' }), 'ERR_CLOSED')
  throwsCode(t, () => mapping.duplicate(), 'ERR_CLOSED')
  throwsCode(t, () => mapping.handle, 'ERR_CLOSED')
})

test('reserved memory is committed by call, and by touch', (t) => {
  const mapping = create(t, { size: 64 * G, allocation: 'reserve' })
  const view = kept(t, mapping.view({ access: 'write' }))
  mapping.commit(3 * G, 2 * G)
  view.bytes[4 * G] = 7
  mapping.commit(3 * G + 5, 10)
  t.is(view.bytes[4 * G], 7, 'what is there stays')
  view.bytes[40 * G + 3] = 8
  const other = kept(t, mapping.view({ offset: 40 * G, access: 'read' }))
  t.is(other.bytes[3], 8)
  t.is(other.bytes[4], 0)
  t.false(view.faulted)
  mapping.commit(0, 0)
  refuses(t, () => mapping.commit(63 * G, 2 * G), 'ERR_ACCESS_DENIED', 5)
  refuses(t, () => create(t, { size: G }).commit(0, G), 'ERR_INVALID_PARAMETER', 87)
})

test('views lie at multiples of 64 KiB and inside of the mapping', (t) => {
  const mapping = create(t, { size: 3 * G })
  for (const offset of [1, 4096, G - 1, G + 4096]) refuses(t, () => mapping.view({ offset, access: 'read' }), 'ERR_MAPPED_ALIGNMENT', 1132)
  refuses(t, () => mapping.view({ offset: 3 * G, access: 'read' }), 'ERR_ACCESS_DENIED', 5)
  refuses(t, () => mapping.view({ offset: 100 * G, access: 'read' }), 'ERR_ACCESS_DENIED', 5)
  refuses(t, () => mapping.view({ offset: G, length: 2 * G + 1, access: 'read' }), 'ERR_ACCESS_DENIED', 5)
  t.is(kept(t, mapping.view({ offset: 2 * G, access: 'read' })).length, G)
  throwsCode(t, () => mapping.view({ length: 0, access: 'read' }), 'ERR_INVALID_ARGUMENT')
})

test('a wished address is honoured or refused', (t) => {
  const mapping = create(t, { size: 2 * G })
  const first = mapping.view({ access: 'write' })
  const address = first.address as bigint
  t.is(address % BigInt(G), 0n)
  refuses(t, () => mapping.view({ access: 'read', address }), 'ERR_INVALID_ADDRESS', 487)
  refuses(t, () => mapping.view({ access: 'read', address: address + BigInt(G) }), 'ERR_INVALID_ADDRESS', 487)
  refuses(t, () => mapping.view({ access: 'read', address: address + 1n }), 'ERR_MAPPED_ALIGNMENT', 1132)
  first.bytes[0] = 5
  first.unmap()
  t.is(first.address, undefined)
  const again = viewAtSomeFreeAddress(t, mapping)
  t.is(again.bytes[0], 5)
  const at = again.address as bigint
  again.unmap()
  t.is(kept(t, mapping.view({ access: 'read', address: Number(at) })).address, at)
})

/** What programs rarely have anything at; somebody may all the same, so several are tried. */
function viewAtSomeFreeAddress(t: ExecutionContext, mapping: FileMapping): View {
  for (let address = 0x2000_0000_0000n; address < 0x2100_0000_0000n; address += 0x10_0000_0000n) {
    try {
      const view = kept(t, mapping.view({ access: 'read', address }))
      t.is(view.address, address)
      return view
    } catch (error) {
      t.is((error as MappingError).code, 'ERR_INVALID_ADDRESS')
    }
  }
  throw new Error('no address was free')
}

test('protection and rights decide what a view may be', (t) => {
  const file = fileOf(t, G)
  for (const protection of ['read-only', 'write-copy'] as const) {
    const mapping = create(t, { file, protection })
    refuses(t, () => mapping.view({ access: 'write' }), 'ERR_ACCESS_DENIED', 5)
    t.is(kept(t, mapping.view({ access: 'read' })).bytes[0], 0)
    const copy = kept(t, mapping.view({ access: 'copy' }))
    copy.bytes[0] = 9
    t.is(copy.bytes[0], 9)
  }
  const mapping = create(t, { file })
  const seen = kept(t, mapping.view({ access: 'read' }))
  t.is(seen.bytes[0], 0, "a copy's stores are its own")
  refuses(t, () => seen.copyFrom(Buffer.from([1])), 'ERR_ACCESS_DENIED', 5)
})

test('a copy shows what others store until it stores itself', (t) => {
  const mapping = create(t, { size: 2 * G })
  const shared = kept(t, mapping.view({ access: 'write' }))
  const copy = kept(t, mapping.view({ access: 'copy' }))
  shared.bytes[0] = 1
  t.is(copy.bytes[0], 1)
  copy.bytes[1] = 2
  t.is(shared.bytes[1], 0)
  t.is(copy.bytes[0], 1)
  copy.flush()
})

test('a duplicate has the same rights or fewer', (t) => {
  const mapping = create(t, { size: G })
  const view = kept(t, mapping.view({ access: 'write' }))
  view.bytes[0] = 3
  const reader = kept(t, mapping.duplicate({ access: 'read' }))
  const writer = kept(t, mapping.duplicate({ access: 'write' }))
  t.deepEqual([mapping.rights, reader.rights, writer.rights], ['all', 'read', 'write'])
  t.not(reader.handle, mapping.handle)
  mapping.close()
  t.is(kept(t, reader.view({ access: 'read' })).bytes[0], 3)
  refuses(t, () => reader.view({ access: 'write' }), 'ERR_ACCESS_DENIED', 5)
  refuses(t, () => reader.duplicate({ access: 'write' }), 'ERR_ACCESS_DENIED', 5)
  refuses(t, () => writer.duplicate({ access: 'all' }), 'ERR_ACCESS_DENIED', 5)
  kept(t, writer.view({ access: 'write' })).bytes[0] = 4
  t.is(view.bytes[0], 4)
  t.is(kept(t, reader.duplicate()).rights, 'read')
})

test('a mapped file is neither cut nor overwritten, by whomever', (t) => {
  const file = fileOf(t, 2 * G)
  const mapping = FileMapping.create({ file, protection: 'read-only' })
  const view = mapping.view({ access: 'read' })
  const other = File.open(file.path, { access: 'read-write', disposition: 'open-existing' })
  t.teardown(() => other.close())
  const open = (disposition: 'create-always' | 'truncate-existing') => File.open(file.path, { access: 'read-write', disposition }).close()
  const refusesAll = () => {
    for (const cut of [() => file.truncate(G), () => other.truncate(G), () => open('create-always'), () => open('truncate-existing')])
      refuses(t, cut, 'ERR_USER_MAPPED_FILE', 1224)
    t.is(file.size, 2 * G)
  }
  refusesAll()
  const duplicate = mapping.duplicate()
  mapping.close()
  refusesAll()
  duplicate.close()
  refusesAll()
  other.truncate(3 * G)
  other.allocate(4 * G)
  t.is(file.size, 4 * G, 'growing is allowed')
  view.unmap()
  other.truncate(G)
  t.is(file.size, G)
  open('truncate-existing')
  t.is(file.size, 0)
})

test('views copy, prefetch, flush, and end with the block', (t) => {
  const file = fileOf(t, 2 * G)
  {
    using mapping = FileMapping.create({ file })
    using view = mapping.view({ access: 'write' })
    view.copyFrom(Buffer.from('some text'), 100)
    view.prefetch()
    view.prefetch(70_000, 10)
    view.flush(100, 9)
    const text = Buffer.alloc(4)
    t.is(view.copyTo(text, 105), 4)
    t.is(text.toString(), 'text')
    t.is(view.copyTo(Buffer.alloc(100), 2 * G - 7), 7)
    throwsCode(t, () => view.copyFrom(Buffer.alloc(2), 2 * G - 1), 'ERR_INVALID_ARGUMENT')
    throwsCode(t, () => view.copyTo(Buffer.alloc(2), 2 * G + 1), 'ERR_INVALID_ARGUMENT')
    throwsCode(t, () => view.prefetch(0, 2 * G + 1), 'ERR_INVALID_ARGUMENT')
  }
  t.is(readFileSync(file.path).subarray(100, 109).toString(), 'some text')
  file.truncate(0)
  t.is(statSync(file.path).size, 0)
})

test('a full disk is an error of the creation (skipped without a POSIX /dev/shm)', (t) => {
  if (!existsSync('/dev/shm')) {
    t.log('skipped: no /dev/shm')
    t.pass()
    return
  }
  const file = fileOf(t, G)
  const error = t.throws(() => FileMapping.create({ file, size: 2 ** 50 })) as Error & { win32Code: number }
  t.true([112, 223, 8].includes(error.win32Code), error.message)
})

// Linux hands out memory until it has to kill processes: a mapping of 4 GiB more than there was ended a whole test run.
test('memory that the machine does not have is refused (skipped where the system itself does not tell)', (t) => {
  // Under Wine the file is there, but Wine reserves nothing.
  if (!isPosix || !existsSync('/proc/meminfo')) {
    t.log('skipped: it is for the system to refuse')
    t.pass()
    return
  }
  const tooMuch = 2 * totalmem()
  const refusal = { code: 'ENOMEM' }
  const error = t.throws(() => FileMapping.create({ size: tooMuch }), refusal) as Error & { win32Code: number }
  t.is(error.win32Code, 8)
  t.throws(() => FileMapping.create({ size: tooMuch, name: 'too much memory' }), refusal)
  const reserved = create(t, { size: tooMuch, allocation: 'reserve' })
  t.throws(() => reserved.commit(0, tooMuch), refusal)
  reserved.commit(0, G)
})

test('wrong arguments are refused', (t) => {
  const mapping = create(t, { size: G })
  const wrong = [undefined, null, 5, 'text', { size: -1 }, { size: '5' }, { size: G, protection: 'x' }, { size: G, allocation: 1 }] // biome-ignore format: a list
  for (const options of wrong) throwsCode(t, () => FileMapping.create(options as FileMappingOptions), 'ERR_INVALID_ARGUMENT')
  const views = [undefined, {}, { access: 'all' }, { access: 'read', offset: -1 }, { access: 'read', address: 'x' }, { access: 'read', address: -1n }, { access: 'read', guard: 1 }] // biome-ignore format: a list
  for (const options of views) throwsCode(t, () => mapping.view(options as { access: 'read' }), 'ERR_INVALID_ARGUMENT')
  throwsCode(t, () => mapping.duplicate({ access: 'none' as 'read' }), 'ERR_INVALID_ARGUMENT')
  throwsCode(t, () => mapping.commit(-1, 5), 'ERR_INVALID_ARGUMENT')
})
