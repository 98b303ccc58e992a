/** Random gets of string values among 5,000 keys: bound by instructions. */
import { keyAt, shuffled } from '../data.js'
import { sampleValue } from '../digest.js'
import { timePasses } from '../measure.js'
import type { Workload } from './workload.js'

const HOT_KEYS = 5000
const GETS = 250_000

export const getStringHot: Workload = {
  name: 'get-string-hot',
  title: 'random get of a string, 5,000 keys',
  unit: 'ns/get',
  use: 'read',
  loaded: true,
  writes: false,
  run({ n, session }) {
    const keys = Array.from(shuffled(n, 12).subarray(0, HOT_KEYS), keyAt)
    const repeats = Math.ceil(GETS / keys.length)
    const pass = () => {
      let digest = 0
      for (let repeat = 0; repeat < repeats; repeat++) {
        for (let i = 0; i < keys.length; i++) digest = sampleValue(digest, session.get(keys[i] as string))
      }
      return digest
    }
    return timePasses(repeats * keys.length, pass, true)
  },
}
