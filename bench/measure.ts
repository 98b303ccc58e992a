/**
 * Timing inside a measuring process: warm code, settled heap, scrubbed caches, and statistics over passes.
 */

/** Milliseconds, with nanosecond resolution. */
export function now(): number {
  return performance.now()
}

/**
 * Collects garbage (the process runs with --expose-gc) and lets background work of the engine come to rest. To be called before code is warmed up:
 * such a collection throws optimised code away.
 */
export async function settle(): Promise<void> {
  globalThis.gc?.()
  globalThis.gc?.()
  await rest()
}

async function rest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 30))
}

const SCRUB_BYTES = 64 * 1024 * 1024
let scrubArea: Float64Array | undefined

/** Reads and writes more memory than the processor's caches hold, so that a pass over the store starts cold. */
export function scrubCaches(): void {
  scrubArea ??= new Float64Array(SCRUB_BYTES / 8)
  const area = scrubArea
  for (let i = 0; i < area.length; i += 8) area[i] = (area[i] as number) + 1
}

/** The middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** The value below which the given fraction of the values lies, interpolated. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * fraction
  const low = sorted[Math.floor(position)] as number
  const high = sorted[Math.ceil(position)] as number
  return low + (high - low) * (position - Math.floor(position))
}

/** What one run of a workload found. */
export interface Sample {
  /** In the workload's unit; smaller is better. */
  readonly value: number
  /** Of everything that was read. */
  readonly digest: number
  /** Median and 99th percentile of single waits in microseconds, where the workload waits one by one. */
  readonly p50?: number
  readonly p99?: number
}

/** Passes of a reading workload that are timed, after those that warm up code and mapping. */
const TIMED_PASSES = 3
const WARM_UP_PASSES = 2
const WARM_UP_MS = 400

/**
 * Runs a pass that reads `operations` things until all is warm and then timed, each time with cold processor caches
 * unless `hot`; gives the median time per operation in nanoseconds. Every pass must return the same digest.
 *
 * Garbage is collected on demand before the first pass only, for the sake of warm code: what the passes leave behind is collected within them, as in any
 * program.
 */
export async function timePasses(operations: number, pass: () => number | Promise<number>, hot = false): Promise<Sample> {
  await settle()
  const warmUpEnd = now() + WARM_UP_MS
  const digest = await pass()
  for (let i = 1; i < WARM_UP_PASSES || now() < warmUpEnd; i++) await pass()
  const nanoseconds: number[] = []
  for (let i = 0; i < TIMED_PASSES; i++) {
    await rest()
    if (!hot) scrubCaches()
    const start = now()
    const again = await pass()
    nanoseconds.push(((now() - start) * 1e6) / operations)
    if (again !== digest) throw new Error('two passes over the same data returned different results')
  }
  return { value: median(nanoseconds), digest }
}
