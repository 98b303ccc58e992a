#!/usr/bin/env node
/**
 * The command line `holdfast`: one command per file in `commands/`.
 *
 * Results go to standard output, everything else to standard error, one line for an error. Reading commands open the
 * store read-only and never create one.
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { check } from './commands/check.js'
import { count } from './commands/count.js'
import { remove } from './commands/delete.js'
import { dump } from './commands/dump.js'
import { get } from './commands/get.js'
import { load } from './commands/load.js'
import { put } from './commands/put.js'
import { scan } from './commands/scan.js'
import { stat } from './commands/stat.js'
import { ExitCode, failureOf } from './failure.js'

const COMMANDS = [load, get, put, remove, scan, count, dump, stat, check]

const HELP = `
A command may be shortened as long as it is clear: \`holdfast st cities.hold\`.

Keys are written as text, as a number, as 0x and hexadecimal digits, or as a JSON array for a tuple: that depends on
the tree, and \`stat\` tells. Output is made for people on a terminal and plain when piped; see --format.

Examples:
  holdfast load cities.hold cities.ndjson --key cityId    # creates the store
  holdfast get cities.hold 2950159
  holdfast scan cities.hold --gte 2950000 --limit 5
  holdfast stat cities.hold

Exit codes:
  0  done
  1  the key is not there; check found damage
  2  the command line or the given data makes no sense
  3  the store cannot be opened, read or written, or is damaged
  4  another process kept the store busy for too long`

function versionOfPackage(): string {
  // From dist/cli and from dist/bundle alike.
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return manifest.version
}

function program(): Command {
  const root = new Command('holdfast')
    .description('Looks into and changes Holdfast stores: key-value trees in one memory-mapped file.')
    .usage('<command> <store> [options]')
    .version(versionOfPackage(), '--version')
    .addHelpText('after', HELP)
  for (const command of COMMANDS) root.addCommand(command)
  for (const command of [root, ...COMMANDS]) {
    command.exitOverride().configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'holdfast: ').replace(/\n.*$/s, '\n')),
    })
  }
  return root
}

/** Replaces a clear beginning of a command's name by the whole. */
function withWholeCommand(words: readonly string[]): string[] {
  const [first = '', ...rest] = words
  const matches = COMMANDS.map((command) => command.name()).filter((name) => name.startsWith(first))
  return matches.length === 1 && first !== '' ? [matches[0] as string, ...rest] : [...words]
}

async function main(): Promise<void> {
  // The reader of a pipe may leave at any time: that is how `| head` works, and no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? ExitCode.OK : ExitCode.STORE)
  })
  try {
    const words = process.argv.slice(2)
    await program().parseAsync(words.length === 0 ? ['--help'] : withWholeCommand(words), { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE
      return
    }
    const { exitCode, message } = failureOf(error)
    process.stderr.write(`holdfast: ${message.replaceAll('\n', ' ')}\n`)
    process.exitCode = exitCode
  }
}

await main()
