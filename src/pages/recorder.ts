/**
 * What a power cut would leave of the files of a store in memory.
 *
 * Of every 512-byte unit the recorder knows the durable contents and each version written since, in time order; of every file
 * also its size. Which of the pending versions reach the disk before a power cut, and in which order, nobody promises; a unit is
 * written whole or not at all, but for the one that the cut met, which may be torn. A flush makes durable what was written before it began. A flush that failed leaves
 * what it covered in doubt for ever, until the same unit is written and flushed again: the kernel has forgotten those pages.
 *
 * `freeze` takes the state of one moment cheaply; `CrashState.images` builds disk images from it, later if need be.
 */

/** Bytes that a disk writes at once. */
export const UNIT_SIZE = 512

/** The files of a store, by what they hold. */
export type FileName = 'data' | 'log'
export const FILE_NAMES: readonly FileName[] = ['data', 'log']

/** What lies on a disk: the exact bytes of each file; `log` is `undefined` where no such file exists. */
export interface DiskImage {
  readonly data: Buffer
  readonly log: Buffer | undefined
}

/** A source of numbers in [0, 1); seeded, so that a finding can be repeated. */
export type Random = () => number

/** Contents of a unit, or the size of a file, that a later power cut may leave. */
interface Version<T> {
  readonly sequence: number
  readonly value: T
  /** Its flush failed: no later flush makes it durable. */
  lost: boolean
}

/** The moment of each write, across all files of a disk. */
export class WriteClock {
  now = 0
}

/** What is durable and what is pending of one file. */
export class FileRecorder {
  private shared = false
  private readonly units = new Map<number, Version<Buffer>[]>()
  private sizes: Version<number>[] = []

  constructor(
    private readonly clock: WriteClock,
    /** The durable bytes; lent: copied before they change. */
    private durable: Buffer,
  ) {
    this.shared = true
  }

  /** A unit has new contents; `value` is kept. */
  unitWritten(unit: number, value: Buffer): void {
    const versions = this.units.get(unit)
    const version = { sequence: ++this.clock.now, value, lost: false }
    if (versions === undefined) {
      if (!this.durableUnit(unit).equals(value)) this.units.set(unit, [version])
      return
    }
    const last = versions[versions.length - 1] as Version<Buffer>
    if (last.lost || !last.value.equals(value)) versions.push(version)
  }

  sizeChanged(size: number): void {
    this.sizes.push({ sequence: ++this.clock.now, value: size, lost: false })
  }

  /** Units that differ from what is durable, for zeroing what a file loses when it is cut. */
  unitCount(): number {
    let count = Math.ceil(this.durable.length / UNIT_SIZE)
    for (const unit of this.units.keys()) count = Math.max(count, unit + 1)
    return count
  }

  /** A flush that began at moment `cut` has succeeded. */
  flushed(cut: number): void {
    const size = newestAt(this.sizes, cut)
    if (size !== undefined) {
      this.resize(size.value)
      this.sizes = this.sizes.filter((version) => version.sequence > size.sequence)
    }
    for (const [unit, versions] of this.units) {
      const version = newestAt(versions, cut)
      if (version === undefined) continue
      const rest = versions.filter((other) => other.sequence > version.sequence)
      if (rest.length === 0) this.units.delete(unit)
      else this.units.set(unit, rest)
      this.store(unit, version.value)
    }
  }

  /** A flush that began at moment `cut` has failed: what it covered stays in doubt. */
  flushFailed(cut: number): void {
    for (const versions of [this.sizes, ...this.units.values()]) {
      for (const version of versions) if (version.sequence <= cut) version.lost = true
    }
  }

  freeze(file: FileName): FrozenFile {
    this.shared = true
    const choices: Choice[] = []
    for (const [unit, versions] of this.units) choices.push({ file, unit, versions: versions.slice() })
    return { durable: this.durable, choices, sizes: this.sizes.slice() }
  }

  private durableUnit(unit: number): Buffer {
    const bytes = this.durable.subarray(unit * UNIT_SIZE, (unit + 1) * UNIT_SIZE)
    return bytes.length === UNIT_SIZE ? bytes : Buffer.concat([bytes], UNIT_SIZE)
  }

  private resize(size: number): void {
    this.durable = Buffer.concat([this.durable.subarray(0, size)], size)
    this.shared = false
  }

