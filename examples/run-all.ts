/**
 * Runs every example program and fails if one does; CI's way to keep them true.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = dirname(fileURLToPath(import.meta.url))
let failed = 0
let passed = 0
for (const name of readdirSync(folder).sort()) {
  if (!name.endsWith('.js') || name === 'run-all.js') continue
  console.log(`== examples/${name}`)
  const { status } = spawnSync(process.execPath, [join(folder, name)], { stdio: 'inherit', timeout: 60_000 })
  if (status === 0) passed++
  else failed++
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
