/**
 * Stores to damage: one closed cleanly, one as a power cut left it with a log to replay, one of a single page.
 */
import { MemoryDisk } from '../../src/pages/memory-storage.js'
import { initialBytes } from '../../src/pages/meta.js'
import type { Random } from '../../src/pages/recorder.js'
import { openStorage, type Store } from '../../structures/index.js'
import { openTree, type State, shapeOf, TREES } from '../crash/model.js'
import type { Specimen } from './damage.js'

/** Writes one transaction of `count` puts and some deletes; returns the state after it. */
function fill(store: Store, before: State, count: number, random: Random): { state: State; durable: Promise<void> } {
  const state = new Map([...before].map(([name, tree]) => [name, new Map(tree)]))
  for (const name of Object.keys(TREES)) openTree(store, name)
  const receipt = store.write(() => {
    for (const name of Object.keys(TREES)) {
      const tree = openTree(store, name)
      const entries = state.get(name) ?? new Map<number, string>()
      state.set(name, entries)
      for (let index = 0; index < count; index++) {
        const key = Math.floor(random() * 400)
        const draw = random()
        const value = `${name} ${key} ${index} `.repeat(draw < 0.02 ? 700 : draw < 0.2 ? 40 : 2)
        if (draw > 0.85) {
          entries.delete(key)
          tree.delete(shapeOf(name).encode(key)).catch(() => undefined)
        } else {
          entries.set(key, value)
          tree.put(shapeOf(name).encode(key), value).catch(() => undefined)
        }
      }
    }
  })
  receipt.durable.catch(() => undefined)
  return { state, durable: receipt.durable }
}

/** The stores that the damage tests start from. */
export async function specimens(random: Random): Promise<Specimen[]> {
  const disk = MemoryDisk.create(initialBytes())
  const first = openStorage(disk.open(), {})
  let { state } = fill(first, new Map(), 250, random)
  await first.close()
  const older = disk.volatileImage()
  // Several checkpoints, so that pages of the older image are used again.
  for (let round = 0; round < 6; round++) {
    const store = openStorage(disk.open(), {})
    state = fill(store, state, 40, random).state
    await store.close()
  }
  const closed: Specimen = { name: 'closed', image: disk.volatileImage(), older, state, earlier: [] }

  const storage = disk.open()
  const third = openStorage(storage, {})
  const earlier: State[] = [state]
  for (let round = 0; round < 6; round++) {
    const filled = fill(third, state, 3, random)
    // Each frame says that the one before is durable.
    await filled.durable
    state = filled.state
    earlier.push(state)
  }
  const crashed: Specimen = { name: 'crashed', image: disk.crashState().newestImage(), older, state, earlier }
  storage.kill()

  const small = MemoryDisk.create(initialBytes())
  const fourth = openStorage(small.open(), {})
  const smallState = fill(fourth, new Map(), 2, random).state
  await fourth.close()
  const tiny: Specimen = { name: 'tiny', image: small.volatileImage(), older: small.volatileImage(), state: smallState, earlier: [] }
  return [closed, crashed, tiny]
}
