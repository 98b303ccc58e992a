/** `holdfast count`: prints how many entries there are. */
import { Command } from 'commander'
import { writeOut } from '../output.js'
import { addBounds, type RangeOptions, rangeOf } from '../ranges.js'
import { existingTree, reading } from '../stores.js'

const command = new Command('count')
  .summary('print the number of entries')
  .description('Prints the number of entries of a tree, or of a range of it.')
  .argument('<store>', 'path of the store')
  .option('--tree <name>', 'tree to count (default: the only one)')

export const count = addBounds(command)
  .addHelpText('after', `\nExamples:\n  holdfast count cities.hold\n  holdfast count cities.hold --tree by-name --prefix '["DE"]'`)
  .action((path: string, options: RangeOptions & { tree?: string }) =>
    reading(path, async (store) => {
      const { tree, key } = existingTree(store, options.tree)
      await writeOut(`${tree.count(rangeOf(key, options))}\n`)
    }),
  )
