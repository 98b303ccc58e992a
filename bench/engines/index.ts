/** The engines, in the order of the table: ours first. */
import { betterSqlite3 } from './better-sqlite3.js'
import { classicLevel } from './classic-level.js'
import type { Engine } from './engine.js'
import { holdfast } from './holdfast.js'
import { lmdb, lmdbWritemap } from './lmdb.js'

/** Every engine that can be measured. */
export const engines: readonly Engine[] = [holdfast, lmdb, lmdbWritemap, betterSqlite3, classicLevel]
