/** The same entries in random order into an empty store, in one transaction, until they survive power loss. */
import { entriesOf, shuffled } from '../data.js'
import { now, settle } from '../measure.js'
import type { Workload } from './workload.js'

export const bulkLoadRandom: Workload = {
  name: 'bulk-load-random',
  title: 'load n entries in random order, durable',
  unit: 'ms',
  use: 'load',
  loaded: false,
  writes: true,
  async run({ n, session }) {
    const { keys, values } = entriesOf(n, shuffled(n, 17))
    await settle()
    const start = now()
    await session.load(keys, values, false)
    return { value: now() - start, digest: 0 }
  },
}
