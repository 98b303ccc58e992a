/** Ranges of 100 entries from random starts, key and value as strings. */
import { keyAt, Random } from '../data.js'
import { sampleEntry } from '../digest.js'
import { timePasses } from '../measure.js'
import type { Workload } from './workload.js'

const RANGE_ENTRIES = 100
const RANGES = 5000

export const range100: Workload = {
  name: 'range-100',
  title: 'ranges of 100 entries from random starts',
  unit: 'ns/entry',
  use: 'read',
  loaded: true,
  writes: false,
  run({ n, session }) {
    const random = new Random(16)
    const length = Math.min(RANGE_ENTRIES, n)
    const starts = Array.from({ length: RANGES }, () => keyAt(random.below(n - length + 1)))
    return timePasses(starts.length * length, async () => {
      let digest = 0
      for (const start of starts) digest = await session.range(start, length, sampleEntry, digest)
      return digest
    })
  },
}
