/**
 * The conformance table, row by row, and its document.
 */
import test from 'ava'
import { isPosix } from '../objects/peer.js'
import { promise, readLines, seen } from './document.js'
import { expectedOn } from './row.js'
import { type Run, runTable } from './run.js'
import { table } from './table.js'

let run: Run & { readonly left: readonly string[] }
test.before(async () => {
  run = await runTable()
})

for (const { title, rows } of table) {
  for (const row of rows) {
    test(`${title}: ${row.behaviour}`, (t) => {
      const observation = run.observations.find(({ behaviour }) => behaviour === row.behaviour)
      t.not(observation, undefined)
      if (observation === undefined) return
      const expected = expectedOn(row, isPosix)
      if (run.wine && row.wine !== undefined) t.log(`not asserted: Wine ${row.wine}; it gave ${observation.observed}`)
      else if (!observation.tried) t.log(observation.observed)
      else t.is(observation.observed, expected)
    })
  }
}

test('the rows leave nothing behind', (t) => {
  t.deepEqual(run.left, [])
})

test('every behaviour stands once', (t) => {
  const behaviours = table.flatMap(({ rows }) => rows.map(({ behaviour }) => behaviour))
  t.is(new Set(behaviours).size, behaviours.length)
})

test('docs/conformance.md has the same rows, and what it says was seen is what is seen here (else: npm run conformance)', (t) => {
  const rows = table.flatMap(({ rows }) => rows)
  const lines = readLines()
  t.deepEqual(
    lines.map((line) => line.slice(0, 3)),
    rows.map((row) => [...promise(row)]),
  )
  for (const [index, row] of rows.entries()) {
    const tried = run.observations.find(({ behaviour }) => behaviour === row.behaviour)?.tried
    if (tried === true && !(run.wine && row.wine !== undefined)) t.is(lines[index]?.[isPosix ? 3 : 4], seen(row, run), row.behaviour)
  }
})
