/**
 * Duplication: a handle goes to a process that runs already, by a ticket.
 *
 * The offerer hands the ticket's text to the other by any channel; whoever claims it first gets the handle, if its user is the right one.
 * On POSIX a descriptor of its own travels over a unix socket in the namespace's directory, and the kernel says who is at the other
 * end; the text alone is worth nothing to another user. On Windows DuplicateHandle does the work. Neither side blocks; an offer keeps
 * its process running until it is claimed or closed.
 */
import { HoldfastError } from '../../errors.js'
import { describe, invalidArgument } from '../arguments.js'
import { refusal, translated } from './errors.js'
import { closeAtExit } from './leaving.js'
import { adoptNative, type NativeHandover, type NativeObject, nativeObjects } from './native-objects.js'
import { checkInteger, checkObject, type ObjectAccess, readAccess } from './options.js'
import { agent } from './waits.js'

export interface OfferOptions {
  /** The rights that the new handle has; all that the offered one has, by default. */
  readonly access?: ObjectAccess
  /** POSIX: the user that may claim it, beside root; one's own by default. */
  readonly uid?: number
}

export interface ClaimOptions {
  /** How long to wait for the offerer to answer; 10 seconds by default. */
  readonly timeoutMs?: number
}

const FORMAT = /^holdfast-([1-5])-([1-7])-([\w.-]+)$/

/** An offer of a handle, made by `offer`. */
export class Ticket {
  /** What the other process needs: letters, digits, '-' and '.'. */
  readonly text: string
  /** Settles when the handle has gone to the other process; `false` if the ticket was closed before. */
  readonly claimed: Promise<boolean>
  readonly #native: NativeHandover
  readonly #forget: () => void
  #settle: (claimed: boolean) => void = () => undefined

  /** @internal */
  constructor(object: NativeObject, kind: number, options: OfferOptions, explain: (cause: unknown) => unknown) {
    checkObject(options, 'options')
    const { access, uid } = options
    const rights = access === undefined ? object.access : readAccess(access)
    if (uid !== undefined) checkInteger(uid, 'uid', 0, 2 ** 32 - 2)
    this.claimed = new Promise((resolve) => {
      this.#settle = resolve
    })
    try {
      const offer = new nativeObjects.Offer(agent(), object.exportHandle(rights), rights, uid ?? -1, () => this.#serve())
      this.#native = offer
      this.text = `holdfast-${kind}-${rights}-${offer.address()}`
    } catch (cause) {
      throw explain(cause)
    }
    this.#forget = closeAtExit(this)
  }

  /** Withdraws the offer if it was not claimed. Idempotent. */
  close(): void {
    this.#forget()
    this.#native.end()
    this.#settle(false)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #serve(): void {
    if (this.#native.attempt() === -1) return
    this.#forget()
    this.#native.end()
    this.#settle(true)
  }
}

/** Claims what a ticket offers. @internal */
export async function claimObject(
  kind: number,
  ticket: string,
  options: ClaimOptions = {},
): Promise<{ native: NativeObject; name: undefined }> {
  const parts = typeof ticket === 'string' ? FORMAT.exec(ticket) : null
  if (parts === null) throw invalidArgument(`not a ticket: ${describe(ticket)}`)
  checkObject(options, 'options')
  const { timeoutMs = 10_000 } = options
  checkInteger(timeoutMs, 'timeoutMs', 1, 2 ** 31 - 1)
  // A wrong kind is refused before anything is taken.
  if (Number(parts[1]) !== kind) throw refusal(6, 'the ticket is for an object of another kind')
  try {
    const handle = await receive(parts[3] as string, timeoutMs)
    return { native: adoptNative(agent(), kind, handle, Number(parts[2])), name: undefined }
  } catch (cause) {
    throw translated(cause, (code) =>
      code === 2 ? 'the offer is gone: claimed, closed, or its process has ended' : 'the claim is refused',
    )
  }
}

function receive(address: string, timeoutMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => finish(() => reject(new HoldfastError('ERR_BUSY', `no answer to the claim in ${timeoutMs} ms`))),
      timeoutMs,
    )
    const finish = (settle: () => void) => {
      clearTimeout(timer)
      claim?.end()
      settle()
    }
    const attempt = () => {
      try {
        const handle = claim?.attempt() ?? -1
        if (handle !== -1) finish(() => resolve(handle))
      } catch (cause) {
        finish(() => reject(cause))
      }
    }
    let claim: NativeHandover | undefined
    try {
      claim = new nativeObjects.Claim(agent(), address, attempt)
      attempt()
    } catch (cause) {
      finish(() => reject(cause))
    }
  })
}
