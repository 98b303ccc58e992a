/**
 * The options that choose a part of a tree, the same for every command that takes them.
 */
import { type Command, InvalidArgumentError } from 'commander'
import type { KeyEncoding, Range } from '../structures/index.js'
import { type Key, keyFromText } from './notation.js'

/** What commander makes of the options. */
export interface RangeOptions {
  readonly gt?: string
  readonly gte?: string
  readonly lt?: string
  readonly lte?: string
  readonly prefix?: string
  readonly reverse?: boolean
  readonly limit?: number
}

/** Adds the bounds. */
export function addBounds(command: Command): Command {
  return command
    .option('--gt <key>', 'keys above this one')
    .option('--gte <key>', 'keys from this one on')
    .option('--lt <key>', 'keys below this one')
    .option('--lte <key>', 'keys up to this one')
    .option('--prefix <key>', 'keys that begin with this; of a tuple, with these elements')
}

/** Adds order and number. */
export function addOrder(command: Command): Command {
  return command.option('--reverse', 'from the last to the first').option('--limit <count>', 'at most this many', wholeNumber)
}

/** Whether any bound was given. */
export function hasBounds({ gt, gte, lt, lte, prefix }: RangeOptions): boolean {
  return [gt, gte, lt, lte, prefix].some((bound) => bound !== undefined)
}

/** The range in the tree's own keys. */
export function rangeOf(encoding: KeyEncoding, options: RangeOptions): Range<Key> {
  const range: Range<Key> = {}
  for (const bound of ['gt', 'gte', 'lt', 'lte', 'prefix'] as const) {
    const text = options[bound]
    if (text !== undefined) range[bound] = keyFromText(encoding, text)
  }
  if (options.reverse !== undefined) range.reverse = options.reverse
  if (options.limit !== undefined) range.limit = options.limit
  return range
}

/** An argument that is a whole number, not negative. */
export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0 || text.trim() === '') throw new InvalidArgumentError('It must be a whole number.')
  return value
}
