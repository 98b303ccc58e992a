/**
 * What the addon offers for named objects: `native/objects.h` as JavaScript sees it.
 *
 * The classes of this folder check what is handed over and say what is wrong; the addon only makes sure that nothing can break.
 */
import { native } from '../native.js'
import type { ParsedName } from './name.js'

/** The kinds by their numbers in `native/objects.h`. */
export const ObjectKind = { SEMAPHORE: 1, MUTEX: 2, EVENT: 3, TIMER: 4, MEMORY: 5 } as const

/** The rights of a handle by their numbers in `native/objects.h`. */
export const Right = { WAIT: 1, MODIFY: 2, QUERY: 4, ALL: 7 } as const

/** This thread's part: owns mutexes, and calls the function that it was made with when something may have happened. */
export interface NativeAgent {
  /** Removes what the thread has in the namespace besides its objects. It waits for nothing after that. */
  end(): void
}

/** The result of an attempt: 0 nothing, else 1 plus the object's index, plus `ABANDONED`. */
export type NativeOutcome = number
export const ABANDONED = 0x10000

/** A handle. Calls that do not belong to its kind throw a TypeError. */
export interface NativeObject {
  readonly existed: boolean
  readonly id: string
  readonly access: number
  /** Semaphore: max, mode. Event and timer: manual reset. Memory: size, protection, reserve. */
  parameter(index: number): number
  /** Memory: what finds the file behind it; empty for memory of its own. */
  backing(): string
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

/** A wait that does not block; nothing is taken but by `attempt`. It keeps the process running until `cancel`. */
export interface NativePendingWait {
  start(objects: readonly NativeObject[], all: boolean): void
  attempt(): NativeOutcome
  retryAfterMs(): number
  cancel(): void
}

/** A handle on its way to another process. `attempt`: -1 not yet; of an offer 1 when it has gone, of a claim the handle. */
export interface NativeHandover {
  attempt(): number
  end(): void
}

/** Who may use a new object: mode, uid (-1), gid (-1), SDDL (''). */
export type NativeSecurity = readonly [mode: number, uid: number, gid: number, sddl: string]

interface NativeObjects {
  readonly Agent: new (wake: () => void) => NativeAgent
  readonly PendingWait: new (agent: NativeAgent) => NativePendingWait
  /** `how`: 0 create, 1 open, 2 adopt; each has its own numbers, see the functions below. */
  readonly NamedObject: new (
    agent: NativeAgent,
    how: number,
    kind: number,
    scope: number,
    name: string,
    numbers: readonly number[],
    sddl: string,
    backing: string,
  ) => NativeObject
  /** Owns the handle; calls `wake` when somebody claims it. */
  readonly Offer: new (
    agent: NativeAgent,
    handle: number,
    access: number,
    uid: number,
    wake: () => void,
  ) => NativeHandover & { address(): string }
  readonly Claim: new (agent: NativeAgent, address: string, wake: () => void) => NativeHandover
  tryWait(agent: NativeAgent, objects: readonly NativeObject[], all: boolean): NativeOutcome
  waitSync(agent: NativeAgent, objects: readonly NativeObject[], all: boolean, timeoutMs: number): NativeOutcome
  /** Removes what dead processes left in the namespace; how many files are in use. */
  sweepObjects(): number
}

export const nativeObjects = native as unknown as NativeObjects

/**
 * Creates an object or opens the existing one. `parameters`: semaphore: initial, max, mode; mutex: owned; event: manual, set; timer:
 * manual; memory: size, reserve, protection; flags as 0 and 1. `backing` is memory's.
 */
export function createNative(
  agent: NativeAgent,
  kind: number,
  name: ParsedName,
  [mode, uid, gid, sddl]: NativeSecurity,
  parameters: readonly number[],
  backing: string,
): NativeObject {
  return new nativeObjects.NamedObject(agent, 0, kind, name.scope, name.text, [mode, uid, gid, ...parameters], sddl, backing)
}

/** Opens an existing object. */
export function openNative(agent: NativeAgent, kind: number, name: ParsedName, access: number, trustedUid: number): NativeObject {
  return new nativeObjects.NamedObject(agent, 1, kind, name.scope, name.text, [access, trustedUid], '', '')
}

/** Takes over a handle that `exportHandle` made and that has come to this process. */
export function adoptNative(agent: NativeAgent, kind: number, handle: number, access: number): NativeObject {
  return new nativeObjects.NamedObject(agent, 2, kind, 0, '', [handle, access], '', '')
}
