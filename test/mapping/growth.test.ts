/**
 * Descriptors, mapped ranges and memory do not grow over create, map, unmap and close. `npm run bench -- growth` shows 100,000 cycles.
 *
 * In a process of its own: tests beside this one open and close descriptors too.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import type { Footprint } from '../../bench/growth.js'
import { folder } from '../folder.js'
import { isPosix } from './objects/peer.js'

const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url))

/** 1,000 cycles until the first look, 2,000 until the last. */
const CYCLES = 3000
const COUNTED = 2000

/** What V8 may still take until its heap has found its size; the views of the counted cycles would be 125 MiB. */
const SLACK_BYTES = 48 * 1024 * 1024

/** The first and the last look at each kind of cycle. */
async function looks(t: ExecutionContext, ...args: string[]): Promise<[Footprint, Footprint][]> {
  const file = join(folder(t), 'seen.json')
  await promisify(execFile)(process.execPath, [MAIN, 'growth', '--cycles', String(CYCLES), '--json', file, ...args])
  const seen = JSON.parse(readFileSync(file, 'utf8')) as Footprint[]
  return [...new Set(seen.map(({ cycle }) => cycle))].map((name) => {
    const ofCycle = seen.filter(({ cycle }) => cycle === name)
    return [ofCycle[0] as Footprint, ofCycle.at(-1) as Footprint]
  })
}

// Under Wine the descriptors are the emulator's own, which come and go.
const counted = isPosix ? test : test.skip

counted('nothing grows (skipped where descriptors cannot be counted)', async (t) => {
  const kinds = await looks(t)
  t.is(kinds.length, 3)
  for (const [first, last] of kinds) {
    t.log(
      `${last.cycle}: descriptors ${first.descriptors} -> ${last.descriptors}, resident ${first.residentBytes} -> ${last.residentBytes}`,
    )
    t.is(last.done - first.done, COUNTED)
    t.is(last.descriptors, first.descriptors)
    t.true(last.residentBytes - first.residentBytes < SLACK_BYTES)
    t.true(last.externalBytes - first.externalBytes < 1024 * 1024)
    // V8 maps and unmaps pages of its own.
    t.true((last.ranges ?? 0) - (first.ranges ?? 0) < COUNTED / 2)
  }
})

counted('what is not closed would be noticed (skipped where descriptors cannot be counted)', async (t) => {
  const [[first, last]] = (await looks(t, '--leak')) as [[Footprint, Footprint]]
  t.log(`descriptors ${first.descriptors} -> ${last.descriptors}`)
  // Each is a descriptor, where the system lists them, and a native object everywhere.
  t.is((last.descriptors ?? COUNTED) - (first.descriptors ?? 0), COUNTED)
})
