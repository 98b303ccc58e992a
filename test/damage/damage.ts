/**
 * Ways to damage the files of a store, and the judgement of what reading them gives: the right answer or a typed error.
 */
import { HoldfastError } from '../../src/errors.js'
import { crc32c } from '../../src/mapping/index.js'
import { PAGE_CRC, PAGE_NUMBER, PAGE_RUN, PAGE_SIZE, PAGE_TYPE, PageType } from '../../src/pages/format.js'
import type { DiskImage, Random } from '../../src/pages/recorder.js'
import type { Store } from '../../structures/index.js'
import { openTree, type State, shapeOf } from '../crash/model.js'

const SECTOR = 512

/** One damaged copy of an image. */
export interface DamagedImage {
  readonly kind: string
  /** What was done, for messages. */
  readonly detail: string
  readonly image: DiskImage
  /** The damage was sealed with a right checksum: no answer can be asked for, only that nothing worse happens. */
  readonly forged: boolean
}

/** A store to damage. */
export interface Specimen {
  readonly name: string
  readonly image: DiskImage
  /** An older image of the same store, whose pages are spliced in. */
  readonly older: DiskImage
  readonly state: State
  /** States that the log leads through: right answers when the log is damaged, since a torn end is no damage. */
  readonly earlier: readonly State[]
}

/** Damages a copy of `image.data` or `image.log`. */
type Damage = (bytes: Buffer, specimen: Specimen, random: Random) => { detail: string; bytes: Buffer; forged?: boolean } | undefined

function below(random: Random, count: number): number {
  return Math.floor(random() * count)
}

/** Pages of the file by type, as their headers say; a run of overflow pages only by its first. */
export function pagesByType(data: Buffer): Map<number, number[]> {
  const byType = new Map<number, number[]>()
  for (let page = 0; (page + 1) * PAGE_SIZE <= data.length; ) {
    const at = page * PAGE_SIZE
    const run = data.readUInt32LE(at + PAGE_RUN)
    const sound = data.readUInt32LE(at + PAGE_NUMBER) === page && run >= 1 && run <= 64
    if (sound) byType.set(data[at + PAGE_TYPE] as number, [...(byType.get(data[at + PAGE_TYPE] as number) ?? []), page])
    page += sound ? run : 1
  }
  return byType
}

function flipIn(bytes: Buffer, start: number, length: number, random: Random, detail: string) {
  const at = start + below(random, length)
  const bit = below(random, 8)
  if (at >= bytes.length) return undefined
  bytes[at] = (bytes[at] as number) ^ (1 << bit)
  return { detail: `${detail}: bit ${bit} of byte ${at}`, bytes }
}

/** Flips bits in a random page of one type. */
function flipType(type: number): Damage {
  return (bytes, _, random) => {
    const pages = pagesByType(bytes).get(type)
    if (pages === undefined) return undefined
    const at = (pages[below(random, pages.length)] as number) * PAGE_SIZE
    return flipIn(bytes, at, PAGE_SIZE * bytes.readUInt32LE(at + PAGE_RUN), random, `page ${at / PAGE_SIZE}`)
  }
}

/** Copies, swaps or fills a unit of `size` bytes. */
function replaceUnit(size: number, how: 'swap' | 'copy' | 'zero' | 'noise'): Damage {
  return (bytes, _, random) => {
    const count = Math.floor(bytes.length / size)
    if (count < 2) return undefined
    const [a, b] = [below(random, count) * size, below(random, count) * size]
    const first = Buffer.from(bytes.subarray(a, a + size))
    if (how === 'swap') bytes.copy(bytes, a, b, b + size)
    if (how === 'swap' || how === 'copy') first.copy(bytes, b)
    if (how === 'zero') bytes.fill(0, a, a + size)
    if (how === 'noise') for (let index = a; index < a + size; index++) bytes[index] = below(random, 256)
    return { detail: `${how} ${size} bytes at ${a} and ${b}`, bytes }
  }
}

const cut: Damage = (bytes, _, random) => {
  const unit = [1, SECTOR, PAGE_SIZE][below(random, 3)] as number
  const length = below(random, Math.floor(bytes.length / unit)) * unit
  return { detail: `cut to ${length}`, bytes: Buffer.from(bytes.subarray(0, length)) }
}

const lengthen: Damage = (bytes, _, random) => {
  const more = Buffer.alloc(1 + below(random, 3 * PAGE_SIZE), below(random, 256))
  return { detail: `${more.length} bytes appended`, bytes: Buffer.concat([bytes, more]) }
}

