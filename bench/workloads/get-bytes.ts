/** Random gets of values as bytes, each engine by the way that copies least, over the whole store. */
import { keyAt, shuffled } from '../data.js'
import { timePasses } from '../measure.js'
import type { Workload } from './workload.js'

export const getBytes: Workload = {
  name: 'get-bytes',
  title: 'random look at the bytes of a value',
  unit: 'ns/get',
  use: 'read',
  loaded: true,
  writes: false,
  run({ n, session }) {
    const keys = Array.from(shuffled(n, 13), keyAt)
    return timePasses(n, () => {
      let digest = 0
      for (let i = 0; i < keys.length; i++) digest = (digest + session.touchBytes(keys[i] as string)) | 0
      return digest
    })
  },
}
