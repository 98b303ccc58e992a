/**
 * Two processes on one store: this one writes, the other reads the same file at the same time.
 *
 *     node dist/examples/two-processes.js
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from '../structures/index.js'

const path = process.argv[2]
if (path === undefined) await write()
else await read(path)

async function write(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  const store = open(join(folder, 'shared.hold'))
  const counters = store.tree('counters')
  await counters.put('number', 0)
  const reader = fork(fileURLToPath(import.meta.url), [store.path])
  const ended = once(reader, 'exit')
  for (let number = 1; reader.exitCode === null && number <= 100_000; number++) await counters.put('number', number)
  await ended
  await store.close()
  rmSync(folder, { recursive: true })
}

async function read(path: string): Promise<void> {
  await using store = open(path, { readOnly: true })
  const counters = store.tree('counters')
  const seen = new Set<unknown>()
  while (seen.size < 100) {
    seen.add(counters.get('number'))
    await new Promise((resolve) => setImmediate(resolve))
  }
  console.log(`the reader saw ${seen.size} different numbers while they were being written`)
}
