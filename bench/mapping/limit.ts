/**
 * The limits: a plain C program that makes the same system calls, compiled when a benchmark first needs it.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BENCH_FOLDER, STORES_FOLDER } from '../folders.js'
import type { Sample } from '../measure.js'
import type { Step } from './step.js'

const SOURCE = join(BENCH_FOLDER, 'limits', 'mapping.c')

/** Where named objects are: in memory if there is a place for it. */
const MEMORY_FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** The compiled program's path, or why there is none. */
export function compileLimit(): { readonly program: string } | { readonly missing: string } {
  mkdirSync(STORES_FOLDER, { recursive: true })
  const program = join(STORES_FOLDER, `limit-${process.pid}`)
  const { error, status, stderr } = spawnSync('cc', ['-std=c11', '-O2', '-Wall', '-Wextra', '-o', program, SOURCE], { encoding: 'utf8' })
  if (error !== undefined) return { missing: `there is no C compiler (${error.message})` }
  if (status !== 0) return { missing: `the C compiler refused bench/limits/mapping.c: ${stderr.trim().split('\n')[0]}` }
  return { program }
}

/** Has the C program measure a step, in the step's unit. */
export function runLimit(program: string, step: Step, directory: string, timeMs: number): Sample {
  const { what, pages = 1 } = step.limit
  const output = execFileSync(program, [what, directory, MEMORY_FOLDER, String(timeMs), String(pages)], { encoding: 'utf8' })
  const sample = JSON.parse(output) as { value: number; p50?: number; p99?: number }
  return { ...sample, value: step.unit === 'ns/pair' ? sample.value : sample.value / 1000, digest: 0 }
}
