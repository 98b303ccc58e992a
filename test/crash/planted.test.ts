/**
 * Negative control of the crash-image explorer: it finds every planted fault.
 */
import test from 'ava'
import { amount } from '../random.js'
import { explore } from './explorer.js'
import { PLANTED_FAULTS } from './planted.js'
import { CrashFinding } from './verify.js'

// Always the same rounds unless asked otherwise: whether a fault is found must not depend on the day.
const seed = amount('HOLDFAST_SEED', 2)
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
