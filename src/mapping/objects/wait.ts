/**
 * Waiting for one or for all of several objects, as WaitForMultipleObjects does.
 *
 * A wait for all takes everything at once or nothing. Objects are tried in their order; waiters form no queue.
 */
import { describe, invalidArgument } from '../arguments.js'
import { NamedObject, objectError } from './named-object.js'
import { type NativeObject, nativeObjects } from './native-objects.js'
import { readSignal, readTimeout, type SyncWaitOptions, type WaitOptions } from './options.js'
import { agent, toResult, type WaitResult, waitFor } from './waits.js'

/** The most objects in one wait (MAXIMUM_WAIT_OBJECTS). */
export const maxWaitObjects = 64

/** Waits until one of the objects is signalled and takes it; `undefined` when the time is up. */
export function waitAny(objects: readonly NamedObject[], options: WaitOptions = {}): Promise<WaitResult | undefined> {
  return wait(objects, false, options)
}

/** Waits until all the objects are signalled at once and takes them all; `undefined` when the time is up. */
export function waitAll(objects: readonly NamedObject[], options: WaitOptions = {}): Promise<WaitResult | undefined> {
  return wait(objects, true, options)
}

/** As `waitAny`, blocking the thread. */
export function waitAnySync(objects: readonly NamedObject[], options: SyncWaitOptions = {}): WaitResult | undefined {
  return waitSync(objects, false, options)
}

/** As `waitAll`, blocking the thread. */
export function waitAllSync(objects: readonly NamedObject[], options: SyncWaitOptions = {}): WaitResult | undefined {
  return waitSync(objects, true, options)
}

async function wait(objects: readonly NamedObject[], all: boolean, options: WaitOptions): Promise<WaitResult | undefined> {
  const natives = readObjects(objects)
  const [timeoutMs, signal] = [readTimeout(options), readSignal(options)]
  return waitFor({ objects: natives, all, timeoutMs, signal, explain: (cause) => objectError(cause, objects[0]?.name) })
}

function waitSync(objects: readonly NamedObject[], all: boolean, options: SyncWaitOptions): WaitResult | undefined {
  const natives = readObjects(objects)
  const timeoutMs = readTimeout(options)
  try {
    return toResult(nativeObjects.waitSync(agent(), natives, all, timeoutMs))
  } catch (cause) {
    throw objectError(cause, objects[0]?.name)
  }
}

function readObjects(objects: readonly NamedObject[]): NativeObject[] {
  if (!Array.isArray(objects) || objects.length === 0 || objects.length > maxWaitObjects)
    throw invalidArgument(`objects must be an array of 1 to ${maxWaitObjects} objects, not ${describe(objects)}`)
  const natives = objects.map((object) => NamedObject.nativeOf(object))
  if (new Set(natives).size !== natives.length) throw invalidArgument('objects must not name one handle twice')
  return natives
}
