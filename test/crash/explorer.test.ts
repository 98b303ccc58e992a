/**
 * Power cuts at every moment of random workloads: `HOLDFAST_CRASH_IMAGES` sets how many images, `HOLDFAST_SEED` which.
 */
import test from 'ava'
import { amount, seedOfRun } from '../random.js'
import { explore } from './explorer.js'

const seed = seedOfRun()
const images = amount('HOLDFAST_CRASH_IMAGES', 20_000)

test('every image that a power cut can leave is recovered', async (t) => {
  t.timeout(24 * 60 * 60_000)
  const report = await explore({ seed, images })
  t.log(
    `seed ${seed}: ${report.images} images from ${report.points} points, ${report.syncPoints} of them flushes, in ${report.rounds} workloads ` +
      `of ${report.transactions} transactions; ${report.insideRecovery} images of crashes inside recovery, ${report.afterRecovery} after it`,
  )
  t.true(report.images >= images)
  t.true(report.insideRecovery > images / 100)
  t.true(report.afterRecovery > images / 100)
})
