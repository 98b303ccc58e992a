/**
 * The benchmark: its data is what it says, its ratios point the right way, and it runs.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { entriesOf, keyAt, missingKeyAt, shuffled, updatesOf, VALUE_BYTES, valueAt } from '../../bench/data.js'
import { hashEntry, sampleEntry } from '../../bench/digest.js'
import { reference } from '../../bench/engines/reference.js'
import { median, percentile } from '../../bench/measure.js'
import { type Figure, figuresOf, tableOf } from '../../bench/report.js'
import { refuseDifference } from '../../bench/runner.js'
import { folder } from '../folder.js'

const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url))

test('keys ascend, missing keys lie between them, values differ by entry and version', (t) => {
  const { keys, values } = entriesOf(2000)
  t.deepEqual(keys, [...keys].sort())
  t.is(new Set([...keys, ...keys.map((_, i) => missingKeyAt(i))]).size, 4000)
  t.regex(keyAt(123_456_789), /^key:\d{12}$/)
  t.is(new Set([...values, ...keys.map((_, i) => valueAt(i, 1))]).size, 4000)
  t.true(values.every((value) => Buffer.byteLength(value) === VALUE_BYTES))
  t.is(valueAt(5, 7), valueAt(5, 7))
})

test('a shuffle is a permutation, and the same for the same seed', (t) => {
  t.deepEqual(
    [...shuffled(1000, 3)].sort((a, b) => a - b),
    Array.from({ length: 1000 }, (_, i) => i),
  )
  t.deepEqual(shuffled(1000, 3), shuffled(1000, 3))
  t.notDeepEqual(shuffled(1000, 3), shuffled(1000, 4))
})

test('callers in lanes never meet', (t) => {
  const { keys } = updatesOf(1000, 640, 1, 64)
  const laneOf = new Map<string, number>()
  keys.forEach((key, i) => {
    t.is(laneOf.get(key) ?? i % 64, i % 64)
    laneOf.set(key, i % 64)
  })
})

test('statistics', (t) => {
  t.is(median([3, 1, 2]), 2)
  t.is(median([4, 1, 2, 3]), 2.5)
  t.is(percentile([1, 2, 3, 4, 5], 0), 1)
  t.is(percentile([1, 2, 3, 4, 5], 1), 5)
})

test('a digest notices any change, and a change ends the run', async (t) => {
  const session = await reference.open('', 'load')
  const { keys, values } = entriesOf(100)
  await session.load(keys, values, true)
  const before = await session.scan(hashEntry)
  t.is(await session.scan(hashEntry), before)
  t.notThrows(() => refuseDifference('x', before, before))
  const value = values[50] as string
  await session.putAlone(keys[50] as string, `${value.slice(0, 40)}!${value.slice(41)}`)
  const after = await session.scan(hashEntry)
  t.not(after, before)
  t.throws(() => refuseDifference('lmdb read something else', after, before), { message: /^lmdb read something else \(digest/ })
  t.not(await session.range(keys[0] as string, 99, sampleEntry, 0), await session.range(keys[1] as string, 99, sampleEntry, 0))
})

test('a ratio above 1 means faster', (t) => {
  const result = (workload: string, engine: string, value: number) => ({
    workload,
    engine,
    value,
    unit: 'us/put' as const,
    rounds: [value],
  })
  const figures = figuresOf(
    [result('limit-write-fdatasync', 'limit', 25), result('put-durable', 'holdfast', 40), result('put-durable', 'lmdb', 100)],
    1000,
  )
  t.deepEqual(figures[1]?.ratioTo, { lmdb: 2.5, limit: 0.625 })
  t.deepEqual(figures[2]?.ratioTo, { holdfast: 0.4, limit: 0.25 })
  t.deepEqual(figures[0]?.ratioTo, {})
  t.true(tableOf(figures).includes('2.50'))
})

test('kv runs, verifies, and writes its figures', async (t) => {
  const file = join(folder(t), 'figures.json')
  const workloads = ['get-string', 'get-many', 'scan', 'range-100', 'put-durable-64', 'bulk-load-random']
  const args = ['kv', '--n', '2000', '--rounds', '1', '--engines', 'holdfast', '--only', workloads.join(','), '--json', file]
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args], { env: { ...process.env, NO_COLOR: '1' } })
  const figures = JSON.parse(readFileSync(file, 'utf8')) as Figure[]
  t.deepEqual(
    figures.map(({ workload, engine }) => [workload, engine]),
    workloads.map((workload) => [workload, 'holdfast']),
  )
  for (const { workload, value, unit, ratioTo } of figures) {
    t.true(value > 0, workload)
    t.is(typeof unit, 'string')
    t.deepEqual(ratioTo, {})
    t.true(stdout.includes(workload))
  }
})

test('mapping runs beside its limit, and writes its figures', async (t) => {
  const file = join(folder(t), 'figures.json')
  const names = ['map-unmap', 'flush-view-async-1', 'semaphore-named', 'event-unnamed', 'hand-over-mutex', 'wake-up']
  const args = ['mapping', '--rounds', '1', '--time', '20', '--only', names.join(','), '--engines', 'holdfast,limit', '--json', file]
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args], { env: { ...process.env, NO_COLOR: '1' } })
  const figures = JSON.parse(readFileSync(file, 'utf8')) as Figure[]
  const hasLimit = !stdout.includes('without limit')
  t.deepEqual(
    figures.map(({ workload, engine }) => [workload, engine]),
    names.flatMap((name) => ['holdfast', ...(hasLimit ? ['limit'] : [])].map((engine) => [name, engine])),
  )
  for (const { workload, value, ratioTo } of figures) {
    t.true(value > 0, workload)
    t.is(Object.keys(ratioTo).length, Number(hasLimit))
  }
})

test('what is not known is refused', async (t) => {
  for (const args of [
    ['kv', '--only', 'nonsense'],
    ['kv', '--engines', 'nonsense'],
    ['kv', '--n', '0'],
    ['mapping', '--only', 'nonsense'],
    ['nonsense'],
  ]) {
    const error = await t.throwsAsync(promisify(execFile)(process.execPath, [MAIN, ...args]))
    t.not((error as unknown as { code: number }).code, 0)
  }
})
