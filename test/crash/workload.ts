/**
 * A random workload on one store in memory, by one or two handles, with a model of what it did.
 *
 * Flushes off the event loop stay in flight until a step lets them finish, so that crashes meet transactions that are visible
 * and not yet durable. A step returns when all that it began is decided, but for flushes.
 */
import type { Fault, MemoryDisk, MemoryStorage, StorageCall } from '../../src/pages/memory-storage.js'
import type { Pager } from '../../src/pages/pager.js'
import type { Random } from '../../src/pages/recorder.js'
import { ControlWords, idDifference, Word } from '../../src/sync/control-words.js'
import { openStorage, type Snapshot, type Store } from '../../structures/index.js'
import { type Draft, difference, type Key, Model, openTree, type State, shapeOf, TREES } from './model.js'
import { CrashFinding, checkStore, newestOf, type Plant, planted, recoveredTo } from './verify.js'

/** One open handle. */
interface Handle {
  readonly storage: MemoryStorage
  readonly store: Store
}

interface HeldSnapshot {
  readonly handle: Handle
  readonly snapshot: Snapshot
  readonly state: State
}

/**
 * Kinds of rounds: `uniform` ones make transactions that are all alike, with frames of one length, so that stale frames fit behind
 * new ones; `wrapping` ones fill the log so fast that it starts over again and again.
 */
export type Profile = 'mixed' | 'uniform' | 'wrapping'
const PROFILES: readonly Profile[] = ['mixed', 'mixed', 'uniform', 'wrapping']
/** Steps that a profile leaves out. */
const LEFT_OUT: Readonly<Record<Profile, readonly string[]>> = {
  mixed: [],
  uniform: ['large transaction', 'range delete', 'batch'],
  wrapping: ['large transaction', 'batch', 'close', 'kill', 'failed flush', 'range delete'],
}

/** Errors of a write that was refused before it began. */
const REFUSALS: ReadonlySet<string | undefined> = new Set(['ERR_POISONED', 'ERR_BUSY'])

class Aborted extends Error {}

/** Keys are numbers below this: few, so that pages are changed again and again. */
const KEYS = 160

export class Workload {
  readonly model = new Model(1)
  readonly checkpointBytes: number
  /** What the step at work does, for messages. */
  doing = 'start'
  private readonly profile: Profile
  private handles: Handle[] = []
  private snapshots: HeldSnapshot[] = []
  private flushesInFlight: (() => void)[] = []
  private flushesHeld = true
  /** Promises for what is not durable yet, and the process that waits. */
  private readonly waiting = new Map<Promise<void>, MemoryStorage>()
  /** A fault was ordered since the store was reopened. */
  private faulted = false
  /** A write to the disk has failed: writing is refused until the store was reopened. */
  private poisoned = false

  constructor(
    private readonly disk: MemoryDisk,
    private readonly random: Random,
    private readonly plant: Plant | undefined,
    profile?: Profile,
  ) {
    this.profile = profile ?? this.pick(PROFILES)
    this.checkpointBytes = this.pick([65_536, 65_536, 131_072])
    disk.flushGate = () =>
      this.flushesHeld ? new Promise((resolve) => this.flushesInFlight.push(resolve)) : new Promise((resolve) => setImmediate(resolve))
  }

  async start(): Promise<void> {
    this.open()
    for (const name of this.profile === 'uniform' ? ['words'] : Object.keys(TREES)) {
      this.model.begin().tree(name)
      const { store } = this.anyHandle()
      openTree(store, name)
      this.model.commit(newestOf(store))
    }
    await this.settle()
  }

