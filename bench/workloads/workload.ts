/**
 * What a workload is: one question put to every engine, with a unit, in which a smaller answer is better.
 */
import type { Engine, Session, Use } from '../engines/engine.js'
import type { Sample } from '../measure.js'

/** What a workload gets to run on. */
export interface WorkloadContext {
  /** Entries in the store, or to be loaded into it. */
  readonly n: number
  readonly session: Session
  /** Opens an empty store of the same engine beside the measured one, to warm up on. */
  openScratch(): Promise<Session>
}

/** A workload over a key-value store. */
export interface Workload {
  /** As given to `--only`; stable, since results of different versions are compared by it. */
  readonly name: string
  /** One line for the reader of the table. */
  readonly title: string
  readonly unit: 'ns/get' | 'ns/entry' | 'us/put' | 'us/write' | 'ms'
  /** How the session is opened. */
  readonly use: Use
  /** Whether another process loads n sorted entries first; otherwise the store starts empty. */
  readonly loaded: boolean
  /** Whether the workload changes the store, so that its contents are verified afterwards. */
  readonly writes: boolean
  run(context: WorkloadContext): Promise<Sample>
}

/** A workload that measures the machine instead of a store; its result is shown under the engine name `limit`. */
export interface LimitWorkload {
  readonly name: string
  readonly title: string
  readonly unit: Workload['unit']
  run(directory: string): Sample
}

/** Whether an engine takes part in a workload. */
export function takesPart(engine: Engine, workload: Workload): boolean {
  return engine.workloads === undefined || engine.workloads.includes(workload.name)
}
