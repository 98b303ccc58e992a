/**
 * A process that faults in the way that its first argument says, in the file of its second. It tells its parent what it saw; what should
 * end it ends it.
 */
import { closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { File, FileMapping, allocationGranularity as G, guardFaults, type View, writePagesToViews } from '../../src/mapping/index.js'

const [scenario = '', path = ''] = process.argv.slice(2)

function open(): File {
  return File.open(path, { access: 'read-write', disposition: 'open-always' })
}

/** What a call throws: code, offset and length of the fault, and whether the message names the file. */
async function outcome(call: () => unknown): Promise<unknown> {
  try {
    await call()
    return 'nothing'
  } catch (error) {
    const { code, offset, length, message } = error as { code: string; offset: number; length: number; message: string }
    return [code, offset, length, message.includes(path)]
  }
}

/** Waits for the parent, which has done something meanwhile. */
function parent(say: string): Promise<void> {
  process.send?.({ say })
  return new Promise((resolve) => process.once('message', () => resolve()))
}

async function cut(): Promise<unknown> {
  const file = open()
  file.allocate(4 * G)
  const view = file.view({ offset: G, length: 2 * G, access: 'write' })
  const reader = file.view({ offset: 0, length: 4 * G, access: 'read' })
  const other = file.view({ offset: 0, length: 100, access: 'write' })
  view.bytes[G] = 1
  await parent('cut')
  const before = guardFaults[0] as number
  const read = view.bytes[G]
  view.bytes[G + 1] = 7
  const arena = [Buffer.alloc(4096, 5)]
  const results = {
    read,
    stored: view.bytes[G + 1],
    counted: (guardFaults[0] as number) - before,
    faulted: [view.faulted, reader.faulted, other.faulted],
    check: await outcome(() => view.check()),
    flush: await outcome(() => view.flush()),
    fileFlush: await outcome(() => file.flush([{ view, offset: 0, length: 10 }])),
    copyTo: await outcome(() => reader.copyTo(Buffer.alloc(10), 2 * G)),
    other: await outcome(() => other.check()),
    pages: await outcome(() => {
      const whole = file.view({ offset: 0, length: 4 * G, access: 'write' })
      writePagesToViews([whole], 64, arena, Uint32Array.of(40, 0, 0, 1), 1, 4096)
    }),
    unmapped: await outcome(() => view.unmap()),
    closed: (await outcome(() => view.check())) as unknown[],
  }
  return results
}

async function fill(): Promise<unknown> {
  const handle = openSync(path, 'w')
  // Larger than the file system, and all of it a hole.
  ftruncateSync(handle, 4 * 2 ** 20)
  closeSync(handle)
  const file = open()
  const view = file.view({ offset: 0, length: 4 * 2 ** 20, access: 'write' })
  for (let at = 0; at < view.length; at += 4096) view.bytes[at] = 1
  return { error: await outcome(() => view.flush()), room: await outcome(() => FileMapping.create({ file, size: 8 * 2 ** 20 })) }
}

async function stray(guard: boolean): Promise<unknown> {
  const file = open()
  file.allocate(2 * G)
  file.write(Buffer.from('abc'), G)
  const view = file.view({ offset: 0, length: 2 * G, access: 'read', guard })
  view.bytes[G + 1] = 120
  const shown = Buffer.from(view.bytes.subarray(G, G + 3)).toString()
  const stored = Buffer.alloc(3)
  file.read(stored, G)
  return { shown, stored: stored.toString(), error: await outcome(() => view.flush()) }
}

/** What of it is used here; the compiler's library has it with the browser's things only. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object) => { readonly exports: object }
}

/** A module with `f(address)`, which loads from a memory of one page. */
const WASM = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 102, 0, 0, 10, 9, 1, 7, 0, 32, 0, 40, 2, 0, 11,
) // biome-ignore format: bytes

function trap(): string {
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(WASM)).exports as { f(address: number): number }
  try {
    return String(f(1 << 28))
  } catch (error) {
    return (error as Error).constructor.name
  }
}

async function wasm(): Promise<unknown> {
  const first = (await stray(true)) as { error: unknown[] }
  return [trap(), first.error[0], trap()]
}

/** Workers fault and end; the handlers stay for everybody. */
async function workers(): Promise<unknown> {
  const before = guardFaults[0] as number
  const codes = await Promise.all(
    [0, 1, 2, 3].map((i) => {
      const worker = new Worker(fileURLToPath(import.meta.url), { workerData: `${path}-${i}` })
      return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    }),
  )
  const counted = (guardFaults[0] as number) - before
  return { codes, counted, afterwards: ((await stray(true)) as { error: unknown[] }).error[0], trap: trap() }
}

async function inWorker(): Promise<void> {
  const { parentPort } = await import('node:worker_threads')
  const file = File.open(workerData as string, { access: 'read-write', disposition: 'open-always' })
  file.allocate(G)
  const view: View = file.view({ offset: 0, length: G, access: 'read' })
  view.bytes[3] = 1
  let code: unknown
  try {
    view.check()
  } catch (error) {
    code = (error as { code: unknown }).code
  }
  view.unmap()
  file.close()
  parentPort?.postMessage(code)
}

async function sent(signal: NodeJS.Signals, handled: boolean): Promise<unknown> {
  let seen = ''
  if (handled) process.on(signal, () => (seen = signal))
  await stray(true)
  process.kill(process.pid, signal)
  await new Promise((resolve) => setTimeout(resolve, 2000))
  return seen
}

async function cutUnguarded(): Promise<unknown> {
  const file = open()
  file.allocate(2 * G)
  // Guarded ones beside it: the handlers are installed.
  const views = [true, false].map((guard) => file.view({ offset: 0, length: 2 * G, access: 'read', guard }))
  await parent('cut')
  return views[1]?.bytes[G]
}

const SCENARIOS: Readonly<Record<string, () => Promise<unknown>>> = {
  cut,
  fill,
  stray: () => stray(true),
  strayUnguarded: () => stray(false),
  wasm,
  workers,
  cutUnguarded,
  sentSegv: () => sent('SIGSEGV', false),
  sentBus: () => sent('SIGBUS', false),
  handledBus: () => sent('SIGBUS', true),
}

if (!isMainThread) await inWorker()
else if (scenario in SCENARIOS) {
  const result = await (SCENARIOS[scenario] as () => Promise<unknown>)()
  // By a file where the parent has no channel to a process behind another program.
  if (process.send === undefined) writeFileSync(process.argv[4] as string, JSON.stringify(result))
  else process.send({ result }, () => process.disconnect())
}
