/**
 * The tree as the store knows it: carrying out recorded operations again, checking, and what the catalog keeps of a tree.
 */
import { HoldfastError } from '../../src/errors.js'
import type { PageTransaction, RedoOperation, StructureKind } from '../../src/pages/page-transaction.js'
import { checkTree } from './check.js'
import { insert } from './insert.js'
import { checkKeyEncoding, type KeyEncoding } from './keys.js'
import { MAX_KEY_BYTES, VALUE_ASCII } from './layout.js'
import { Probe } from './probe.js'
import { remove } from './remove.js'
import { removeRange } from './remove-range.js'
import { checkValueEncoding, type ValueEncoding } from './values.js'

/** Operation codes in the redo log; 0 belongs to the store. */
export const TreeOperation = { PUT: 1, DELETE: 2, DELETE_RANGE: 3 } as const

/** Flags of operations in the redo log. */
export const TreeOperationFlag = {
  /** PUT: every byte of the value is below 0x80. */
  VALUE_ASCII: 1,
  /** DELETE_RANGE: the key is the lower bound. */
  HAS_LOWER: 1,
  /** DELETE_RANGE: the value is the upper bound. */
  HAS_UPPER: 2,
} as const

/** What the catalog keeps of a tree. */
export interface TreeEncodings {
  readonly key: KeyEncoding
  readonly value: ValueEncoding
}

const key = new Probe()
const upper = new Probe()

function apply(transaction: PageTransaction, operation: RedoOperation): void {
  const state = transaction.state(operation.structure)
  const { flags, value } = operation
  const isRange = operation.operation === TreeOperation.DELETE_RANGE
  // A bound may be one byte longer than a key: see `range.ts`.
  if (operation.key.length > MAX_KEY_BYTES + (isRange ? 1 : 0)) throw wrongOperation()
  key.set(operation.key)
  if (operation.operation === TreeOperation.PUT)
    insert(transaction, state, key, value, (flags & TreeOperationFlag.VALUE_ASCII) !== 0 ? VALUE_ASCII : 0)
  else if (operation.operation === TreeOperation.DELETE) remove(transaction, state, key)
  else if (isRange) {
    if (value.length > MAX_KEY_BYTES + 1) throw wrongOperation()
    const { HAS_LOWER, HAS_UPPER } = TreeOperationFlag
    removeRange(transaction, state, (flags & HAS_LOWER) !== 0 ? key : undefined, (flags & HAS_UPPER) !== 0 ? upper.set(value) : undefined)
  } else throw wrongOperation()
}

function wrongOperation(): HoldfastError {
  return new HoldfastError('ERR_DAMAGED', 'the log has an operation that no tree knows')
}

/** Checks the encodings of a new tree. Throws `ERR_INVALID_ARGUMENT`. */
function options(encodings: { key: unknown; value: unknown }): TreeEncodings {
  const { key, value } = encodings
  checkKeyEncoding(key)
  checkValueEncoding(value)
  return { key, value }
}

/** Trees among the kinds of structures. */
export const treeKind: StructureKind & { options: typeof options } = { kind: 1, name: 'tree', apply, check: checkTree, options }
