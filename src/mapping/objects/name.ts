/**
 * Names of objects: a scope by its prefix, and the rest.
 *
 * `Local\` (what a name without prefix means) is the user's login session, `Global\` the machine. Case counts, also in the prefix; no
 * further backslash. Source: "Object Names", "Kernel Object Namespaces" of the Win32 documentation.
 */
import { describe, invalidArgument } from '../arguments.js'
import { refusal } from './errors.js'

/** The longest name behind its prefix, in UTF-16 code units: MAX_PATH. */
export const maxObjectNameLength = 260

/** A name as the addon takes it; an empty `text` means no name. */
export interface ParsedName {
  readonly scope: 0 | 1
  readonly text: string
}

const PREFIXES = [
  ['Local\\', 0],
  ['Global\\', 1],
] as const

/** Reads a name; throws `ERR_INVALID_ARGUMENT`, `ERR_PATH_NOT_FOUND` (3) or `ERR_FILENAME_EXCED_RANGE` (206). */
export function parseName(name: string): ParsedName {
  if (typeof name !== 'string' || name.includes('\0'))
    throw invalidArgument(`name must be a string without null characters, not ${describe(name)}`)
  if (Buffer.from(name).toString() !== name) throw invalidArgument('name must not have half a surrogate pair')
  const [prefix, scope] = PREFIXES.find(([prefix]) => name.startsWith(prefix)) ?? ['', 0]
  const text = name.slice(prefix.length)
  if (text === '') throw invalidArgument(`name must not be empty behind its prefix: ${describe(name)}; leave it out for an unnamed object`)
  if (text.includes('\\')) throw refusal(3, `a name has no backslash but that of Local\\ or Global\\: ${describe(name)}`)
  if (text.length > maxObjectNameLength)
    throw refusal(206, `a name has at most ${maxObjectNameLength} UTF-16 code units, not ${text.length}`)
  return { scope, text }
}