  /** One random step. */
  async step(): Promise<void> {
    if (this.handles.length === 0 || this.poisoned) await this.reopen()
    const steps: [number, string, () => unknown][] = [
      [
        this.profile === 'wrapping' ? 80 : 30,
        'commit',
        () => this.commit(this.anyHandle(), (draft, store) => this.changes(draft, store, 1 + this.below(6))),
      ],
      [12, 'batch', () => this.batch(this.anyHandle())],
      [6, 'abort', () => this.abort(this.anyHandle())],
      [3, 'large transaction', () => this.commit(this.anyHandle(), (draft, store) => this.large(draft, store))],
      [4, 'range delete', () => this.commit(this.anyHandle(), (draft, store) => this.rangeDelete(draft, store))],
      [14, 'flush returns', () => this.releaseFlushes()],
      [8, 'wait for durable', () => this.awaitDurable()],
      [5, 'checkpoint', () => this.checkpoint(this.anyHandle())],
      [6, 'take snapshot', () => this.takeSnapshot(this.anyHandle())],
      [4, 'release snapshot', () => this.releaseSnapshot()],
      [6, 'read snapshots', () => this.verifySnapshots()],
      [4, 'second handle', () => this.secondHandle()],
      [2, 'close', () => this.close(this.anyHandle())],
      [2, 'kill', () => this.kill(this.anyHandle())],
      [4, 'kill in commit', () => this.killInCommit(this.anyHandle())],
      [3, 'fault in commit', () => this.faultInCommit(this.anyHandle())],
      [1, 'failed flush', () => this.failedFlush(this.anyHandle())],
      [1, 'check', () => this.check(this.anyHandle())],
    ]
    const usable = steps.filter(([, name]) => !LEFT_OUT[this.profile].includes(name))
    let draw = this.random() * usable.reduce((sum, [weight]) => sum + weight, 0)
    const [, name, run] = usable.find(([weight]) => {
      draw -= weight
      return draw < 0
    }) as [number, string, () => unknown]
    this.doing = name
    try {
      await run()
    } catch (error) {
      const { code } = error as { code?: string }
      this.model.abort()
      // The log is full, and the other handle's checkpoint does not end while this thread waits: nothing was changed.
      if (code === 'ERR_BUSY' && this.handles.length > 1) this.releaseFlushes()
      // A fault met a checkpoint in the background, or a frame that could not be taken back.
      else if (code === 'ERR_POISONED' && this.faulted) this.poisoned = true
      else throw error
    }
    this.disk.faults = undefined
    await this.settle()
  }

  /** Closes everything and compares what is left with the model. */
  async end(): Promise<void> {
    this.doing = 'end'
    // A fault can have met a flush in the background, after which no step has tried to write.
    const poisonedBehind = this.faulted && new ControlWords(this.disk.control).load(Word.POISON) !== 0
    if (this.handles.length === 0 || this.poisoned || poisonedBehind) await this.reopen()
    for (const handle of [...this.handles]) await this.close(handle)
    if (this.disk.files.has('log')) throw new CrashFinding('the last close left the log behind')
  }

  /** Lets all processes die, whatever happened. */
  abandon(): void {
    for (const { storage } of this.handles) storage.kill()
    this.disk.onPoint = undefined
    this.disk.faults = undefined
  }

  // Transactions

  /** One transaction by `write`, in the store and in the model; returns whether it was committed. */
  private commit(handle: Handle, change: (draft: Draft, store: Store) => void): boolean {
    const draft = this.model.begin()
    try {
      const receipt = handle.store.write(() => change(draft, handle.store))
      this.acknowledgeLater(handle, this.model.commit(receipt.transaction), receipt.durable)
      return true
    } catch (error) {
      if (error instanceof Aborted) this.model.abort()
      else this.undecided(draft, error)
      return false
    }
  }

  /** A commit failed or its process died: readers say whether it became visible. */
  private undecided(draft: Draft, error: unknown): void {
    if (this.disk.faults === undefined || REFUSALS.has((error as { code?: string }).code)) throw error
    this.disk.faults = undefined
    const reader = this.handles.find(({ storage }) => !storage.killed)
    if (reader === undefined) {
      this.model.abandon()
      return
    }
    const visible = newestOf(reader.store)
    if (difference(reader.store, this.model.state) === undefined) this.model.abandon()
    else {
      const wrong = difference(reader.store, draft.state)
      if (wrong !== undefined) throw new CrashFinding(`an unfinished commit left readers with: ${wrong}`)
      this.model.commit(visible)
    }
  }

