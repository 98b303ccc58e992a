/**
 * README is run: its example as a program of its own, and its claims about commands compared with package.json.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { folder } from '../folder.js'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

test('the example runs as it stands, by the package’s own name', (t) => {
  const example = /```ts\n([\s\S]*?)```/.exec(README)?.[1] ?? ''
  const cwd = folder(t)
  writeFileSync(join(cwd, 'example.mjs'), example)
  const output = execFileSync(process.execPath, ['example.mjs'], { cwd, encoding: 'utf8' })
  t.regex(output, /^\{ age: 31 \}\nbob \{ age: 7 \}\nann \{ age: 31 \}\nann \d+\n2\n$/)
})

test('the example of the mapping layer runs too', (t) => {
  const example = /```ts\n(import [^\n]*'holdfast\/mapping'[\s\S]*?)```/.exec(README)?.[1] ?? ''
  const cwd = folder(t)
  writeFileSync(join(cwd, 'example.mjs'), example)
  const env = { ...process.env, HOLDFAST_OBJECTS: folder(t) }
  t.is(execFileSync(process.execPath, ['example.mjs'], { cwd, env, encoding: 'utf8' }), '{ abandoned: false }\n')
})

test('CommonJS gets the same class', (t) => {
  const cwd = folder(t)
  writeFileSync(
    join(cwd, 'both.cjs'),
    "const { Store, open } = require('holdfast'); import('holdfast').then((m) => console.log(m.Store === Store, m.open === open))",
  )
  t.is(execFileSync(process.execPath, ['--no-warnings', 'both.cjs'], { cwd, encoding: 'utf8' }), 'true true\n')
})

test('every command that README names exists', (t) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const named = [...(README + readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8')).matchAll(/npm run ([\w:]+)/g)].map((match) => match[1])
  t.true(named.length > 3)
  for (const name of named) t.true(name !== undefined && name in scripts, name)
})

test('every relative link of the documents leads somewhere', (t) => {
  for (const document of [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'docs/architecture.md',
    'docs/conformance.md',
    'docs/durability.md',
    'docs/decisions/README.md',
  ]) {
    const text = readFileSync(join(ROOT, document), 'utf8')
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g))
      t.notThrows(() => readFileSync(join(ROOT, dirname(document), target)), `${document}: ${target}`)
  }
})

test('every error code has a heading in docs/errors.md', (t) => {
  const source = readFileSync(join(ROOT, 'src/errors.ts'), 'utf8')
  const headings = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')
  const codes = [...source.matchAll(/\| '(ERR_\w+)'/g)].map((match) => match[1])
  t.true(codes.length > 15)
  for (const code of codes) t.true(headings.includes(`## ${code}\n`), code)
  for (const [, code] of headings.matchAll(/^## (ERR_\w+)$/gm)) t.true(codes.includes(code), `${code} is no error`)
})
