/**
 * `npm run bench -- growth`: whether descriptors or memory grow over many cycles of create, map, unmap and close.
 *
 * Memory is looked at after full garbage collections: what grows then is not garbage. Resident memory still finds its size at first, since
 * V8's young generation grows with the rate of allocation and is kept; `NODE_OPTIONS=--max-semi-space-size=1` keeps it small, and what
 * grows then too is a leak.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import Table from 'cli-table3'
import { Command } from 'commander'
import prettyBytes from 'pretty-bytes'
import { Event, FileMapping, Mutex, Semaphore } from '../src/mapping/index.js'
import { positiveInteger } from './kv.js'

/** What a process has at one moment. */
export interface Footprint {
  readonly cycle: string
  /** Cycles so far. */
  readonly done: number
  /** Open descriptors; `undefined` where the system does not list them. */
  readonly descriptors: number | undefined
  /** Mapped ranges; `undefined` where the system does not list them. */
  readonly ranges: number | undefined
  readonly residentBytes: number
  readonly heapBytes: number
  readonly externalBytes: number
}

/** What is created, used and closed in one cycle. */
const cycles: Readonly<Record<string, (round: number) => void>> = {
  'unnamed mapping': () => {
    using mapping = FileMapping.create({ size: 65_536 })
    using view = mapping.view({ access: 'write' })
    view.bytes[0] = 1
  },
  'named mapping': (round) => {
    using mapping = FileMapping.create({ name: `growth ${process.pid} ${round % 7}`, size: 65_536 })
    using view = mapping.view({ access: 'write' })
    view.bytes[0] = 1
  },
  objects: (round) => {
    using semaphore = Semaphore.create({ name: `growth ${process.pid} s${round % 7}`, initial: 1, max: 2 })
    using mutex = Mutex.create()
    using event = Event.create({ reset: 'auto' })
    semaphore.tryAcquire()
    semaphore.release()
    mutex.tryAcquire()
    mutex.release()
    event.set()
  },
}

/** Forgets to close: to show that it would be noticed. */
const leaking: typeof cycles = { 'left open': () => left.push(FileMapping.create({ size: 65_536 })) }
const left: FileMapping[] = []

function entriesOf(read: () => number): number | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Collects garbage, lets finalizers run, and looks. */
async function lookAt(cycle: string, done: number): Promise<Footprint> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 3; i++) {
    collect()
    await sleep(5)
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return {
    cycle,
    done,
    // Without the one that lists them.
    descriptors: entriesOf(() => readdirSync('/proc/self/fd').length - 1),
    ranges: entriesOf(() => readFileSync('/proc/self/maps', 'utf8').split('\n').length - 1),
    residentBytes: rss,
    heapBytes: heapUsed,
    externalBytes: external,
  }
}

/** Runs cycles; finalizers get their turn now and then, as in a program that does not only loop. */
async function run(cycle: (round: number) => void, count: number): Promise<void> {
  for (let round = 0; round < count; round++) {
    cycle(round)
    if (round % 500 === 499) await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The command. */
export function growthCommand(): Command {
  return new Command('growth')
    .description('descriptors and memory over many cycles of create, map, unmap and close')
    .option('--cycles <count>', 'cycles of each kind', positiveInteger, 100_000)
    .option('--leak', 'forgets to close instead, to show that it would be noticed')
    .option('--json <file>', 'also writes what was seen as a JSON array')
    .action(runGrowth)
}

interface Options {
  readonly cycles: number
  readonly leak?: true
  readonly json?: string
}

async function runGrowth({ cycles: count, leak, json }: Options): Promise<void> {
  const seen: Footprint[] = []
  for (const [name, cycle] of Object.entries(leak === true ? leaking : cycles)) {
    let done = 0
    for (const target of [Math.min(1000, count), Math.floor(count / 2), count]) {
      await run(cycle, Math.max(0, target - done))
      done = Math.max(done, target)
      seen.push(await lookAt(name, done))
    }
  }
  console.log(tableOf(seen))
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(seen, undefined, 2)}\n`)
}

function tableOf(seen: readonly Footprint[]): string {
  const table = new Table({
    head: ['cycle', 'after', 'descriptors', 'mapped ranges', 'resident', 'heap', 'external'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  })
  for (const { cycle, done, descriptors = 'unknown', ranges = 'unknown', ...memory } of seen) {
    const bytes = [memory.residentBytes, memory.heapBytes, memory.externalBytes].map((value) => prettyBytes(value, { binary: true }))
    table.push([cycle, done.toLocaleString('en'), descriptors, ranges, ...bytes])
  }
  return table.toString()
}
