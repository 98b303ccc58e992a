/** `holdfast dump`: prints everything in a form that `load` takes back. */
import { Command } from 'commander'
import { keyToJson, valueToJson } from '../notation.js'
import { LineWriter } from '../output.js'
import { existingTree, reading, treesOf } from '../stores.js'

export const dump = new Command('dump')
  .summary('print everything, to be loaded again')
  .description(
    'Prints all trees, or one, as of one moment, as newline-delimited JSON that `load` takes back: for each tree a line\n' +
      '{"tree":…,"key":…,"value":…} with its name and encodings, then a line {"key":…,"value":…} for each entry.\n' +
      'What JSON cannot say is kept: {"$bytes": base64}, {"$msgpack": base64}, {"$number": "Infinity"}.',
  )
  .argument('<store>', 'path of the store')
  .option('--tree <name>', 'only this tree')
  .addHelpText('after', '\nExample:\n  holdfast dump cities.hold | gzip > cities.ndjson.gz')
  .action((path: string, options: { tree?: string }) =>
    reading(path, async (store) => {
      const writer = new LineWriter()
      const names = options.tree === undefined ? treesOf(store).map(({ name }) => name) : [options.tree]
      const snapshot = store.snapshot()
      try {
        for (const name of names) {
          const { tree, key, value } = existingTree(store, name)
          const view = tree.at(snapshot)
          writer.line(JSON.stringify({ tree: name, key, value }))
          for (const [entryKey, entryValue] of view.entries()) {
            const json = valueToJson(value, entryValue, () => view.getBytes(entryKey))
            const waiting = writer.line(JSON.stringify({ key: keyToJson(entryKey), value: json }))
            if (waiting !== undefined) await waiting
          }
        }
        await writer.flush()
      } finally {
        snapshot.release()
      }
    }),
  )
