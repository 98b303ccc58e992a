/**
 * `npm run bench -- mapping`: the mapping layer beside what people use instead, and beside a C program that makes the same calls.
 *
 * Each figure of each round comes from a fresh process; the engines of a step follow each other at once, so that a slow minute of the
 * machine hits all alike. Ratios hold within one run only.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import colors from 'picocolors'
import { BENCH_FOLDER, STORES_FOLDER } from './folders.js'
import { listOf, positiveInteger } from './kv.js'
import { describeMachine, isInMemory } from './machine.js'
import { startStep } from './mapping/child.js'
import { steps } from './mapping/index.js'
import { compileLimit, runLimit } from './mapping/limit.js'
import type { Step } from './mapping/step.js'
import { median, type Sample } from './measure.js'
import { installPeers } from './peers.js'
import { figuresOf, machineLine, tableOf } from './report.js'
import { LIMIT_ENGINE, type Result } from './runner.js'

interface Options {
  readonly rounds: number
  readonly time: number
  readonly only?: readonly string[]
  readonly engines?: readonly string[]
  readonly json?: string
}

/** Need no package. */
const BUILT_IN = ['holdfast', 'node-fs', LIMIT_ENGINE]
const ENGINES = [...new Set(steps.flatMap((step) => Object.keys(step.engines))), LIMIT_ENGINE]

/** The command. */
export function mappingCommand(): Command {
  const names = steps.map((step) => step.name)
  return new Command('mapping')
    .description('views, flushes, synchronisation objects, and two processes')
    .option('--rounds <count>', 'rounds of which the median is shown', positiveInteger, 5)
    .option('--time <ms>', 'time for each step of an engine in a round', positiveInteger, 200)
    .option('--only <steps>', 'some of the steps below, separated by commas', listOf(names))
    .option('--engines <engines>', `some of the engines: ${ENGINES.join(', ')}`, listOf(ENGINES))
    .option('--json <file>', 'also writes the figures as a JSON array')
    .addHelpText('after', `\nSteps:\n${steps.map(({ name, title }) => `  ${name.padEnd(24)} ${title}`).join('\n')}`)
    .action(runMapping)
}

async function runMapping(options: Options): Promise<void> {
  const { rounds, time } = options
  const chosen = steps.filter((step) => options.only?.includes(step.name) ?? true)
  const wanted = ENGINES.filter((engine) => options.engines?.includes(engine) ?? true)
  mkdirSync(STORES_FOLDER, { recursive: true })
  const machine = describeMachine(STORES_FOLDER)
  console.log(machineLine(machine))
  console.log(`median of ${rounds} rounds of ${time} ms, each in a fresh process, engines interleaved`)
  console.log('x: how many times faster than that engine in this run. limit: a C program that makes the same system calls.')
  if (isInMemory(machine)) console.log(colors.yellow(`${STORES_FOLDER} lies in memory: the flushes mean nothing.`))
  const { engines, program } = presentEngines(wanted)
  const results: Result[] = []
  for (const step of chosen) {
    const samples = new Map<string, Sample[]>()
    for (let round = 0; round < rounds; round++) {
      for (const engine of engines) {
        const takesPart = engine === LIMIT_ENGINE || engine in step.engines
        if (takesPart) samples.set(engine, [...(samples.get(engine) ?? []), await runOnce(step, engine, time, program)])
      }
    }
    for (const [engine, found] of samples) results.push(summarize(step, engine, found))
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${colors.dim(step.name)}`)
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  if (program !== '') rmSync(program, { force: true })
  const figures = figuresOf(results, rounds)
  console.log(tableOf(figures))
  for (const { name, title } of chosen) console.log(`${name}: ${title}`)
  if (options.json !== undefined) writeFileSync(resolve(options.json), `${JSON.stringify(figures, undefined, 2)}\n`)
}

/** The engines that are there; says which are not, and why. */
function presentEngines(wanted: readonly string[]): { readonly engines: readonly string[]; readonly program: string } {
  if (wanted.some((engine) => !BUILT_IN.includes(engine))) installPeers()
  let program = ''
  const engines = wanted.filter((engine) => {
    let missing: string | undefined
    if (engine === LIMIT_ENGINE) {
      const limit = compileLimit()
      if ('missing' in limit) missing = limit.missing
      else program = limit.program
    } else if (!BUILT_IN.includes(engine) && !existsSync(join(BENCH_FOLDER, 'node_modules', engine))) {
      missing = 'its package could not be built or installed here (`npm install` in bench/ with --foreground-scripts says why)'
    }
    if (missing !== undefined) console.log(colors.yellow(`without ${engine}: ${missing}`))
    return missing === undefined
  })
  return { engines, program }
}

let runs = 0

async function runOnce(step: Step, engine: string, timeMs: number, program: string): Promise<Sample> {
  const key = `${process.pid} ${runs++}`
  const directory = join(STORES_FOLDER, `mapping-${key.replace(' ', '-')}`)
  mkdirSync(directory, { recursive: true })
  try {
    if (engine === LIMIT_ENGINE) return runLimit(program, step, directory, timeMs)
    const { child, answer } = startStep({ role: 'measure', step: step.name, engine, directory, timeMs, key })
    const found = await answer
    child.disconnect()
    await new Promise((resolve) => child.once('exit', resolve))
    if ('sample' in found) return found.sample
    throw new Error(`${engine} failed in ${step.name}: ${'error' in found ? found.error : 'no figure'}`)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function summarize(step: Step, engine: string, samples: readonly Sample[]): Result {
  const values = samples.map((sample) => sample.value)
  const result = { workload: step.name, engine, unit: step.unit, value: median(values), rounds: values }
  if (samples[0]?.p50 === undefined) return result
  const over = (pick: (sample: Sample) => number | undefined) => median(samples.map((sample) => pick(sample) ?? 0))
  return { ...result, p50: over((sample) => sample.p50), p99: over((sample) => sample.p99) }
}
