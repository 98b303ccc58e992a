/** The same entries in random order into an empty store, in one transaction, until they survive power loss. */
import { timeLoad } from './bulk-loads.js'
import type { Workload } from './workload.js'

export const bulkLoadRandom: Workload = {
  name: 'bulk-load-random',
  title: 'load n entries in random order, durable',
  unit: 'ms',
  use: 'load',
  loaded: false,
  writes: true,
  run: (context) => timeLoad(context, false),
}
