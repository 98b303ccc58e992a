/** Transactions of 10,000 random updates, each awaited until it survives power loss. */
import { timeTransactions } from './transactions.js'
import type { Workload } from './workload.js'

export const transaction10kDurable: Workload = {
  name: 'transaction-10k-durable',
  title: '10,000 random puts a transaction, durable',
  unit: 'us/put',
  use: 'durable',
  loaded: true,
  writes: true,
  run: timeTransactions,
}
