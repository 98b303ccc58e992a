/** `holdfast get`: prints the value of a key. */
import { Command } from 'commander'
import { ExitCode, Failure } from '../failure.js'
import { keyFromText, valueToText } from '../notation.js'
import { isTerminal, writeOut } from '../output.js'
import { existingTree, reading } from '../stores.js'

export const get = new Command('get')
  .summary('print the value of a key')
  .description(
    'Prints the value of a key: text as it is, JSON and MessagePack as JSON, bytes as they are when piped. Exit code 1 if the key is not there.',
  )
  .argument('<store>', 'path of the store')
  .argument('<key>', 'the key: text, a number, 0x and hexadecimal digits, or a JSON array for a tuple')
  .option('--tree <name>', 'tree to look in (default: the only one)')
  .addHelpText('after', `\nExamples:\n  holdfast get cities.hold 2950159\n  holdfast get cities.hold '["DE","Berlin"]' --tree by-name`)
  .action((path: string, keyText: string, options: { tree?: string }) =>
    reading(path, async (store) => {
      const { tree, key, value: encoding } = existingTree(store, options.tree)
      const value = tree.get(keyFromText(key, keyText))
      if (value === undefined) throw new Failure(ExitCode.NO, `no entry with the key ${keyText}`)
      if (value instanceof Uint8Array && !isTerminal()) await writeOut(value)
      else if (isTerminal() && typeof value === 'object' && !(value instanceof Uint8Array))
        await writeOut(`${pretty(valueToText(encoding, value))}\n`)
      else await writeOut(`${valueToText(encoding, value)}\n`)
    }),
  )

function pretty(json: string): string {
  return JSON.stringify(JSON.parse(json), undefined, 2)
}
