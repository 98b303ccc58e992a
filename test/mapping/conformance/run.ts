/**
 * Performs all rows of the conformance table, in a process and a namespace of their own, and writes what it saw to `tmp/conformance-posix.json`
 * or `tmp/conformance-win32.json`.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { filesOf, isPosix } from '../objects/peer.js'
import { type Observation, observe } from './row.js'
import { Scene } from './scene.js'
import { table } from './table.js'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..')

/** What a run saw. */
export interface Run {
  readonly system: 'posix' | 'win32'
  /** Wine behaves like Windows, except where rows say so. */
  readonly wine: boolean
  readonly observations: readonly Observation[]
}

export function pathOfRun(system: Run['system']): string {
  return join(ROOT, 'tmp', `conformance-${system}.json`)
}

export function readRun(system: Run['system']): Run {
  return JSON.parse(readFileSync(pathOfRun(system), 'utf8')) as Run
}

/** Has a process of its own perform the table; also says which files of objects are left when all processes have ended. */
export async function runTable(): Promise<Run & { readonly left: readonly string[] }> {
  mkdirSync(join(ROOT, 'tmp'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, 'tmp', 'test-'))
  try {
    const env = { ...process.env, HOLDFAST_OBJECTS: join(folder, 'names') }
    mkdirSync(env.HOLDFAST_OBJECTS)
    // Another user may look for objects here, and is kept out by the objects alone.
    chmodSync(folder, 0o755)
    chmodSync(env.HOLDFAST_OBJECTS, 0o777)
    const child = fork(fileURLToPath(import.meta.url), ['conformance', folder], { execArgv: [], env })
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`the conformance table ended with status ${code}`)
    return { ...readRun(isPosix ? 'posix' : 'win32'), left: filesOf(env.HOLDFAST_OBJECTS) }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function perform(folder: string): Promise<void> {
  const namespace = join(folder, 'names')
  const files = join(folder, 'files')
  mkdirSync(files)
  const scene = new Scene(files, namespace)
  const observations: Observation[] = []
  for (const row of table.flatMap((section) => section.rows)) {
    observations.push(await observe(row, scene))
    await scene.clear()
  }
  await scene.end()
  const run: Run = { system: isPosix ? 'posix' : 'win32', wine: process.env.HOLDFAST_WINE === '1', observations }
  writeFileSync(pathOfRun(run.system), `${JSON.stringify(run, undefined, 2)}\n`)
}

const [command, folder] = process.argv.slice(2)
if (command === 'conformance' && folder !== undefined) await perform(folder)
