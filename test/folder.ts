/**
 * A folder of its own for a test, on the disk that the repository is on, removed when the test has ended.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** The path of a new empty folder. */
export function folder(t: Pick<ExecutionContext, 'teardown'>): string {
  const parent = join(ROOT, 'tmp')
  mkdirSync(parent, { recursive: true })
  const path = mkdtempSync(join(parent, 'test-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
  return path
}