/** A sector of an older image: a page half-written long ago. A whole old page is a lost write, which no checksum shows. */
const olderSector: Damage = (bytes, { older }, random) => {
  const count = Math.floor(Math.min(bytes.length, older.data.length) / SECTOR)
  const at = below(random, count) * SECTOR
  older.data.copy(bytes, at, at, at + SECTOR)
  return { detail: `older sector at ${at}`, bytes }
}

/** One of the two meta pages as it was long ago, or damaged. */
const oneMeta: Damage = (bytes, { older }, random) => {
  const at = (1 + below(random, 2)) * PAGE_SIZE
  if (random() < 0.5) return flipIn(bytes, at, PAGE_SIZE, random, 'meta page')
  older.data.copy(bytes, at, at, at + PAGE_SIZE)
  return { detail: `older meta page at ${at}`, bytes }
}

/** Changes words of a page and seals it again: nothing may hang or crash, whatever it says. */
const forgedPage: Damage = (bytes, _, random) => {
  const all = [...pagesByType(bytes)].filter(([type]) => type !== PageType.HEADER).flatMap(([, pages]) => pages)
  const page = all[below(random, all.length)] as number
  const at = page * PAGE_SIZE
  const run = bytes.readUInt32LE(at + PAGE_RUN)
  for (let changes = 1 + below(random, 4); changes > 0; changes--) {
    const offset = at + 16 + below(random, random() < 0.7 ? 64 : PAGE_SIZE - 20)
    if (random() < 0.5) bytes[offset] = below(random, 256)
    else bytes.writeUInt32LE(random() < 0.5 ? below(random, 100) : below(random, 2 ** 32), offset)
  }
  bytes.writeUInt32LE(run, at + PAGE_RUN)
  bytes.writeUInt32LE(crc32c(bytes, at + PAGE_CRC + 4, at + run * PAGE_SIZE), at + PAGE_CRC)
  return { detail: `forged page ${page}`, bytes, forged: true }
}

/** Turns a page into a sealed copy of another: cycles and double references. */
const forgedCopy: Damage = (bytes, _, random) => {
  const pages = pagesByType(bytes)
  const all = [PageType.LEAF, PageType.BRANCH].flatMap((type) => pages.get(type) ?? [])
  if (all.length < 2) return undefined
  const [from, to] = [all[below(random, all.length)] as number, all[below(random, all.length)] as number]
  bytes.copy(bytes, to * PAGE_SIZE, from * PAGE_SIZE, (from + 1) * PAGE_SIZE)
  bytes.writeUInt32LE(to, to * PAGE_SIZE + PAGE_NUMBER)
  bytes.writeUInt32LE(crc32c(bytes, to * PAGE_SIZE + PAGE_CRC + 4, (to + 1) * PAGE_SIZE), to * PAGE_SIZE + PAGE_CRC)
  return { detail: `page ${to} is a sealed copy of ${from}`, bytes, forged: true }
}

/** Damages to the data file, by name. */
export const DATA_DAMAGES: Readonly<Record<string, Damage>> = {
  'bit in header': (bytes, _, random) => flipIn(bytes, 0, PAGE_SIZE, random, 'header'),
  'bit in header fields': (bytes, _, random) => flipIn(bytes, 0, 64, random, 'header'),
  'one meta page': oneMeta,
  'bit in leaf': flipType(PageType.LEAF),
  'bit in branch': flipType(PageType.BRANCH),
  'bit in overflow': flipType(PageType.OVERFLOW),
  'bit in free list': flipType(PageType.FREELIST),
  'bit anywhere': (bytes, _, random) => flipIn(bytes, 0, bytes.length, random, 'data'),
  cut,
  lengthen,
  'sectors swapped': replaceUnit(SECTOR, 'swap'),
  'sector copied': replaceUnit(SECTOR, 'copy'),
  'sector zeroed': replaceUnit(SECTOR, 'zero'),
  'sector of noise': replaceUnit(SECTOR, 'noise'),
  'pages swapped': replaceUnit(PAGE_SIZE, 'swap'),
  'page copied': replaceUnit(PAGE_SIZE, 'copy'),
  'page zeroed': replaceUnit(PAGE_SIZE, 'zero'),
  'page of noise': replaceUnit(PAGE_SIZE, 'noise'),
  'older sector': olderSector,
  'forged page': forgedPage,
  'forged copy': forgedCopy,
}

