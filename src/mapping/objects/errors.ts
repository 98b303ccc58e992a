/**
 * The model's own refusals as typed errors.
 *
 * The addon throws an error with `win32Model: true` and Win32's number; everything else that it throws is the system's and passes as it is.
 */
import { type ErrorCode, HoldfastError } from '../../errors.js'

/** What the model refuses: Win32's number, our code, Win32's name. */
const REFUSALS: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  2: ['ERR_FILE_NOT_FOUND', 'ERROR_FILE_NOT_FOUND'],
  3: ['ERR_PATH_NOT_FOUND', 'ERROR_PATH_NOT_FOUND'],
  5: ['ERR_ACCESS_DENIED', 'ERROR_ACCESS_DENIED'],
  6: ['ERR_INVALID_HANDLE', 'ERROR_INVALID_HANDLE'],
  50: ['ERR_UNSUPPORTED', 'ERROR_NOT_SUPPORTED'],
  87: ['ERR_INVALID_ARGUMENT', 'ERROR_INVALID_PARAMETER'],
  120: ['ERR_UNSUPPORTED', 'ERROR_CALL_NOT_IMPLEMENTED'],
  206: ['ERR_FILENAME_EXCED_RANGE', 'ERROR_FILENAME_EXCED_RANGE'],
  288: ['ERR_NOT_OWNER', 'ERROR_NOT_OWNER'],
  298: ['ERR_TOO_MANY_POSTS', 'ERROR_TOO_MANY_POSTS'],
}

/** A refusal by the rules of the Win32 model, the same on every platform. */
export class ObjectError extends HoldfastError {
  constructor(
    code: ErrorCode,
    /** Win32's number, e.g. 298. */
    readonly win32Code: number,
    /** Its symbolic name, e.g. 'ERROR_TOO_MANY_POSTS'. */
    readonly win32Name: string,
    message: string,
  ) {
    super(code, message)
  }
}

/** The error for one of the numbers above. */
export function refusal(win32Code: number, message: string): ObjectError {
  const [code, name] = REFUSALS[win32Code] ?? ['ERR_UNSUPPORTED', `error ${win32Code}`]
  return new ObjectError(code as ErrorCode, win32Code, name, message)
}

/** What the addon threw, as the caller shall see it. `explanation` says by the number what it means here. */
export function translated(cause: unknown, explanation: (win32Code: number) => string): unknown {
  const { win32Model, win32Code } = (cause ?? {}) as { win32Model?: boolean; win32Code?: number }
  return win32Model === true && win32Code !== undefined ? refusal(win32Code, explanation(win32Code)) : cause
}
