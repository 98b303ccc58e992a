/**
 * Counting semaphores between processes.
 *
 * A permit is bound to the handle that acquired it, by a lock of the kernel: when its process dies it comes back, and who acquires it
 * next is told. A stopped process keeps its permits; no process id and no clock decides anything (docs/decisions, "Permits are
 * lock bytes"). Source for the rest: CreateSemaphoreW, ReleaseSemaphore.
 */
import { checkChoice, invalidArgument } from '../arguments.js'
import { inheritedObject } from './inheritance.js'
import { type CreateObjectOptions, createObject, NamedObject, objectError, openObject } from './named-object.js'
import { ABANDONED, ObjectKind } from './native-objects.js'
import {
  checkInteger,
  checkObject,
  type OpenObjectOptions,
  readSignal,
  readTimeout,
  type SyncWaitOptions,
  type WaitOptions,
} from './options.js'
import { type ClaimOptions, claimObject } from './ticket.js'
import { waitAny, waitAnySync } from './wait.js'

/** What an acquire got. */
export interface Acquired {
  /** The permit's last holder died, or closed its handle, without releasing: what it protects may be half changed. */
  readonly abandoned: boolean
}

export interface SemaphoreOptions extends CreateObjectOptions {
  /** Permits at first, 0 to `max`. */
  readonly initial: number
  /** Most permits: 1 to 65,536; to 2^31 - 1 where dead holders' permits are lost. */
  readonly max: number
  /**
   * What becomes of the permits of a holder that dies. 'restored' (the default): they go to the next. 'lost': they are gone, as on Win32;
   * choose it too where one process acquires what another releases for good (a queue's length), so that a consumer's death
   * does not post its items anew.
   */
  readonly abandoned?: 'restored' | 'lost'
  /** 'win32': the kernel's own semaphore on Windows, for other programs there; elsewhere the same as `abandoned: 'lost'`. */
  readonly interop?: 'win32'
}

const RESTORED: Acquired = Object.freeze({ abandoned: false })
const ABANDONED_PERMIT: Acquired = Object.freeze({ abandoned: true })

/** A handle to a semaphore. */
export class Semaphore extends NamedObject {
  /** Creates a semaphore, or opens the existing one, which keeps its `max` and mode: see `existed`. */
  static create(options: SemaphoreOptions): Semaphore {
    checkObject(options, 'options')
    const { initial, max, abandoned = 'restored', interop } = options
    checkChoice(abandoned, ['restored', 'lost'], 'abandoned')
    if (interop !== undefined) checkChoice(interop, ['win32'], 'interop')
    const mode = interop === 'win32' ? 2 : abandoned === 'lost' ? 1 : 0
    checkInteger(max, 'max', 1, 2 ** 31 - 1)
    if (mode === 0 && max > 65536)
      throw invalidArgument(`max must be at most 65536, not ${max}, unless dead holders' permits may be lost: abandoned: 'lost'`)
    checkInteger(initial, 'initial', 0, max)
    return new Semaphore(createObject(ObjectKind.SEMAPHORE, options, [initial, max, mode]))
  }

  /** Opens an existing semaphore. Throws `ERR_FILE_NOT_FOUND` (2), `ERR_INVALID_HANDLE` (6), `ERR_ACCESS_DENIED` (5). */
  static open(name: string, options?: OpenObjectOptions): Semaphore {
    return new Semaphore(openObject(ObjectKind.SEMAPHORE, name, options))
  }

  /** Takes the handle that another process offers: see `offer`. Throws `ERR_FILE_NOT_FOUND` (2) if the offer is gone. */
  static async claim(ticket: string, options?: ClaimOptions): Promise<Semaphore> {
    return new Semaphore(await claimObject(ObjectKind.SEMAPHORE, ticket, options))
  }

  /** Takes the handle that the parent process gave this one: see `inheritable`. Once for each name. */
  static inherited(key: string): Semaphore {
    return new Semaphore(inheritedObject(ObjectKind.SEMAPHORE, key))
  }

  /** @internal */
  get kind(): number {
    return ObjectKind.SEMAPHORE
  }

  /** Most permits. */
  get max(): number {
    return NamedObject.nativeOf(this).parameter(0)
  }

  /** Permits to be had now; what dead holders had is not counted until somebody finds it. */
  get count(): number {
    return NamedObject.nativeOf(this).count()
  }

  /** Takes a permit if there is one. */
  tryAcquire(): Acquired | undefined {
    const native = NamedObject.nativeOf(this)
    try {
      const outcome = native.tryAcquire()
      return outcome === 0 ? undefined : outcome >= ABANDONED ? ABANDONED_PERMIT : RESTORED
    } catch (cause) {
      throw objectError(cause, this.name)
    }
  }

  /** Takes a permit, blocking the thread until there is one; `undefined` when the time is up. */
  acquireSync(options: SyncWaitOptions = {}): Acquired | undefined {
    readTimeout(options)
    return this.tryAcquire() ?? waitAnySync([this], options)
  }

  /** Takes a permit as soon as there is one; `undefined` when the time is up. */
  async acquire(options: WaitOptions = {}): Promise<Acquired | undefined> {
    readTimeout(options)
    readSignal(options)?.throwIfAborted()
    return this.tryAcquire() ?? waitAny([this], options)
  }

  /**
   * Gives permits back and returns how many there were before. First those that this handle holds; then others', or such as nobody ever
   * held (one process may release what another acquired). Past `max`: `ERR_TOO_MANY_POSTS` (298), and nothing is released.
   */
  release(count = 1): number {
    const native = NamedObject.nativeOf(this)
    checkInteger(count, 'count', 1, 2 ** 31 - 1)
    try {
      return native.release(count)
    } catch (cause) {
      throw objectError(cause, this.name)
    }
  }
}
