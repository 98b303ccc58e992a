/**
 * Standard output: written in large pieces, waiting for slow readers, and silent when the reader has gone (`| head`).
 */
import { once } from 'node:events'
import Table from 'cli-table3'
import { Option } from 'commander'
import { stringify } from 'csv-stringify/sync'
import colors from 'picocolors'

/** How rows are printed. */
export type Format = 'plain' | 'box' | 'json' | 'jsonl' | 'csv' | 'markdown'

const FLUSH_CHARACTERS = 64 * 1024
/** Width of a terminal that does not tell. */
const STANDARD_COLUMNS = 120
/** Characters that a column of a box takes beside its text. */
const BOX_BORDER = 3
const MIN_CELL = 20
const MAX_KEY_CELL = 40

/** Whether standard output is a terminal. */
export function isTerminal(): boolean {
  return process.stdout.isTTY === true
}

/** The option `--format`. */
export function formatOption(): Option {
  const formats: Format[] = ['plain', 'box', 'json', 'jsonl', 'csv', 'markdown']
  return new Option('--format <format>', 'how to print (default: box on a terminal, plain when piped)').choices(formats)
}

/** The option `--json`, short for `--format jsonl`. */
export function jsonOption(): Option {
  return new Option('--json', 'a line of JSON for each, short for --format jsonl').implies({ format: 'jsonl' })
}

/** The format to use when none was chosen. */
export function chosenFormat(format: Format | undefined): Format {
  return format ?? (isTerminal() ? 'box' : 'plain')
}

/** Lines on their way to standard output. */
export class LineWriter {
  private pending: string[] = []
  private characters = 0

  /** Takes a line; resolves when the reader can take more. Await it only when it returns a promise: most calls do not wait. */
  line(text: string): Promise<void> | undefined {
    this.pending.push(text, '\n')
    this.characters += text.length + 1
    return this.characters >= FLUSH_CHARACTERS ? this.flush() : undefined
  }

  /** Hands over everything. */
  async flush(): Promise<void> {
    const text = this.pending.join('')
    this.pending = []
    this.characters = 0
    if (text !== '') await writeOut(text)
  }
}

/** Writes text or bytes and waits while the reader is behind. */
export async function writeOut(text: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

/** A row: a cell as text for people, and as JSON for programs. */
export interface Cell {
  readonly text: string
  readonly json: unknown
}

/** Prints few rows in any format. Large amounts go through a `LineWriter` instead. */
export async function printRows(names: readonly string[], rows: readonly (readonly Cell[])[], format: Format): Promise<void> {
  const texts = rows.map((row) => row.map((cell) => cell.text))
  const objects = () => rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]?.json])))
  const output: Record<Format, () => string> = {
    plain: () => texts.map((row) => `${row.join('\t')}\n`).join(''),
    box: () => `${boxOf(names, texts)}\n`,
    json: () => `${JSON.stringify(objects(), undefined, 2)}\n`,
    jsonl: () =>
      objects()
        .map((object) => `${JSON.stringify(object)}\n`)
        .join(''),
    csv: () => stringify([[...names], ...texts]),
    markdown: () => [names, names.map(() => '---'), ...texts].map((row) => `| ${row.map(markdownCell).join(' | ')} |\n`).join(''),
  }
  await writeOut(output[format]())
}

/** One line of CSV. */
export function csvLine(cells: readonly string[]): string {
  return stringify([[...cells]], { eof: false })
}

/** Escapes what would end a cell of a Markdown table. */
export function markdownCell(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('\n', '<br>')
}

function boxOf(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: [...names],
    style: { head: colors.isColorSupported ? ['bold'] : [], border: colors.isColorSupported ? ['gray'] : [], compact: true },
  })
  const texts = rows.map((row) => row.map(visible))
  // The last column gets the room that the others leave.
  let room = (process.stdout.columns || STANDARD_COLUMNS) - BOX_BORDER * names.length - 1
  const widths = names.map((name, column) => {
    const longest = Math.max(name.length, ...texts.map((row) => row[column]?.length ?? 0))
    const width = column === names.length - 1 ? Math.max(MIN_CELL, room) : Math.min(longest, MAX_KEY_CELL)
    room -= Math.min(longest, width)
    return width
  })
  for (const row of texts) table.push(row.map((text, column) => clip(text, widths[column] as number)))
  return table.toString()
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

/** Control characters would move the cursor of the terminal. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => JSON.stringify(character).slice(1, -1))
}
