/**
 * Errors in the terms of Win32, on every platform.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import type { ModelErrorCode, SystemError } from '../../src/errors.js'
import { File, MappingError, win32Codes } from '../../src/mapping/index.js'
import { modelErrorCode } from '../../src/mapping/win32-error.js'
import { folder } from '../folder.js'

const MODEL: readonly [ModelErrorCode, number, string][] = [
  ['ERR_ACCESS_DENIED', 5, 'ERROR_ACCESS_DENIED'],
  ['ERR_ALREADY_EXISTS', 183, 'ERROR_ALREADY_EXISTS'],
  ['ERR_FILE_INVALID', 1006, 'ERROR_FILE_INVALID'],
  ['ERR_FILE_NOT_FOUND', 2, 'ERROR_FILE_NOT_FOUND'],
  ['ERR_FILENAME_EXCED_RANGE', 206, 'ERROR_FILENAME_EXCED_RANGE'],
  ['ERR_INVALID_ADDRESS', 487, 'ERROR_INVALID_ADDRESS'],
  ['ERR_INVALID_HANDLE', 6, 'ERROR_INVALID_HANDLE'],
  ['ERR_INVALID_NAME', 123, 'ERROR_INVALID_NAME'],
  ['ERR_INVALID_PARAMETER', 87, 'ERROR_INVALID_PARAMETER'],
  ['ERR_MAPPED_ALIGNMENT', 1132, 'ERROR_MAPPED_ALIGNMENT'],
  ['ERR_NOT_ENOUGH_MEMORY', 8, 'ERROR_NOT_ENOUGH_MEMORY'],
  ['ERR_NOT_OWNER', 288, 'ERROR_NOT_OWNER'],
  ['ERR_PATH_NOT_FOUND', 3, 'ERROR_PATH_NOT_FOUND'],
  ['ERR_READ_ONLY_VIEW', 998, 'ERROR_NOACCESS'],
  ['ERR_REMOTE_VOLUME', 50, 'ERROR_NOT_SUPPORTED'],
  ['ERR_TOO_MANY_POSTS', 298, 'ERROR_TOO_MANY_POSTS'],
  ['ERR_USER_MAPPED_FILE', 1224, 'ERROR_USER_MAPPED_FILE'],
  ['ERR_VIEW_FAULT', 999, 'ERROR_SWAPERROR'],
]

test('every error of the model has its Win32 code and name', (t) => {
  for (const [code, number, name] of MODEL) {
    const error = new MappingError(code, 'text', { path: 'somewhere' })
    t.deepEqual([error.code, error.win32Code, error.win32Name], [code, number, name])
    t.is(win32Codes[name], number)
    t.is(modelErrorCode(number), code)
    t.is(error.path, 'somewhere')
    t.is(error.name, 'MappingError')
  }
  t.is(modelErrorCode(4711), undefined)
})

test('the table of names is in order, for it is searched by halves', (t) => {
  const codes = Object.values(win32Codes)
  t.deepEqual(
    codes,
    [...codes].sort((a, b) => a - b),
  )
  t.is(new Set(codes).size, codes.length)
})

test("the system's errors carry what Win32 calls them", (t) => {
  const base = folder(t)
  const path = join(base, 'file')
  const failure = (call: () => unknown) => {
    const { win32Code, win32Name } = t.throws(call) as SystemError
    return [win32Code, win32Name]
  }
  const create = () => File.open(path, { access: 'read-write', disposition: 'create-new' })
  t.deepEqual(
    failure(() => File.open(path, { access: 'read', disposition: 'open-existing' })),
    [2, 'ERROR_FILE_NOT_FOUND'],
  )
  writeFileSync(path, '')
  t.deepEqual(failure(create), [80, 'ERROR_FILE_EXISTS'])
  mkdirSync(join(base, 'directory'))
  t.deepEqual(
    failure(() => File.open(join(base, 'directory'), { access: 'read-write', disposition: 'open-existing' })),
    [336, 'ERROR_DIRECTORY_NOT_SUPPORTED'],
  )
})
