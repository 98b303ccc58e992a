/** `holdfast check`: verifies a whole store. */
import { Command } from 'commander'
import { ExitCode, Failure } from '../failure.js'
import { type Format, jsonOption, writeOut } from '../output.js'
import { reading } from '../stores.js'

export const check = new Command('check')
  .summary('verify every page of a store')
  .description(
    'Reads the whole file: every checksum, every rule of every tree, and that each page is used once or free.\n' +
      'Exit code 1 if anything is wrong; 3 if the store cannot even be opened. Others may use the store meanwhile.',
  )
  .argument('<store>', 'path of the store')
  .addOption(jsonOption())
  .action((path: string, options: { format?: Format }) =>
    reading(path, async (store) => {
      const report = await store.check()
      if (options.format === 'jsonl') await writeOut(`${JSON.stringify(report)}\n`)
      else if (report.ok) await writeOut(`ok: ${report.pages} pages, ${report.ownedPages} in use, ${report.freePages} free\n`)
      if (!report.ok) throw new Failure(ExitCode.NO, `damaged: ${report.errors.join('; ')}`)
    }),
  )
