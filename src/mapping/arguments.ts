/**
 * Checks of arguments for the classes of this folder: what passes is safe to hand to the addon.
 */
import { HoldfastError } from '../errors.js'

/** The error for an argument of the wrong type or out of range. */
export function invalidArgument(message: string): HoldfastError {
  return new HoldfastError('ERR_INVALID_ARGUMENT', message)
}

/** Throws unless `value` is a safe integer, 0 or more. */
export function checkOffset(value: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < 0) throw invalidArgument(`${name} must be a safe integer, 0 or more, not ${describe(value)}`)
}

/** Throws unless `value` is a Uint8Array (a Buffer is one). */
export function checkBytes(value: Uint8Array, name: string): void {
  if (!(value instanceof Uint8Array)) throw invalidArgument(`${name} must be a Uint8Array, not ${describe(value)}`)
}

/** Throws unless `value` is one of `choices`. */
export function checkChoice<T extends string>(value: T, choices: readonly T[], name: string): void {
  if (!choices.includes(value)) throw invalidArgument(`${name} must be one of ${choices.join(', ')}, not ${describe(value)}`)
}

/** Throws unless `value` is a boolean. */
export function checkFlag(value: boolean, name: string): void {
  if (typeof value !== 'boolean') throw invalidArgument(`${name} must be a boolean, not ${describe(value)}`)
}

/** Throws unless `value` is a path that an operating system can take. */
export function checkPath(value: string, name: string): void {
  if (typeof value !== 'string' || value === '' || value.includes('\0'))
    throw invalidArgument(`${name} must be a non-empty string without null characters, not ${describe(value)}`)
}

/** The value as a message shows it. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value)
  if (typeof value === 'bigint') return `${value}n`
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') return `a value of type ${typeof value}`
  return String(value)
}
