/** `holdfast scan`: prints entries in order. */
import { Command } from 'commander'
import type { Store } from '../../structures/index.js'
import { keyToJson, keyToText, valueToJson, valueToText } from '../notation.js'
import {
  type Cell,
  chosenFormat,
  csvLine,
  type Format,
  formatOption,
  isTerminal,
  jsonOption,
  LineWriter,
  markdownCell,
  printRows,
} from '../output.js'
import { addBounds, addOrder, type RangeOptions, rangeOf } from '../ranges.js'
import { existingTree, reading } from '../stores.js'

interface Options extends RangeOptions {
  readonly tree?: string
  readonly keys?: boolean
  readonly values?: boolean
  readonly format?: Format
}

interface Row {
  readonly key: Cell
  readonly value: Cell
}

/** Rows that a terminal gets when no limit was asked for. */
const TERMINAL_ROWS = 100

const command = new Command('scan')
  .summary('print entries in order')
  .description(
    'Prints the entries of a tree, or of a range of it, in the order of their keys, as of one moment.\nOn a terminal at most 100 unless --limit is given.',
  )
  .argument('<store>', 'path of the store')
  .option('--tree <name>', 'tree to scan (default: the only one)')

export const scan = addOrder(addBounds(command))
  .option('--keys', 'keys only')
  .option('--values', 'values only')
  .addOption(jsonOption())
  .addOption(formatOption())
  .addHelpText(
    'after',
    `
As JSON every entry is {"key":…,"value":…}; bytes are {"$bytes": base64}, MessagePack that JSON cannot say is {"$msgpack": base64}.

Examples:
  holdfast scan cities.hold --limit 10
  holdfast scan cities.hold --tree by-name --prefix '["DE"]' --json | head
  holdfast scan words.hold --gte a --lt b --reverse --keys`,
  )
  .action((path: string, options: Options) =>
    reading(path, async (store) => {
      const format = chosenFormat(options.format)
      if (format === 'box' || format === 'json') await printAll(store, options, format)
      else await stream(store, options, format)
    }),
  )

/** Columns that were asked for. */
function columnsOf({ keys, values }: Options): ('key' | 'value')[] {
  if (keys === values) return ['key', 'value']
  return keys === true ? ['key'] : ['value']
}

function* rowsOf(store: Store, options: Options): Generator<Row> {
  const { tree, key, value } = existingTree(store, options.tree)
  const snapshot = store.snapshot()
  try {
    const view = tree.at(snapshot)
    for (const [entryKey, entryValue] of view.entries(rangeOf(key, options))) {
      yield {
        key: {
          get text() {
            return keyToText(entryKey)
          },
          get json() {
            return keyToJson(entryKey)
          },
        },
        value: {
          get text() {
            return valueToText(value, entryValue)
          },
          get json() {
            return valueToJson(value, entryValue, () => view.getBytes(entryKey))
          },
        },
      }
    }
  } finally {
    snapshot.release()
  }
}

async function stream(store: Store, options: Options, format: Format): Promise<void> {
  const columns = columnsOf(options)
  const writer = new LineWriter()
  if (format === 'csv') writer.line(csvLine(columns))
  if (format === 'markdown') {
    writer.line(`| ${columns.join(' | ')} |`)
    writer.line(`| ${columns.map(() => '---').join(' | ')} |`)
  }
  for (const row of rowsOf(store, options)) {
    const waiting = writer.line(
      lineOf(
        columns.map((column) => row[column]),
        columns,
        format,
      ),
    )
    if (waiting !== undefined) await waiting
  }
  await writer.flush()
}

function lineOf(cells: readonly Cell[], names: readonly string[], format: Format): string {
  if (format === 'jsonl') return JSON.stringify(Object.fromEntries(names.map((name, i) => [name, cells[i]?.json])))
  const texts = cells.map((cell) => cell.text)
  if (format === 'csv') return csvLine(texts)
  return format === 'markdown' ? `| ${texts.map(markdownCell).join(' | ')} |` : texts.join('\t')
}

async function printAll(store: Store, options: Options, format: Format): Promise<void> {
  const columns = columnsOf(options)
  const isCut = format === 'box' && isTerminal() && options.limit === undefined
  const rows: Cell[][] = []
  let more = false
  for (const row of rowsOf(store, isCut ? { ...options, limit: TERMINAL_ROWS + 1 } : options)) {
    more = isCut && rows.length === TERMINAL_ROWS
    if (!more) rows.push(columns.map((column) => ({ text: row[column].text, json: row[column].json })))
  }
  await printRows(columns, rows, format)
  if (more) process.stderr.write(`the first ${TERMINAL_ROWS} entries; --limit shows more, a pipe shows all\n`)
}
