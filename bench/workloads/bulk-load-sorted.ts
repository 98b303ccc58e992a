/** Sorted entries into an empty store, until they survive power loss. */
import { entriesOf } from '../data.js'
import { now, settle } from '../measure.js'
import type { Workload } from './workload.js'

export const bulkLoadSorted: Workload = {
  name: 'bulk-load-sorted',
  title: 'load n sorted entries, durable',
  unit: 'ms',
  use: 'load',
  loaded: false,
  writes: true,
  async run({ n, session }) {
    const { keys, values } = entriesOf(n)
    await settle()
    const start = now()
    await session.load(keys, values, true)
    return { value: now() - start, digest: 0 }
  },
}
