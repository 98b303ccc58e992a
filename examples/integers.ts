/**
 * A file as an array: one program stores integers into a mapped file, another reads them back from the file that exists.
 *
 *     node dist/examples/integers.js write numbers numbers.bin     # name of the mapping, name of the file
 *     node dist/examples/integers.js read numbers numbers.bin
 *
 * Without arguments it runs both on a file in the temporary directory.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { File, FileMapping } from '../src/mapping/index.js'

const COUNT = 100
const [role, name, path] = process.argv.slice(2)
try {
  if (name !== undefined && path !== undefined && role === 'write') write(name, path)
  else if (name !== undefined && path !== undefined && role === 'read') read(name, path)
  else if (role === undefined) both()
  else throw new Error('usage: integers.js write|read <name of the mapping> <name of the file>')
} catch (error) {
  console.error(`integers: ${(error as Error).message}`)
  process.exitCode = 1
}

function write(name: string, path: string): void {
  using file = File.open(path, { access: 'read-write', disposition: 'create-always' })
  // The new file is empty: the size makes it grow.
  using mapping = FileMapping.create({ name, file, size: COUNT * Int32Array.BYTES_PER_ELEMENT })
  using view = mapping.view({ access: 'write' })
  const numbers = new Int32Array(view.buffer)
  for (let i = 0; i < numbers.length; i++) numbers[i] = i * i
  view.flush()
  console.log(`wrote ${numbers.length} integers`)
}

function read(name: string, path: string): void {
  using file = File.open(path, { access: 'read', disposition: 'open-existing' })
  // Size 0, the default: as long as the file is.
  using mapping = FileMapping.create({ name, file, size: 0, protection: 'read-only' })
  using view = mapping.view({ access: 'read' })
  const numbers = new Int32Array(view.buffer)
  const sum = numbers.reduce((sum, number) => sum + number, 0)
  console.log(`read ${numbers.length} integers, from ${numbers[0]} to ${numbers.at(-1)}; their sum is ${sum}`)
}

function both(): void {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  for (const role of ['write', 'read']) {
    const program = [fileURLToPath(import.meta.url), role, `numbers-${process.pid}`, join(folder, 'numbers.bin')]
    const { status } = spawnSync(process.execPath, program, { stdio: 'inherit' })
    if (status !== 0) process.exitCode = 1
  }
  rmSync(folder, { recursive: true })
}
