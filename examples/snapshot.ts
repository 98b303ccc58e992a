/**
 * A transfer between accounts: one transaction, a snapshot that does not move, and what an abort leaves.
 *
 *     node dist/examples/snapshot.js
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from '../structures/index.js'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
const store = open(join(folder, 'bank.hold'))
const accounts = store.tree<'string', 'json', number>('accounts')
const journal = store.tree('journal', { key: 'number' })

function transfer(from: string, to: string, amount: number) {
  return store.write(() => {
    const balance = accounts.get(from) ?? 0
    accounts.put(from, balance - amount)
    accounts.put(to, (accounts.get(to) ?? 0) + amount)
    journal.put(journal.count(), { from, to, amount })
    if (balance < amount) throw new Error(`${from} has only ${balance}`)
  })
}

store.write(() => {
  accounts.put('ann', 100)
  accounts.put('bob', 0)
})
const before = store.snapshot()
await transfer('ann', 'bob', 60).durable
try {
  transfer('ann', 'bob', 60)
} catch (error) {
  console.log(`refused: ${(error as Error).message}`)
}
console.log('before:', Object.fromEntries(accounts.at(before).entries()))
console.log('now:   ', Object.fromEntries(accounts.entries()))
console.log('journal:', [...journal.values()])
before.release()
await store.close()
rmSync(folder, { recursive: true })
