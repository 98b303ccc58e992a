/**
 * What a command ends with: exit codes, and the one line that says why.
 */
import { HoldfastError } from '../structures/index.js'

/** Exit codes of `holdfast`, as `--help` lists them. */
export enum ExitCode {
  OK = 0,
  /** The key is not there; `check` found damage. */
  NO = 1,
  /** The command line, or the data given to it, makes no sense. */
  USAGE = 2,
  /** The store cannot be opened, read or written, or is damaged. */
  STORE = 3,
  /** Another process kept the store busy for too long. */
  BUSY = 4,
}

/** Ends a command with a message and an exit code. */
export class Failure extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
  ) {
    super(message)
  }
}

const USAGE_CODES = new Set([
  'ERR_INVALID_ARGUMENT',
  'ERR_INVALID_KEY',
  'ERR_KEY_TOO_LARGE',
  'ERR_INVALID_VALUE',
  'ERR_VALUE_TOO_LARGE',
  'ERR_SCHEMA_MISMATCH',
])

/** The message and exit code of anything that was thrown. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error
  if (error instanceof HoldfastError) {
    if (error.code === 'ERR_BUSY') return new Failure(ExitCode.BUSY, error.message)
    return new Failure(USAGE_CODES.has(error.code) ? ExitCode.USAGE : ExitCode.STORE, error.message)
  }
  return new Failure(ExitCode.STORE, error instanceof Error ? error.message : String(error))
}
