/**
 * Inheritance: a child process gets handles from its parent at its start.
 *
 * On POSIX each is a descriptor of its own in the child's `stdio`, and one environment variable says which is what. Handles of the
 * mapping layer are never inherited by accident: all others close when a child is started.
 */
import { closeSync } from 'node:fs'
import { describe, invalidArgument } from '../arguments.js'
import { refusal, translated } from './errors.js'
import { NamedObject, objectError } from './named-object.js'
import { adoptNative, type NativeObject } from './native-objects.js'
import { checkObject, type ObjectAccess, readAccess } from './options.js'
import { agent } from './waits.js'

const VARIABLE = 'HOLDFAST_INHERITED'
const KEY = /^[\w-]{1,64}$/

/** What to add to the options of `spawn` or `fork`. */
export interface Inheritance {
  /** Descriptors, to be the child's 3, 4, ... or to follow what `stdio` has already, if that was given. */
  readonly stdio: readonly (number | 'ipc' | 'inherit' | 'pipe' | 'ignore')[]
  readonly env: NodeJS.ProcessEnv
  /** Closes the parent's copies, which live beside the child's: call it when the child was started. Idempotent. */
  release(): void
  [Symbol.dispose](): void
}

/** What a child gets by a key: an object with all the rights of its handle, or with those given. */
export type Inheritable = NamedObject | { readonly object: NamedObject; readonly access: ObjectAccess }

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
  const descriptors: number[] = []
  const words: string[] = []
  const release = () => {
    for (const descriptor of descriptors.splice(0)) closeSync(descriptor)
  }
  try {
    for (const [key, entry] of Object.entries(objects)) {
      if (!KEY.test(key)) throw invalidArgument(`a key must be 1 to 64 letters, digits, '-' and '_', not ${describe(key)}`)
      const object = entry instanceof NamedObject ? entry : entry.object
      const native = NamedObject.nativeOf(object)
      const rights = entry instanceof NamedObject ? native.access : readAccess(entry.access)
      try {
        descriptors.push(native.exportHandle(rights))
      } catch (cause) {
        throw objectError(cause, object.name)
      }
      words.push(`${key}:${object.kind}:${rights}:${stdio.length + descriptors.length - 1}`)
    }
  } catch (cause) {
    release()
    throw cause
  }
  return { stdio: [...stdio, ...descriptors], env: { ...env, [VARIABLE]: words.join(' ') }, release, [Symbol.dispose]: release }
}

/** Takes over what the parent gave by a key. @internal */
export function inheritedObject(kind: number, key: string): { native: NativeObject; name: undefined } {
  if (typeof key !== 'string' || !KEY.test(key)) throw invalidArgument(`not a key of an inherited object: ${describe(key)}`)
  const words = (process.env[VARIABLE] ?? '').split(' ')
  const word = words.find((word) => word.startsWith(`${key}:`))
  const [, kindOfWord, rights, handle] = word?.split(':').map(Number) ?? []
  if (word === undefined || rights === undefined || handle === undefined) throw refusal(2, `no object was inherited as ${describe(key)}`)
  if (kindOfWord !== kind) throw refusal(6, `what was inherited as ${describe(key)} is of another kind`)
  // Neither twice, nor by the children of this process.
  process.env[VARIABLE] = words.filter((other) => other !== word).join(' ')
  try {
    return { native: adoptNative(agent(), kind, handle, rights), name: undefined }
  } catch (cause) {
    throw translated(cause, () => `what was inherited as ${describe(key)} is no object`)
  }
}
