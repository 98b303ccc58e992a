/**
 * Waitable timers between processes.
 *
 * No process makes a timer go off: who waits looks at its due time, by a clock that nobody sets and that all processes share. A
 * timer set by one process goes off for all, also when that process has ended while another has the timer open. Source:
 * CreateWaitableTimerW, SetWaitableTimer, CancelWaitableTimer.
 */
import { checkChoice, describe, invalidArgument } from '../arguments.js'
import type { ResetMode } from './event.js'
import { inheritedObject } from './inheritance.js'
import { type CreateObjectOptions, createObject, NamedObject, objectError, openObject } from './named-object.js'
import { ObjectKind } from './native-objects.js'
import { checkObject, type OpenObjectOptions, type SyncWaitOptions, type WaitOptions } from './options.js'
import { type ClaimOptions, claimObject } from './ticket.js'
import { waitAny, waitAnySync } from './wait.js'

export interface WaitableTimerOptions extends CreateObjectOptions {
  readonly reset: ResetMode
}

/** When a timer goes off: `dueMs` from now, or `at` a time (looked up now; a clock that is set later changes nothing). */
export interface TimerSetting {
  readonly dueMs?: number
  readonly at?: Date
  /** Again every so many milliseconds from then on; once by default. */
  readonly periodMs?: number
}

/** Longest time ahead: about 100 years. */
const LONGEST_MS = 100 * 366 * 86_400_000

/** A handle to a waitable timer. */
export class WaitableTimer extends NamedObject {
  /** Creates a timer that is not set, or opens the existing one: see `existed`. */
  static create(options: WaitableTimerOptions): WaitableTimer {
    checkObject(options, 'options')
    checkChoice(options.reset, ['manual', 'auto'], 'reset')
    return new WaitableTimer(createObject(ObjectKind.TIMER, options, [Number(options.reset === 'manual')]))
  }

  /** Opens an existing timer. Throws `ERR_FILE_NOT_FOUND` (2), `ERR_INVALID_HANDLE` (6), `ERR_ACCESS_DENIED` (5). */
  static open(name: string, options?: OpenObjectOptions): WaitableTimer {
    return new WaitableTimer(openObject(ObjectKind.TIMER, name, options))
  }

  /** Takes the handle that another process offers: see `offer`. Throws `ERR_FILE_NOT_FOUND` (2) if the offer is gone. */
  static async claim(ticket: string, options?: ClaimOptions): Promise<WaitableTimer> {
    return new WaitableTimer(await claimObject(ObjectKind.TIMER, ticket, options))
  }

  /** Takes the handle that the parent process gave this one: see `inheritable`. Once for each name. */
  static inherited(key: string): WaitableTimer {
    return new WaitableTimer(inheritedObject(ObjectKind.TIMER, key))
  }

  /** @internal */
  get kind(): number {
    return ObjectKind.TIMER
  }

  /** 'manual': signalled from its time until it is set anew. 'auto': for one wait a period. */
  get resetMode(): ResetMode {
    return NamedObject.nativeOf(this).parameter(0) === 1 ? 'manual' : 'auto'
  }

  /** Sets the timer; it is not signalled before its time. */
  set(setting: TimerSetting): void {
    const native = NamedObject.nativeOf(this)
    checkObject(setting, 'setting')
    const { dueMs, at, periodMs = 0 } = setting
    if ((dueMs === undefined) === (at === undefined)) throw invalidArgument('give one of dueMs and at')
    if (at !== undefined && !(at instanceof Date && Number.isFinite(at.getTime()))) throw invalidArgument('at must be a valid Date')
    const due = dueMs ?? Math.max(0, (at as Date).getTime() - Date.now())
    for (const [value, name] of [
      [due, 'dueMs'],
      [periodMs, 'periodMs'],
    ] as const) {
      if (typeof value !== 'number' || !(value >= 0 && value <= LONGEST_MS))
        throw invalidArgument(`${name} must be a number from 0 to ${LONGEST_MS}, not ${describe(value)}`)
    }
    try {
      native.set(due, periodMs)
    } catch (cause) {
      throw objectError(cause, this.name)
    }
  }

  /** Stops the timer; one that is signalled stays so. */
  cancel(): void {
    const native = NamedObject.nativeOf(this)
    try {
      native.reset()
    } catch (cause) {
      throw objectError(cause, this.name)
    }
  }

  /** Blocks the thread until the timer is signalled; `false` when the time is up. */
  waitSync(options: SyncWaitOptions = {}): boolean {
    return waitAnySync([this], options) !== undefined
  }

  /** Waits until the timer is signalled; `false` when the time is up. */
  async wait(options: WaitOptions = {}): Promise<boolean> {
    return (await waitAny([this], options)) !== undefined
  }
}
