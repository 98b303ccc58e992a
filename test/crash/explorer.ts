/**
 * The crash-image explorer: runs a random workload on a store in memory, takes at every flush and labelled point the images that
 * a power cut could leave, and has each of them recovered and checked (`verify.ts`).
 *
 * A round is one disk with one workload; everything in it follows from its seed.
 */
import { HoldfastError } from '../../src/errors.js'
import { MemoryDisk } from '../../src/pages/memory-storage.js'
import { initialBytes } from '../../src/pages/meta.js'
import type { CrashState, Random } from '../../src/pages/recorder.js'
import { seededRandom } from '../random.js'
import type { Expectation } from './model.js'
import { type Counts, CrashFinding, type Plant, Verifier } from './verify.js'
import { type Profile, Workload } from './workload.js'

export interface ExplorerOptions {
  /** Seed of the first round; the next ones count up. */
  readonly seed: number
  /** Stops when this many images were opened. */
  readonly images: number
  /** A fault planted around the storage of every handle. */
  readonly plant?: Plant
  /** The kind of workload; by chance if not given. */
  readonly profile?: Profile
  /** Steps in a round. */
  readonly steps?: number
  /** Most images of one point. */
  readonly imagesPerPoint?: number
}

export interface ExplorerReport extends Counts {
  rounds: number
  /** Moments of which images were taken; of these, the beginnings and ends of flushes. */
  points: number
  syncPoints: number
  transactions: number
}

/** A moment of the workload, kept until the step it belongs to has ended. */
interface Capture {
  readonly label: string
  readonly crash: CrashState
  readonly expectation: Expectation
  readonly control: ArrayBuffer | undefined
}

/** Share of the points that are no flush of which images are taken. */
const POINT_SHARE = 0.3
/** Share of the images that come with the stale lock file of before the power cut. */
const STALE_CONTROL_SHARE = 0.3

/** Explores until enough images were opened. Throws a `CrashFinding` that names seed, step and point. */
export async function explore(options: ExplorerOptions): Promise<ExplorerReport> {
  const report: ExplorerReport = { rounds: 0, points: 0, syncPoints: 0, transactions: 0, images: 0, insideRecovery: 0, afterRecovery: 0 }
  while (report.images < options.images) await new Round(options, options.seed + report.rounds, report).run()
  return report
}

class Round {
  private readonly random: Random
  private readonly captures: Capture[] = []
  private step = 0

  constructor(
    private readonly options: ExplorerOptions,
    private readonly seed: number,
    private readonly report: ExplorerReport,
  ) {
    this.random = seededRandom(seed)
  }

  async run(): Promise<void> {
    const { random, options, report } = this
    const disk = MemoryDisk.create(initialBytes())
    const workload = new Workload(disk, random, options.plant, options.profile)
    const verifier = new Verifier(workload.model, { random, checkpointBytes: workload.checkpointBytes, plant: options.plant })
    disk.onPoint = (label) => this.capture(label, disk, workload)
    try {
      await workload.start()
      for (this.step = 0; this.step < (options.steps ?? 80) && report.images + verifier.counts.images < options.images; this.step++) {
        await workload.step()
        await this.verifyCaptures(verifier)
      }
      await workload.end()
      await this.verifyCaptures(verifier)
    } catch (error) {
      if (!isFinding(error)) throw new Error(`${this.place}: ${error}`, { cause: error })
      throw new CrashFinding(`${this.place}: ${(error as Error).message}`, { cause: error })
    } finally {
      workload.abandon()
    }
    report.rounds++
    report.transactions += workload.model.versions.length
    report.images += verifier.counts.images
    report.insideRecovery += verifier.counts.insideRecovery
    report.afterRecovery += verifier.counts.afterRecovery
  }

  private get place(): string {
    return `seed ${this.seed}, step ${this.step}`
  }

  private capture(label: string, disk: MemoryDisk, workload: Workload): void {
    const isSync = label.includes('flush')
    if (!isSync && this.random() >= POINT_SHARE) return
    this.report.points++
    if (isSync) this.report.syncPoints++
    const control = this.random() < STALE_CONTROL_SHARE ? disk.control.slice(0) : undefined
    this.captures.push({
      label: `${label} of ${workload.doing}`,
      crash: disk.crashState(),
      expectation: workload.model.expectation(),
      control,
    })
  }

  private async verifyCaptures(verifier: Verifier): Promise<void> {
    for (const { label, crash, expectation, control } of this.captures.splice(0)) {
      try {
        for (const image of crash.images(this.random, this.options.imagesPerPoint ?? 8)) await verifier.verify(image, expectation, control)
      } catch (error) {
        // Whatever reading a recovered store throws is a finding.
        throw new CrashFinding(`${label}: ${(error as Error).message}`, { cause: error })
      }
    }
  }
}

/** Whether the engine is to blame: a broken promise, an error that nothing gave reason for, an assertion of its own. */
function isFinding(error: unknown): boolean {
  return error instanceof CrashFinding || error instanceof HoldfastError || /^assertion failed/.test((error as Error).message)
}
