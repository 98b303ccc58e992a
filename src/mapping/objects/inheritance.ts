/**
 * Inheritance: a child process gets handles from its parent at its start.
 *
 * On POSIX each is a descriptor of its own in the child's `stdio`, and one environment variable says which is what. Handles of the
 * mapping layer are never inherited by accident: all others close when a child is started. On Windows a child's `stdio` carries files only: the
 * variable says where the child finds each handle in its parent, and it takes it from there.
 */
import { closeSync } from 'node:fs'
import { describe, invalidArgument } from '../arguments.js'
import { platformTraits } from '../native.js'
import { refusal, translated } from './errors.js'
import { type HandOver, handOver, NamedObject, objectError } from './named-object.js'
import { adoptNative, type NativeObject, nativeObjects } from './native-objects.js'
import { checkObject, type ObjectAccess, readAccess } from './options.js'
import { agent } from './waits.js'

const VARIABLE = 'HOLDFAST_INHERITED'
const KEY = /^[\w-]{1,64}$/

/** What to add to the options of `spawn` or `fork`. */
export interface Inheritance {
  /** Descriptors, to be the child's 3, 4, ... or to follow what `stdio` has already, if that was given. */
  readonly stdio: readonly (number | 'ipc' | 'inherit' | 'pipe' | 'ignore')[]
  readonly env: NodeJS.ProcessEnv
  /**
   * Closes the parent's copies, which live beside the child's: call it when the child was started. Idempotent. On Windows a copy lives until
   * the child has taken it, or the parent ends.
   */
  release(): void
  [Symbol.dispose](): void
}

/** What a child gets by a key: an object with all the rights of its handle, or with those given. */
export type Inheritable = Shared<unknown> | { readonly object: Shared<ObjectAccess>; readonly access: ObjectAccess } | ReducedMapping

/** A named object, or a `FileMapping` that has a name or is shareable. */
interface Shared<Access> {
  /** @internal */
  [handOver](access: Access | undefined): HandOver
}

/** A file mapping with its own words for rights: 'read', 'write', 'all'. */
interface ReducedMapping {
  readonly object: Shared<'read' | 'write' | 'all'>
  readonly access: 'read' | 'write' | 'all'
}

/**
 * Prepares handles for a child that is about to be started: the child takes them by `Semaphore.inherited(key)`, likewise the other
 * kinds. `stdio` and `env` are what the child shall have besides.
 *
 * ```ts
 * using handles = inheritable({ jobs: semaphore }, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
 * const child = fork('worker.js', { stdio: [...handles.stdio], env: handles.env })
 * ```
 */
export function inheritable(
  objects: Readonly<Record<string, Inheritable>>,
  options: { readonly stdio?: Inheritance['stdio']; readonly env?: NodeJS.ProcessEnv } = {},
): Inheritance {
  checkObject(objects, 'objects')
  checkObject(options, 'options')
  const { stdio = ['inherit', 'inherit', 'inherit'], env = process.env } = options
  if (!Array.isArray(stdio) || stdio.length < 3) throw invalidArgument('stdio must be an array of at least three')
  const [descriptors, words]: [number[], string[]] = [[], []]
  const release = () => {
    for (const descriptor of descriptors.splice(0)) closeSync(descriptor)
  }
  try {
    for (const [key, entry] of Object.entries(objects)) {
      if (!KEY.test(key)) throw invalidArgument(`a key must be 1 to 64 letters, digits, '-' and '_', not ${describe(key)}`)
      const { object, access } = handedOver(entry)
      const native = NamedObject.nativeOf(object)
      const rights = access === undefined ? native.access : readAccess(access)
      try {
        const handle = native.exportHandle(rights)
        if (platformTraits.stdioCarriesHandles) descriptors.push(handle)
        const place = platformTraits.stdioCarriesHandles ? stdio.length + descriptors.length - 1 : lend(handle, rights)
        words.push(`${key}:${object.kind}:${rights}:${place}`)
      } catch (cause) {
        throw objectError(cause, object.name)
      }
    }
  } catch (cause) {
    release()
    throw cause
  }
  return { stdio: [...stdio, ...descriptors], env: { ...env, [VARIABLE]: words.join(' ') }, release, [Symbol.dispose]: release }
}

function handedOver(entry: Inheritable): HandOver {
  checkObject(entry, 'an object')
  const [shared, access] = handOver in entry ? [entry, undefined] : [entry.object, entry.access]
  if (typeof shared !== 'object' || shared === null || !(handOver in shared))
    throw invalidArgument(`not a named object: ${describe(shared)}`)
  return (shared as Shared<unknown>)[handOver](access)
}

/** Keeps a handle until a child takes it; returns the address. */
function lend(handle: number, rights: number): string {
  const offer = new nativeObjects.Offer(agent(), handle, rights, -1, () => {
    if (offer.attempt() !== -1) end()
  })
  const end = () => {
    lent.delete(offer)
    offer.end()
  }
  lent.add(offer)
  offer.keepAwake(false)
  return offer.address()
}

/** Handles that no child has taken yet. */
const lent = new Set<object>()

/** The handle that the parent lent at an address. */
function borrow(address: string): number {
  const claim = new nativeObjects.Claim(agent(), address, () => undefined)
  try {
    return claim.attempt()
  } finally {
    claim.end()
  }
}

/** Takes over what the parent gave by a key. @internal */
export function inheritedObject(kind: number, key: string): { native: NativeObject; name: undefined } {
  if (typeof key !== 'string' || !KEY.test(key)) throw invalidArgument(`not a key of an inherited object: ${describe(key)}`)
  const words = (process.env[VARIABLE] ?? '').split(' ')
  const word = words.find((word) => word.startsWith(`${key}:`))
  const [, kindOfWord, rights, place] = word?.split(':') ?? []
  if (word === undefined || rights === undefined || place === undefined) throw refusal(2, `no object was inherited as ${describe(key)}`)
  if (Number(kindOfWord) !== kind) throw refusal(6, `what was inherited as ${describe(key)} is of another kind`)
  // Neither twice, nor by the children of this process.
  process.env[VARIABLE] = words.filter((other) => other !== word).join(' ')
  try {
    const handle = platformTraits.stdioCarriesHandles ? Number(place) : borrow(place)
    return { native: adoptNative(agent(), kind, handle, Number(rights)), name: undefined }
  } catch (cause) {
    throw translated(cause, () => `what was inherited as ${describe(key)} is no object`)
  }
}
