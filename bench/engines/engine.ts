/**
 * What a workload needs of a key-value store: one small interface that ours and every peer implement.
 *
 * An engine runs in its fastest honest configuration that its documentation describes, with the reason in a comment
 * where it is chosen. One process opens one session and runs one workload, so the calls stay monomorphic.
 */
import type { Fold } from '../digest.js'

/**
 * What the session will be used for, so that an engine can choose its options:
 * - `read`: a loaded store is only read;
 * - `load`: an empty store is filled in one go, durable at the end;
 * - `visible`: transactions that other processes see on return, without waiting for the disk;
 * - `durable`: whatever returned or resolved survives power loss.
 */
export type Use = 'read' | 'load' | 'visible' | 'durable'

/** An open store under measurement. A method may return a promise where the engine has no synchronous form. */
export interface Session {
  /** Puts all entries into the empty store in one transaction, or the largest unit that the engine has; durable on resolve. */
  load(keys: string[], values: string[], sorted: boolean): void | Promise<void>
  get(key: string): string | undefined
  /** Reads a value as bytes, in the way that copies least, and returns `sampleBytes` of it; 0 if the key is missing. */
  touchBytes(key: string): number
  getMany(keys: string[]): (string | undefined)[] | Promise<(string | undefined)[]>
  /** Visits all entries in ascending order, key and value as strings. */
  scan(fold: Fold): number | Promise<number>
  /** Visits `count` entries from `start` on. */
  range(start: string, count: number, fold: Fold, digest: number): number | Promise<number>
  /** Puts all entries in one transaction: visible on return, durable too if the session was opened for that. */
  transaction(keys: string[], values: string[]): void | Promise<void>
  /** Puts one entry, durable on resolve, while no other caller writes. */
  putAlone(key: string, value: string): void | Promise<void>
  /** The same for a caller among many that overlap. */
  putAmongMany(key: string, value: string): void | Promise<void>
  /** Brings a loaded store into the form that reads fastest, where loading alone does not. Never timed. */
  compact?(): void | Promise<void>
  close(): void | Promise<void>
}

/** A store that can be measured. */
export interface Engine {
  readonly name: string
  /** Version of the package, and of the engine inside where it has one. */
  version(): string
  /** Workloads that the engine takes part in; all if absent. */
  readonly workloads?: readonly string[]
  /** Opens the store in an existing directory, creating it if the directory is empty. */
  open(directory: string, use: Use): Session | Promise<Session>
}
