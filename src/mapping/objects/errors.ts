/**
 * The model's own refusals as typed errors.
 *
 * The addon throws an error with `win32Model: true` and Win32's number; everything else that it throws is the system's and passes as it is.
 */
import { HoldfastError } from '../../errors.js'
import { MappingError, modelErrorCode } from '../win32-error.js'

/** ERROR_NOT_SUPPORTED and ERROR_CALL_NOT_IMPLEMENTED: not the object's fault but the platform's. */
const LACKING = [50, 120]

/** The error for a Win32 number. */
export function refusal(win32Code: number, message: string): HoldfastError {
  const code = modelErrorCode(win32Code)
  if (code === undefined || LACKING.includes(win32Code)) return new HoldfastError('ERR_UNSUPPORTED', `${message}: not on this platform`)
  return new MappingError(code, message)
}

/** What the addon threw, as the caller shall see it. `explain` says by the number what it means here. */
export function translated(cause: unknown, explain: (win32Code: number) => string): unknown {
  const { win32Model, win32Code } = (cause ?? {}) as { win32Model?: boolean; win32Code?: number }
  return win32Model === true && win32Code !== undefined ? refusal(win32Code, explain(win32Code)) : cause
}
