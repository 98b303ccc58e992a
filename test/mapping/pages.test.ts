/**
 * Sealing and writing runs of pages, by writes and through views: the same bytes in the file either way.
 */
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { crc32c, File, type View, writePagesToViews } from '../../src/mapping/index.js'
import { folder } from '../folder.js'
import { seededRandom, seedOfRun } from '../random.js'
import { throwsCode } from './errors.js'

const PAGE = 4096
const SEGMENT_PAGES = 64

type WritePages = (arena: readonly Buffer[], runs: Uint32Array, runCount: number) => void

/** A file of `pages` pages and a way to write to it. */
function prepare(t: ExecutionContext, kind: 'write' | 'view', pages: number): { file: File; write: WritePages } {
  const file = File.open(join(folder(t), kind), { access: 'read-write', disposition: 'create-new' })
  file.allocate(pages * PAGE)
  if (kind === 'write') {
    t.teardown(() => file.close())
    return { file, write: (arena, runs, count) => file.writePages(arena, runs, count, PAGE) }
  }
  const views: View[] = []
  const length = SEGMENT_PAGES * PAGE
  for (let i = 0; i * SEGMENT_PAGES < pages; i++) views.push(file.view({ offset: i * length, length, access: 'write' }))
  t.teardown(() => {
    for (const view of views) view.unmap()
    file.close()
  })
  return { file, write: (arena, runs, count) => writePagesToViews(views, SEGMENT_PAGES, arena, runs, count, PAGE) }
}

function pageOf(file: File, page: number, count = 1): Buffer {
  const bytes = Buffer.alloc(count * PAGE)
  file.read(bytes, page * PAGE)
  return bytes
}

