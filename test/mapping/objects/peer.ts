/**
 * Processes that use named objects in a namespace of the test's own, and carry out functions that the test sends to them as text.
 *
 * The directory of the namespace is the test's folder (HOLDFAST_OBJECTS), which has to be empty but for the scopes' directories when
 * all processes are gone.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import * as mapping from '../../../src/mapping/index.js'

type Mapping = typeof mapping

/** What the functions keep in the other process between them. */
export interface Kept {
  semaphore: mapping.Semaphore
  semaphores: mapping.Semaphore[]
  mutex: mapping.Mutex
  mutexes: mapping.Mutex[]
  event: mapping.Event
  events: mapping.Event[]
  timer: mapping.WaitableTimer
  promise: Promise<unknown>
  abort: AbortController
  objects: mapping.NamedObject[]
  mapping: mapping.FileMapping
  view: mapping.View
}

/** A process, as a test sees it. */
export interface Peer {
  readonly process: ChildProcess
  /**
   * Has the process call a function, which can use nothing but its arguments, and returns its result. An error of the function comes
   * back as `{ code, win32Code }`.
   */
  run<Argument, Result>(
    call: (m: Mapping, kept: Kept, argument: Argument) => Result | Promise<Result>,
    argument?: Argument,
  ): Promise<Awaited<Result> | Refused>
  /** Kills it and waits until it is gone. */
  kill(): Promise<void>
  /** Has it end by itself. */
  end(): Promise<void>
}

/** An error in the other process. */
export interface Refused {
  readonly code?: string | undefined
  readonly win32Code?: number | undefined
  readonly message: string
}

export interface PeerOptions {
  /** The user that the process runs as. */
  readonly uid?: number
}

/** Starts a process in the namespace, which ends with the test. */
export async function startPeer(t: Pick<ExecutionContext, 'teardown'>, namespace: string, { uid }: PeerOptions = {}): Promise<Peer> {
  const child = fork(fileURLToPath(import.meta.url), ['object-peer'], {
    execArgv: [],
    serialization: 'advanced',
    env: { ...process.env, HOLDFAST_OBJECTS: namespace },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const waiting: ((answer: { value?: unknown; refused?: Refused }) => void)[] = []
  child.on('message', (answer: { value?: unknown; refused?: Refused }) => waiting.shift()?.(answer))
  void gone.then(() => {
    for (const settle of waiting) settle({ refused: { message: 'the process has ended' } })
  })
  const next = () => new Promise<unknown>((resolve) => waiting.push((answer) => resolve(answer.refused ?? answer.value)))
  const peer: Peer = {
    process: child,
    run(call, argument) {
      const answer = next()
      child.send({ text: call.toString(), argument })
      return answer as ReturnType<Peer['run']> as never
    },
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
    async end() {
      child.disconnect()
      await gone
    },
  }
  t.teardown(() => peer.kill())
  await next()
  return peer
}

/** Whether objects are files, which can be left over, and processes can be stopped from outside. On Windows the kernel keeps objects. */
export const isPosix = process.platform !== 'win32'

/** What is in the directories of a namespace. */
export function filesOf(namespace: string): string[] {
  return readdirSync(namespace).flatMap((directory) => readdirSync(join(namespace, directory)))
}

if (process.argv[2] === 'object-peer') {
  const kept = {} as Kept
  process.on('message', async ({ text, argument }: { text: string; argument: unknown }) => {
    try {
      // The text is a function of the test beside this file.
      const call = new Function(`return ${text}`)() as (m: Mapping, kept: Kept, argument: unknown) => unknown
      process.send?.({ value: await call(mapping, kept, argument) })
    } catch (error) {
      const { code, win32Code, message } = error as Refused
      process.send?.({ refused: { code, win32Code, message } })
    }
  })
  process.send?.({ value: 'ready' })
}
