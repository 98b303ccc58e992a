/** One caller that awaits each put until it survives power loss. */
import { updatesOf } from '../data.js'
import { now, percentile, type Sample, settle } from '../measure.js'
import type { Workload, WorkloadContext } from './workload.js'

const WARM_UP_PUTS = 2000
const TIMED_PUTS = 3000

async function timePuts({ n, session }: WorkloadContext): Promise<Sample> {
  const { keys, values } = updatesOf(n, WARM_UP_PUTS + TIMED_PUTS, 1)
  await settle()
  for (let i = 0; i < WARM_UP_PUTS; i++) await session.putAlone(keys[i] as string, values[i] as string)
  const waits = new Array<number>(TIMED_PUTS)
  const start = now()
  let before = start
  for (let i = 0; i < TIMED_PUTS; i++) {
    await session.putAlone(keys[WARM_UP_PUTS + i] as string, values[WARM_UP_PUTS + i] as string)
    const after = now()
    waits[i] = (after - before) * 1000
    before = after
  }
  return { value: ((before - start) * 1000) / TIMED_PUTS, digest: 0, p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) }
}

export const putDurable: Workload = {
  name: 'put-durable',
  title: 'one awaited durable put at a time',
  unit: 'us/put',
  use: 'durable',
  loaded: true,
  writes: true,
  run: timePuts,
}
