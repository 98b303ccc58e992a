/**
 * A damaged store gives the right answer or a typed error: never a wrong value, a hang, an untyped error or a crash.
 *
 * `HOLDFAST_DAMAGE_CASES` sets how many, `HOLDFAST_SEED` which.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { HoldfastError } from '../../src/errors.js'
import { crc32c } from '../../src/mapping/index.js'
import { PAGE_CRC, PAGE_SIZE } from '../../src/pages/format.js'
import { MemoryDisk } from '../../src/pages/memory-storage.js'
import { HEADER_PAGE_SIZE, HEADER_VERSION, initialBytes } from '../../src/pages/meta.js'
import { Pages } from '../../src/pages/pages.js'
import type { DiskImage } from '../../src/pages/recorder.js'
import { open, openStorage, type Store } from '../../structures/index.js'
import { amount, seededRandom, seedOfRun } from '../random.js'
import { DATA_DAMAGES, damageOne, LOG_DAMAGES, type Outcome, readAll, type Specimen } from './damage.js'
import { specimens } from './specimens.js'

const seed = seedOfRun()
const cases = amount('HOLDFAST_DAMAGE_CASES', 4000)

function openImage(image: DiskImage) {
  return openStorage(MemoryDisk.fromImage(image).open(), {})
}

/**
 * States that are right for a damage of this kind. Of the last frame of a log nothing proves that it was ever whole; a log that
 * lost a whole stretch may end early, as after a power cut.
 */
function answersFor({ state, earlier }: Specimen, kind: string) {
  if (kind.startsWith('log: bit')) return earlier.slice(-2)
  return kind.startsWith('log') ? [...earlier, state] : [state]
}

/** Runs `count` random damages and counts what reading them gave. */
async function run(
  count: number,
  onOutcome: (outcome: Outcome, detail: string, reason: string) => void,
  opened: (image: DiskImage) => Store = openImage,
): Promise<Map<string, number>> {
  const random = seededRandom(seed)
  const stores = await specimens(random)
  const kinds = [...Object.keys(DATA_DAMAGES), ...Object.keys(LOG_DAMAGES)]
  const outcomes = new Map<string, number>()
  for (let done = 0; done < count; ) {
    const specimen = stores[Math.floor(random() * stores.length)] as Specimen
    const kind = kinds[Math.floor(random() * kinds.length)] as string
    const damaged = damageOne(specimen, kind, random)
    if (damaged === undefined) continue
    done++
    const { outcome, reason } = await readAll(() => opened(damaged.image), answersFor(specimen, kind))
    const judged = damaged.forged && outcome === 'wrong' ? 'right' : outcome
    outcomes.set(judged, (outcomes.get(judged) ?? 0) + 1)
    onOutcome(judged, damaged.detail, reason)
  }
  return outcomes
}

function counts(outcomes: ReadonlyMap<string, number>): string {
  return [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
}

test.serial('the undamaged stores read right', async (t) => {
  for (const specimen of await specimens(seededRandom(seed))) {
    const { outcome, reason } = await readAll(() => openImage(specimen.image), [specimen.state])
    t.is(outcome, 'right', `${specimen.name}: ${reason}`)
  }
})

test.serial('damaged stores read right or are refused by a typed error', async (t) => {
  t.timeout(15 * 60_000)
  const outcomes = await run(cases, (outcome, detail, reason) => {
    if (outcome === 'wrong' || outcome === 'untyped error') t.fail(`seed ${seed}, ${detail}: ${outcome}: ${reason}`)
  })
  t.log(`seed ${seed}: ${cases} damaged images, ${counts(outcomes)}`)
  t.true((outcomes.get('refused') ?? 0) > cases / 10, 'most damage is noticed')
  t.true((outcomes.get('right') ?? 0) > cases / 100, 'some damage hits what nobody needs')
})

test.serial('so do damaged files on a real disk', async (t) => {
  t.timeout(15 * 60_000)
  mkdirSync('tmp', { recursive: true })
  const folder = mkdtempSync(join('tmp', 'damage-'))
  const path = join(folder, 'damaged.hold')
  const openFiles = ({ data, log }: DiskImage) => {
    for (const suffix of ['', '-log', '-lock']) rmSync(`${path}${suffix}`, { force: true })
    writeFileSync(path, data)
    if (log !== undefined) writeFileSync(`${path}-log`, log)
    return open(path, { create: false })
  }
  try {
    const onOutcome = (outcome: Outcome, detail: string, reason: string) => {
      if (outcome === 'wrong' || outcome === 'untyped error') t.fail(`seed ${seed}, ${detail}: ${outcome}: ${reason}`)
    }
    const outcomes = await run(Math.ceil(cases / 10), onOutcome, openFiles)
    t.log(`seed ${seed}: ${Math.ceil(cases / 10)} damaged files, ${counts(outcomes)}`)
    t.pass()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test.serial('negative control: without checksums the same damages give wrong answers', async (t) => {
  const touch = Pages.prototype.touch
  Pages.prototype.touch = function (this: Pages, page) {
    try {
      touch.call(this, page)
    } catch (error) {
      if (!(error instanceof HoldfastError) || !/checksum/.test(error.message)) throw error
      this.verified[page] = 1
    }
  }
  try {
    const outcomes = await run(600, () => undefined)
    t.true((outcomes.get('wrong') ?? 0) > 0)
  } finally {
    Pages.prototype.touch = touch
  }
})

test.serial('an empty, a foreign and a too short file are no store', (t) => {
  for (const data of [Buffer.alloc(0), Buffer.alloc(10), Buffer.alloc(PAGE_SIZE * 4), Buffer.from('SQLite format 3\0'.repeat(1000))])
    t.throws(() => openImage({ data, log: undefined }), { instanceOf: HoldfastError, code: 'ERR_FOREIGN_FILE' })
})

test.serial('a newer version and another page size are refused by name', (t) => {
  const withField = (offset: number, value: number): DiskImage => {
    const data = Buffer.from(initialBytes())
    data.writeUInt32LE(value, offset)
    data.writeUInt32LE(crc32c(data, PAGE_CRC + 4, PAGE_SIZE), PAGE_CRC)
    return { data, log: undefined }
  }
  t.throws(() => openImage(withField(HEADER_VERSION, 2)), { instanceOf: HoldfastError, code: 'ERR_NEWER_FORMAT' })
  t.throws(() => openImage(withField(HEADER_PAGE_SIZE, 8192)), { instanceOf: HoldfastError })
})

test.serial('the log of another store, and a missing log, are refused', async (t) => {
  const [, crashed] = (await specimens(seededRandom(1))) as [Specimen, Specimen]
  const [, other] = (await specimens(seededRandom(2))) as [Specimen, Specimen]
  t.throws(() => openImage({ data: crashed.image.data, log: other.image.log }), { instanceOf: HoldfastError, code: 'ERR_DAMAGED' })
  const { outcome } = await readAll(() => openImage({ data: crashed.image.data, log: undefined }), [crashed.state, ...crashed.earlier])
  t.not(outcome, 'wrong')
})
