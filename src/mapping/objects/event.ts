/**
 * Events between processes: a flag that can be waited for.
 *
 * A manual-reset event stays set for everybody until `reset`; an auto-reset event lets one wait pass and is reset by it. `PulseEvent` is
 * not offered: its own documentation calls it unreliable. Source: CreateEventW, SetEvent, ResetEvent.
 */
import { checkChoice } from '../arguments.js'
import { inheritedObject } from './inheritance.js'
import { type CreateObjectOptions, createObject, NamedObject, objectError, openObject } from './named-object.js'
import { ObjectKind } from './native-objects.js'
import { checkFlag, checkObject, type OpenObjectOptions, type SyncWaitOptions, type WaitOptions } from './options.js'
import { type ClaimOptions, claimObject } from './ticket.js'
import { waitAny, waitAnySync } from './wait.js'

/** 'manual': signalled until it is reset. 'auto': for one wait. */
export type ResetMode = 'manual' | 'auto'

export interface EventOptions extends CreateObjectOptions {
  readonly reset: ResetMode
  /** Set at first; `false` by default. */
  readonly initiallySet?: boolean
}

/** A handle to an event. */
export class Event extends NamedObject {
  /** Creates an event, or opens the existing one, which keeps its mode and state: see `existed`. */
  static create(options: EventOptions): Event {
    checkObject(options, 'options')
    const { reset, initiallySet = false } = options
    checkChoice(reset, ['manual', 'auto'], 'reset')
    checkFlag(initiallySet, 'initiallySet')
    return new Event(createObject(ObjectKind.EVENT, options, [Number(reset === 'manual'), Number(initiallySet)]))
  }

  /** Opens an existing event. Throws `ERR_FILE_NOT_FOUND` (2), `ERR_INVALID_HANDLE` (6), `ERR_ACCESS_DENIED` (5). */
  static open(name: string, options?: OpenObjectOptions): Event {
    return new Event(openObject(ObjectKind.EVENT, name, options))
  }

  /** Takes the handle that another process offers: see `offer`. Throws `ERR_FILE_NOT_FOUND` (2) if the offer is gone. */
  static async claim(ticket: string, options?: ClaimOptions): Promise<Event> {
    return new Event(await claimObject(ObjectKind.EVENT, ticket, options))
  }

  /** Takes the handle that the parent process gave this one: see `inheritable`. Once for each name. */
  static inherited(key: string): Event {
    return new Event(inheritedObject(ObjectKind.EVENT, key))
  }

  /** @internal */
  get kind(): number {
    return ObjectKind.EVENT
  }

  /** Which way the event is reset. */
  get resetMode(): ResetMode {
    return NamedObject.nativeOf(this).parameter(0) === 1 ? 'manual' : 'auto'
  }

  /** Sets the event: all waits pass (manual), or one (auto). */
  set(): void {
    const native = NamedObject.nativeOf(this)
    try {
      native.set(0, 0)
    } catch (cause) {
      throw objectError(cause, this.name)
    }
  }

  /** Resets the event. */
  reset(): void {
    const native = NamedObject.nativeOf(this)
    try {
      native.reset()
    } catch (cause) {
      throw objectError(cause, this.name)
    }
  }

  /** Blocks the thread until the event is set; `false` when the time is up. */
  waitSync(options: SyncWaitOptions = {}): boolean {
    return waitAnySync([this], options) !== undefined
  }

  /** Waits until the event is set; `false` when the time is up. */
  async wait(options: WaitOptions = {}): Promise<boolean> {
    return (await waitAny([this], options)) !== undefined
  }
}
