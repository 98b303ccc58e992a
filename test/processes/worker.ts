/**
 * A process of its own with a store open, which carries out what the test sends to it.
 */
import { open, type Store } from '../../structures/index.js'

type Command =
  | { do: 'open'; path: string }
  | { do: 'get'; key: string }
  | { do: 'put'; key: string; value: unknown }
  | { do: 'hold' }
  | { do: 'pairs'; count: number }
  | { do: 'watch-pairs'; milliseconds: number }
  | { do: 'close' }

let store: Store

/** Each transaction writes the same number under two keys. */
function writePair(number: number): Promise<void> {
  const tree = store.tree('pairs')
  return store.write(() => {
    tree.put('left', number)
    tree.put(`entry ${number % 1000}`, number)
    tree.put('right', number)
  }).durable
}

/** Reads until the time is up; how often, and whether left and right ever differed or went back. */
async function watchPairs(milliseconds: number): Promise<{ reads: number; torn: number; backward: number }> {
  const tree = store.tree('pairs')
  const seen = { reads: 0, torn: 0, backward: 0 }
  let newest = -1
  for (const end = Date.now() + milliseconds; Date.now() < end; await new Promise((resolve) => setImmediate(resolve))) {
    for (let round = 0; round < 100; round++) {
      const snapshot = store.snapshot()
      const [left, right] = tree.at(snapshot).getMany(['left', 'right']) as number[]
      snapshot.release()
      seen.reads++
      if (left !== right) seen.torn++
      if ((left ?? -1) < newest) seen.backward++
      newest = left ?? -1
    }
  }
  return seen
}

async function carryOut(command: Command): Promise<unknown> {
  switch (command.do) {
    case 'open':
      store = open(command.path, { busyTimeoutMs: 20_000 })
      return store.recovery ?? null
    case 'get':
      return store.tree('pairs').get(command.key) ?? null
    case 'put':
      return store.tree('pairs').put(command.key, command.value)
    case 'hold': {
      // Dies, or is stopped, in the middle of a transaction.
      const tree = store.tree('pairs')
      store.write(() => {
        tree.put('left', -1)
        process.send?.({ holding: true })
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      })
      return null
    }
    case 'pairs':
      for (let number = 0; number < command.count; number++) {
        await writePair(number)
        process.send?.({ durable: number })
      }
      return null
    case 'watch-pairs':
      return watchPairs(command.milliseconds)
    case 'close':
      return store.close()
  }
}

process.on('message', (command: Command) => {
  carryOut(command).then(
    (result) => process.send?.({ result: result ?? null }),
    (error: Error & { code?: string }) => process.send?.({ error: error.message, code: error.code }),
  )
})
process.on('disconnect', () => process.exit(0))
