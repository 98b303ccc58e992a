/**
 * `docs/conformance.md`: the conformance table with what a run on POSIX and a run on Win32 saw, side by side.
 *
 *     npm run build:ts && bash test/wine/run.sh dist/test/mapping/conformance/conformance.test.js && npm run conformance
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectedOn, type Row } from './row.js'
import { pathOfRun, ROOT, type Run, readRun, runTable } from './run.js'
import { table } from './table.js'

const PATH = join(ROOT, 'docs/conformance.md')

const OPENING = `# Conformance

What the file-mapping model promises, how each promise is tried against \`holdfast/mapping\`, and what came out: on Linux, and by the Win32 code under Wine
with the real \`node.exe\`. The rows are those of \`test/mapping/conformance/\`, and a test compares them with this page. **A** and **B** are two processes;
"is killed" is SIGKILL or TerminateProcess. An error is its Win32 name and number, which it carries on both systems; \`ERR_…\` is an error that Win32 has no number for.

Written by \`npm run conformance\`, which runs the table here and takes the other side from the last run of \`test/wine/run.sh\`.
"As expected" is what the column before it says. Where Wine is known to differ from Windows, a note says how: what came out there is printed, but asserted nowhere.
Job objects are not offered; on Windows they take part in the namespace by the kernel's own rule, which the table does not try.
`

/** One line of the document's tables, cell by cell. */
export type Line = readonly [behaviour: string, call: string, expected: string, posix: string, win32: string]

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

/** What a row says about the model: the same on every system. */
export function promise(row: Row): readonly [string, string, string] {
  const { behaviour, call, expected } = row
  const text = typeof expected === 'string' ? expected : `POSIX: ${expected.posix}; Windows: ${expected.win32}`
  return [cell(behaviour), `\`${cell(call)}\``, cell(text)]
}

/** What a run saw in a row, as the document has it. */
export function seen(row: Row, run: Run): string {
  const observation = run.observations.find(({ behaviour }) => behaviour === row.behaviour)
  if (observation === undefined) return 'no such row'
  const { observed, tried } = observation
  const result = tried && observed === expectedOn(row, run.system === 'posix') ? 'as expected' : cell(observed)
  return run.wine && row.wine !== undefined ? `${result} (Wine ${cell(row.wine)})` : result
}

export function render(posix: Run, win32: Run): string {
  const sections = table.map(({ title, rows }) => {
    const lines = rows.map((row) => `| ${[...promise(row), seen(row, posix), seen(row, win32)].join(' | ')} |`)
    return [
      `## ${title}`,
      '',
      '| Behaviour | Call | Expected | Linux | Win32 (Wine) |',
      '| --- | --- | --- | --- | --- |',
      ...lines,
      '',
    ].join('\n')
  })
  return [OPENING, ...sections].join('\n')
}

/** The lines of the document that is there. */
export function readLines(): Line[] {
  const lines = readFileSync(PATH, 'utf8').split(/\r?\n/)
  const cells = lines.filter((line) => line.startsWith('| ')).map((line) => line.slice(2, -2).split(/ (?<!\\)\| /))
  return cells.filter(([first]) => first !== 'Behaviour' && first !== '---') as unknown as Line[]
}

async function main(): Promise<void> {
  const wine = pathOfRun('win32')
  if (!existsSync(wine)) {
    console.error('there is no run on Win32 yet: bash test/wine/run.sh dist/test/mapping/conformance/conformance.test.js')
    process.exitCode = 1
    return
  }
  writeFileSync(PATH, render(await runTable(), readRun('win32')))
  console.log(`wrote docs/conformance.md: ${table.flatMap(({ rows }) => rows).length} rows`)
}

if (process.argv[2] === 'write') await main()
