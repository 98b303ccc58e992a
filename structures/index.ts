/**
 * The public door of the package `holdfast`.
 */
export { type ErrorCode, HoldfastError, type SystemError } from '../src/errors.js'
export type { CheckReport } from '../src/pages/check.js'
export type { RecoveryReport } from '../src/pages/recovery.js'
export type { Receipt } from '../src/store/receipt.js'
export type { StoreSnapshot as Snapshot } from '../src/store/snapshot.js'
export type { StoreOptions, StoreStat, StructureInfo } from '../src/store/store.js'
export { type OpenOptions, open, openStorage, Store, type TreeOptions } from './store.js'
export type { Cursor } from './tree/cursor.js'
export type { KeyEncoding, KeyOf, TupleElement } from './tree/keys.js'
export type { Range } from './tree/range.js'
export { Tree, TreeReader, TreeSnapshot } from './tree/tree.js'
export type { ValueEncoding, ValueOf } from './tree/values.js'
