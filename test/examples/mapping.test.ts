/**
 * The example programs of the mapping layer: what they print, and that nothing is left of them.
 */
import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { folder } from '../folder.js'
import { filesOf } from '../mapping/objects/peer.js'

const run = promisify(execFile)

/** Runs an example in a namespace of the test's own; returns its output, line by line. */
async function outputOf(t: ExecutionContext, name: string, namespace: string, ...words: string[]): Promise<string[]> {
  const program = fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url))
  mkdirSync(namespace, { recursive: true })
  const { stdout, stderr } = await run(process.execPath, [program, ...words], { env: { ...process.env, HOLDFAST_OBJECTS: namespace } })
  t.is(stderr, '')
  t.deepEqual(filesOf(namespace), [], 'nothing is left')
  return stdout.trimEnd().split(/\r?\n/)
}

const WHOLE: Readonly<Record<string, readonly string[]>> = {
  'named-mapping': ['Message from first process'],
  integers: ['wrote 100 integers', 'read 100 integers, from 0 to 9801; their sum is 328350'],
  'share-by-name': ['two processes counted to 2000'],
  'share-by-inheritance': ['six times seven is forty-two'],
  'share-by-duplication': ['the other process reads: look, but do not touch', 'and may not write: ERROR_ACCESS_DENIED (5)'],
}

for (const [name, lines] of Object.entries(WHOLE)) {
  test(`${name} does what it says, between two processes`, async (t) => {
    t.deepEqual(await outputOf(t, name, folder(t)), lines)
  })
}

test('the integers are in the file, whatever the name of the mapping', async (t) => {
  const [path, namespace] = [join(folder(t), 'numbers.bin'), join(folder(t), 'names')]
  t.deepEqual(await outputOf(t, 'integers', namespace, 'write', 'one', path), ['wrote 100 integers'])
  t.regex((await outputOf(t, 'integers', namespace, 'read', 'other', path)).join(), /^read 100 integers, from 0 to 9801;/)
})

test('an error of an example is one line', async (t) => {
  const missing = join(folder(t), 'missing.bin')
  const error = await t.throwsAsync(outputOf(t, 'integers', folder(t), 'read', 'one', missing))
  t.regex((error as unknown as { stderr: string }).stderr, /^integers: ENOENT: .*\r?\n$/)
  const second = await t.throwsAsync(outputOf(t, 'named-mapping', folder(t), 'second', 'nobody'))
  t.regex((second as unknown as { stderr: string }).stderr, /^named-mapping: there is no object .*\r?\n$/)
})
