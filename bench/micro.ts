/**
 * `npm run bench -- micro`: the small steps that larger figures are made of, each in a loop of 1,000.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Table from 'cli-table3'
import { Command } from 'commander'
import { Bench } from 'tinybench'
import { crc32c, File } from '../src/mapping/index.js'
import { Word } from '../src/sync/control-words.js'
import { encodeKey } from '../structures/tree/keys.js'
import { Probe } from '../structures/tree/probe.js'
import { keyAt } from './data.js'
import { STORES_FOLDER } from './folders.js'

const REPEATS = 1000
const LOCK_OFFSET = 2 ** 52
const VIEW_BYTES = 64 * 1024

/** Keeps results alive, so that the compiler cannot drop the loops. */
let sink = 0

/** The command. */
export function microCommand(): Command {
  return new Command('micro')
    .description('small steps: checksum, key encoding, lock, control word')
    .option('--time <ms>', 'time for each step', Number, 500)
    .action(runMicro)
}

async function runMicro({ time }: { time: number }): Promise<void> {
  const folder = join(STORES_FOLDER, `micro-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  const file = File.open(join(folder, 'file'), { access: 'read-write', disposition: 'create-new' })
  file.allocate(VIEW_BYTES)
  const view = file.view({ offset: 0, length: VIEW_BYTES, access: 'write' })
  const bench = stepsOver(file, new Int32Array(view.buffer), time)
  await bench.run()
  view.unmap()
  file.close()
  rmSync(folder, { recursive: true, force: true })

  const table = new Table({
    head: ['step', 'median', '+-'],
    colAligns: ['left', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  })
  for (const { name, result } of bench.tasks) {
    if (result.state !== 'completed') throw new Error(`"${name}" did not complete: ${result.state}`)
    const { p50, mad } = result.latency
    table.push([name, `${((p50 * 1e6) / REPEATS).toFixed(1)} ns`, `${((mad / p50) * 100).toFixed(0)} %`])
  }
  console.log(table.toString())
  if (sink === 0.5) console.log(sink)
}

function stepsOver(file: File, words: Int32Array, time: number): Bench {
  const page = Buffer.alloc(4096, 7)
  const probe = new Probe()
  const keys = Array.from({ length: REPEATS }, (_, index) => keyAt(index))
  const tuples = keys.map((key, index) => ['DE', key, index])
  const unicode = keys.map((key) => `ä${key}`)
  return new Bench({ time, warmupTime: time / 4 })
    .add('CRC-32C of 4 KiB', () => {
      for (let i = 0; i < REPEATS; i++) sink ^= crc32c(page, 4, 4096)
    })
    .add('CRC-32C of 64 bytes', () => {
      for (let i = 0; i < REPEATS; i++) sink ^= crc32c(page, 0, 64)
    })
    .add('encode a key: ASCII string of 16', () => encodeAll('string', keys, probe))
    .add('encode a key: other string of 17', () => encodeAll('string', unicode, probe))
    .add('encode a key: number', () => {
      for (let i = 0; i < REPEATS; i++) encodeKey('number', i * 1.5, probe)
      sink ^= probe.length
    })
    .add('encode a key: tuple of three', () => encodeAll('tuple', tuples, probe))
    .add('lock and unlock a byte of a file', () => {
      for (let i = 0; i < REPEATS; i++) {
        if (file.tryLock(LOCK_OFFSET, 'exclusive')) file.unlock(LOCK_OFFSET)
      }
    })
    .add('read a control word atomically', () => {
      for (let i = 0; i < REPEATS; i++) sink ^= Atomics.load(words, Word.DURABLE)
    })
    .add('store and read a control word', () => {
      for (let i = 0; i < REPEATS; i++) {
        Atomics.store(words, Word.DURABLE, i)
        sink ^= Atomics.load(words, Word.DURABLE)
      }
    })
}

function encodeAll(encoding: 'string' | 'tuple', keys: readonly unknown[], probe: Probe): void {
  for (let i = 0; i < keys.length; i++) encodeKey(encoding, keys[i], probe)
  sink ^= probe.length
}
