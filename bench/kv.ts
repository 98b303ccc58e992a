/**
 * `npm run bench -- kv`: key-value workloads on Holdfast and its peers in one run.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import colors from 'picocolors'
import { engines } from './engines/index.js'
import { STORES_FOLDER } from './folders.js'
import { describeMachine, isInMemory } from './machine.js'
import { installPeers } from './peers.js'
import { figuresOf, headingOf, tableOf } from './report.js'
import { answerOf, run } from './runner.js'
import { limits, workloads } from './workloads/index.js'
import { takesPart } from './workloads/workload.js'

interface Options {
  readonly n: number
  readonly rounds: number
  readonly json?: string
  readonly only?: readonly string[]
  readonly engines?: readonly string[]
}

const OURS = 'holdfast'

/** Reads an option that counts something. */
export function positiveInteger(text: string): number {
  const value = Number(text.replaceAll('_', ''))
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.')
  return value
}

/** Reads an option that names some of what is known. */
export function listOf(known: readonly string[]): (text: string) => readonly string[] {
  return (text) => {
    const names = text.split(',').map((name) => name.trim())
    for (const name of names) {
      if (!known.includes(name)) throw new InvalidArgumentError(`"${name}" is none of ${known.join(', ')}.`)
    }
    return names
  }
}

/** The command. */
export function kvCommand(): Command {
  const workloadNames = [...limits, ...workloads].map((workload) => workload.name)
  return new Command('kv')
    .description('key-value workloads on Holdfast and on its peers, verified')
    .option('--n <entries>', 'entries in the store; for the record 1000000', positiveInteger, 200_000)
    .option('--rounds <count>', 'rounds of which the median is shown', positiveInteger, 3)
    .option('--only <workloads>', 'some of the workloads below, separated by commas', listOf(workloadNames))
    .option(
      '--engines <engines>',
      `some of the engines: ${engines.map((engine) => engine.name).join(', ')}`,
      listOf(engines.map((e) => e.name)),
    )
    .option('--json <file>', 'also writes the figures as a JSON array')
    .addHelpText('after', `\nWorkloads:\n${[...limits, ...workloads].map(({ name, title }) => `  ${name.padEnd(24)} ${title}`).join('\n')}`)
    .action(runKv)
}

async function runKv(options: Options): Promise<void> {
  const { n, rounds } = options
  const names = options.engines ?? engines.map((engine) => engine.name)
  const chosen = engines.filter((engine) => names.includes(engine.name))
  if (chosen.some((engine) => engine.name !== OURS)) installPeers()
  const wanted = (name: string) => options.only === undefined || options.only.includes(name)
  const chosenWorkloads = workloads.filter((workload) => wanted(workload.name))
  // A durable put is always shown beside the limit of the disk.
  const chosenLimits = limits.filter((limit) => wanted(limit.name) || wanted('put-durable'))

  mkdirSync(STORES_FOLDER, { recursive: true })
  const machine = describeMachine(STORES_FOLDER)
  const versions = new Map<string, string>()
  for (const { name } of chosen) {
    const answer = await answerOf({ step: 'version', engine: name, workload: '', directory: '', n: 0 })
    versions.set(name, (answer as { version: string }).version)
  }
  console.log(headingOf({ machine, versions, n, rounds }))
  if (isInMemory(machine)) {
    console.log(
      colors.yellow(
        `${STORES_FOLDER} lies in memory (${machine.fileSystem}): a flush costs nothing there, so the durable figures mean nothing.`,
      ),
    )
  }

  const isTerminal = process.stderr.isTTY === true
  const results = await run({
    n,
    rounds,
    workloads: chosenWorkloads,
    limits: chosenLimits,
    enginesFor: (workload) => chosen.filter((engine) => takesPart(engine, workload)).map((engine) => engine.name),
    onStep(done, total, text) {
      if (isTerminal) process.stderr.write(`\r\x1b[K${colors.dim(`${done + 1}/${total}  ${text}`)}`)
    },
  })
  if (isTerminal) process.stderr.write('\r\x1b[K')
  const figures = figuresOf(results, n)
  console.log(tableOf(figures))
  if (options.json !== undefined) writeFileSync(resolve(options.json), `${JSON.stringify(figures, undefined, 2)}\n`)
}
