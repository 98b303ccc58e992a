/**
 * A process of its own with files and views open, which carries out what the test sends to it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import { File, FileMapping, type LockMode, type View } from '../../src/mapping/index.js'

export type Command =
  | { do: 'open'; path: string }
  | { do: 'lock'; offset: number; mode: LockMode }
  | { do: 'unlock'; offset: number }
  | { do: 'map'; offset: number; length: number }
  | { do: 'hold'; then: 'nothing' | 'close' }
  | { do: 'store'; index: number; value: number }
  | { do: 'load'; index: number }
  | { do: 'add'; index: number; times: number }
  | { do: 'write'; text: string; offset: number }

/** The other process, as a test sees it. */
export interface Peer {
  readonly process: ChildProcess
  ask(command: Command): Promise<unknown>
  /** Kills it and waits until it is gone. */
  kill(): Promise<void>
}

/** Starts a peer, which ends with the test. */
export async function startPeer(t: ExecutionContext): Promise<Peer> {
  const child = fork(fileURLToPath(import.meta.url), ['peer'], { execArgv: [] })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const next = () =>
    new Promise<unknown>((resolve, reject) => {
      child.once('message', (message: { value?: unknown; error?: string }) =>
        message.error === undefined ? resolve(message.value) : reject(new Error(message.error)),
      )
    })
  const peer: Peer = {
    process: child,
    ask(command) {
      const answer = next()
      child.send(command)
      return answer
    },
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
  t.teardown(() => peer.kill())
  await next()
  return peer
}

let file: File
let view: View
/** Keeps what a test holds through them from the garbage collector. */
const held: unknown[] = []

function carryOut(command: Command): unknown {
  switch (command.do) {
    case 'open':
      file = File.open(command.path, { access: 'read-write', disposition: 'open-existing' })
      return file.size
    case 'lock':
      return file.tryLock(command.offset, command.mode)
    case 'unlock':
      return file.unlock(command.offset)
    case 'map':
      view = file.view({ offset: command.offset, length: command.length, access: 'write' })
      return view.length
    case 'hold': {
      const mapping = FileMapping.create({ file })
      held.push(mapping, mapping.view({ access: 'read' }))
      if (command.then === 'close') {
        mapping.close()
        file.close()
      }
      return mapping.size
    }
    case 'store':
      return Atomics.store(new Uint32Array(view.buffer), command.index, command.value)
    case 'load':
      return Atomics.load(new Uint32Array(view.buffer), command.index)
    case 'add': {
      const words = new Uint32Array(view.buffer)
      for (let i = 0; i < command.times; i++) Atomics.add(words, command.index, 1)
      return command.times
    }
    case 'write':
      return file.write(Buffer.from(command.text), command.offset)
  }
}

if (process.argv[2] === 'peer') {
  process.on('message', (command: Command) => {
    try {
      process.send?.({ value: carryOut(command) })
    } catch (error) {
      process.send?.({ error: String(error) })
    }
  })
  process.send?.({ value: 'ready' })
}
