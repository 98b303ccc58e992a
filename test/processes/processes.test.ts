/**
 * Real processes on one store: readers beside a writer, owners killed and stopped at any moment.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { open } from '../../structures/index.js'
import { folder } from '../folder.js'
import { amount } from '../random.js'

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url))

interface Message {
  result?: unknown
  error?: string
  holding?: boolean
  durable?: number
}

/** A store process. */
class Process {
  private constructor(readonly child: ChildProcess) {}

  static async start(t: ExecutionContext, path: string): Promise<Process> {
    const started = new Process(fork(WORKER, { stdio: 'inherit', execArgv: [] }))
    t.teardown(() => started.child.kill('SIGKILL'))
    await started.ask({ do: 'open', path })
    return started
  }

  /** Sends a command and returns its result. */
  ask(command: object, onMessage: (message: Message) => void = () => {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const listener = (message: Message) => {
        onMessage(message)
        if (!('result' in message) && !('error' in message)) return
        this.child.off('message', listener)
        if (message.error !== undefined) reject(new Error(message.error))
        else resolve(message.result)
      }
      this.child.on('message', listener)
      this.child.send(command)
    })
  }

  /** Begins a transaction that never ends; resolves inside of it. */
  hold(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.ask({ do: 'hold' }, (message) => message.holding && resolve()).catch(reject)
    })
  }

  async kill(): Promise<void> {
    const exit = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await exit
  }
}

test('readers in other processes never see half a transaction', async (t) => {
  const path = join(folder(t), 'test.hold')
  const [writer, ...readers] = await Promise.all([1, 2, 3].map(() => Process.start(t, path)))
  const watching = readers.map((reader) => reader.ask({ do: 'watch-pairs', milliseconds: 1500 }))
  await (writer as Process).ask({ do: 'pairs', count: 500 })
  for (const seen of (await Promise.all(watching)) as { reads: number; torn: number; backward: number }[]) {
    t.true(seen.reads > 0)
    t.is(seen.torn, 0)
    t.is(seen.backward, 0)
  }
})

test('a second writer waits for its turn', async (t) => {
  const path = join(folder(t), 'test.hold')
  const writers = await Promise.all([1, 2, 3].map(() => Process.start(t, path)))
  await Promise.all(writers.map((writer) => writer.ask({ do: 'pairs', count: 100 })))
  const store = open(path)
  t.teardown(() => store.close())
  t.is(store.tree('pairs').get('left'), 99)
  t.is(store.tree('pairs').count(), 102)
  t.true((await store.check()).ok)
})

test('a writer killed inside a transaction leaves nothing of it, and the next goes on', async (t) => {
  const path = join(folder(t), 'test.hold')
  const [victim, next] = await Promise.all([Process.start(t, path), Process.start(t, path)])
  await victim.ask({ do: 'put', key: 'left', value: 1 })
  await victim.hold()
  await victim.kill()
  await next.ask({ do: 'put', key: 'right', value: 2 })
  t.deepEqual([await next.ask({ do: 'get', key: 'left' }), await next.ask({ do: 'get', key: 'right' })], [1, 2])
})

test('a stopped writer is not robbed', async (t) => {
  if (process.platform === 'win32') {
    t.log('skipped: Windows has no SIGSTOP')
    t.pass()
    return
  }
  const path = join(folder(t), 'test.hold')
  const stopped = await Process.start(t, path)
  await stopped.hold()
  stopped.child.kill('SIGSTOP')
  const store = open(path, { busyTimeoutMs: 200 })
  t.throws(() => store.write(() => 1), { code: 'ERR_BUSY' })
  await stopped.kill()
  t.notThrows(() => store.tree('pairs'))
  await store.close()
})

test('whatever moment all processes are killed at, everything acknowledged is there', async (t) => {
  const cycles = amount('HOLDFAST_KILLS', 30)
  const path = join(folder(t), 'test.hold')
  for (let cycle = 0; cycle < cycles; cycle++) {
    const writer = await Process.start(t, path)
    let acknowledged = -1
    void writer
      .ask({ do: 'pairs', count: 1e9 }, (message) => {
        acknowledged = message.durable ?? acknowledged
      })
      .catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 60))
    await writer.kill()
    const store = open(path)
    const tree = store.tree('pairs')
    const [left, right] = [tree.get('left') as number | undefined, tree.get('right') as number | undefined]
    t.is(left, right, 'no transaction is there by half')
    t.true((left ?? -1) >= acknowledged, `${left} is there, ${acknowledged} was acknowledged`)
    t.true((await store.check()).ok)
    await store.close()
  }
  t.log(`${cycles} processes killed`)
})
