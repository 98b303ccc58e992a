/**
 * Negative control of the crash-image explorer: it finds every planted fault.
 */
import test from 'ava'
import { amount, seedOfRun } from '../random.js'
import { explore } from './explorer.js'
import { PLANTED_FAULTS } from './planted.js'
import { CrashFinding } from './verify.js'

const seed = seedOfRun()
/** A fault that is not found in so many images has escaped. */
const images = amount('HOLDFAST_PLANTED_IMAGES', 20_000)

for (const { name, plant, patch, profile } of PLANTED_FAULTS) {
  test.serial(`found: ${name}`, async (t) => {
    t.timeout(15 * 60_000)
    const restore = patch?.()
    try {
      const error = await t.throwsAsync(
        () => explore({ seed, images, imagesPerPoint: 6, ...(plant && { plant }), ...(profile && { profile }) }),
        undefined,
        `seed ${seed}`,
      )
      t.true(error instanceof CrashFinding, `seed ${seed}: ${error?.stack}`)
      t.log(error?.message)
    } finally {
      restore?.()
    }
  })
}
