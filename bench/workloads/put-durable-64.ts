/** 64 callers, each awaiting its own puts until they survive power loss. */
import { type Entries, updatesOf } from '../data.js'
import type { Session } from '../engines/engine.js'
import { now, percentile, type Sample, settle } from '../measure.js'
import type { Workload, WorkloadContext } from './workload.js'

const CALLERS = 64
const WARM_UP_PUTS = 20
const TIMED_PUTS = 150

async function callAll(session: Session, { keys, values }: Entries, puts: number): Promise<number[]> {
  const waits: number[] = []
  const caller = async (first: number) => {
    for (let i = first; i < CALLERS * puts; i += CALLERS) {
      const before = now()
      await session.putAmongMany(keys[i] as string, values[i] as string)
      waits.push((now() - before) * 1000)
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, (_, first) => caller(first)))
  return waits
}

async function timeCallers({ n, session }: WorkloadContext): Promise<Sample> {
  const updates = updatesOf(n, CALLERS * TIMED_PUTS, 2, CALLERS)
  await settle()
  await callAll(session, updatesOf(n, CALLERS * WARM_UP_PUTS, 1, CALLERS), WARM_UP_PUTS)
  const start = now()
  const waits = await callAll(session, updates, TIMED_PUTS)
  const value = ((now() - start) * 1000) / (CALLERS * TIMED_PUTS)
  return { value, digest: 0, p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) }
}

export const putDurable64: Workload = {
  name: 'put-durable-64',
  title: '64 callers awaiting durable puts',
  unit: 'us/put',
  use: 'durable',
  loaded: true,
  writes: true,
  run: timeCallers,
}
