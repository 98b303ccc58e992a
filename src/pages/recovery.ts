/**
 * Opening a store: alone, it is brought to the newest state that can be trusted; beside others, their control words are joined.
 *
 * Recovery starts from the newest whole meta page and carries out the log's operations again, in pages that the checkpoint does not
 * reach, and ends with a checkpoint: a crash inside it changes nothing that a second recovery needs (invariant V1). It reads
 * everything it trusts through checksums, and refuses a log that proves that acknowledged transactions are lost (invariant L2).
 */
import { HoldfastError } from '../errors.js'
import { CONTROL_MAGIC, CONTROL_VERSION, Word } from '../sync/control-words.js'
import { finishCheckpointSync, storeFreelist } from './checkpoint.js'
import { nextTransactionId, type TransactionId } from './format.js'
import { FreeSpace } from './free-space.js'
import { freelistRanges } from './freelist.js'
import { type Meta, newestMeta, readHeader } from './meta.js'
import type { RedoOperation } from './page-transaction.js'
import { Pager, type PagerOptions } from './pager.js'
import { FrameFlag } from './redo-frame.js'
import { RedoLog } from './redo-log.js'
import type { Storage } from './storage.js'
import type { Transaction } from './transaction.js'

/** What recovery found and did. */
export interface RecoveryReport {
  /** The checkpoint it started from ... */
  readonly checkpoint: TransactionId
  /** ... and the newest transaction it brought back. */
  readonly transaction: TransactionId
  /** Number of transactions and of operations that were carried out again. */
  readonly transactions: number
  readonly operations: number
  /** Bytes of log frames read. */
  readonly logBytes: number
}

export interface OpenOptions extends PagerOptions {
  /** Carries out one recorded operation. */
  apply: (transaction: Transaction, operation: RedoOperation) => void
  /** How long to wait for others that open or close the store at this moment, in milliseconds. */
  busyTimeoutMs: number
}

/** Memory of changed pages at which recovery writes them out. */
const BATCH_OPERATIONS = 4096

/** Opens the store in `storage`: recovers it if nobody else has it open. Throws `ERR_DAMAGED`, `ERR_FOREIGN_FILE`, `ERR_NEWER_FORMAT`, `ERR_BUSY`. */
export function openPager(storage: Storage, options: OpenOptions): { pager: Pager; recovery: RecoveryReport | undefined } {
  const storeId = readHeader(storage.data)
  if (!storage.lockWait('opening', 'exclusive', options.busyTimeoutMs))
    throw new HoldfastError('ERR_BUSY', `${storage.data.path} is being opened or closed by another process`)
  try {
    const pager = new Pager(storage, storeId, options)
    const alone = storage.tryLock('users', 'exclusive')
    let recovery: RecoveryReport | undefined
    if (alone) {
      try {
        recovery = recover(pager, options)
      } finally {
        storage.unlock('users')
      }
    } else if (pager.control.load(Word.MAGIC) !== CONTROL_MAGIC || pager.control.load(Word.VERSION) !== CONTROL_VERSION)
      throw new HoldfastError('ERR_NEWER_FORMAT', `${storage.data.path} is open in a process with another version of Holdfast`)
    storage.lockWait('users', 'shared', options.busyTimeoutMs)
    return { pager, recovery }
  } finally {
    storage.unlock('opening')
  }
}

function recover(pager: Pager, options: OpenOptions): RecoveryReport | undefined {
  const { storage, control } = pager
  const { meta, page } = newestMeta(storage.data)
  control.reset(rootsOf(meta), page)
  pager.roots = control.newest()
  pager.space = new FreeSpace(meta.highWater, freelistRanges(pager.pages, meta.freelist, meta.highWater))
  const log = neededLog(pager, meta)
  if (log === undefined) return undefined
  const report = replay(pager, log, meta, options)
  if (log.provesLossBehind(report.transaction))
    throw new HoldfastError('ERR_DAMAGED', `the log is damaged behind transaction ${report.transaction}: durable transactions are missing`)
  closeCleanly(pager)
  log.close()
  storage.removeLog()
  return report
}

/** The log to replay; `undefined` if none is needed, after what a cut-short creation or close left was removed. */
function neededLog(pager: Pager, meta: Meta): RedoLog | undefined {
  const log = RedoLog.open(pager.storage, pager.storeId)
  // The processes before may have died between writing the newest meta page and its flush: until it is durable, a power cut
  // brings the older one back, and nothing that one needs may be overwritten or removed (invariant V1).
  if (log !== undefined) pager.storage.data.flushSync()
  if (meta.logSalt !== 0) {
    if (log !== undefined && log.header.salt === meta.logSalt) return log
    log?.close()
    throw new HoldfastError('ERR_DAMAGED', `${pager.storage.data.path}: its log is missing or is not the one that belongs to it`)
  }
  if (log !== undefined && log.header.base === meta.transaction) return log
  if (log !== undefined && log.header.base > meta.transaction) {
    log.close()
    throw new HoldfastError('ERR_DAMAGED', `${pager.storage.data.path} is older than its log`)
  }
  log?.close()
  pager.storage.removeLog()
  return undefined
}

function replay(pager: Pager, log: RedoLog, meta: Meta, options: OpenOptions): RecoveryReport {
  let last = meta.transaction
  let transactions = 0
  let operations = 0
  let logBytes = 0
  let batch: Transaction | undefined
  let batched = 0
  const commit = () => {
    if (batch !== undefined) pager.commitRecovered(batch, last)
    batch = undefined
    batched = 0
  }
  for (const frame of log.frames(meta.transaction, meta.logStart)) {
    if ((frame.flags & FrameFlag.UNLOGGED) !== 0) break
    batch ??= pager.transaction(frame.transaction, pager.roots.transaction >>> 0, meta.transaction >>> 0)
    for (const operation of frame.operations()) {
      options.apply(batch, operation)
      batched++
    }
    last = frame.transaction
    batch.nextStructure = Math.max(batch.nextStructure, frame.nextStructure)
    transactions++
    logBytes += frame.length
    if (batched > BATCH_OPERATIONS) {
      operations += batched
      commit()
      pager.space.reclaim(last >>> 0, meta.transaction >>> 0)
    }
  }
  operations += batched
  commit()
  return { checkpoint: meta.transaction, transaction: last, transactions, operations, logBytes }
}

/** A checkpoint of everything, after which no log is needed. The caller is alone. */
export function closeCleanly(pager: Pager): void {
  const roots = pager.roots
  const transaction = pager.transaction(nextTransactionId(roots.transaction), roots.transaction >>> 0, roots.transaction >>> 0)
  try {
    const freelist = storeFreelist(pager, transaction)
    pager.commitRecovered(transaction, transaction.id, freelist)
  } catch (error) {
    pager.abort(transaction)
    throw error
  }
  finishCheckpointSync(pager, pager.roots, true)
}

function rootsOf(meta: Meta) {
  const { transaction, catalogRoot, catalogDepth, catalogCount, highWater, freelist, nextStructure, logStart } = meta
  return { transaction, catalogRoot, catalogDepth, catalogCount, highWater, freelist, nextStructure, logEnd: logStart }
}
