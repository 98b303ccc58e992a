/**
 * Model-based test of the store: random histories of all its operations against sorted arrays, in memory and on real files.
 *
 * `HOLDFAST_MODEL_RUNS` sets how many histories, `HOLDFAST_SEED` which.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { MemoryDisk } from '../../src/pages/memory-storage.js'
import { initialBytes } from '../../src/pages/meta.js'
import { open, openStorage, Tree } from '../../structures/index.js'
import { amount, seedOfRun } from '../random.js'
import { histories, runHistory } from './store-model.js'

const seed = seedOfRun()
const runs = amount('HOLDFAST_MODEL_RUNS', 500)

test.serial('in memory, with a log that wraps and checkpoints all the time', async (t) => {
  t.timeout(10 * 60_000)
  t.log(`seed ${seed}, ${runs} histories`)
  await fc.assert(
    fc.asyncProperty(histories, fc.constantFrom(65_536, 33_554_432), async (history, checkpointBytes) => {
      const disk = MemoryDisk.create(initialBytes())
      await runHistory(() => openStorage(disk.open(), { checkpointBytes }), history)
    }),
    { seed, numRuns: runs },
  )
  t.pass()
})

for (const writePath of ['write', 'view'] as const) {
  test.serial(`on real files by the ${writePath} path`, async (t) => {
    t.timeout(10 * 60_000)
    mkdirSync('tmp', { recursive: true })
    const folder = mkdtempSync(join('tmp', 'model-'))
    let stores = 0
    try {
      await fc.assert(
        fc.asyncProperty(histories, async (history) => {
          const path = join(folder, `${stores++}.hold`)
          await runHistory(() => open(path, { checkpointBytes: 65_536, writePath }), history)
        }),
        { seed, numRuns: Math.ceil(runs / 20) },
      )
      t.pass()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

test.serial('negative control: a delete that does nothing is found', async (t) => {
  const original = Tree.prototype.delete
  Tree.prototype.delete = () => Promise.resolve()
  try {
    const property = fc.asyncProperty(histories, async (history) => {
      const disk = MemoryDisk.create(initialBytes())
      await runHistory(() => openStorage(disk.open()), history)
    })
    t.true((await fc.check(property, { seed, numRuns: 100, endOnFailure: true })).failed)
  } finally {
    Tree.prototype.delete = original
  }
})
