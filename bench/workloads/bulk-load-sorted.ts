/** Sorted entries into an empty store, until they survive power loss. */
import { timeLoad } from './bulk-loads.js'
import type { Workload } from './workload.js'

export const bulkLoadSorted: Workload = {
  name: 'bulk-load-sorted',
  title: 'load n sorted entries, durable',
  unit: 'ms',
  use: 'load',
  loaded: false,
  writes: true,
  run: (context) => timeLoad(context, true),
}
