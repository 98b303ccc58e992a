/**
 * What a user sees where there is no addon for the platform.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import test from 'ava'
import { folder } from '../folder.js'

test('a missing addon is explained', (t) => {
  const root = folder(t)
  const compiled = join(root, 'dist', 'src')
  mkdirSync(compiled, { recursive: true })
  writeFileSync(join(root, 'package.json'), '{ "name": "holdfast", "type": "module" }')
  cpSync(fileURLToPath(new URL('../../src/mapping', import.meta.url)), join(compiled, 'mapping'), { recursive: true })
  cpSync(fileURLToPath(new URL('../../src/errors.js', import.meta.url)), join(compiled, 'errors.js'))
  const report = join(root, 'report.txt')
  const script = join(root, 'script.mjs')
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
  const { code, message, cause } = JSON.parse(readFileSync(report, 'utf8'))
  t.is(code, 'ERR_UNSUPPORTED')
  t.true(message.includes(`${process.platform}-${process.arch}`), 'it says for which platform')
  t.regex(message, /tried build.Release and prebuilds/)
  t.regex(message, /node-gyp rebuild/)
  t.regex(cause, /No native build was found/)
})
