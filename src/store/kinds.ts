/**
 * What the store does with structures of whatever kind: carries out their recorded operations, and walks their pages.
 */
import { HoldfastError } from '../errors.js'
import { ClaimContext } from '../pages/check.js'
import type { PageSet } from '../pages/page-set.js'
import type { RedoOperation, StructureKind } from '../pages/page-transaction.js'
import type { Pager } from '../pages/pager.js'
import type { Transaction } from '../pages/transaction.js'
import type { Roots } from '../sync/control-words.js'
import type { TreeCatalog } from './catalog.js'

/** The operation code, in every structure's name space, that creates the structure: flags hold the kind, key the name, value the options. */
export const CREATE_STRUCTURE = 0

/** Carries out an operation from the log. Throws `ERR_NEWER_FORMAT` for a kind that this version does not know. */
export function applyOperation(kinds: readonly StructureKind[], transaction: Transaction, operation: RedoOperation): void {
  const { structure: id } = operation
  if (operation.operation === CREATE_STRUCTURE) {
    const name = Buffer.from(operation.key).toString()
    const options = Buffer.from(operation.value).toString()
    transaction.create({ id, kind: operation.flags, name, options, root: 0, depth: 0, count: 0 })
    return
  }
  kindOf(kinds, transaction.state(id).kind).apply(transaction, operation)
}

/** Verifies every page that the structures of a state own and adds it to `owned`. Throws `ERR_DAMAGED`. */
export function walkOwnedPages(pager: Pager, catalog: TreeCatalog, kinds: readonly StructureKind[], roots: Roots, owned: PageSet): void {
  const context = new ClaimContext(pager.pages, roots, owned)
  catalog.check(context, roots)
  for (const state of catalog.list(pager.pages, roots.catalogRoot)) kindOf(kinds, state.kind).check(context, state)
}

function kindOf(kinds: readonly StructureKind[], kind: number): StructureKind {
  const found = kinds.find((candidate) => candidate.kind === kind)
  if (found === undefined) throw new HoldfastError('ERR_NEWER_FORMAT', `this version of Holdfast does not know structures of kind ${kind}`)
  return found
}