/** Damages to the log, by name. */
export const LOG_DAMAGES: Readonly<Record<string, Damage>> = {
  'log: bit in header': (bytes, _, random) => flipIn(bytes, 0, 64, random, 'log header'),
  'log: bit in frames': (bytes, _, random) => flipIn(bytes, PAGE_SIZE, Math.min(bytes.length - PAGE_SIZE, 8192), random, 'log frames'),
  'log: bit anywhere': (bytes, _, random) => flipIn(bytes, 0, bytes.length, random, 'log'),
  'log: cut': cut,
  'log: lengthened': lengthen,
  'log: sectors swapped': replaceUnit(SECTOR, 'swap'),
  'log: sector copied': replaceUnit(SECTOR, 'copy'),
  'log: sector zeroed': replaceUnit(SECTOR, 'zero'),
  'log: sector of noise': replaceUnit(SECTOR, 'noise'),
}

/** A damaged copy of the specimen's image, or `undefined` if this damage does not apply to it. */
export function damageOne(specimen: Specimen, kind: string, random: Random): DamagedImage | undefined {
  const { data, log } = specimen.image
  const onData = DATA_DAMAGES[kind]
  const onLog = LOG_DAMAGES[kind]
  if (onData === undefined && log === undefined) return undefined
  const done = onData?.(Buffer.from(data), specimen, random) ?? (log && onLog?.(Buffer.from(log), specimen, random))
  if (done === undefined) return undefined
  const image = onData === undefined ? { data, log: done.bytes } : { data: done.bytes, log }
  return { kind, detail: `${specimen.name}, ${kind}: ${done.detail}`, image, forged: done.forged ?? false }
}

/** What reading a damaged store gave. */
export type Outcome = 'right' | 'refused' | 'wrong' | 'untyped error'

/** Reads everything through every kind of read. `answers` are the states that are right. */
export async function readAll(open: () => Store, answers: readonly State[]): Promise<{ outcome: Outcome; reason: string }> {
  let reason = 'all of it is right'
  let refused = false
  const attempt = (read: () => void): void => {
    try {
      read()
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      refused = true
      reason = `${error.code}: ${error.message}`
    }
  }
  try {
    const store = open()
    try {
      let left = [...answers]
      const found = names(store, attempt)
      if (found !== undefined) left = left.filter((state) => state.size === found.length && found.every((name) => state.has(name)))
      for (const name of left.length === 0 ? [] : (found ?? [])) {
        const { states, failure } = matching(store, name, left)
        left = states
        if (failure !== undefined) attempt(() => rethrow(failure))
      }
      if (left.length === 0) return { outcome: 'wrong', reason: 'what was read was never there' }
      const report = await store.check()
      if (!report.ok) attempt(() => rethrow(new HoldfastError('ERR_DAMAGED', report.errors.join('; '))))
    } finally {
      await store.close().catch((error: unknown) => attempt(() => rethrow(error)))
    }
  } catch (error) {
    if (!(error instanceof HoldfastError)) return { outcome: 'untyped error', reason: String((error as Error).stack ?? error) }
    return { outcome: 'refused', reason: `${error.code}: ${error.message}` }
  }
  return { outcome: refused ? 'refused' : 'right', reason }
}

function rethrow(error: unknown): never {
  throw error
}

function names(store: Store, attempt: (read: () => void) => void): string[] | undefined {
  let found: string[] | undefined
  attempt(() => (found = store.structures().map((structure) => structure.name)))
  return found
}

/** The states of `left` that agree with all that can be read of one tree, by key, forwards and backwards, and what refused to be read. */
function matching(store: Store, name: string, left: readonly State[]): { states: State[]; failure: unknown } {
  const tree = openTree(store, name)
  const { encode, decode } = shapeOf(name)
  let states = [...left]
  let failure: unknown
  const gather = (read: () => void) => {
    try {
      read()
    } catch (error) {
      failure ??= error
    }
  }
  const keep = (agrees: (state: ReadonlyMap<number, string>) => boolean) => {
    states = states.filter((state) => agrees(state.get(name) as ReadonlyMap<number, string>))
  }
  const limit = Math.max(...left.map((state) => state.get(name)?.size ?? 0)) + 1
  const keys = new Set(left.flatMap((state) => [...(state.get(name) as ReadonlyMap<number, string>).keys()]))
  for (const key of keys) {
    gather(() => {
      const value = tree.get(encode(key))
      keep((state) => state.get(key) === value)
    })
  }
  for (const reverse of [false, true]) {
    const seen: [number, string][] = []
    let whole = false
    gather(() => {
      for (const [key, value] of tree.entries({ reverse })) {
        seen.push([decode(key), value])
        if (seen.length > limit) break
      }
      whole = true
    })
    keep((state) => seen.every(([key, value]) => state.get(key) === value) && (!whole || seen.length === state.size))
  }
  return { states, failure }
}
