/**
 * The figures as a table for people and as JSON for programs. A ratio above 1 always means: faster than that peer.
 */
import Table from 'cli-table3'
import colors from 'picocolors'
import prettyBytes from 'pretty-bytes'
import type { Machine } from './machine.js'
import { LIMIT_ENGINE, type Result } from './runner.js'

/** One figure of the JSON file. */
export interface Figure {
  readonly workload: string
  readonly engine: string
  /** Time in `unit`, the median of the rounds; smaller is better. */
  readonly value: number
  readonly unit: string
  /** How many times faster than each other engine in the same run. */
  readonly ratioTo: Readonly<Record<string, number>>
  readonly n: number
  /** The value of every round. */
  readonly rounds: readonly number[]
  readonly p50?: number
  readonly p99?: number
  readonly fileBytes?: number
}

/** Ours: how it compares with the others stands in its own rows. */
const OURS = 'holdfast'

/** The limits that a workload is also compared with. */
const LIMIT_OF: Readonly<Record<string, string>> = { 'put-durable': 'limit-write-fdatasync' }

/** Joins results to figures with their ratios. */
export function figuresOf(results: readonly Result[], n: number): Figure[] {
  return results.map((result) => {
    const limit = results.find((other) => other.workload === LIMIT_OF[result.workload])
    const peers = results.filter((other) => other.workload === result.workload && other !== result)
    const ratioTo: Record<string, number> = {}
    for (const peer of limit === undefined ? peers : [...peers, limit]) ratioTo[peer.engine] = round(peer.value / result.value)
    return { ...result, value: round(result.value), rounds: result.rounds.map(round), n, ratioTo }
  })
}

function round(value: number): number {
  return Number(value.toPrecision(4))
}

/** What was run, and where. */
export interface Setting {
  readonly machine: Machine
  readonly versions: ReadonlyMap<string, string>
  readonly n: number
  readonly rounds: number
}

/** The machine in one line. */
export function machineLine(machine: Machine): string {
  const memory = prettyBytes(machine.memoryBytes, { binary: true })
  return `${machine.processor}, ${machine.processors} processors, ${memory}; ${machine.system}; ${machine.fileSystem}; Node ${machine.node}`
}

/** The lines above the table. */
export function headingOf({ machine, versions, n, rounds }: Setting): string {
  const engines = [...versions].map(([name, version]) => `${name} ${version}`).join(', ')
  return [
    machineLine(machine),
    engines,
    `${n.toLocaleString('en')} entries of a 16-byte key and a 100-byte value; median of ${rounds} rounds, engines interleaved; everything read was verified`,
    'x: how many times faster than that peer in this run; above 1 is faster. +-: half the way from the fastest to the slowest round.',
    'p50 and p99 are single waits in microseconds; size is what the closed store occupies on the disk.',
  ].join('\n')
}

/** The table, a group of rows for each workload. */
export function tableOf(figures: readonly Figure[]): string {
  const peers = [...new Set(figures.map((figure) => figure.engine))].filter((engine) => engine !== OURS)
  const table = new Table({
    head: ['workload', 'engine', 'median', '+-', 'p50', 'p99', 'size', ...peers.map((peer) => `x ${peer.replace('-', '-\n')}`)],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', ...peers.map(() => 'right' as const)],
    style: { head: colors.isColorSupported ? ['bold'] : [], border: colors.isColorSupported ? ['gray'] : [], compact: true },
  })
  let previous = ''
  for (const figure of figures) {
    const isFirst = figure.workload !== previous
    if (isFirst && previous !== '') table.push(Array.from({ length: 7 + peers.length }, () => ''))
    previous = figure.workload
    table.push([
      isFirst ? colors.bold(figure.workload) : '',
      figure.engine,
      `${format(figure.value)} ${figure.unit}`,
      `${Math.round(((Math.max(...figure.rounds) - Math.min(...figure.rounds)) / 2 / figure.value) * 100)} %`,
      figure.p50 === undefined ? '' : format(figure.p50),
      figure.p99 === undefined ? '' : format(figure.p99),
      figure.fileBytes === undefined ? '' : prettyBytes(figure.fileBytes, { maximumFractionDigits: 0 }),
      ...peers.map((peer) => ratioCell(figure, peer)),
    ])
  }
  return table.toString()
}

function ratioCell(figure: Figure, peer: string): string {
  const ratio = figure.ratioTo[peer]
  if (ratio === undefined) return ''
  const text = ratio.toFixed(2)
  if (peer === LIMIT_ENGINE) return text
  return ratio >= 1 ? colors.green(text) : colors.red(text)
}

function format(value: number): string {
  if (value >= 100) return value.toFixed(0)
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