  private acknowledgeLater(handle: Handle, index: number, durable: Promise<void>): void {
    const waiting: Promise<void> = durable
      .then(
        () => this.model.acknowledge(index),
        () => undefined,
      )
      .finally(() => this.waiting.delete(waiting))
    this.waiting.set(waiting, handle.storage)
  }

  private async batch(handle: Handle): Promise<void> {
    const draft = this.model.begin()
    let failure: unknown
    const promises = Array.from({ length: 1 + this.below(4) }, () => this.change(draft, handle.store))
    for (const promise of promises) promise.catch((error: unknown) => (failure = error))
    await this.turn()
    if (failure !== undefined) throw failure
    const index = this.model.commit(newestOf(handle.store))
    this.acknowledgeLater(
      handle,
      index,
      Promise.all(promises).then(() => undefined),
    )
  }

  private abort(handle: Handle): void {
    this.commit(handle, (draft, store) => {
      this.changes(draft, store, 1 + this.below(10))
      throw new Aborted()
    })
    const wrong = difference(handle.store, this.model.state)
    if (wrong !== undefined) throw new CrashFinding(`an aborted transaction left: ${wrong}`)
  }

  private changes(draft: Draft, store: Store, count: number): void {
    for (let index = 0; index < count; index++) this.change(draft, store).catch(() => undefined)
    if (this.profile === 'wrapping') this.fill(draft, store, 8000 + this.below(4000))
  }

  /** Puts that take so many bytes of the log. */
  private fill(draft: Draft, store: Store, bytes: number): void {
    const tree = openTree(store, 'numbers')
    for (let left = bytes; left > 0; left -= 1000) {
      const key = this.below(12)
      const value = this.text(1000)
      draft.tree('numbers').set(key, value)
      tree.put(key, value).catch(() => undefined)
    }
  }

  /** One put or delete. */
  private change(draft: Draft, store: Store): Promise<void> {
    const uniform = this.profile === 'uniform'
    const name = uniform ? 'words' : this.pick(Object.keys(TREES))
    const tree = openTree(store, name)
    const key = uniform ? 70 + this.below(8) : this.below(KEYS)
    if (!uniform && this.random() < 0.3) {
      draft.tree(name).delete(key)
      return tree.delete(shapeOf(name).encode(key))
    }
    const value = uniform ? `transaction ${String(this.below(10))}` : this.value()
    draft.tree(name).set(key, value)
    return tree.put(shapeOf(name).encode(key), value)
  }

  /** Replaces the upper part of a tree by a sorted load, too large for the log; then changes some of it in the same transaction. */
  private load(draft: Draft, store: Store, name: string): void {
    const { encode } = shapeOf(name)
    const tree = openTree(store, name)
    const first = this.below(KEYS / 2)
    tree.deleteRange({ gte: encode(first) }).catch(() => undefined)
    const entries: [Key, string][] = []
    for (let key = first; key < KEYS; key++) {
      const value = this.text(600)
      draft.tree(name).set(key, value)
      entries.push([encode(key), value])
    }
    tree.load(entries)
    if (this.random() < 0.5) this.changes(draft, store, 1 + this.below(10))
  }

  private large(draft: Draft, store: Store): void {
    const name = this.pick(Object.keys(TREES))
    if (this.random() < 0.5) {
      this.load(draft, store, name)
      return
    }
    const tree = openTree(store, name)
    for (let key = this.below(40); key < KEYS; key += 1 + this.below(4)) {
      const value = this.text(1200)
      draft.tree(name).set(key, value)
      tree.put(shapeOf(name).encode(key), value).catch(() => undefined)
    }
  }

  private rangeDelete(draft: Draft, store: Store): void {
    const name = this.pick(Object.keys(TREES))
    const from = this.below(KEYS)
    const to = from + this.below(this.random() < 0.2 ? KEYS : 30)
    const { encode } = shapeOf(name)
    openTree(store, name)
      .deleteRange({ gte: encode(from), lt: encode(to) })
      .catch(() => undefined)
    for (const key of [...draft.tree(name).keys()]) if (key >= from && key < to) draft.tree(name).delete(key)
  }

