/**
 * The catalog: a tree from a structure's id to its state, itself not logged: recovery makes it anew from the operations.
 *
 * Entries are looked up by id in every transaction and by name only when a handle is made, so the id is the key. The tree's code
 * is given from above, since structures stand on the store. Entry layout: `docs/format.md`, "Catalog entries".
 */
import { HoldfastError } from '../errors.js'
import type { PageNumber } from '../pages/format.js'
import type { Catalog, CheckContext, PageTransaction, StructureState } from '../pages/page-transaction.js'
import type { Pages } from '../pages/pages.js'
import type { Roots } from '../sync/control-words.js'

// Byte offsets in a catalog entry.
/** u32: root page, 0 while the structure is empty. */
export const CATALOG_ROOT = 0
/** u16: kind of structure. */
export const CATALOG_KIND = 4
/** u16: levels below the root. */
export const CATALOG_DEPTH = 6
/** f64: entries. */
export const CATALOG_COUNT = 8
/** u32: bytes of the name, which follows, UTF-8; the options as JSON text fill the rest. */
export const CATALOG_NAME_LENGTH = 16
export const CATALOG_NAME = 20

/** The operations of a tree that the catalog needs; keys and values are raw bytes, results are copies. */
export interface CatalogTree {
  get(pages: Pages, root: PageNumber, key: Uint8Array): Uint8Array | undefined
  getIn(transaction: PageTransaction, root: PageNumber, key: Uint8Array): Uint8Array | undefined
  put(transaction: PageTransaction, state: StructureState, key: Uint8Array, value: Uint8Array): void
  entries(pages: Pages, root: PageNumber): Iterable<[Uint8Array, Uint8Array]>
  check(context: CheckContext, state: Readonly<StructureState>): void
}

/** The catalog's own state. */
export function catalogState(roots: Roots): StructureState {
  return { id: 0, kind: 0, name: '', options: '', root: roots.catalogRoot, depth: roots.catalogDepth, count: roots.catalogCount }
}

export class TreeCatalog implements Catalog {
  constructor(private readonly tree: CatalogTree) {}

  load(transaction: PageTransaction, catalog: StructureState, id: number): StructureState | undefined {
    const value = this.tree.getIn(transaction, catalog.root, keyOf(id))
    return value === undefined ? undefined : decode(id, value)
  }

  save(transaction: PageTransaction, catalog: StructureState, state: StructureState): void {
    this.tree.put(transaction, catalog, keyOf(state.id), encode(state))
  }

  /** The state of a structure in a committed catalog. */
  read(pages: Pages, catalogRoot: PageNumber, id: number): StructureState | undefined {
    const value = this.tree.get(pages, catalogRoot, keyOf(id))
    return value === undefined ? undefined : decode(id, value)
  }

  /** Claims and verifies the catalog's own pages. */
  check(context: CheckContext, roots: Roots): void {
    this.tree.check(context, catalogState(roots))
  }

  /** All structures of a committed catalog, by id. */
  *list(pages: Pages, catalogRoot: PageNumber): Generator<StructureState> {
    for (const [key, value] of this.tree.entries(pages, catalogRoot)) {
      if (key.length !== 4) throw damagedEntry('a key that is no id')
      yield decode(Buffer.from(key).readUInt32BE(), value)
    }
  }
}

function keyOf(id: number): Uint8Array {
  const key = Buffer.alloc(4)
  key.writeUInt32BE(id)
  return key
}

function encode(state: StructureState): Uint8Array {
  const name = Buffer.from(state.name)
  const options = Buffer.from(state.options)
  const bytes = Buffer.alloc(CATALOG_NAME + name.length + options.length)
  bytes.writeUInt32LE(state.root, CATALOG_ROOT)
  bytes.writeUInt16LE(state.kind, CATALOG_KIND)
  bytes.writeUInt16LE(state.depth, CATALOG_DEPTH)
  bytes.writeDoubleLE(state.count, CATALOG_COUNT)
  bytes.writeUInt32LE(name.length, CATALOG_NAME_LENGTH)
  bytes.set(name, CATALOG_NAME)
  bytes.set(options, CATALOG_NAME + name.length)
  return bytes
}

function decode(id: number, value: Uint8Array): StructureState {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
  if (bytes.length < CATALOG_NAME) throw damagedEntry(`too short an entry for structure ${id}`)
  const nameEnd = CATALOG_NAME + bytes.readUInt32LE(CATALOG_NAME_LENGTH)
  if (nameEnd > bytes.length) throw damagedEntry(`too long a name for structure ${id}`)
  return {
    id,
    kind: bytes.readUInt16LE(CATALOG_KIND),
    name: bytes.toString('utf8', CATALOG_NAME, nameEnd),
    options: bytes.toString('utf8', nameEnd),
    root: bytes.readUInt32LE(CATALOG_ROOT),
    depth: bytes.readUInt16LE(CATALOG_DEPTH),
    count: bytes.readDoubleLE(CATALOG_COUNT),
  }
}

/** What a structure was created with. Throws `ERR_DAMAGED` for what is no JSON text. */
export function optionsOf(state: Readonly<StructureState>): unknown {
  try {
    return JSON.parse(state.options)
  } catch {
    throw damagedEntry(`unreadable options for structure ${state.id}`)
  }
}

function damagedEntry(what: string): HoldfastError {
  return new HoldfastError('ERR_DAMAGED', `the catalog holds ${what}`)
}
