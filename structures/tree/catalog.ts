/**
 * Raw trees for the store's catalog: bytes to bytes, without a redo record, over pages or in a transaction.
 *
 * The store calls these in the middle of a tree's own operations, so they use probes of their own.
 */
import type { PageNumber } from '../../src/pages/format.js'
import type { PageTransaction, StructureState } from '../../src/pages/page-transaction.js'
import type { Pages } from '../../src/pages/pages.js'
import { checkTree } from './check.js'
import { readValueBytes } from './entry.js'
import { insert } from './insert.js'
import { leafCell } from './layout.js'
import { copyLeafKey } from './leaf.js'
import { findInPages, findInTransaction, NOT_FOUND } from './lookup.js'
import { PageReader } from './page-reader.js'
import { Probe } from './probe.js'
import { Walk } from './walk.js'

const probe = new Probe()

/** The value of a key, copied. */
export function rawGet(pages: Pages, root: PageNumber, key: Uint8Array): Uint8Array | undefined {
  if (root === 0) return undefined
  const cell = findInPages(pages, root, probe.set(key))
  return cell === NOT_FOUND ? undefined : readValueBytes(probe.segment, cell, pages, undefined)
}

/** The same in an open transaction. */
export function rawGetIn(transaction: PageTransaction, root: PageNumber, key: Uint8Array): Uint8Array | undefined {
  if (root === 0) return undefined
  const cell = findInTransaction(transaction, root, probe.set(key))
  return cell === NOT_FOUND ? undefined : readValueBytes(probe.segment, cell, undefined, transaction)
}

/** Stores a value. */
export function rawPut(transaction: PageTransaction, state: StructureState, key: Uint8Array, value: Uint8Array): void {
  insert(transaction, state, probe.set(key), value, 0)
}

/** All entries in order, copied. */
export function* rawEntries(pages: Pages, root: PageNumber): Generator<[Uint8Array, Uint8Array]> {
  const walk = new Walk(new PageReader(pages, undefined), root)
  for (let found = walk.seekFirst(); found; found = walk.nextLeaf()) {
    for (let index = 0; index < walk.count; index++) {
      copyLeafKey(walk.segment, walk.base, index, probe)
      yield [probe.copy(), readValueBytes(walk.segment, leafCell(walk.segment, walk.base, index), pages, undefined)]
    }
  }
}

/** A raw tree, as the store's catalog uses it. */
export const catalogTree = { get: rawGet, getIn: rawGetIn, put: rawPut, entries: rawEntries, check: checkTree }
