/**
 * Compares docs/format.md with the constants in the code, and its worked example with real bytes.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import * as format from '../../src/pages/format.js'
import * as freelist from '../../src/pages/freelist.js'
import * as meta from '../../src/pages/meta.js'
import * as frame from '../../src/pages/redo-frame.js'
import * as log from '../../src/pages/redo-log.js'
import * as catalog from '../../src/store/catalog.js'
import { CONTROL_SIZE, Word } from '../../src/sync/control-words.js'
import * as tree from '../../structures/tree/layout.js'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const DOCUMENT = readFileSync(join(ROOT, 'docs/format.md'), 'utf8')
const MODULES: Record<string, unknown>[] = [format, freelist, meta, frame, log, catalog, tree, { Word, CONTROL_SIZE }]

/** Rows of all tables: constant's name and value. */
function documented(): Map<string, number> {
  const rows = new Map<string, number>()
  for (const [, name, value] of DOCUMENT.matchAll(/^\| `([A-Za-z_.]+)` \| (\d+) \|/gm)) rows.set(name as string, Number(value))
  return rows
}

function inCode(name: string): unknown {
  const [outer, inner] = name.split('.') as [string, string?]
  for (const module of MODULES) {
    const found = module[outer]
    if (found !== undefined) return inner === undefined ? found : (found as Record<string, unknown>)[inner]
  }
  return undefined
}

test('every documented constant is the code’s', (t) => {
  const rows = documented()
  t.true(rows.size > 60)
  for (const [name, value] of rows) t.is(inCode(name), value, name)
})

test('every constant of the layout is documented', (t) => {
  const rows = documented()
  const missing: string[] = []
  for (const module of [format, freelist, meta, frame, log, catalog, tree] as Record<string, unknown>[]) {
    for (const [name, value] of Object.entries(module)) {
      const isLayout = /^(PAGE|HEADER|META|FREELIST|FRAME|LOG|CATALOG|OPERATION|LEAF|BRANCH|CELL|OVERFLOW)_[A-Z_]+$/.test(name)
      if (isLayout && typeof value === 'number' && !rows.has(name) && !/_(VALUE|SHIFT)$/.test(name)) missing.push(name)
    }
  }
  t.deepEqual(missing, [])
})

test('the size of the lock file is documented', (t) => {
  t.true(DOCUMENT.includes(`${CONTROL_SIZE} bytes`))
})
