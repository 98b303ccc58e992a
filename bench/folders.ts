/** Where the benchmark finds things: the repository, the peers' packages, and the folder for stores under measurement. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

function findRepository(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'bench', 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error('the benchmark runs inside the repository only: bench/package.json was not found')
    folder = parent
  }
  return folder
}

/** The root of the repository. */
export const REPOSITORY_FOLDER = findRepository()

/** The folder with the peers' package.json and node_modules. */
export const BENCH_FOLDER = join(REPOSITORY_FOLDER, 'bench')

/** Where stores under measurement are created: on the repository's disk, not in the system's temporary folder, which may be memory. */
export const STORES_FOLDER = join(REPOSITORY_FOLDER, 'tmp', 'bench')
