/**
 * A process of the mapping benchmark: measures one step of one engine, or is the other process of such a step.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Sample } from '../measure.js'
import { steps } from './index.js'

/** What such a process is asked to do. */
export interface StepTask {
  readonly role: 'measure' | 'partner'
  readonly step: string
  readonly engine: string
  readonly directory: string
  readonly timeMs: number
  readonly key: string
}

/** What it answers. */
export type StepAnswer = { readonly sample: Sample } | { readonly ready: true } | { readonly error: string }

/** Starts a process for a task and waits for its answer; the caller ends it. */
export function startStep(task: StepTask): { readonly child: ChildProcess; readonly answer: Promise<StepAnswer> } {
  const child = fork(fileURLToPath(import.meta.url), ['mapping-step'], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const answer = new Promise<StepAnswer>((resolve, reject) => {
    child.once('message', (message) => resolve(message as StepAnswer))
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      reject(new Error(`the process of ${task.engine} in ${task.step} ended with ${signal ?? `exit code ${code}`}`)),
    )
  })
  child.send(task)
  return { child, answer }
}

async function perform(task: StepTask, tell: (answer: StepAnswer) => void): Promise<void> {
  const doing = steps.find(({ name }) => name === task.step)?.engines[task.engine]
  if (doing === undefined) throw new Error(`${task.engine} has no step ${task.step}`)
  let partner: ChildProcess | undefined
  const startPartner = async () => {
    const started = startStep({ ...task, role: 'partner' })
    partner = started.child
    const answer = await started.answer
    if ('error' in answer) throw new Error(answer.error)
  }
  const context = { directory: task.directory, timeMs: task.timeMs, key: task.key, startPartner }
  if (task.role === 'partner') await doing.partner?.(context, () => tell({ ready: true }))
  else tell({ sample: await doing.measure(context) })
  partner?.kill('SIGKILL')
}

if (process.argv[2] === 'mapping-step') {
  // Whoever asked is gone.
  process.once('disconnect', () => process.exit())
  process.once('message', (task: StepTask) => {
    const tell = (answer: StepAnswer) => process.send?.(answer)
    perform(task, tell).catch((error: unknown) => tell({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }))
  })
}
