/**
 * Waits that do not block: one agent of this thread, and the waits under way.
 *
 * The addon calls `wake` when an object that is waited for may have been signalled; every wait then tries. Nothing is taken but by a
 * try on this thread, so that a wait that is cancelled, or whose time is up, loses nothing. What no bell announces (a holder's
 * death, a timer's time) is found by trying again after `retryAfterMs`.
 */
import { HoldfastError } from '../../errors.js'
import { callAtExit } from './leaving.js'
import {
  ABANDONED,
  type NativeAgent,
  type NativeObject,
  type NativeOutcome,
  type NativePendingWait,
  nativeObjects,
} from './native-objects.js'

/** What a wait took. */
export interface WaitResult {
  /** Which of the objects; 0 in a wait for all. */
  readonly index: number
  /** Its last holder died or closed without releasing: what it protects may be half changed. */
  readonly abandoned: boolean
}

/** Longest delay that setTimeout takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

interface Wait {
  readonly pending: NativePendingWait
  readonly objects: readonly NativeObject[]
  readonly deadline: number
  readonly settle: (outcome: NativeOutcome) => void
  readonly fail: (cause: unknown) => void
}

/** Ended waits that are kept for the next. */
const MAX_IDLE = 16

const waits = new Set<Wait>()
const idle: NativePendingWait[] = []
let threadAgent: NativeAgent | undefined
let retry: NodeJS.Timeout | undefined
let retryAt = Infinity

/** This thread's agent. */
export function agent(): NativeAgent {
  if (threadAgent !== undefined) return threadAgent
  const made = new nativeObjects.Agent(tryAll)
  callAtExit(() => made.end())
  threadAgent = made
  return made
}

/** The result behind the addon's number; `undefined` if nothing was taken. */
export function toResult(outcome: NativeOutcome): WaitResult | undefined {
  if (outcome === 0) return undefined
  return { index: (outcome & (ABANDONED - 1)) - 1, abandoned: outcome >= ABANDONED }
}

/** What a wait is for; everything checked. */
export interface WaitRequest {
  readonly objects: readonly NativeObject[]
  readonly all: boolean
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** Turns what the addon threw into what the caller shall see. */
  readonly explain: (cause: unknown) => unknown
}

/** Waits without blocking; `undefined` when the time is up. */
export function waitFor({ objects, all, timeoutMs, signal, explain }: WaitRequest): Promise<WaitResult | undefined> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const pending = startWait(objects, all, explain)
    const end = () => {
      waits.delete(wait)
      pending.cancel()
      if (idle.length < MAX_IDLE) idle.push(pending)
      signal?.removeEventListener('abort', onAbort)
      if (waits.size === 0 && retry !== undefined) cancelRetry()
    }
    const onAbort = () => {
      end()
      reject(signal?.reason)
    }
    const wait: Wait = {
      pending,
      objects,
      deadline: timeoutMs === Infinity ? Infinity : performance.now() + timeoutMs,
      settle(outcome) {
        end()
        resolve(toResult(outcome))
      },
      fail(cause) {
        end()
        reject(explain(cause))
      },
    }
    signal?.addEventListener('abort', onAbort)
    waits.add(wait)
    attempt(wait)
    schedule()
  })
}

function startWait(objects: readonly NativeObject[], all: boolean, explain: WaitRequest['explain']): NativePendingWait {
  try {
    const pending = idle.pop() ?? new nativeObjects.PendingWait(agent())
    pending.start(objects, all)
    return pending
  } catch (cause) {
    throw explain(cause)
  }
}

/** Ends the waits for a handle that is being closed. */
export function abandonWaits(object: NativeObject): void {
  for (const wait of waits) {
    if (wait.objects.includes(object)) wait.fail(new HoldfastError('ERR_CLOSED', 'a handle was closed while it was waited for'))
  }
}

function attempt(wait: Wait): void {
  try {
    const outcome = wait.pending.attempt()
    if (outcome !== 0 || (wait.deadline !== Infinity && performance.now() >= wait.deadline)) wait.settle(outcome)
  } catch (cause) {
    wait.fail(cause)
  }
}

function tryAll(): void {
  for (const wait of waits) attempt(wait)
  schedule()
}

/** Sets the timer for the attempt that has to come next. */
function schedule(): void {
  let soonest = Infinity
  let deadline = Infinity
  for (const wait of waits) {
    soonest = Math.min(soonest, wait.pending.retryAfterMs())
    deadline = Math.min(deadline, wait.deadline)
  }
  if (soonest === Infinity && deadline === Infinity) return
  const now = performance.now()
  const next = Math.min(deadline, now + soonest)
  // A timer that goes off a little early only costs an attempt.
  if (retry !== undefined && retryAt <= next) return
  cancelRetry()
  retryAt = next
  retry = setTimeout(onRetry, Math.min(Math.max(0, Math.ceil(next - now)), LONGEST_TIMER_MS))
}

function onRetry(): void {
  cancelRetry()
  tryAll()
}

function cancelRetry(): void {
  clearTimeout(retry)
  retry = undefined
  retryAt = Infinity
}
