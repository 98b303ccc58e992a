/** Random gets in batches of 1,000 keys that are known together. */
import { keyAt, shuffled } from '../data.js'
import { sampleValue } from '../digest.js'
import { timePasses } from '../measure.js'
import type { Workload } from './workload.js'

const BATCH_KEYS = 1000

export const getMany: Workload = {
  name: 'get-many',
  title: 'random gets, 1,000 keys a call',
  unit: 'ns/get',
  use: 'read',
  loaded: true,
  writes: false,
  run({ n, session }) {
    const keys = Array.from(shuffled(n, 14), keyAt)
    const batches: string[][] = []
    for (let from = 0; from < n; from += BATCH_KEYS) batches.push(keys.slice(from, from + BATCH_KEYS))
    return timePasses(n, async () => {
      let digest = 0
      for (const batch of batches) {
        const values = await session.getMany(batch)
        for (let i = 0; i < values.length; i++) digest = sampleValue(digest, values[i])
      }
      return digest
    })
  },
}