  // Durability

  private async awaitDurable(): Promise<void> {
    await this.withFlushes(async () => {
      const index = this.model.newest
      await this.anyHandle().store.flush()
      this.model.acknowledge(index)
      await Promise.all([...this.waiting].filter(([, storage]) => !storage.killed).map(([promise]) => promise))
    })
  }

  private async checkpoint(handle: Handle): Promise<void> {
    if (this.random() < 0.5) {
      const index = this.model.newest
      await this.withFlushes(() => handle.store.checkpoint())
      this.model.acknowledge(index)
    } else {
      // In the background: later steps write while its flushes are in flight.
      handle.store.checkpoint().catch(() => undefined)
    }
  }

  private releaseFlushes(): void {
    for (const release of this.flushesInFlight.splice(0)) release()
  }

  /** Runs `work` while flushes return by themselves. */
  private async withFlushes<T>(work: () => Promise<T>): Promise<T> {
    this.flushesHeld = false
    this.releaseFlushes()
    try {
      return await work()
    } finally {
      this.flushesHeld = true
    }
  }

  // Snapshots

  private takeSnapshot(handle: Handle): void {
    this.snapshots.push({ handle, snapshot: handle.store.snapshot(), state: this.model.state })
  }

  private releaseSnapshot(): void {
    const held = this.snapshots.shift()
    if (held === undefined) return
    this.verifySnapshot(held)
    held.snapshot.release()
  }

  private verifySnapshots(): void {
    for (const held of this.snapshots) this.verifySnapshot(held)
  }

  private verifySnapshot({ handle, snapshot, state }: HeldSnapshot): void {
    const wrong = difference(handle.store, state, snapshot)
    if (wrong !== undefined) throw new CrashFinding(`a held snapshot changed: ${wrong}`)
  }

  private dropSnapshots(handle: Handle): void {
    for (const held of this.snapshots.filter((other) => other.handle === handle)) {
      this.verifySnapshot(held)
      held.snapshot.release()
    }
    this.snapshots = this.snapshots.filter((held) => held.handle !== handle)
  }

  // Handles

  private open(): Handle {
    const storage = this.disk.open()
    const store = openStorage(planted(storage, this.plant), { checkpointBytes: this.checkpointBytes })
    storage.onKill = () => detachControl(store)
    const handle = { storage, store }
    this.handles.push(handle)
    return handle
  }

  private secondHandle(): Promise<void> | undefined {
    if (this.handles.length > 1) return this.close(this.handles[1] as Handle)
    const { store } = this.open()
    const wrong = difference(store, this.model.state)
    if (wrong !== undefined) throw new CrashFinding(`a second handle sees: ${wrong}`)
    return undefined
  }

  private async close(handle: Handle): Promise<void> {
    this.dropSnapshots(handle)
    const last = this.handles.length === 1
    await this.withFlushes(() => handle.store.close())
    this.handles = this.handles.filter((other) => other !== handle)
    if (last) this.model.acknowledge(this.model.newest)
  }

  private kill(handle: Handle): void {
    this.snapshots = this.snapshots.filter((held) => held.handle !== handle)
    handle.storage.kill()
    this.handles = this.handles.filter((other) => other !== handle)
  }

  /** Opens the store alone after every process died: everything visible is there, for the page cache outlives processes. */
  private async reopen(): Promise<void> {
    for (const handle of [...this.handles]) this.kill(handle)
    this.releaseFlushes()
    await this.settle()
    this.poisoned = this.faulted = false
    const control = new ControlWords(this.disk.control)
    // What the log does not carry is durable, and so outlives the last process, only by a checkpoint.
    const lostByDeath = idDifference(control.load(Word.CHECKPOINT_DONE), control.load(Word.BARRIER)) < 0 && control.load(Word.BARRIER) !== 0
    const { store } = this.open()
    const transaction = recoveredTo(store)
    const low = lostByDeath ? this.model.acknowledged : this.model.newest
    const judgement = this.model.judge(store, transaction, { low, high: this.model.versions.length - 1, draft: undefined })
    if ('wrong' in judgement) throw new CrashFinding(`reopened after all processes died: ${judgement.wrong}`)
    // Recovery has made it durable and has left nothing else behind.
    this.model.acknowledge(this.model.versions.push({ state: judgement.state, transaction: newestOf(store) }) - 1)
  }

