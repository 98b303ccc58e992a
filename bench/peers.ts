/**
 * Installs the peers' packages into `bench/node_modules` when a benchmark first needs them.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BENCH_FOLDER } from './folders.js'

/** Runs `npm ci` in `bench/` unless that was done before. */
export function installPeers(): void {
  // Written by npm at the end of a whole installation.
  if (existsSync(join(BENCH_FOLDER, 'node_modules', '.package-lock.json'))) return
  console.error('installing the peers that are compared (once; it takes a minute where better-sqlite3 has to be compiled) ...')
  const { status } = spawnSync('npm', ['ci', '--no-fund', '--no-audit'], {
    cwd: BENCH_FOLDER,
    stdio: ['ignore', process.stderr.fd, process.stderr.fd],
    // npm is a batch file on Windows, which needs a shell.
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error('the peers could not be installed; `npm ci` in bench/ says why')
}
