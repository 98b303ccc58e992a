/** Transactions of 10,000 random updates, visible to other processes on return, without waiting for the disk. */
import { timeTransactions } from './transactions.js'
import type { Workload } from './workload.js'

export const transaction10k: Workload = {
  name: 'transaction-10k',
  title: '10,000 random puts a transaction, visible',
  unit: 'us/put',
  use: 'visible',
  loaded: true,
  writes: true,
  run: timeTransactions,
}
