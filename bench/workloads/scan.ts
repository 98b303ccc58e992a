/** All entries in ascending order, key and value as strings. */
import { sampleEntry } from '../digest.js'
import { timePasses } from '../measure.js'
import type { Workload } from './workload.js'

export const scan: Workload = {
  name: 'scan',
  title: 'full ordered scan, keys and values as strings',
  unit: 'ns/entry',
  use: 'read',
  loaded: true,
  writes: false,
  run({ n, session }) {
    return timePasses(n, () => session.scan(sampleEntry))
  },
}
