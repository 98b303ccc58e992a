/**
 * Runs the compiled command line as a real process, with pipes.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

/** What a command printed and how it ended. */
export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly bytes: Buffer
  readonly err: string
}

/** Starts a command. */
export function start(args: readonly string[], cwd: string): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { cwd, stdio: 'pipe', env: { ...process.env, NO_COLOR: '1' } })
}

/** Runs a command to its end. */
export async function run(args: readonly string[], cwd: string, input: string | Uint8Array = ''): Promise<Outcome> {
  const child = start(args, cwd)
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [bytes, err] = await Promise.all([buffer(child.stdout as NodeJS.ReadableStream), buffer(child.stderr as NodeJS.ReadableStream)])
  return { code: await ended, out: bytes.toString(), bytes, err: err.toString() }
}
