/**
 * What handles to all kinds of named objects have in common: opening, closing, identity.
 *
 * A handle belongs to the thread that opened it. The name lives while a handle is open anywhere; it goes with the last one, also when
 * processes are killed. A handle that the garbage collector finds is closed too, as if its process had died.
 */
import { HoldfastError } from '../../errors.js'
import { describe, invalidArgument } from '../arguments.js'
import { translated } from './errors.js'
import { closeAtExit } from './leaving.js'
import { type ParsedName, parseName } from './name.js'
import { createNative, type NativeObject, openNative } from './native-objects.js'
import { checkObject, type OpenObjectOptions, readAccess, readOwner, readSecurity, type Security } from './options.js'
import { type OfferOptions, Ticket } from './ticket.js'
import { abandonWaits, agent } from './waits.js'

/** Options of every `create`. */
export interface CreateObjectOptions {
  /**
   * 1 to 260 UTF-16 code units of any script, with `Local\` (the default) or `Global\` before it. Without a name only duplication and
   * inheritance can share the object.
   */
  readonly name?: string
  readonly security?: Security
}

/** What a constructor gets from `create`, `open` and `adopt`. @internal */
export interface Opened {
  readonly native: NativeObject
  readonly name: string | undefined
}

/** A handle to a named object. */
export abstract class NamedObject {
  /** The name as it was given; `undefined` for an unnamed object. */
  readonly name: string | undefined
  /** The object was there already, and keeps the parameters that it was created with (ERROR_ALREADY_EXISTS, 183). */
  readonly existed: boolean
  /** Random, given at creation: the same for all handles of one object, and never again. */
  readonly id: string
  #native: NativeObject | undefined
  readonly #forget: () => void

  /** @internal */
  constructor(opened: Opened) {
    this.#native = opened.native
    this.#forget = closeAtExit(this)
    this.name = opened.name
    this.existed = opened.native.existed
    this.id = opened.native.id
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#native === undefined
  }

  /**
   * Closes the handle. Waits for it reject with `ERR_CLOSED`. What it holds (permits, a mutex) counts as left by a dead holder:
   * release first. Idempotent.
   */
  close(): void {
    if (this.#native === undefined) return
    const native = this.#native
    this.#native = undefined
    this.#forget()
    abandonWaits(native)
    native.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /**
   * Offers a handle of its own to another process, which takes it once by the ticket's text: `Semaphore.claim(text)`, likewise the other
   * kinds. It has the same or fewer rights; more are `ERR_ACCESS_DENIED` (5). What this handle holds stays here.
   */
  offer(options: OfferOptions = {}): Ticket {
    return new Ticket(NamedObject.nativeOf(this), this.kind, options, (cause) => objectError(cause, this.name))
  }

  /** The kind by its number in `native/objects.h`. @internal */
  abstract get kind(): number

  /**
   * The native half of an open handle. Throws `ERR_CLOSED`, or `ERR_INVALID_ARGUMENT` for what is no object.
   * @internal
   */
  static nativeOf(object: NamedObject): NativeObject {
    if (typeof object !== 'object' || object === null || !(#native in object))
      throw invalidArgument(`not a named object: ${describe(object)}`)
    if (object.#native === undefined) throw new HoldfastError('ERR_CLOSED', `the handle of ${label(object.name)} is closed`)
    return object.#native
  }
}

/** How messages call an object. */
export function label(name: string | undefined): string {
  return name === undefined ? 'an unnamed object' : describe(name)
}

function explain(name: string | undefined): (win32Code: number) => string {
  return (win32Code) => {
    switch (win32Code) {
      case 2:
        return `there is no object ${label(name)}`
      case 5:
        return `access to ${label(name)} is denied by its mode, its owner, or the rights of the handle`
      case 6:
        return `${label(name)} is the name of an object of another kind`
      case 298:
        return `a release past the maximum of ${label(name)}; nothing was released`
      case 288:
        return `this thread does not own ${label(name)}`
      default:
        return `the operation is refused for ${label(name)}`
    }
  }
}

/** What the addon threw about an object, as the caller shall see it. */
export function objectError(cause: unknown, name: string | undefined): unknown {
  return translated(cause, explain(name))
}

/** Creates an object or opens the existing one. @internal */
export function createObject(kind: number, options: CreateObjectOptions, parameters: readonly number[], backing = ''): Opened {
  const { name, security } = options
  const parsed: ParsedName = name === undefined ? { scope: 0, text: '' } : parseName(name)
  const checked = readSecurity(security)
  try {
    return { native: createNative(agent(), kind, parsed, checked, parameters, backing), name }
  } catch (cause) {
    throw objectError(cause, name)
  }
}

/** Opens an existing object. @internal */
export function openObject(kind: number, name: string, options: OpenObjectOptions = {}, rights?: number): Opened {
  checkObject(options, 'options')
  const parsed = parseName(name)
  const [access, owner] = [rights ?? readAccess(options.access), readOwner(options.owner)]
  try {
    return { native: openNative(agent(), kind, parsed, access, owner), name }
  } catch (cause) {
    throw objectError(cause, name)
  }
}
