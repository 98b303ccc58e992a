/** `holdfast stat`: prints figures of a store and of what it holds. */
import { Command } from 'commander'
import prettyBytes from 'pretty-bytes'
import type { StoreStat } from '../../structures/index.js'
import { type Cell, chosenFormat, type Format, formatOption, isTerminal, jsonOption, printRows, writeOut } from '../output.js'
import { reading } from '../stores.js'

export const stat = new Command('stat')
  .summary('print figures of a store')
  .description('Prints the size of a store, its transactions and its trees. As JSON the fields are those of `store.stat()`.')
  .argument('<store>', 'path of the store')
  .addOption(jsonOption())
  .addOption(formatOption())
  .action((path: string, options: { format?: Format }) =>
    reading(path, async (store) => {
      const figures = await store.stat()
      const format = chosenFormat(options.format)
      if (format === 'jsonl') return writeOut(`${JSON.stringify(figures)}\n`)
      if (format === 'json') return writeOut(`${JSON.stringify(figures, undefined, 2)}\n`)
      await printRows(['figure', 'value'], figureRows(figures), format)
      if (format !== 'box') await writeOut('\n')
      await printRows(['tree', 'entries', 'key', 'value'], treeRows(figures), format)
    }),
  )

function figureRows(figures: StoreStat): Cell[][] {
  const number = (value: number) => (isTerminal() ? value.toLocaleString('en') : String(value))
  const bytes = (value: number) => (isTerminal() ? prettyBytes(value, { binary: true }) : String(value))
  const rows: [string, string][] = [
    ['file', bytes(figures.fileBytes)],
    ['log', bytes(figures.logBytes)],
    ['page size', bytes(figures.pageSize)],
    ['pages', number(figures.pages)],
    ['free pages', number(figures.freePages)],
    ['pending pages', number(figures.pendingPages)],
    ['newest transaction', String(figures.transaction)],
    ['durable transaction', String(figures.durable)],
    ['checkpoint', String(figures.checkpoint)],
  ]
  return rows.map((row) => row.map((text) => ({ text, json: text })))
}

function treeRows(figures: StoreStat): Cell[][] {
  return figures.structures.map(({ name, count, options }) => {
    const { key, value } = options as { key: string; value: string }
    return [name, isTerminal() ? count.toLocaleString('en') : String(count), key, value].map((text) => ({ text, json: text }))
  })
}
