/**
 * Names: exclusive rename, removal, durability of a directory.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { File, platformTraits, removeFile, renameExclusive, syncDirectory } from '../../src/mapping/index.js'
import { folder } from '../folder.js'
import { throwsCode, throwsSystemError } from './errors.js'

test('a rename never replaces', (t) => {
  const directory = folder(t)
  const [from, to] = [join(directory, 'from'), join(directory, 'to')]
  writeFileSync(from, 'first')
  t.true(renameExclusive(from, to))
  t.deepEqual(readdirSync(directory), ['to'])
  writeFileSync(from, 'second')
  t.false(renameExclusive(from, to))
  t.is(readFileSync(to, 'utf8'), 'first')
  t.is(readFileSync(from, 'utf8'), 'second')
  throwsSystemError(t, () => renameExclusive(join(directory, 'none'), join(directory, 'other')), ['ENOENT'], join(directory, 'none'))
})

test('removal says whether there was a file, and leaves it to those who have it open', (t) => {
  const directory = folder(t)
  const path = join(directory, 'file')
  t.false(removeFile(path))
  writeFileSync(path, 'contents')
  const file = File.open(path, { access: 'read', disposition: 'open-existing' })
  t.true(removeFile(path))
  const bytes = Buffer.alloc(8)
  t.is(file.read(bytes, 0), 8)
  file.close()
  t.false(existsSync(path))
  throwsSystemError(t, () => removeFile(directory), ['EISDIR', 'EPERM', 'EACCES'], directory)
})

test('a directory is made durable', (t) => {
  const directory = folder(t)
  t.notThrows(() => syncDirectory(directory))
  const missing = join(directory, 'none')
  if (platformTraits.viewMayPassEnd) throwsSystemError(t, () => syncDirectory(missing), ['ENOENT'], missing)
  else t.notThrows(() => syncDirectory(missing), 'does nothing on Windows')
})

test('what is no path is refused', (t) => {
  for (const value of ['', 'a\0b', undefined, 5, {}] as unknown as string[]) {
    throwsCode(t, () => removeFile(value), 'ERR_INVALID_ARGUMENT')
    throwsCode(t, () => renameExclusive(value, 'x'), 'ERR_INVALID_ARGUMENT')
    throwsCode(t, () => renameExclusive('x', value), 'ERR_INVALID_ARGUMENT')
    throwsCode(t, () => syncDirectory(value), 'ERR_INVALID_ARGUMENT')
  }
})
