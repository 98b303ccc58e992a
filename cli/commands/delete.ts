/** `holdfast delete`: removes an entry, or a range of them. */
import { Command } from 'commander'
import { ExitCode, Failure } from '../failure.js'
import { keyFromText } from '../notation.js'
import { writeOut } from '../output.js'
import { addBounds, hasBounds, type RangeOptions, rangeOf } from '../ranges.js'
import { existingTree, writing } from '../stores.js'

interface Options extends RangeOptions {
  readonly tree?: string
  readonly all?: boolean
  readonly yes?: boolean
}

const command = new Command('delete')
  .summary('remove an entry, or a range')
  .description('Removes the entry of a key, or a range of entries. Exit code 1 if the key is not there. A range needs --yes.')
  .argument('<store>', 'path of the store; it must exist')
  .argument('[key]', 'the key')
  .option('--tree <name>', 'tree to remove from (default: the only one)')

export const remove = addBounds(command)
  .option('--all', 'every entry of the tree')
  .option('--yes', 'do it: without this a range is only counted')
  .addHelpText('after', `\nExamples:\n  holdfast delete users.hold ann\n  holdfast delete users.hold --prefix test- --yes`)
  .action((path: string, keyText: string | undefined, options: Options) =>
    writing(path, { create: false }, async (store) => {
      const { tree, key } = existingTree(store, options.tree)
      const isRange = hasBounds(options) || options.all === true
      if (keyText !== undefined && isRange) throw new Failure(ExitCode.USAGE, 'give a key or a range, not both')
      if (keyText === undefined && !isRange) throw new Failure(ExitCode.USAGE, 'give a key, a range such as --prefix, or --all')
      if (keyText !== undefined) {
        const found = keyFromText(key, keyText)
        const { result, durable } = store.write(() => {
          const isThere = tree.has(found)
          if (isThere) tree.delete(found)
          return isThere
        })
        if (!result) throw new Failure(ExitCode.NO, `no entry with the key ${keyText}`)
        await durable
        return
      }
      const range = rangeOf(key, options)
      if (options.yes !== true) throw new Failure(ExitCode.USAGE, `this would delete ${tree.count(range)} entries; add --yes to do it`)
      const { result, durable } = store.write(() => {
        const count = tree.count(range)
        tree.deleteRange(range)
        return count
      })
      await durable
      await writeOut(`${result} ${result === 1 ? 'entry' : 'entries'} deleted\n`)
    }),
  )
