/**
 * Runs workloads on engines: a fresh process and a fresh directory for each engine, workload and round, with the
 * rounds interleaved, so that a slow minute of the machine hits all engines alike.
 *
 * Everything that was read, and everything that was left in a store, must be what the reference read and left;
 * a difference ends the run.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Answer, Expectation, Task } from './child.js'
import { STORES_FOLDER } from './folders.js'
import { median, type Sample } from './measure.js'
import type { LimitWorkload, Workload } from './workloads/workload.js'

/** The engine name under which the machine's limits are reported. */
export const LIMIT_ENGINE = 'limit'

/** What is to be run. */
export interface Plan {
  readonly n: number
  readonly rounds: number
  readonly workloads: readonly Workload[]
  readonly limits: readonly LimitWorkload[]
  /** Names of the engines for a workload. */
  enginesFor(workload: Workload): readonly string[]
  /** Told before each step, for a progress display. */
  onStep?(done: number, total: number, text: string): void
}

/** What all rounds of one engine on one workload gave. */
export interface Result {
  readonly workload: string
  readonly engine: string
  readonly unit: string
  /** Median of the rounds. */
  readonly value: number
  /** The value of each round. */
  readonly rounds: readonly number[]
  readonly p50?: number
  readonly p99?: number
  /** Size of the store after it was closed; median of the rounds. Absent for limits. */
  readonly fileBytes?: number
}

interface Round {
  readonly sample: Sample
  readonly fileBytes?: number
}

/** Runs a plan to its end. */
export async function run(plan: Plan): Promise<Result[]> {
  const results: Result[] = []
  const total = (plan.workloads.reduce((sum, workload) => sum + plan.enginesFor(workload).length, 0) + plan.limits.length) * plan.rounds
  let done = 0
  const step = (name: string, engine: string, round: number) =>
    plan.onStep?.(done++, total, `${name}  ${engine}  round ${round + 1} of ${plan.rounds}`)
  for (const limit of plan.limits) {
    const rounds: Round[] = []
    for (let round = 0; round < plan.rounds; round++) {
      step(limit.name, LIMIT_ENGINE, round)
      rounds.push({ sample: await inDirectory(LIMIT_ENGINE, limit.name, (directory) => runLimit(limit.name, directory)) })
    }
    results.push(summarize(limit, LIMIT_ENGINE, rounds))
  }
  for (const workload of plan.workloads) {
    const names = plan.enginesFor(workload)
    const expected = (await answerOf({ step: 'expect', engine: '', workload: workload.name, directory: '', n: plan.n })) as Expectation
    const rounds = new Map<string, Round[]>(names.map((name) => [name, []]))
    for (let round = 0; round < plan.rounds; round++) {
      for (const name of names) {
        step(workload.name, name, round)
        rounds.get(name)?.push(await runOnce(plan.n, workload, name, expected))
      }
    }
    for (const name of names) results.push(summarize(workload, name, rounds.get(name) ?? []))
  }
  return results
}

async function runLimit(workload: string, directory: string): Promise<Sample> {
  const answer = await answerOf({ step: 'limit', engine: LIMIT_ENGINE, workload, directory, n: 0 })
  return (answer as { sample: Sample }).sample
}

async function runOnce(n: number, workload: Workload, engine: string, expected: Expectation): Promise<Round> {
  return inDirectory(engine, workload.name, async (directory) => {
    const task = { engine, workload: workload.name, directory, n }
    if (workload.loaded) await answerOf({ ...task, step: 'load' })
    const { sample } = (await answerOf({ ...task, step: 'run' })) as { sample: Sample }
    const fileBytes = sizeOf(directory)
    refuseDifference(`${engine} read something else than was written in ${workload.name}`, sample.digest, expected.digest)
    if (workload.writes) {
      const { contents } = (await answerOf({ ...task, step: 'verify' })) as { contents: number }
      refuseDifference(`${engine} holds something else than was written after ${workload.name}`, contents, expected.contents)
    }
    return { sample, fileBytes }
  })
}

/** Ends the run when a digest is not that of the reference. */
export function refuseDifference(message: string, found: number, expected: number): void {
  if (found !== expected) throw new Error(`${message} (digest ${found} instead of ${expected})`)
}

async function inDirectory<T>(engine: string, workload: string, use: (directory: string) => Promise<T>): Promise<T> {
  const directory = join(STORES_FOLDER, `${workload}-${engine}-${process.pid}`)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  try {
    return await use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Has a fresh process perform a task. */
export async function answerOf(task: Task): Promise<Answer> {
  const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), [], {
    execArgv: ['--expose-gc', '--max-old-space-size=4096'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const answer = await firstMessage(child, task)
  if ('error' in answer) throw new Error(`${task.engine} failed in ${task.workload} (${task.step}): ${answer.error}`)
  return answer
}

function firstMessage(child: ChildProcess, task: Task): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined
    child.on('message', (message) => {
      answer = message as Answer
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (answer !== undefined && (code === 0 || 'error' in answer)) resolve(answer)
      else reject(new Error(`the process of ${task.engine} in ${task.workload} (${task.step}) ended with ${signal ?? `exit code ${code}`}`))
    })
    child.send(task)
  })
}

function summarize(workload: Workload | LimitWorkload, engine: string, rounds: readonly Round[]): Result {
  const over = (pick: (round: Round) => number | undefined): number | undefined => {
    const values = rounds.map(pick).filter((value) => value !== undefined)
    return values.length === 0 ? undefined : median(values)
  }
  const p50 = over((round) => round.sample.p50)
  const p99 = over((round) => round.sample.p99)
  const fileBytes = over((round) => round.fileBytes)
  const values = rounds.map((round) => round.sample.value)
  return {
    workload: workload.name,
    engine,
    unit: workload.unit,
    value: median(values),
    rounds: values,
    ...(p50 === undefined ? {} : { p50 }),
    ...(p99 === undefined ? {} : { p99 }),
    ...(fileBytes === undefined ? {} : { fileBytes }),
  }
}

/** Bytes that the files of a directory occupy on the disk (holes do not count). */
function sizeOf(directory: string): number {
  let bytes = 0
  for (const name of readdirSync(directory)) {
    const entry = lstatSync(join(directory, name))
    bytes += entry.isDirectory() ? sizeOf(join(directory, name)) : entry.blocks * 512
  }
  return bytes
}
