/**
 * Whatever is handed to named objects, and to the addon below them, gives an error and never a crash.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { folder } from '../../folder.js'
import { amount, seedOfRun } from '../../random.js'

const STORM = fileURLToPath(new URL('./argument-storm.js', import.meta.url))
/** Calls, about. */
const CALLS = amount('HOLDFAST_FUZZ_CALLS', 20_000)

test('no arguments crash the process', async (t) => {
  const seed = seedOfRun()
  t.log(`HOLDFAST_SEED=${seed}`)
  const namespace = folder(t)
  const child = fork(STORM, [String(seed), String(Math.ceil(CALLS / 80))], {
    cwd: namespace,
    env: { ...process.env, HOLDFAST_OBJECTS: namespace },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  t.is(await new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code))), 0)
})
