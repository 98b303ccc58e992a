/** The workloads, in the order of the table. */
import { bulkLoadRandom } from './bulk-load-random.js'
import { bulkLoadSorted } from './bulk-load-sorted.js'
import { getBytes } from './get-bytes.js'
import { getMany } from './get-many.js'
import { getMissing } from './get-missing.js'
import { getString } from './get-string.js'
import { getStringHot } from './get-string-hot.js'
import { limitWriteFdatasync } from './limit-write-fdatasync.js'
import { putDurable } from './put-durable.js'
import { putDurable64 } from './put-durable-64.js'
import { range100 } from './range-100.js'
import { scan } from './scan.js'
import { transaction10k } from './transaction-10k.js'
import { transaction10kDurable } from './transaction-10k-durable.js'
import type { LimitWorkload, Workload } from './workload.js'

/** Everything that is put to the engines. */
export const workloads: readonly Workload[] = [
  getString,
  getStringHot,
  getBytes,
  getMany,
  getMissing,
  scan,
  range100,
  transaction10k,
  transaction10kDurable,
  putDurable,
  putDurable64,
  bulkLoadSorted,
  bulkLoadRandom,
]

/** What the machine can do at best. */
export const limits: readonly LimitWorkload[] = [limitWriteFdatasync]