  private store(unit: number, bytes: Buffer): void {
    if (this.shared) this.resize(this.durable.length)
    const offset = unit * UNIT_SIZE
    bytes.copy(this.durable, offset, 0, Math.max(0, Math.min(UNIT_SIZE, this.durable.length - offset)))
  }
}

/** The newest version at or before `cut` that no failed flush has put in doubt. */
function newestAt<T>(versions: readonly Version<T>[], cut: number): Version<T> | undefined {
  for (let index = versions.length - 1; index >= 0; index--) {
    const version = versions[index] as Version<T>
    if (version.sequence <= cut && !version.lost) return version
  }
  return undefined
}

/** Something that a power cut decides: which version of a unit, or of the size (`unit` is -1), is on the disk. */
interface Choice {
  readonly file: FileName
  readonly unit: number
  readonly versions: readonly Version<Buffer | number>[]
}

/** A unit that was half-written: its first `at` bytes are new, or only those behind. */
interface Torn {
  readonly choice: Choice
  readonly at: number
  readonly tailFirst: boolean
}

interface FrozenFile {
  readonly durable: Buffer
  readonly choices: Choice[]
  readonly sizes: readonly Version<number>[]
}

/** Units of the header and the meta pages, which recovery looks at first. */
const META_UNITS = 24
/** Share of the drawn images in which one unit is torn. */
const TORN_SHARE = 0.25
/** Most torn images beside all whole ones. */
const EXTRA_TORN = 4
/** All subsets are tried up to this many undecided units. */
const EXHAUSTIVE_UNITS = 12

/** What a power cut at one moment could leave. */
export class CrashState {
  private readonly durable = new Map<FileName, Buffer>()
  private readonly choices: Choice[] = []
  /** Every pending moment, ascending. */
  private readonly moments: number[]

  constructor(files: ReadonlyMap<FileName, FileRecorder>) {
    for (const [name, recorder] of files) {
      const frozen = recorder.freeze(name)
      this.durable.set(name, frozen.durable)
      this.choices.push(...frozen.choices)
      if (frozen.sizes.length > 0) this.choices.push({ file: name, unit: -1, versions: frozen.sizes })
    }
    this.choices.sort((a, b) => firstMoment(a) - firstMoment(b))
    this.moments = this.choices.flatMap((choice) => choice.versions.map((version) => version.sequence)).sort((a, b) => a - b)
  }

  /** Undecided units and sizes. */
  get undecided(): number {
    return this.choices.length
  }

  /** How many different images there are, up to rounding. */
  get possibilities(): number {
    return this.choices.reduce((product, choice) => product * (choice.versions.length + 1), 1)
  }

  /** The image without anything that was not flushed. */
  durableImage(): DiskImage {
    return this.build(this.choices.map(() => 0))
  }

  /** The image of a machine that wrote back everything. */
  newestImage(): DiskImage {
    return this.build(this.choices.map((choice) => choice.versions.length))
  }

  /**
   * At most `budget` images: all there are if they are that few, and some with a torn unit; else nothing, everything, and a draw from: each unit alone,
   * everything but one unit, everything up to a moment, all subsets of the last units of the log or of the meta pages, and chance.
   */
  *images(random: Random, budget: number): Generator<DiskImage> {
    if (this.choices.length <= EXHAUSTIVE_UNITS && this.possibilities <= budget) {
      yield* this.everyImage()
      const left = Math.min(EXTRA_TORN, budget - this.possibilities)
      for (let drawn = 0; drawn < left; drawn++) {
        const picked = this.choices.map((choice) => Math.floor(random() * (newest(choice) + 1)))
        const torn = this.tear(picked, random)
        if (torn !== undefined) yield this.build(picked, torn)
      }
      return
    }
    if (budget > 0) yield this.durableImage()
    if (budget > 1) yield this.newestImage()
    for (let drawn = 2; drawn < budget; drawn++) {
      const picked = this.draw(random)
      yield this.build(picked, random() < TORN_SHARE ? this.tear(picked, random) : undefined)
    }
  }

