/** What the two transaction workloads share: batches of updates made before the clock starts, and one timed sequence. */
import { updatesOf } from '../data.js'
import { now, type Sample, settle } from '../measure.js'
import type { WorkloadContext } from './workload.js'

/** Random puts in a transaction. */
export const TRANSACTION_PUTS = 10_000
const WARM_UP_TRANSACTIONS = 3
const TIMED_TRANSACTIONS = 20

/** Time per put in microseconds over a sequence of transactions, each followed by one turn of the event loop. */
export async function timeTransactions({ n, session }: WorkloadContext): Promise<Sample> {
  const batches = Array.from({ length: WARM_UP_TRANSACTIONS + TIMED_TRANSACTIONS }, (_, i) => updatesOf(n, TRANSACTION_PUTS, i))
  const runBatches = async (from: number, end: number) => {
    for (const { keys, values } of batches.slice(from, end)) {
      await session.transaction(keys, values)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await settle()
  await runBatches(0, WARM_UP_TRANSACTIONS)
  const start = now()
  await runBatches(WARM_UP_TRANSACTIONS, batches.length)
  return { value: ((now() - start) * 1000) / (TIMED_TRANSACTIONS * TRANSACTION_PUTS), digest: 0 }
}
