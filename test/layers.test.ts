/**
 * Keeps imports pointing down: each layer may import itself and what lies below, and siblings under structures/ never each other.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const LAYERS = ['src/mapping', 'src/sync', 'src/pages', 'src/store', 'structures', 'cli', 'bench', 'examples']
const TOPS = new Set(['cli', 'bench', 'examples'])

function layerOf(path: string): string {
  return LAYERS.find((layer) => path.startsWith(`${layer}/`)) ?? ''
}

function mayImport(from: string, to: string): boolean {
  if (to === 'src/errors.ts') return true
  const [source, target] = [layerOf(from), layerOf(to)]
  if (source === target) return true
  if (target === '' || TOPS.has(target)) return false
  return LAYERS.indexOf(target) < LAYERS.indexOf(source)
}

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('node_modules'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
}

function imports(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)
  return [...found].map((match) =>
    relative(ROOT, resolve(ROOT, dirname(file), match[1] as string))
      .replaceAll('\\', '/')
      .replace(/\.js$/, '.ts'),
  )
}

test('imports point down only', (t) => {
  const wrong: string[] = []
  let count = 0
  for (const file of ['src', 'structures', 'cli', 'bench', 'examples'].flatMap(sources)) {
    for (const target of imports(file)) {
      count++
      if (!mayImport(file, target)) wrong.push(`${file} imports ${target}`)
    }
  }
  t.true(count > 50, 'the test reads imports')
  t.deepEqual(wrong, [])
})

test('structures do not import one another', (t) => {
  const wrong: string[] = []
  for (const file of sources('structures')) {
    const own = file.split('/')[1] as string
    if (own.endsWith('.ts')) continue
    for (const target of imports(file))
      if (target.startsWith('structures/') && target.split('/')[1] !== own) wrong.push(`${file} imports ${target}`)
  }
  t.deepEqual(wrong, [])
})

test('an import that points up is seen', (t) => {
  t.false(mayImport('src/pages/pager.ts', 'src/store/store.ts'))
  t.false(mayImport('src/mapping/file.ts', 'structures/index.ts'))
  t.true(mayImport('src/store/store.ts', 'src/pages/pager.ts'))
})

test('no platform is asked for above the native loader', (t) => {
  const wrong = ['src', 'structures', 'cli']
    .flatMap(sources)
    .filter((file) => !file.startsWith('src/mapping/') && readFileSync(join(ROOT, file), 'utf8').includes('process.platform'))
  t.deepEqual(wrong, [])
})
