/**
 * What a user sees where there is no addon for the platform.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import test from 'ava'
import { folder } from '../folder.js'

/** The error of importing the mapping layer from a copy of it in `root`, whose package.json says `manifest`. */
function importError(root: string, manifest: object): { code: string; message: string; cause: string } {
  const compiled = join(root, 'dist', 'src')
  mkdirSync(compiled, { recursive: true })
  writeFileSync(join(root, 'package.json'), JSON.stringify({ type: 'module', ...manifest }))
  cpSync(fileURLToPath(new URL('../../src/mapping', import.meta.url)), join(compiled, 'mapping'), { recursive: true })
  cpSync(fileURLToPath(new URL('../../src/errors.js', import.meta.url)), join(compiled, 'errors.js'))
  const [report, script] = [join(root, 'report.json'), join(root, 'script.mjs')]
  writeFileSync(
    script,
    `import { writeFileSync } from 'node:fs'
    import(${JSON.stringify(pathToFileURL(join(compiled, 'mapping', 'index.js')).href)}).then(
      () => writeFileSync(${JSON.stringify(report)}, '{}'),
      ({ code, message, cause }) => writeFileSync(${JSON.stringify(report)}, JSON.stringify({ code, message, cause: String(cause) })),
    )`,
  )
  // This variable would send it to another folder.
  const { HOLDFAST_PREBUILD: _, ...env } = process.env
  execFileSync(process.execPath, [script], { stdio: 'ignore', env })
  return JSON.parse(readFileSync(report, 'utf8'))
}

test('a missing addon is explained', (t) => {
  const root = folder(t)
  const { code, message, cause } = importError(root, { name: 'holdfast', exports: { './package.json': './package.json' } })
  t.is(code, 'ERR_UNSUPPORTED')
  t.true(message.includes(`${process.platform}-${process.arch}`), 'it says for which platform')
  t.true(message.includes(root), 'it says where it looked')
  t.regex(message, /tried build.Release and prebuilds/)
  t.regex(message, /node-gyp rebuild/)
  t.regex(cause, /No native build was found/)
})

test('code that was taken out of its package is explained', (t) => {
  const { code, message } = importError(folder(t), { name: 'other' })
  t.is(code, 'ERR_UNSUPPORTED')
  t.regex(message, /tried to find the package 'holdfast'/)
})
