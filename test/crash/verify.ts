/**
 * Opens a disk image as after a power cut, by the real recovery, and checks everything that a crash must not break.
 *
 * - It opens, and what it holds is a state between the last acknowledged as durable and the newest begun.
 * - The whole-file check passes: every page is reachable once or free.
 * - Opening the recovered store once more recovers nothing; crashes inside recovery lead to the very same transaction.
 * - A write works, is there after the next power cut once acknowledged, and brings nothing stale back.
 */
import { MemoryDisk, type MemoryStorage } from '../../src/pages/memory-storage.js'
import type { CrashState, DiskImage, Random } from '../../src/pages/recorder.js'
import type { Storage } from '../../src/pages/storage.js'
import { openStorage, type Store } from '../../structures/index.js'
import { Draft, difference, type Expectation, type Model, openTree, type State, shapeOf } from './model.js'

/** A fault of the engine under test, planted around its storage. */
export type Plant = (storage: Storage) => Storage

/** What breaks a promise. */
export class CrashFinding extends Error {
  override readonly name = 'CrashFinding'
}

export interface VerifyOptions {
  readonly random: Random
  readonly checkpointBytes: number
  readonly plant?: Plant | undefined
}

/** How many images were opened. */
export interface Counts {
  images: number
  /** Of these, images of a crash inside the recovery of another. */
  insideRecovery: number
  /** Of these, images of a crash after a recovery. */
  afterRecovery: number
}

/** Share of images whose recovery is crashed too, and of those that are written to afterwards. */
const INSIDE_SHARE = 0.05
const AFTER_SHARE = 0.04
/** Images drawn from each moment of such a recovery, or such a write. */
const INSIDE_IMAGES = 4
/** Most moments of which images are drawn. */
const MOMENTS = 6

export class Verifier {
  readonly counts: Counts = { images: 0, insideRecovery: 0, afterRecovery: 0 }

  constructor(
    private readonly model: Model,
    private readonly options: VerifyOptions,
  ) {}

  /** Opens `image` and checks it. `control` is the stale lock file, if one survived. Throws `CrashFinding`. */
  async verify(image: DiskImage, expectation: Expectation, control?: ArrayBuffer): Promise<void> {
    const { random } = this.options
    const disk = MemoryDisk.fromImage(image, control)
    const inside: CrashState[] = []
    if (random() < INSIDE_SHARE) disk.onPoint = () => inside.push(disk.crashState())
    const store = this.open(disk)
    disk.onPoint = undefined
    const transaction = recoveredTo(store)
    const judgement = this.model.judge(store, transaction, expectation)
    if ('wrong' in judgement) throw Object.assign(new CrashFinding(judgement.wrong), { image })
    const { state } = judgement
    await checkStore(store)
    for (const crash of this.sample(inside)) await this.verifySame(crash, transaction, state, 'a crash inside recovery')
    if (random() < AFTER_SHARE) await this.verifyAfter(disk, store, transaction, state)
    else kill(store)
  }

  /** Opens `disk` through the planted fault, if any. */
  open(disk: MemoryDisk): Store {
    this.counts.images++
    const storage = disk.open()
    try {
      const store = openStorage(planted(storage, this.options.plant), { checkpointBytes: this.options.checkpointBytes })
      storages.set(store, storage)
      return store
    } catch (error) {
      throw Object.assign(new CrashFinding(`does not open: ${error}`, { cause: error }), { image: disk.crashState().durableImage() })
    }
  }

  /** Some of the moments, in order. */
  private sample(moments: readonly CrashState[]): CrashState[] {
    let left = moments.length
    let wanted = Math.min(MOMENTS, left)
    return moments.filter(() => {
      const taken = this.options.random() * left-- < wanted
      if (taken) wanted--
      return taken
    })
  }

  /** Every image of `crash` must recover to `transaction` and `state`. */
  private async verifySame(crash: CrashState, transaction: number, state: State, when: string): Promise<void> {
    for (const image of crash.images(this.options.random, INSIDE_IMAGES)) {
      this.counts.insideRecovery++
      const store = this.open(MemoryDisk.fromImage(image))
      const found = recoveredTo(store)
      const wrong = found < transaction ? `transaction ${found} instead of ${transaction}` : difference(store, state)
      if (wrong !== undefined) throw new CrashFinding(`${when} leads to: ${wrong}`)
      await checkStore(store)
      kill(store)
    }
  }

  /** Goes on with a recovered store: opened again, written to, crashed again. */
  private async verifyAfter(disk: MemoryDisk, store: Store, transaction: number, state: State): Promise<void> {
    await this.verifySame(disk.crashState(), transaction, state, 'a crash after recovery')
    kill(store)
    const again = this.open(disk)
    if ((again.recovery?.transactions ?? 0) > 0) throw new CrashFinding('opening the recovered store recovers something again')
    const wrong = difference(again, state)
    if (wrong !== undefined) throw new CrashFinding(`opened twice: ${wrong}`)
    const crashes: CrashState[] = []
    const name = [...state.keys()][0] ?? 'words'
    openTree(again, name)
    const before: State = state.has(name) ? state : new Map([[name, new Map<number, string>()]])
    disk.onPoint = () => crashes.push(disk.crashState())
    const draft = new Draft(before)
    const receipt = again.write(() => {
      openTree(again, name).put(shapeOf(name).encode(77), 'after recovery')
      draft.tree(name).set(77, 'after recovery')
    })
    await receipt.durable
    disk.onPoint = undefined
    const written = draft.state
    for (const crash of this.sample(crashes)) await this.verifyOneOf(crash, [state, before, written])
    await this.verifySame(disk.crashState(), receipt.transaction, written, 'a crash after a write after recovery')
    if (this.options.random() < 0.3) {
      await again.close()
      await this.verifySame(disk.crashState(), receipt.transaction, written, 'a crash after closing')
    } else {
      kill(again)
    }
  }

  private async verifyOneOf(crash: CrashState, states: readonly State[]): Promise<void> {
    for (const image of crash.images(this.options.random, INSIDE_IMAGES)) {
      this.counts.afterRecovery++
      const store = this.open(MemoryDisk.fromImage(image))
      const differences = states.map((state) => difference(store, state))
      if (!differences.includes(undefined))
        throw new CrashFinding(`a crash while writing after recovery leads to: ${differences.join('; ')}`)
      await checkStore(store)
      kill(store)
    }
  }
}

const storages = new WeakMap<Store, MemoryStorage>()

/** Lets the process that has `store` open die. */
function kill(store: Store): void {
  storages.get(store)?.kill()
}

export function planted(storage: MemoryStorage, plant: Plant | undefined): Storage {
  return plant === undefined ? storage : plant(storage)
}

/** Id of the newest visible transaction. */
export function newestOf(store: Store): number {
  const snapshot = store.snapshot()
  const { transaction } = snapshot
  snapshot.release()
  return transaction
}

/** The transaction whose state opening has found; recovery's own checkpoint is one more. */
export function recoveredTo(store: Store): number {
  return store.recovery?.transaction ?? newestOf(store)
}

/** Runs the whole-file check; what it finds is a finding. */
export async function checkStore(store: Store): Promise<void> {
  const report = await store.check()
  if (!report.ok) throw new CrashFinding(`the check finds: ${report.errors.join('; ')}`)
}
