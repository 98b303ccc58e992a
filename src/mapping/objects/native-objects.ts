/**
 * What the addon offers for named objects: `native/objects.h` as JavaScript sees it.
 *
 * The classes of this folder check what is handed over and say what is wrong; the addon only makes sure that nothing can break.
 */
import { native } from '../native.js'

/** The kinds by their numbers in `native/objects.h`. */
export const ObjectKind = { SEMAPHORE: 1, MUTEX: 2, EVENT: 3, TIMER: 4, MEMORY: 5 } as const

/** The rights of a handle by their numbers in `native/objects.h`. */
export const Right = { WAIT: 1, MODIFY: 2, QUERY: 4, ALL: 7 } as const

/** This thread's part: owns mutexes, and calls the function that it was made with when something may have happened. */
export interface NativeAgent {
  /** Whether a wait that has not ended keeps the process running. */
  keepAwake(awake: boolean): void
}

/** The result of an attempt: 0 nothing, else 1 plus the object's index, plus `ABANDONED`. */
export type NativeOutcome = number
export const ABANDONED = 0x10000

/** A handle. Calls that do not belong to its kind throw a TypeError. */
export interface NativeObject {
  readonly existed: boolean
  readonly id: string
  /** Semaphore: max, mode. Event and timer: manual reset. Memory: size, protection. */
  parameter(index: number): number
  /** Semaphore, mutex. */
  tryAcquire(): NativeOutcome
  /** Semaphore: returns the count before. Mutex: the count is ignored. */
  release(count: number): number
  count(): number
  /** Event: both ignored. Timer: milliseconds. */
  set(dueMs: number, periodMs: number): void
  /** Event: reset. Timer: cancel. */
  reset(): void
  /** A descriptor or HANDLE to be passed on, as a number. */
  exportHandle(access: number): number
  close(): void
}

/** A wait that does not block; nothing is taken but by `attempt`. */
export interface NativePendingWait {
  attempt(): NativeOutcome
  retryAfterMs(): number
  cancel(): void
}

/** Who may use a new object: mode, uid (-1), gid (-1), SDDL (''). */
export type NativeSecurity = readonly [mode: number, uid: number, gid: number, sddl: string]

export interface NativeObjects {
  readonly Agent: new (wake: () => void) => NativeAgent
  readonly PendingWait: new (agent: NativeAgent, objects: readonly NativeObject[], all: boolean) => NativePendingWait
  /**
   * `parameters`: semaphore: initial, max, mode; mutex: owned; event: manual, set; timer: manual; memory: size, reserve, protection; flags as
   * 0 and 1. `backing` is memory's.
   */
  createObject(
    agent: NativeAgent,
    kind: number,
    scope: number,
    name: string,
    security: NativeSecurity,
    parameters: readonly number[],
    backing: string,
  ): NativeObject
  openObject(agent: NativeAgent, kind: number, scope: number, name: string, access: number, trustedUid: number): NativeObject
  adoptObject(agent: NativeAgent, kind: number, handle: number, access: number): NativeObject
  tryWait(agent: NativeAgent, objects: readonly NativeObject[], all: boolean): NativeOutcome
  waitSync(agent: NativeAgent, objects: readonly NativeObject[], all: boolean, timeoutMs: number): NativeOutcome
  /** Removes what dead processes left in the namespace; how many files are in use. */
  sweepObjects(): number
}

export const nativeObjects = native as unknown as NativeObjects
