/**
 * The guard: faults of mapped memory in real processes, those that are absorbed and those that must not be.
 */
import { fork, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { allocationGranularity as G, platformTraits } from '../../src/mapping/index.js'
import { folder } from '../folder.js'

const CHILD = fileURLToPath(new URL('guard-child.js', import.meta.url))

interface Ending {
  readonly result: unknown
  readonly signal: NodeJS.Signals | null
  readonly code: number | null
}

/** Runs a scenario to its end. When it asks for it, its file is cut to `cutTo` bytes here, by another process than its own. */
async function run(t: ExecutionContext, scenario: string, cutTo = 0): Promise<Ending> {
  const path = join(folder(t), 'file')
  const child = fork(CHILD, [scenario, path], { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  t.teardown(() => void child.kill('SIGKILL'))
  let result: unknown
  child.on('message', (message: { say?: string; result?: unknown }) => {
    if (message.say !== 'cut') {
      result = message.result
      return
    }
    truncateSync(path, cutTo)
    child.send('go on')
  })
  // What it said last may arrive behind its end.
  const [ended] = await Promise.all([
    new Promise<Pick<Ending, 'code' | 'signal'>>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal }))),
    new Promise<void>((resolve) => child.once('disconnect', () => resolve())),
  ])
  return { result, ...ended }
}

/** How a process ends that nobody saves: by the signal, or with a code on Windows and where a sanitizer has the last word. */
function died({ signal, code, result }: Ending, wanted: NodeJS.Signals): boolean {
  const byCode = !platformTraits.mappedFileCanShrink || process.env.ASAN_OPTIONS !== undefined
  return result === undefined && (signal === wanted || (byCode && code !== 0))
}

test('a file that somebody cuts does not take its readers and writers down (Windows does not let it be cut)', async (t) => {
  if (!platformTraits.mappedFileCanShrink) {
    t.log('skipped: a mapped file cannot be cut here')
    t.pass()
    return
  }
  const { result, code, signal } = await run(t, 'cut', 100)
  t.deepEqual([code, signal], [0, null])
  const fault = ['ERR_VIEW_FAULT', 2 * G, 4096, true]
  t.deepEqual(result, {
    read: 0,
    stored: 7,
    counted: 1,
    faulted: [true, false, false],
    check: fault,
    flush: fault,
    fileFlush: fault,
    copyTo: fault,
    other: 'nothing',
    pages: ['ERR_VIEW_FAULT', 40 * 4096, 4096, true],
    unmapped: 'nothing',
    closed: ['ERR_CLOSED', null, null, false],
  })
})

test('a full file system is an error of the view that found no space (skipped where no file system can be mounted)', (t) => {
  const base = folder(t)
  const mount = join(base, 'mount')
  mkdirSync(mount)
  const answer = join(base, 'answer')
  // In a name space of its own, so that it is gone with its last process.
  const commands = `mount -t tmpfs -o size=1m none '${mount}' && exec '${process.execPath}' '${CHILD}' fill '${mount}/file' '${answer}'`
  const ended = existsSync('/proc/self/ns') ? spawnSync('unshare', ['-rm', 'sh', '-c', commands], { encoding: 'utf8' }) : undefined
  if (ended === undefined || ended.error !== undefined || /unshare|mount/.test(ended.stderr)) {
    t.log('skipped: no file system can be mounted here')
    t.pass()
    return
  }
  t.is(ended.status, 0, ended.stderr)
  const { error, room } = JSON.parse(readFileSync(answer, 'utf8')) as { error: unknown[]; room: unknown[] }
  t.is(error[0], 'ERR_VIEW_FAULT')
  t.true((error[1] as number) > 0 && (error[1] as number) <= 2 ** 20, 'some pages had space')
  t.is((error[1] as number) + (error[2] as number), 4 * 2 ** 20)
  t.is(room[0], 'ENOSPC')
})

test('a store into a view for reading goes nowhere and is reported', async (t) => {
  const { result, code } = await run(t, 'stray')
  t.is(code, 0)
  // Wine lets the store through where Windows makes a copy of the page.
  const stored = process.env.HOLDFAST_WINE === undefined ? 'abc' : (result as { stored: string }).stored
  t.deepEqual(result, { shown: 'axc', stored, error: ['ERR_READ_ONLY_VIEW', G, 4096, true] })
})

test('without the guard a fault ends the process, guarded views beside it or not', async (t) => {
  t.true(died(await run(t, 'strayUnguarded'), 'SIGSEGV'))
  if (platformTraits.mappedFileCanShrink) t.true(died(await run(t, 'cutUnguarded'), 'SIGBUS'))
})

test("V8's own handler still finds WebAssembly's traps", async (t) => {
  const { result } = await run(t, 'wasm')
  t.deepEqual(result, ['RuntimeError', 'ERR_READ_ONLY_VIEW', 'RuntimeError'])
})

test('one guard serves all threads and outlives them', async (t) => {
  const { result } = await run(t, 'workers')
  t.deepEqual(result, {
    codes: Array(4).fill('ERR_READ_ONLY_VIEW'),
    counted: 4,
    afterwards: 'ERR_READ_ONLY_VIEW',
    trap: 'RuntimeError',
  })
})

test('signals that are sent do what they did before (POSIX)', async (t) => {
  if (!platformTraits.mappedFileCanShrink) {
    t.log('skipped: no signals here')
    t.pass()
    return
  }
  t.true(died(await run(t, 'sentSegv'), 'SIGSEGV'))
  t.true(died(await run(t, 'sentBus'), 'SIGBUS'))
  t.is((await run(t, 'handledBus')).result, 'SIGBUS', 'a handler of the program is called')
})
