/**
 * Loads a peer's package from `bench/node_modules`.
 *
 * The peers have a package.json and a lockfile of their own so that installing the root brings neither their code nor
 * their install scripts; the compiled benchmark lies in `dist/`, so they are resolved from the source folder by path.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { BENCH_FOLDER } from '../folders.js'

const require = createRequire(join(BENCH_FOLDER, 'package.json'))

/** The module that `require(name)` gives inside `bench/`. */
export function loadPeer<T>(name: string): T {
  return require(name) as T
}

/** The version in the package.json of an installed peer. */
export function peerVersion(name: string): string {
  const manifest = JSON.parse(readFileSync(join(BENCH_FOLDER, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }
  return manifest.version
}
