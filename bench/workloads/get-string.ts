/** Random gets of string values over the whole store: bound by cache misses. */
import { keyAt, shuffled } from '../data.js'
import { sampleValue } from '../digest.js'
import { timePasses } from '../measure.js'
import type { Workload } from './workload.js'

export const getString: Workload = {
  name: 'get-string',
  title: 'random get of a string, all keys',
  unit: 'ns/get',
  use: 'read',
  loaded: true,
  writes: false,
  run({ n, session }) {
    // Keys are made in the order of use, as a program would have just received them.
    const keys = Array.from(shuffled(n, 11), keyAt)
    return timePasses(n, () => {
      let digest = 0
      for (let i = 0; i < keys.length; i++) digest = sampleValue(digest, session.get(keys[i] as string))
      return digest
    })
  },
}
