/**
 * Whatever is handed to the layer, and to the addon below it, gives an error and never a crash.
 *
 * The calls run in a process of their own, whose end tells; a planted crash shows that it would be noticed.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { folder } from '../folder.js'
import { amount, seedOfRun } from '../random.js'

const STORM = fileURLToPath(new URL('./argument-storm.js', import.meta.url))
/** Calls, about. */
const CALLS = amount('HOLDFAST_FUZZ_CALLS', 20_000)

/** Runs the storm, or the planted crash, in a process of its own; how that ended. */
function runApart(path: string, seed: number, rounds: number): Promise<number | string> {
  return new Promise((resolve) => {
    const child = fork(STORM, [path, String(seed), String(rounds)], {
      // Some of the calls create files, by names without a folder.
      cwd: path,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    child.once('exit', (code, signal) => resolve(signal ?? code ?? 'unknown'))
  })
}

test('no arguments crash the process', async (t) => {
  const seed = seedOfRun()
  t.log(`HOLDFAST_SEED=${seed}`)
  t.is(await runApart(folder(t), seed, Math.ceil(CALLS / 40)), 0)
})

test('a crash would be noticed', async (t) => {
  t.not(await runApart(folder(t), 0, -1), 0)
})