for (const kind of ['write', 'view'] as const) {
  test(`runs are sealed and arrive where they belong (${kind})`, (t) => {
    const { file, write } = prepare(t, kind, 2 * SEGMENT_PAGES)
    const arena = [Buffer.alloc(16 * PAGE, 0xaa), Buffer.alloc(8 * PAGE, 0xbb)]
    arena[0]?.writeUInt32LE(1234, 2 * PAGE + 100)
    // Neighbours from different chunks, a run of three, a gap, the next segment.
    write(arena, Uint32Array.of(3, 0, 2 * PAGE, 1, 4, 1, 0, 1, 5, 0, 5 * PAGE, 3, 60, 1, PAGE, 1, 70, 0, 0, 1), 5)
    for (const [page, count] of [
      [3, 1],
      [4, 1],
      [5, 3],
      [60, 1],
      [70, 1],
    ] as const) {
      const bytes = pageOf(file, page, count)
      t.is(bytes.readUInt32LE(0), crc32c(bytes, 4, bytes.length), `the seal of page ${page}`)
    }
    t.is(pageOf(file, 3).readUInt32LE(100), 1234)
    t.is(pageOf(file, 4)[9], 0xbb)
    t.is(pageOf(file, 7)[9], 0xaa)
    t.is(pageOf(file, 6).readUInt32LE(0), 0xaaaaaaaa, 'a run has one seal')
    t.true(pageOf(file, 8).equals(Buffer.alloc(PAGE)), 'the page behind was not touched')
    t.is(file.size, 2 * SEGMENT_PAGES * PAGE)
  })

  test(`nothing to write is nothing written (${kind})`, (t) => {
    const { file, write } = prepare(t, kind, SEGMENT_PAGES)
    write([], new Uint32Array(0), 0)
    write([Buffer.alloc(PAGE, 1)], Uint32Array.of(1, 0, 0, 1), 0)
    t.true(pageOf(file, 1).equals(Buffer.alloc(PAGE)))
  })

  test(`more runs than one system call takes, at random places (${kind})`, (t) => {
    const pages = 64 * SEGMENT_PAGES
    const { file, write } = prepare(t, kind, pages)
    const seed = seedOfRun()
    t.log(`HOLDFAST_SEED=${seed}`)
    const random = seededRandom(seed)
    const arena = Array.from({ length: 3 }, () => Buffer.alloc(1024 * PAGE))
    const runs: number[] = []
    const expected = new Map<number, number>()
    for (let page = 0, used = 0; page < pages && used < 3 * 1024; page++) {
      if (random() < 0.3) continue
      const [chunk, offset] = [used >>> 10, (used & 1023) * PAGE]
      arena[chunk]?.fill(page & 0xff, offset, offset + PAGE)
      runs.push(page, chunk, offset, 1)
      expected.set(page, page & 0xff)
      used++
    }
    t.true(runs.length / 4 > 2048)
    write(arena, Uint32Array.from(runs), runs.length / 4)
    let wrong = 0
    for (let page = 0; page < pages; page++) {
      const bytes = pageOf(file, page)
      const value = expected.get(page)
      if (value === undefined ? bytes.some((byte) => byte !== 0) : bytes.readUInt32LE(0) !== crc32c(bytes, 4, PAGE) || bytes[4] !== value)
        wrong++
    }
    t.is(wrong, 0)
  })

  test(`runs that do not fit are refused before anything is written (${kind})`, (t) => {
    const { file, write } = prepare(t, kind, SEGMENT_PAGES)
    const arena = [Buffer.alloc(4 * PAGE, 1)]
    const good = [1, 0, 0, 1]
    for (const bad of [
      [2, 1, 0, 1],
      [2, 0, PAGE, 4],
      [2, 0, 4 * PAGE, 1],
      [2, 0, 0, 0],
      [2, 0, 0xffffffff, 1],
      [2, 0, 0, 0xffffffff],
    ])
      throwsCode(t, () => write(arena, Uint32Array.from([...good, ...bad]), 2), 'ERR_INVALID_ARGUMENT')
    throwsCode(t, () => write(arena, Uint32Array.from(good), 2), 'ERR_INVALID_ARGUMENT')
    throwsCode(t, () => write('arena' as unknown as Buffer[], Uint32Array.from(good), 1), 'ERR_INVALID_ARGUMENT')
    throwsCode(t, () => write(arena, good as unknown as Uint32Array, 1), 'ERR_INVALID_ARGUMENT')
    throwsCode(t, () => write([{} as Buffer], Uint32Array.from(good), 1), 'ERR_INVALID_ARGUMENT')
    t.true(pageOf(file, 1).equals(Buffer.alloc(PAGE)))
  })
}

test('views that are not there, not writable or too short are refused', (t) => {
  const file = File.open(join(folder(t), 'file'), { access: 'read-write', disposition: 'create-new' })
  t.teardown(() => file.close())
  file.allocate(SEGMENT_PAGES * PAGE)
  const readable = file.view({ offset: 0, length: SEGMENT_PAGES * PAGE, access: 'read' })
  const short = file.view({ offset: 0, length: 16 * PAGE, access: 'write' })
  const gone = file.view({ offset: 0, length: 16 * PAGE, access: 'write' })
  gone.unmap()
  const arena = [Buffer.alloc(2 * PAGE, 1)]
  const write = (view: View | undefined, page: number, count = 1) =>
    writePagesToViews([view], SEGMENT_PAGES, arena, Uint32Array.of(page, 0, 0, count), 1, PAGE)
  throwsCode(t, () => write(undefined, 0), 'ERR_INVALID_ARGUMENT')
  throwsCode(t, () => write(readable, 0), 'ERR_INVALID_ARGUMENT')
  throwsCode(t, () => write(short, 16), 'ERR_INVALID_ARGUMENT')
  throwsCode(t, () => write(short, 15, 2), 'ERR_INVALID_ARGUMENT')
  throwsCode(t, () => write(short, SEGMENT_PAGES), 'ERR_INVALID_ARGUMENT')
  throwsCode(t, () => write(gone, 0), 'ERR_CLOSED')
  write(short, 14, 2)
  t.is(pageOf(file, 15)[9], 1)
  readable.unmap()
  short.unmap()
})