  private *everyImage(): Generator<DiskImage> {
    const picked = this.choices.map(() => 0)
    for (;;) {
      yield this.build(picked)
      let index = 0
      while (index < picked.length && picked[index] === (this.choices[index] as Choice).versions.length) picked[index++] = 0
      if (index === picked.length) return
      picked[index] = (picked[index] as number) + 1
    }
  }

  /** How many versions of each choice were written; 0 leaves what is durable. */
  private draw(random: Random): number[] {
    const { choices } = this
    const below = (count: number) => Math.floor(random() * count)
    const one = below(choices.length)
    switch (below(6)) {
      case 0: {
        // One unit alone; with the sizes, or a unit behind the durable end would not show.
        const grown = random() < 0.5
        return choices.map((choice, index) => (index === one || (grown && choice.unit < 0) ? newest(choice) : 0))
      }
      case 1:
        return choices.map((choice, index) => (index === one ? below(newest(choice)) : newest(choice)))
      case 2: {
        const moment = this.moments[below(this.moments.length)]
        return choices.map((choice) => versionsUntil(choice, moment))
      }
      case 3:
      case 4:
        return this.drawWindow(random, random() < 0.6 ? (choice) => choice.file === 'log' : isMeta)
      default: {
        const density = random()
        return choices.map((choice) => (random() < density ? 1 + below(newest(choice)) : 0))
      }
    }
  }

  /** Any subset of the last units that `focus` names, all earlier ones of them, and of the others everything, nothing or chance. */
  private drawWindow(random: Random, focus: (choice: Choice) => boolean): number[] {
    const focused = this.choices.filter(focus)
    const window = new Set(focused.slice(-(1 + Math.floor(random() * EXHAUSTIVE_UNITS))))
    const density = [0, 1, random()][Math.floor(random() * 3)] as number
    return this.choices.map((choice) => {
      if (window.has(choice)) return Math.floor(random() * (newest(choice) + 1))
      return focus(choice) || choice.unit < 0 || random() < density ? newest(choice) : 0
    })
  }

  /** A unit among those written that the power cut met: its first bytes are new and the others as before, or the other way round. */
  private tear(picked: readonly number[], random: Random): Torn | undefined {
    const written = this.choices.filter((choice, index) => choice.unit >= 0 && picked[index] !== 0)
    const metas = written.filter(isMeta)
    const from = metas.length > 0 && random() < 0.7 ? metas : written
    const choice = from[Math.floor(random() * from.length)]
    // Most fields lie at the front of a page.
    const span = random() < 0.5 ? 80 : UNIT_SIZE
    return choice === undefined ? undefined : { choice, at: 1 + Math.floor(random() * (span - 1)), tailFirst: random() < 0.3 }
  }

  private build(picked: readonly number[], torn?: Torn): DiskImage {
    return { data: this.buildFile('data', picked, torn) as Buffer, log: this.buildFile('log', picked, torn) }
  }

  private buildFile(name: FileName, picked: readonly number[], torn: Torn | undefined): Buffer | undefined {
    const durable = this.durable.get(name)
    if (durable === undefined) return undefined
    let size = durable.length
    this.choices.forEach((choice, index) => {
      if (choice.file === name && choice.unit < 0 && picked[index] !== 0)
        size = choice.versions[(picked[index] as number) - 1]?.value as number
    })
    const image = Buffer.alloc(size)
    durable.copy(image)
    this.choices.forEach((choice, index) => {
      if (choice.file !== name || choice.unit < 0 || picked[index] === 0) return
      const bytes = choice.versions[(picked[index] as number) - 1]?.value as Buffer
      const at = choice.unit * UNIT_SIZE
      if (at >= size) return
      if (choice !== torn?.choice) bytes.copy(image, at)
      else if (torn.tailFirst) bytes.copy(image, at + torn.at, torn.at)
      else bytes.copy(image, at, 0, torn.at)
    })
    return image
  }
}

function newest(choice: Choice): number {
  return choice.versions.length
}

function firstMoment(choice: Choice): number {
  return (choice.versions[0] as Version<unknown>).sequence
}

function versionsUntil(choice: Choice, moment: number): number {
  let count = 0
  while (count < choice.versions.length && (choice.versions[count] as Version<unknown>).sequence <= moment) count++
  return count
}

function isMeta(choice: Choice): boolean {
  return choice.file === 'data' && choice.unit >= 0 && choice.unit < META_UNITS
}
