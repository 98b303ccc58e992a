/**
 * The demo, `npm start`: loads real data, reads it from two processes beside a writer, kills the writer in the middle of a
 * transaction, and shows that everything acknowledged is there and nothing half-done is.
 *
 * Each claim is checked; if one does not hold, the exit code is 1.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import colors from 'picocolors'
import prettyBytes from 'pretty-bytes'
import { open, type Store } from '../../structures/index.js'
import { type City, openTrees, sourceCities, transferPeople } from './cities.js'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const FOLDER = join(ROOT, 'tmp', 'demo')
const PATH = join(FOLDER, 'cities.hold')
const READ_MS = 1500
const BATCH = 10_000

const rows: [string, string][] = []
const claims: [string, boolean][] = []

interface ReaderReport {
  readsPerSecond: number
  looks: number
  torn: number
}

function load(store: Store): void {
  const trees = openTrees(store)
  const cities = [...sourceCities()]
  const start = performance.now()
  for (let first = 0; first < cities.length; first += BATCH) {
    store.write(() => {
      for (const [id, city] of cities.slice(first, first + BATCH)) {
        trees.cities.put(id, city)
        trees.byName.put([city.country, city.name, id], id)
      }
    })
  }
  const seconds = (performance.now() - start) / 1000
  rows.push(['cities loaded, into two trees', `${trees.cities.count().toLocaleString('en')} in ${seconds.toFixed(2)} s`])
  rows.push(['entries stored per second', Math.round((2 * cities.length) / seconds).toLocaleString('en')])
}

function start(role: 'read' | 'write', argument = ''): ChildProcess {
  const script = fileURLToPath(new URL('./process.js', import.meta.url))
  return fork(script, [role, PATH, argument], { stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'], execArgv: [] })
}

/** Two reader processes at once; reads per second of both, and whether one saw half a transfer. */
async function readers(): Promise<ReaderReport> {
  const reports = await Promise.all(
    [1, 2].map(async () => {
      const reader = start('read', String(READ_MS))
      const [report] = (await once(reader, 'message')) as [ReaderReport]
      await once(reader, 'exit')
      return report
    }),
  )
  return reports.reduce((sum, report) => ({
    readsPerSecond: sum.readsPerSecond + report.readsPerSecond,
    looks: sum.looks + report.looks,
    torn: sum.torn + report.torn,
  }))
}

/** The writer process and what it has acknowledged. */
class WriterProcess {
  acknowledged = 0
  readonly microseconds: number[] = []
  private readonly child = start('write')

  async ready(): Promise<this> {
    await once(this.child, 'message')
    this.child.on('message', (message: { durable: number; microseconds: number }) => {
      this.acknowledged = message.durable
      this.microseconds.push(message.microseconds)
    })
    return this
  }

  /** Has it stop in the middle of a transaction. */
  async stopHalfWay(): Promise<void> {
    const pipe = this.child.stdio[4] as NodeJS.ReadableStream
    const halfWay = once(pipe, 'data')
    this.child.send('stop')
    await halfWay
  }

  async kill(): Promise<void> {
    const exit = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await exit
  }

  percentile(share: number): string {
    const sorted = this.microseconds.toSorted((a, b) => a - b)
    return `${Math.round(sorted[Math.floor(sorted.length * share)] ?? 0)} us`
  }
}

/** What must hold after any crash: the people of the world are as many as before, and the newest transfer is whole. */
function examine(store: Store, people: number): { newest: number; whole: boolean; conserved: boolean } {
  const { cities, transfers } = openTrees(store)
  const last = transfers.last()
  const whole = last === undefined || [last[1].from, last[1].to].every((id) => cities.get(id)?.transfer === last[0])
  return { newest: last?.[0] ?? 0, whole, conserved: population(store) === people }
}

function population(store: Store): number {
  let people = 0
  for (const city of openTrees(store).cities.values() as Iterable<City>) people += city.population
  return people
}

/** A writer killed in the middle of a transaction while others have the store open: the next one goes on. */
async function killBesideOthers(store: Store, people: number): Promise<void> {
  const writer = await new WriterProcess().ready()
  const beside = await readers()
  rows.push(['reads per second of two processes beside a writer', beside.readsPerSecond.toLocaleString('en')])
  rows.push(['durable transactions of the writer beside them', `p50 ${writer.percentile(0.5)}, p99 ${writer.percentile(0.99)}`])
  claims.push([
    `${beside.looks.toLocaleString('en')} looks of the readers never saw half a transaction`,
    beside.torn === 0 && beside.looks > 0,
  ])
  await writer.stopHalfWay()
  await writer.kill()
  const killed = performance.now()
  const trees = openTrees(store)
  const ids = [...trees.cities.keys({ limit: 1000 })]
  const found = examine(store, people)
  const takeover = performance.now()
  store.write(() => transferPeople(trees, ids))
  rows.push(['first commit of another process after the kill', `${((performance.now() - takeover) * 1000).toFixed(0)} us`])
  rows.push(['examined and writing again after', `${(performance.now() - killed).toFixed(0)} ms`])
  claims.push([
    `killed in transfer ${found.newest + 1}: all ${writer.acknowledged} acknowledged ones are there`,
    found.newest >= writer.acknowledged,
  ])
  claims.push(['nothing of the transaction it died in is there', found.whole && found.conserved])
}

/** The only process killed: opening the store recovers it from the log. */
async function killAlone(people: number): Promise<void> {
  const writer = await new WriterProcess().ready()
  await new Promise((resolve) => setTimeout(resolve, 500))
  await writer.kill()
  const start = performance.now()
  const store = open(PATH)
  const milliseconds = performance.now() - start
  const { recovery } = store
  const found = examine(store, people)
  rows.push(['recovery after all processes were killed', `${recovery?.transactions ?? 0} transactions in ${milliseconds.toFixed(0)} ms`])
  claims.push([`all ${writer.acknowledged} acknowledged transfers are there`, found.newest >= writer.acknowledged])
  claims.push(['the newest transfer is whole and nobody was lost', found.whole && found.conserved])
  const report = await store.check()
  claims.push([`check: ${report.pages.toLocaleString('en')} pages, each owned once or free, every checksum right`, report.ok])
  await store.close()
}

async function main(): Promise<void> {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  const store = open(PATH)
  load(store)
  const people = population(store)
  await store.flush()
  const alone = await readers()
  rows.push(['reads per second of two processes, nobody writing', alone.readsPerSecond.toLocaleString('en')])
  await killBesideOthers(store, people)
  await store.close()
  await killAlone(people)
  rows.push(['file', prettyBytes(statSync(PATH).size)])
  print()
}

function print(): void {
  const table = new Table({ style: { head: [], border: [] } })
  table.push(...rows.map(([name, value]) => [name, { content: colors.bold(value), hAlign: 'right' as const }]))
  console.log(table.toString())
  for (const [claim, holds] of claims) console.log(`${holds ? colors.green('✔') : colors.red('✘')} ${claim}`)
  const path = relative(process.cwd(), PATH)
  console.log(
    `\nThe store is ${path}. Look into it:\n  npx holdfast stat ${path}\n  npx holdfast scan ${path} --tree by-name --prefix '["IS"]' --limit 5`,
  )
  if (!claims.every(([, holds]) => holds)) process.exitCode = 1
}

await main()
