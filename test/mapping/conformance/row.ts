/**
 * One row of the conformance table: what the file-mapping model promises, how it is tried, and what must come out.
 *
 * What comes out is a text: what the call returns, or the Win32 name and code of the error that it throws. So rows, documents and runs on
 * different systems can be compared by eye and by `===`.
 */
import { win32Codes } from '../../../src/mapping/index.js'
import type { Refused } from '../objects/peer.js'
import type { Scene } from './scene.js'

/** What must come out, on both kinds of system or on each. */
export type Expected = string | { readonly posix: string; readonly win32: string }

export interface Row {
  /** One sentence. */
  readonly behaviour: string
  /** The call that shows it, in short. */
  readonly call: string
  readonly expected: Expected
  /** How Wine is known to differ from Windows here: what it does is printed and asserted nowhere. */
  readonly wine?: string
  perform(scene: Scene): unknown
}

/** Rows about one part of the model. */
export interface Section {
  readonly title: string
  readonly rows: readonly Row[]
}

/** Thrown by a row that cannot be tried here; the message says why. */
export class NotHere extends Error {}

/** What a run saw in one row. */
export interface Observation {
  readonly behaviour: string
  readonly observed: string
  /** The row could not be tried: `observed` says why. */
  readonly tried: boolean
}

/** The text for the error of this name: `ERROR_ACCESS_DENIED (5)`. */
export function win32(name: string): string {
  const code = win32Codes[name]
  if (code === undefined) throw new Error(`no Win32 code is called ${name}`)
  return `${name} (${code})`
}

/** What must come out here. */
export function expectedOn(row: Row, posix: boolean): string {
  if (typeof row.expected === 'string') return row.expected
  return posix ? row.expected.posix : row.expected.win32
}

/** Performs a row and says what came out. */
export async function observe(row: Row, scene: Scene): Promise<Observation> {
  const { behaviour } = row
  try {
    return { behaviour, observed: textOf(await row.perform(scene)), tried: true }
  } catch (error) {
    if (error instanceof NotHere) return { behaviour, observed: `not tried: ${error.message}`, tried: false }
    return { behaviour, observed: textOfError(error as Refused), tried: true }
  }
}

/** What calls came to, in their order: each its own text. */
export function textOfEach(calls: readonly (() => unknown)[]): string[] {
  return calls.map((call) => {
    try {
      return textOf(call())
    } catch (error) {
      return textOfError(error as Refused)
    }
  })
}

function textOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return value
  if (isRefused(value)) return textOfError(value)
  return Array.isArray(value) ? value.map(textOf).join(', ') : JSON.stringify(value)
}

/** An error that came from another process as an answer. */
function isRefused(value: unknown): value is Refused {
  return typeof value === 'object' && value !== null && 'message' in value && 'win32Code' in value
}

function textOfError({ code, win32Code, message }: Refused): string {
  const name = Object.keys(win32Codes).find((name) => win32Codes[name] === win32Code)
  if (name !== undefined) return win32(name)
  return code ?? message
}
