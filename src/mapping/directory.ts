/**
 * Names of files: what a store needs of a directory, with the durability that `node:fs` does not promise.
 */
import { checkPath } from './arguments.js'
import { native } from './native.js'

/**
 * Gives a file another name unless that is taken: `false` if so, and nothing changed. Both names on one file system.
 * Durable after `syncDirectory` (renameat2(2), or link and unlink where the file system lacks it; MoveFileEx).
 */
export function renameExclusive(from: string, to: string): boolean {
  checkPath(from, 'from')
  checkPath(to, 'to')
  return native.renameExclusive(from, to)
}

/** Removes a file; `false` if there was none. Whoever has it open keeps it. Durable after `syncDirectory`. */
export function removeFile(path: string): boolean {
  checkPath(path, 'path')
  return native.removeFile(path)
}

/** Makes the names in a directory durable. Does nothing on Windows, where the file system's journal is all there is. */
export function syncDirectory(path: string): void {
  checkPath(path, 'path')
  native.syncDirectory(path)
}
