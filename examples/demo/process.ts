/**
 * A process of the demo: a reader or the writer, as its first argument says. It reports to its parent by messages.
 */
import { writeSync } from 'node:fs'
import { open, type Store } from '../../structures/index.js'
import { openTrees, type Trees, transferPeople } from './cities.js'

const [role, path, argument] = process.argv.slice(2) as [string, string, string]
const store = open(path, { busyTimeoutMs: 20_000, readOnly: role === 'read' })
const trees = openTrees(store)

/** Reads one country's cities by name and some cities by id. */
function query(ids: readonly number[], countries: readonly string[], round: number): number {
  let reads = 0
  for (let index = 0; index < 90; index++) {
    trees.cities.get(ids[(round * 7561 + index * 131) % ids.length] as number)
    reads++
  }
  for (const [, id] of trees.byName.entries({ prefix: [countries[round % countries.length] as string], limit: 10 })) {
    trees.cities.get(id)
    reads += 2
  }
  return reads
}

/** Whether the newest transfer is there as a whole. */
function isWhole(store: Store, { cities, transfers }: Trees): boolean {
  const snapshot = store.snapshot()
  try {
    const last = transfers.at(snapshot).last()
    if (last === undefined) return true
    const [number, { from, to }] = last
    return [from, to].every((id) => cities.at(snapshot).get(id)?.transfer === number)
  } finally {
    snapshot.release()
  }
}

async function read(milliseconds: number): Promise<void> {
  const ids = [...trees.cities.keys()]
  const countries = [...new Set([...trees.byName.keys()].map(([country]) => country as string))]
  let reads = 0
  let looks = 0
  let torn = 0
  const start = performance.now()
  for (let round = 0; performance.now() - start < milliseconds; round++) {
    reads += query(ids, countries, round)
    looks++
    if (!isWhole(store, trees)) torn++
    if (round % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  process.send?.({ readsPerSecond: Math.round((reads / (performance.now() - start)) * 1000), looks, torn })
  await store.close()
}

/** Transfers one after another, each acknowledged when durable, until told to stop in the middle of one. */
async function write(): Promise<void> {
  const ids = [...trees.cities.keys()]
  let stop = false
  process.on('message', () => {
    stop = true
  })
  process.send?.({ ready: true })
  while (!stop) {
    const start = performance.now()
    const receipt = store.write(() => transferPeople(trees, ids))
    await receipt.durable
    process.send?.({ durable: receipt.result, microseconds: (performance.now() - start) * 1000 })
  }
  store.write(() =>
    transferPeople(trees, ids, () => {
      // By a pipe of its own, since messages leave only when the turn ends: and this one never does.
      writeSync(4, 'half-way')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    }),
  )
}

if (role === 'read') await read(Number(argument))
else await write()
