/**
 * What a structure sees of a write transaction: copy-on-write pages in private memory.
 *
 * Nothing is stored before the commit; an abort drops the arena. The implementation is `transaction.ts`.
 */
import type { PageNumber, PageType, TransactionId } from './format.js'
import type { Segment } from './segment.js'

/** What the catalog keeps of a structure; within a transaction its own mutable copy. */
export interface StructureState {
  /** Given at creation, never used again for another structure; 0 is the catalog itself. */
  readonly id: number
  /** Which structure: `StructureKind.kind`. */
  readonly kind: number
  readonly name: string
  /** What the structure needs to know of itself (encodings, schema), as JSON text. */
  readonly options: string
  /** The root page, or 0 while the structure is empty. */
  root: PageNumber
  /** Levels below the root, meaning by structure. */
  depth: number
  /** Entries. */
  count: number
}

/** A write transaction as structures use it. */
export interface PageTransaction {
  readonly id: TransactionId
  /** Whether `record` still notes anything: too large a transaction is not logged. */
  readonly logged: boolean
  /** Where `locate`, `modify` and `allocate` found the page: its segment ... */
  segment: Segment
  /** ... and its first byte there. Valid until the next of these calls. */
  base: number
  /** Finds a page, changed or not, for reading: sets `segment` and `base`. Throws `ERR_DAMAGED`. */
  locate(page: PageNumber): void
  /** Finds a page for changing: copies it to the arena under a new number if this transaction has not yet. Returns its number from now on; frees the old one. */
  modify(page: PageNumber): PageNumber
  /** A new page of `pageCount` (1 to 64) consecutive page numbers with one header, for changing. Only the header is filled in; the rest of the memory is arbitrary. */
  allocate(type: PageType, pageCount?: number): PageNumber
  /** Gives a page (its whole run) back. */
  free(page: PageNumber): void
  /** The transaction's own copy of a structure's state; what is changed in it is committed. */
  state(id: number): StructureState
  /**
   * Notes a logical operation for the redo log: on recovery the structure's `apply` is called with the same words and bytes.
   * Only the first `keyLength` and `valueLength` bytes count.
   */
  record(
    structure: number,
    operation: number,
    flags: number,
    key: Uint8Array,
    keyLength: number,
    value: Uint8Array,
    valueLength: number,
  ): void
  /**
   * Says, between operations, that so many more bytes were stored in order, in pages that will hardly be changed again: many of them are written
   * out ahead of the commit and are not logged.
   */
  appended(bytes: number): void
}

/** An operation read back from the redo log. The byte arrays are lent for the call. */
export interface RedoOperation {
  structure: number
  operation: number
  flags: number
  key: Uint8Array
  value: Uint8Array
}

/** What the whole-file check offers to a structure: every page it owns is claimed once. */
export interface CheckContext {
  /** Verifies the page's checksum anew, its number, that its transaction is not newer than the snapshot, and that nobody else claimed it; then finds it. Throws `ERR_DAMAGED`. */
  claim(page: PageNumber): { segment: Segment; base: number }
}

/** A kind of persistent structure, as the store knows it. */
export interface StructureKind {
  /** Number in the catalog. */
  readonly kind: number
  readonly name: string
  /** Carries out a recorded operation again, on `transaction.state(operation.structure)`. */
  apply(transaction: PageTransaction, operation: RedoOperation): void
  /** Claims every page of the structure and verifies its rules (order, counts, links). */
  check(context: CheckContext, state: Readonly<StructureState>): void
}

/** How the page store keeps the states of structures; the catalog is itself a structure, given from above. */
export interface Catalog {
  /** A fresh copy of a structure's state; `undefined` if there is none with this id. */
  load(transaction: PageTransaction, catalog: StructureState, id: number): StructureState | undefined
  /** Stores a state under its id. */
  save(transaction: PageTransaction, catalog: StructureState, state: StructureState): void
}
