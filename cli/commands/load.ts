/** `holdfast load`: fills a tree from a file or from standard input. */
import { Command, Option } from 'commander'
import { ExitCode, Failure } from '../failure.js'
import { Loader, type LoadTarget } from '../loader.js'
import { writeOut } from '../output.js'
import { Progress } from '../progress.js'
import { type InputFormat, openInput } from '../records.js'
import { writing } from '../stores.js'

interface Options extends LoadTarget {
  readonly inputFormat?: InputFormat
}

export const load = new Command('load')
  .summary('fill a tree from NDJSON or CSV')
  .description(
    'Loads records from a file, or from standard input, into a tree; creates the store and the tree if they do not exist.\n' +
      'Without --key the input is what `dump` prints: lines {"key":…,"value":…}. With --key every record is a value,\n' +
      'and the named field is its key; several fields make a tuple. CSV needs a header line; its cells stay text.\n' +
      'An entry whose key exists is replaced. Every 10,000 entries or so are one transaction.',
  )
  .argument('<store>', 'path of the store')
  .argument('[file]', 'file to read; - for standard input', '-')
  .option('--tree <name>', 'tree to load into (default: the only tree of the store, or "main")')
  .option('--key <fields>', 'field that is the key, or several separated by commas', (text) => text.split(','))
  .addOption(
    new Option('--key-encoding <encoding>', 'of a new tree (default: by the first key)').choices(['string', 'number', 'binary', 'tuple']),
  )
  .addOption(new Option('--value <encoding>', 'of a new tree (default: json)').choices(['json', 'msgpack', 'string']))
  .addOption(new Option('--input-format <format>', 'default: by the extension, else ndjson').choices(['ndjson', 'csv']))
  .addHelpText(
    'after',
    `
Examples:
  holdfast load cities.hold cities.ndjson --key cityId
  holdfast load cities.hold cities.csv --tree by-name --key country,name --value msgpack
  holdfast dump old.hold | holdfast load new.hold`,
  )
  .action(async (path: string, file: string, options: Options) => {
    if (file === '-' && process.stdin.isTTY === true)
      throw new Failure(ExitCode.USAGE, 'nothing to load: name a file, or pipe data to standard input')
    const input = openInput(file, options.inputFormat)
    if (input.format === 'csv' && options.key === undefined)
      throw new Failure(ExitCode.USAGE, 'CSV needs --key: the column that is the key')
    const progress = new Progress('loading', input.totalBytes)
    const loaded = await writing(path, { create: true }, async (store) => {
      const loader = new Loader(store, input.format, options)
      try {
        for await (const records of input.batches) {
          loader.load(records)
          progress.update(loader.entries, input.bytesRead())
        }
      } finally {
        progress.end()
      }
      await store.flush()
      return loader.entries
    })
    await writeOut(`${loaded} ${loaded === 1 ? 'entry' : 'entries'} loaded\n`)
  })
