/**
 * The entry of `npm run bench`; see `--help`.
 */
import { Command } from 'commander'
import { growthCommand } from './growth.js'
import { kvCommand } from './kv.js'
import { mappingCommand } from './mapping.js'
import { microCommand } from './micro.js'

const program = new Command('npm run bench --').description('Measures Holdfast, and the stores people use instead, on this machine.')
program.addCommand(kvCommand(), { isDefault: true })
program.addCommand(mappingCommand())
program.addCommand(microCommand())
program.addCommand(growthCommand())

try {
  await program.parseAsync()
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
