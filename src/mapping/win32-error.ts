/**
 * Errors of the file-mapping model with their Win32 codes, the same on every platform.
 *
 * What the operating system refuses is a `SystemError` and carries `win32Code` and `win32Name` too (on POSIX by a table from errno
 * in `native/posix/error.cc`). Here are the errors that the model itself raises. Names and numbers come from the addon's table.
 */
import { HoldfastError, type ModelErrorCode, type SystemError } from '../errors.js'
import { native } from './native.js'

/** Win32 codes by their symbolic names: `win32Codes.ERROR_ACCESS_DENIED` is 5. */
export const win32Codes: Readonly<Record<string, number>> = Object.freeze({ ...native.win32Codes })

/** The symbolic name of each code of the model; every name is a key of `win32Codes`. */
const NAMES: Readonly<Record<ModelErrorCode, string>> = {
  ERR_ACCESS_DENIED: 'ERROR_ACCESS_DENIED',
  ERR_ALREADY_EXISTS: 'ERROR_ALREADY_EXISTS',
  ERR_FILE_INVALID: 'ERROR_FILE_INVALID',
  ERR_FILE_NOT_FOUND: 'ERROR_FILE_NOT_FOUND',
  ERR_FILENAME_EXCED_RANGE: 'ERROR_FILENAME_EXCED_RANGE',
  ERR_INVALID_ADDRESS: 'ERROR_INVALID_ADDRESS',
  ERR_INVALID_HANDLE: 'ERROR_INVALID_HANDLE',
  ERR_INVALID_NAME: 'ERROR_INVALID_NAME',
  ERR_INVALID_PARAMETER: 'ERROR_INVALID_PARAMETER',
  ERR_MAPPED_ALIGNMENT: 'ERROR_MAPPED_ALIGNMENT',
  ERR_NOT_ENOUGH_MEMORY: 'ERROR_NOT_ENOUGH_MEMORY',
  ERR_NOT_OWNER: 'ERROR_NOT_OWNER',
  ERR_PATH_NOT_FOUND: 'ERROR_PATH_NOT_FOUND',
  ERR_READ_ONLY_VIEW: 'ERROR_NOACCESS',
  ERR_REMOTE_VOLUME: 'ERROR_NOT_SUPPORTED',
  ERR_TOO_MANY_POSTS: 'ERROR_TOO_MANY_POSTS',
  ERR_USER_MAPPED_FILE: 'ERROR_USER_MAPPED_FILE',
  ERR_VIEW_FAULT: 'ERROR_SWAPERROR',
}

/** An error of the file-mapping model: `code` as documented, with what Win32 calls it. */
export class MappingError extends HoldfastError {
  override readonly name: string = 'MappingError'
  /** The Win32 code: 1132. */
  readonly win32Code: number
  /** Its symbolic name: 'ERROR_MAPPED_ALIGNMENT'. */
  readonly win32Name: string
  /** The file or object that it is about, if there is one. */
  declare readonly path?: string

  constructor(code: ModelErrorCode, message: string, options: { readonly path?: string; readonly cause?: unknown } = {}) {
    super(code, message, options.cause === undefined ? undefined : { cause: options.cause })
    this.win32Name = NAMES[code]
    this.win32Code = win32Codes[this.win32Name] as number
    if (options.path !== undefined) this.path = options.path
  }
}

/**
 * Makes a call of the addon. Where the model has an error of its own for what the system refuses (one of `codes`), that is thrown,
 * the system's being its `cause`; so callers meet the same error on every platform.
 */
export function modelled<T>(codes: readonly ModelErrorCode[], call: () => T): T {
  try {
    return call()
  } catch (error) {
    const { win32Code, message, path } = error as SystemError
    const code = win32Code === undefined ? undefined : modelErrorCode(win32Code)
    if (code === undefined || !codes.includes(code)) throw error
    throw new MappingError(code, message, path === undefined ? { cause: error } : { path, cause: error })
  }
}

/** The code of the model with this Win32 number; undefined if the model has none. */
export function modelErrorCode(win32Code: number): ModelErrorCode | undefined {
  return BY_NUMBER.get(win32Code)
}

const BY_NUMBER = new Map((Object.keys(NAMES) as ModelErrorCode[]).map((code) => [win32Codes[NAMES[code]] as number, code]))
