/**
 * What the errors of the mapping layer must look like.
 */
import { getSystemErrorName } from 'node:util'
import type { ExecutionContext } from 'ava'
import { type ErrorCode, HoldfastError, type SystemError } from '../../src/errors.js'

/** The call throws a `HoldfastError` with this code. */
export function throwsCode(t: ExecutionContext, call: () => unknown, code: ErrorCode): void {
  const error = t.throws(call, { instanceOf: HoldfastError })
  t.is((error as HoldfastError | undefined)?.code, code)
}

/** The call throws a `SystemError` of one of these codes that agrees with itself. Returns it. */
export function throwsSystemError(t: ExecutionContext, call: () => unknown, codes: readonly string[], path?: string): SystemError {
  const error = t.throws(call) as SystemError
  checkSystemError(t, error, codes, path)
  return error
}

/** An error that the operating system returned, shaped as Node's own. */
export function checkSystemError(t: ExecutionContext, error: SystemError, codes: readonly string[], path?: string): void {
  t.true(error instanceof Error)
  t.true(codes.includes(error.code), `${error.code} (${error.message}) is one of ${codes.join(', ')}`)
  t.is(getSystemErrorName(error.errno), error.code, 'errno and code agree as Node has them')
  t.regex(error.syscall, /^\w+$/)
  t.true(error.message.startsWith(`${error.code}: `), error.message)
  t.true(error.message.includes(error.syscall), error.message)
  if (path !== undefined) t.is(error.path, path)
}
