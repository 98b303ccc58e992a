/**
 * What a step of the mapping benchmark is: one small thing, done by Holdfast, by what people use instead, and by a C program.
 */
import { now, percentile, type Sample } from '../measure.js'

/** What a step gets to run with. */
export interface StepContext {
  /** An empty folder on the disk, for this step alone. */
  readonly directory: string
  /** For how long the step measures. */
  readonly timeMs: number
  /** For names of objects, the same in both processes of a step. */
  readonly key: string
  /** Starts the other process of a step that has one; it ends with this one. */
  startPartner(): Promise<void>
}

/** How an engine does a step. */
export interface Doing {
  measure(context: StepContext): Sample | Promise<Sample>
  /** What the other process does until it is ended. `ready` tells the first that it may begin. */
  partner?(context: StepContext, ready: () => void): void | Promise<void>
}

/** A step. */
export interface Step {
  /** As given to `--only`; stable. */
  readonly name: string
  /** One line for the reader. */
  readonly title: string
  readonly unit: 'ns/pair' | 'us/flush' | 'us'
  readonly engines: Readonly<Record<string, Doing>>
  /** Arguments of the C program for it (bench/limits/mapping.c). */
  readonly limit: { readonly what: string; readonly pages?: number }
}

const BATCH = 200

/** Median nanoseconds of a pair of calls, over batches, once it is warm. */
export function timePairs(timeMs: number, pair: () => void, batch = BATCH): Sample {
  const run = (untilMs: number) => {
    const found: number[] = []
    const end = now() + untilMs
    while (found.length < 3 || now() < end) {
      const start = now()
      for (let i = 0; i < batch; i++) pair()
      found.push(((now() - start) * 1e6) / batch)
    }
    return found
  }
  run(timeMs / 2)
  return { value: percentile(run(timeMs), 0.5), digest: 0 }
}

/** Median microseconds of one call, each timed alone, once it is warm. */
export async function timeEach(timeMs: number, call: (round: number) => void | Promise<void>): Promise<Sample> {
  let round = 0
  const run = async (untilMs: number) => {
    const found: number[] = []
    const end = now() + untilMs
    while (found.length < 3 || now() < end) {
      const start = now()
      await call(round++)
      found.push((now() - start) * 1000)
    }
    return found
  }
  await run(timeMs / 3)
  return sampleOf(await run(timeMs))
}

/** A sample of single waits in microseconds. */
export function sampleOf(waits: readonly number[]): Sample {
  const p50 = percentile(waits, 0.5)
  return { value: p50, digest: 0, p50, p99: percentile(waits, 0.99) }
}
