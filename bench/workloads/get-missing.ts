/** Gets of keys that are not stored but lie between stored ones. */
import { missingKeyAt, shuffled } from '../data.js'
import { sampleValue } from '../digest.js'
import { timePasses } from '../measure.js'
import type { Workload } from './workload.js'

export const getMissing: Workload = {
  name: 'get-missing',
  title: 'random get of a missing key',
  unit: 'ns/get',
  use: 'read',
  loaded: true,
  writes: false,
  run({ n, session }) {
    const keys = Array.from(shuffled(n, 15), missingKeyAt)
    return timePasses(n, () => {
      let digest = 0
      for (let i = 0; i < keys.length; i++) digest = sampleValue(digest, session.get(keys[i] as string))
      return digest
    })
  },
}