  // Faults

  private killInCommit(handle: Handle): void {
    this.faultAt(1 + this.below(6), ({ operation }) => ({ kill: true, bytes: operation.startsWith('write') ? 512 * this.below(20) : 0 }))
    this.commit(handle, this.someChange(4))
    this.disk.faults = undefined
    this.kill(handle)
  }

  private faultInCommit(handle: Handle): void {
    this.faultAt(1 + this.below(4), ({ operation }) => {
      if (!['write', 'writePages', 'allocate'].includes(operation)) return undefined
      return { code: this.pick(['ENOSPC', 'EIO'] as const), bytes: 512 * this.below(20) }
    })
    this.commit(handle, this.someChange(8))
    this.disk.faults = undefined
  }

  /** A few changes, or now and then a load that is written out ahead of its commit. */
  private someChange(most: number): (draft: Draft, store: Store) => void {
    if (this.profile === 'mixed' && this.random() < 0.2) return (draft, store) => this.load(draft, store, this.pick(Object.keys(TREES)))
    return (draft, store) => this.changes(draft, store, 1 + this.below(most))
  }

  private async failedFlush(handle: Handle): Promise<void> {
    await this.awaitDurable()
    let failed = false
    this.faulted = true
    this.disk.faults = ({ operation }) => {
      if (operation !== 'flush' && operation !== 'flushSync') return undefined
      if (failed) return undefined
      failed = true
      return { code: 'EIO' }
    }
    this.commit(handle, (draft, store) => this.changes(draft, store, 2))
    await this.withFlushes(async () => {
      await handle.store.flush().catch(() => undefined)
    })
    // Deleting what is not there changes nothing and is not flushed.
    if (!failed) {
      this.disk.faults = undefined
      return
    }
    // Writing is refused; if it is not, what is acknowledged from now on has to hold like anything else.
    this.commit(handle, (draft, store) => this.changes(draft, store, 1))
    this.disk.faults = undefined
    await this.withFlushes(() => this.settle())
    this.poisoned = true
  }

  /** Lets the n-th storage call of this step go wrong. */
  private faultAt(ordinal: number, fault: (call: StorageCall) => Fault | undefined): void {
    let left = ordinal
    this.faulted = true
    this.disk.faults = (call) => (--left === 0 ? fault(call) : undefined)
  }

  private async check(handle: Handle): Promise<void> {
    await this.withFlushes(() => checkStore(handle.store))
    const wrong = difference(handle.store, this.model.state)
    if (wrong !== undefined) throw new CrashFinding(`while open: ${wrong}`)
  }

  // Chance

  private anyHandle(): Handle {
    return this.pick(this.handles)
  }

  private below(count: number): number {
    return Math.floor(this.random() * count)
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  private value(): string {
    const draw = this.random()
    if (draw < 0.03) return this.text(5000 + this.below(9000))
    return this.text(draw < 0.12 ? 600 + this.below(1400) : this.below(50))
  }

  private text(length: number): string {
    return `${this.below(1e6)}`.padEnd(length, String.fromCharCode(97 + this.below(26)))
  }

  /** Lets the event loop turn, so that batches commit. */
  private turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve))
  }

  private async settle(): Promise<void> {
    await this.turn()
    await this.turn()
  }
}

/** Gives a dead process's code a copy of the shared words: whatever it does on its way out, no dead process does. */
function detachControl(store: Store): void {
  const { control } = (store as unknown as { pager: Pager }).pager
  ;(control as { words: Int32Array }).words = control.words.slice()
}
