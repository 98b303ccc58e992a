/** What the two bulk loads share: a small load into another store that warms up the code, and one timed load. */
import { entriesOf, shuffled } from '../data.js'
import { now, type Sample, settle } from '../measure.js'
import type { WorkloadContext } from './workload.js'

const WARM_UP_ENTRIES = 50_000

/** Time in milliseconds from the first put until the load survives power loss. */
export async function timeLoad({ n, session, openScratch }: WorkloadContext, sorted: boolean): Promise<Sample> {
  const entries = (count: number) => entriesOf(count, sorted ? undefined : shuffled(count, 17))
  const { keys, values } = entries(n)
  const few = entries(WARM_UP_ENTRIES)
  await settle()
  const scratch = await openScratch()
  await scratch.load(few.keys, few.values, sorted)
  await scratch.close()

  const start = now()
  await session.load(keys, values, sorted)
  return { value: now() - start, digest: 0 }
}
