/**
 * Mutexes between processes: owned by a thread, recursive, abandoned by death.
 *
 * The owner is the JavaScript thread, as on Win32, over all its handles: a thread that owns a mutex gets it again at once, and
 * releases it as often. So a mutex keeps other threads and processes out, never another task of the same thread; a semaphore with
 * one permit does that. Source: CreateMutexW, ReleaseMutex.
 */

import { inheritedObject } from './inheritance.js'
import { type CreateObjectOptions, createObject, NamedObject, objectError, openObject } from './named-object.js'
import { ABANDONED, ObjectKind } from './native-objects.js'
import {
  checkFlag,
  checkObject,
  type OpenObjectOptions,
  readSignal,
  readTimeout,
  type SyncWaitOptions,
  type WaitOptions,
} from './options.js'
import type { Acquired } from './semaphore.js'
import { type ClaimOptions, claimObject } from './ticket.js'
import { waitAny, waitAnySync } from './wait.js'

export interface MutexOptions extends CreateObjectOptions {
  /** This thread owns a new mutex at once; no effect on an existing one. `false` by default. */
  readonly initiallyOwned?: boolean
}

/** A handle to a mutex. */
export class Mutex extends NamedObject {
  /** Creates a mutex, or opens the existing one: see `existed`. */
  static create(options: MutexOptions = {}): Mutex {
    checkObject(options, 'options')
    const { initiallyOwned = false } = options
    checkFlag(initiallyOwned, 'initiallyOwned')
    return new Mutex(createObject(ObjectKind.MUTEX, options, [Number(initiallyOwned)]))
  }

  /** Opens an existing mutex. Throws `ERR_FILE_NOT_FOUND` (2), `ERR_INVALID_HANDLE` (6), `ERR_ACCESS_DENIED` (5). */
  static open(name: string, options?: OpenObjectOptions): Mutex {
    return new Mutex(openObject(ObjectKind.MUTEX, name, options))
  }

  /** Takes the handle that another process offers: see `offer`. Throws `ERR_FILE_NOT_FOUND` (2) if the offer is gone. */
  static async claim(ticket: string, options?: ClaimOptions): Promise<Mutex> {
    return new Mutex(await claimObject(ObjectKind.MUTEX, ticket, options))
  }

  /** Takes the handle that the parent process gave this one: see `inheritable`. Once for each name. */
  static inherited(key: string): Mutex {
    return new Mutex(inheritedObject(ObjectKind.MUTEX, key))
  }

  /** @internal */
  get kind(): number {
    return ObjectKind.MUTEX
  }

  /** Takes the mutex if nobody else owns it. */
  tryAcquire(): Acquired | undefined {
    const native = NamedObject.nativeOf(this)
    try {
      const outcome = native.tryAcquire()
      return outcome === 0 ? undefined : { abandoned: outcome >= ABANDONED }
    } catch (cause) {
      throw objectError(cause, this.name)
    }
  }

  /** Takes the mutex, blocking the thread until its owner releases it or dies; `undefined` when the time is up. */
  acquireSync(options: SyncWaitOptions = {}): Acquired | undefined {
    readTimeout(options)
    return this.tryAcquire() ?? waitAnySync([this], options)
  }

  /** Takes the mutex as soon as it is free; `undefined` when the time is up. */
  async acquire(options: WaitOptions = {}): Promise<Acquired | undefined> {
    readTimeout(options)
    readSignal(options)?.throwIfAborted()
    return this.tryAcquire() ?? waitAny([this], options)
  }

  /** Undoes one acquire of this thread. Throws `ERR_NOT_OWNER` (288). */
  release(): void {
    const native = NamedObject.nativeOf(this)
    try {
      native.release(1)
    } catch (cause) {
      throw objectError(cause, this.name)
    }
  }
}
