/** `holdfast put`: stores one entry. */
import { buffer } from 'node:stream/consumers'
import { Command, Option } from 'commander'
import type { KeyEncoding, ValueEncoding } from '../../structures/index.js'
import { keyFromText, valueFromText } from '../notation.js'
import { treeForWriting, writing } from '../stores.js'

interface Options {
  readonly tree?: string
  readonly keyEncoding?: KeyEncoding
  readonly value?: ValueEncoding
}

export const put = new Command('put')
  .summary('store a value under a key')
  .description(
    'Stores a value under a key and waits until it survives power loss; creates the store and the tree if they do not exist.\n' +
      'The value is text for a string tree, JSON for json and msgpack, 0x and hexadecimal digits for binary;\n' +
      'without it, it is read from standard input (for binary: the bytes themselves).',
  )
  .argument('<store>', 'path of the store')
  .argument('<key>', 'the key: text, a number, 0x and hexadecimal digits, or a JSON array for a tuple')
  .argument('[value]', 'the value; - or nothing: standard input', '-')
  .option('--tree <name>', 'tree to store in (default: the only one, or "main")')
  .addOption(new Option('--key-encoding <encoding>', 'of a new tree (default: string)').choices(['string', 'number', 'binary', 'tuple']))
  .addOption(new Option('--value <encoding>', 'of a new tree (default: json)').choices(['json', 'msgpack', 'string', 'binary']))
  .addHelpText('after', `\nExamples:\n  holdfast put users.hold ann '{"age":31}'\n  holdfast put files.hold logo --value binary < logo.png`)
  .action(async (path: string, keyText: string, valueText: string, options: Options) => {
    const input = valueText === '-' ? await buffer(process.stdin) : undefined
    await writing(path, { create: true }, async (store) => {
      const wanted = { key: options.keyEncoding, value: options.value }
      const { tree, key, value } = treeForWriting(store, options.tree, wanted, { key: 'string', value: 'json' })
      const decoded =
        input === undefined ? valueFromText(value, valueText) : value === 'binary' ? input : valueFromText(value, input.toString('utf8'))
      await tree.put(keyFromText(key, keyText), decoded)
    })
  })
