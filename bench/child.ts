/**
 * One process of the benchmark: it does one step of one workload on one engine and sends the result to the runner.
 *
 * Loading, measuring and verifying are processes of their own, so that every engine is measured from the same start:
 * code that is cold, a heap that is empty, and a store that was opened and not just written.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { entriesOf } from './data.js'
import { hashEntry } from './digest.js'
import type { Engine, Session } from './engines/engine.js'
import { reference } from './engines/reference.js'
import type { Sample } from './measure.js'
import { limits, workloads } from './workloads/index.js'
import type { Workload } from './workloads/workload.js'

/** What a process is asked to do. */
export interface Task {
  readonly step: 'version' | 'load' | 'run' | 'verify' | 'expect' | 'limit'
  readonly engine: string
  readonly workload: string
  readonly directory: string
  readonly n: number
}

/** What it answers. */
export type Answer =
  | { readonly version: string }
  | { readonly sample: Sample }
  | { readonly contents: number }
  | Expectation
  | Failure
  | Done

/** What every engine must have read, and what its store must hold in the end. */
export interface Expectation {
  readonly digest: number
  readonly contents: number
}

/** The step threw. */
export interface Failure {
  readonly error: string
}

/** The step has nothing to tell. */
export interface Done {
  readonly done: true
}

async function engineNamed(name: string): Promise<Engine> {
  // Imported by need: the step `expect` and the limits run without any peer.
  const { engines } = await import('./engines/index.js')
  const engine = engines.find((candidate) => candidate.name === name)
  if (engine === undefined) throw new Error(`no such engine: ${name}`)
  return engine
}

function workloadNamed(name: string): Workload {
  const workload = workloads.find((candidate) => candidate.name === name)
  if (workload === undefined) throw new Error(`no such workload: ${name}`)
  return workload
}

async function load(session: Session, n: number): Promise<void> {
  const { keys, values } = entriesOf(n)
  await session.load(keys, values, true)
  await session.compact?.()
}

/** Carries out a task. */
export async function perform(task: Task): Promise<Answer> {
  const { step, directory, n } = task
  if (step === 'limit') {
    const limit = limits.find((candidate) => candidate.name === task.workload)
    if (limit === undefined) throw new Error(`no such limit: ${task.workload}`)
    return { sample: limit.run(directory) }
  }
  if (step === 'expect') {
    const workload = workloadNamed(task.workload)
    const session = await reference.open(directory, workload.use)
    if (workload.loaded) await load(session, n)
    const sample = await workload.run({ n, session, openScratch: async () => reference.open('', workload.use) })
    return { digest: sample.digest, contents: await session.scan(hashEntry) }
  }
  const engine = await engineNamed(task.engine)
  if (step === 'version') return { version: engine.version() }
  if (step === 'load') {
    const session = await engine.open(directory, 'load')
    await load(session, n)
    await session.close()
    return { done: true }
  }
  if (step === 'verify') {
    const session = await engine.open(directory, 'read')
    const contents = await session.scan(hashEntry)
    await session.close()
    return { contents }
  }
  const workload = workloadNamed(task.workload)
  const session = await engine.open(directory, workload.use)
  const scratch = join(directory, 'scratch')
  const openScratch = async () => {
    mkdirSync(scratch)
    return engine.open(scratch, workload.use)
  }
  const sample = await workload.run({ n, session, openScratch })
  await session.close()
  rmSync(scratch, { recursive: true, force: true })
  return { sample }
}

if (process.send !== undefined) {
  process.once('message', (task: Task) => {
    perform(task)
      .catch((error: unknown): Failure => ({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }))
      .then((answer) => process.send?.(answer, () => process.disconnect()))
  })
}
