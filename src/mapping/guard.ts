/**
 * The guard: faults of mapped memory become errors instead of the end of the process.
 *
 * An access to a view can fail where a read or write would have returned an error: somebody has cut the file, the disk fails, the file
 * system has no space for a hole. And JavaScript has no read-only ArrayBuffer: a store into a view that was mapped for reading faults too.
 * The addon's handler (`native/posix/guard.cc`, `native/win32/guard.cc`) takes care of both, for Holdfast's own ranges only: the
 * access ends on a private page, and the next call of the view throws. It costs nothing until something faults; every mapping and
 * unmapping writes one line of a table. Handlers that were there before get everything else.
 */
import { native } from './native.js'
import { MappingError } from './win32-error.js'

/**
 * One element: the number of faults that have been absorbed in this process, in any view of any thread (it wraps around). Who notes it
 * when mapping and compares later knows without a call that nothing has happened; else `view.check()` says whether it was this view.
 */
export const guardFaults: Uint32Array = native.guardFaults

/** Bytes of a view were touched that could not be had (`ERR_VIEW_FAULT`), or that were not to be stored into (`ERR_READ_ONLY_VIEW`). */
export class ViewFaultError extends MappingError {
  override readonly name = 'ViewFaultError'

  constructor(
    code: 'ERR_VIEW_FAULT' | 'ERR_READ_ONLY_VIEW',
    message: string,
    /** Offset in the file or mapping of the first page that it happened to. */
    readonly offset: number,
    /** Bytes from there to the end of the last such page. */
    readonly length: number,
    options: { readonly path?: string },
  ) {
    super(code, message, options)
  }
}

/** The error for what has happened in a view of `[viewOffset ...]` of `path` (none: memory). */
export function faultError(
  [unreachable, start, end]: readonly [boolean, number, number],
  viewOffset: number,
  path: string | undefined,
): ViewFaultError {
  const where = `bytes ${viewOffset + start} to ${viewOffset + end} of ${path === undefined ? 'a mapping without a file' : `'${path}'`}`
  const message = unreachable
    ? `${where} could not be reached: the file was cut, its disk failed, or there is no space; stores are lost, reads gave zeroes`
    : `${where} were stored into through a view for reading; the file has not changed`
  const code = unreachable ? 'ERR_VIEW_FAULT' : 'ERR_READ_ONLY_VIEW'
  return new ViewFaultError(code, message, viewOffset + start, end - start, path === undefined ? {} : { path })
}
