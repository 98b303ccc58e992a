/**
 * A store in memory: the storage contract without an operating system, for tests.
 *
 * A `MemoryDisk` holds the files, the control words and the locks; each `MemoryStorage` is one open handle, as if of a process
 * of its own, and can be killed. Beside what processes see, the disk records what is durable (`recorder.ts`), so that it
 * can tell what a power cut would leave; it reports a labelled point around every change and injects faults on request.
 */
import { constants } from 'node:os'
import { assert, HoldfastError, type SystemError } from '../errors.js'
import { crc32c } from '../mapping/index.js'
import { CONTROL_SIZE } from '../sync/control-words.js'
import { PAGE_CRC, PAGE_SIZE } from './format.js'
import { CrashState, type DiskImage, type FileName, FileRecorder, UNIT_SIZE, WriteClock } from './recorder.js'
import type { LockName, Storage, StorageFile } from './storage.js'

/** Pages in a segment: small, so that small stores have several. */
const SEGMENT_PAGES = 64
const SEGMENT_SIZE = SEGMENT_PAGES * PAGE_SIZE

const NEVER = new Promise<never>(() => undefined)

/** What a handle asks the disk to do, as faults and points name it. */
export type Operation =
  | 'read'
  | 'write'
  | 'writePages'
  | 'allocate'
  | 'truncate'
  | 'flush'
  | 'flushSync'
  | 'map'
  | 'create'
  | 'open'
  | 'remove'

/** One call about to be carried out. */
export interface StorageCall {
  readonly operation: Operation
  readonly file: FileName
  readonly handle: MemoryStorage
  /** How many calls the disk has seen, this one included. */
  readonly ordinal: number
}

/** How a call goes wrong. */
export interface Fault {
  /** The error's code: EIO, ENOSPC ... */
  readonly code?: 'EIO' | 'ENOSPC' | 'EINTR' | 'EDQUOT'
  /** Bytes of a write that get through before it; none by default. */
  readonly bytes?: number
  /** The handle's process dies in this call. */
  readonly kill?: boolean
}

/** What the call of a killed handle throws; a process that is dead would not notice. */
export class KilledError extends Error {
  override readonly name = 'KilledError'
}

/** The bytes of a file as all processes see them. */
class VolatileFile {
  size = 0
  readonly segments: ArrayBuffer[] = []
  private readonly bytes: Buffer[] = []

  constructor(
    readonly name: FileName,
    readonly recorder: FileRecorder,
    contents: Uint8Array,
  ) {
    this.size = contents.length
    this.copyIn(contents, 0)
  }

  segment(index: number): ArrayBuffer {
    for (let next = this.segments.length; next <= index; next++) {
      const segment = new ArrayBuffer(SEGMENT_SIZE)
      this.segments.push(segment)
      this.bytes.push(Buffer.from(segment))
    }
    return this.segments[index] as ArrayBuffer
  }

  read(target: Uint8Array, offset: number): number {
    const length = Math.max(0, Math.min(target.length, this.size - offset))
    this.copyOut(target.subarray(0, length), offset)
    return length
  }

  write(source: Uint8Array, offset: number): void {
    if (offset + source.length > this.size) this.resize(offset + source.length)
    this.copyIn(source, offset)
    this.record(offset, source.length)
  }

  /** A size that goes down zeroes what it cuts off, so that growth later finds zeroes. */
  resize(size: number): void {
    const before = this.size
    this.size = Math.max(before, size)
    if (size < before) {
      this.copyIn(new Uint8Array(before - size), size)
      this.record(size, Math.max(before, this.recorder.unitCount() * UNIT_SIZE) - size)
    }
    this.size = size
    this.recorder.sizeChanged(size)
  }

  private record(offset: number, length: number): void {
    for (let unit = Math.floor(offset / UNIT_SIZE); unit * UNIT_SIZE < offset + length; unit++) {
      const contents = Buffer.alloc(UNIT_SIZE)
      this.copyOut(contents, unit * UNIT_SIZE)
      this.recorder.unitWritten(unit, contents)
    }
  }

  private copyIn(source: Uint8Array, offset: number): void {
    for (let done = 0; done < source.length; ) {
      const within = (offset + done) % SEGMENT_SIZE
      const length = Math.min(source.length - done, SEGMENT_SIZE - within)
      const index = Math.floor((offset + done) / SEGMENT_SIZE)
      this.segment(index)
      this.bytes[index]?.set(source.subarray(done, done + length), within)
      done += length
    }
  }

  private copyOut(target: Uint8Array, offset: number): void {
    for (let done = 0; done < target.length; ) {
      const within = (offset + done) % SEGMENT_SIZE
      const length = Math.min(target.length - done, SEGMENT_SIZE - within)
      const bytes = this.bytes[Math.floor((offset + done) / SEGMENT_SIZE)]
      if (bytes !== undefined) target.set(bytes.subarray(within, within + length), done)
      done += length
    }
  }
}

/** Who holds a lock. */
interface Lock {
  mode: 'shared' | 'exclusive'
  readonly holders: Set<MemoryStorage>
}

/** A disk with one store on it, and the memory and locks that the handles of the store share. */
export class MemoryDisk {
  /** Asked before every call; what it returns goes wrong. */
  faults: ((call: StorageCall) => Fault | undefined) | undefined
  /** Told around every change: `log.write`, `data.flush:begin`, `data.flush:end` ... */
  onPoint: ((label: string) => void) | undefined
  /** How long a flush off the event loop takes. */
  flushGate: () => Promise<void> = () => new Promise((resolve) => setImmediate(resolve))
  /** The control words: the contents of `NAME-lock`. */
  control = new ArrayBuffer(CONTROL_SIZE)
  /** Calls seen so far. */
  calls = 0
  readonly clock = new WriteClock()
  readonly files = new Map<FileName, VolatileFile>()
  private readonly locks = new Map<string, Lock>()

  private constructor(image: DiskImage) {
    this.addFile('data', image.data)
    if (image.log !== undefined) this.addFile('log', image.log)
  }

  /** A disk with a new store: `initial` is the header and the meta pages, durable. */
  static create(initial: Uint8Array): MemoryDisk {
    return new MemoryDisk({ data: Buffer.from(initial), log: undefined })
  }

  /** A disk as a power cut left it; `control` is a stale `NAME-lock` that survived it. The image is not changed. */
  static fromImage(image: DiskImage, control?: ArrayBuffer): MemoryDisk {
    const disk = new MemoryDisk(image)
    if (control !== undefined) disk.control = control.slice(0)
    return disk
  }

  /** Another handle, as of another process. */
  open(options: { readOnly?: boolean } = {}): MemoryStorage {
    return new MemoryStorage(this, options.readOnly ?? false)
  }

  /** What a power cut at this moment could leave. */
  crashState(): CrashState {
    return new CrashState(new Map([...this.files].map(([name, file]) => [name, file.recorder])))
  }

  /** What processes see now, as an image. */
  volatileImage(): DiskImage {
    const [data, log] = (['data', 'log'] as const).map((name) => {
      const file = this.files.get(name)
      if (file === undefined) return undefined
      const bytes = Buffer.alloc(file.size)
      file.read(bytes, 0)
      return bytes
    })
    return { data: data as Buffer, log }
  }

  point(label: string): void {
    this.onPoint?.(label)
  }

  addFile(name: FileName, contents: Buffer): VolatileFile {
    const file = new VolatileFile(name, new FileRecorder(this.clock, contents), contents)
    this.files.set(name, file)
    return file
  }

  /** Takes a lock for a handle if nobody else's stands against it. */
  lock(name: string, mode: 'shared' | 'exclusive', handle: MemoryStorage): boolean {
    const lock = this.locks.get(name)
    if (lock === undefined) {
      this.locks.set(name, { mode, holders: new Set([handle]) })
      return true
    }
    assert(!lock.holders.has(handle), `lock '${name}' is taken twice by one handle`)
    if (mode === 'exclusive' || lock.mode === 'exclusive') return false
    lock.holders.add(handle)
    return true
  }

  unlock(name: string, handle: MemoryStorage): void {
    const lock = this.locks.get(name)
    if (lock?.holders.delete(handle) && lock.holders.size === 0) this.locks.delete(name)
  }

  unlockAll(handle: MemoryStorage): void {
    for (const name of [...this.locks.keys()]) this.unlock(name, handle)
  }
}

/** One handle's way to a file. */
class MemoryFile implements StorageFile {
  readonly segmentPages = SEGMENT_PAGES
  readonly path: string

  constructor(
    private readonly handle: MemoryStorage,
    private readonly file: VolatileFile,
  ) {
    this.path = `memory:${file.name}`
  }

  refreshSize(): number {
    this.handle.alive()
    return this.file.size
  }

  read(target: Uint8Array, offset: number): number {
    this.begin('read')
    return this.file.read(target, offset)
  }

  write(source: Uint8Array, offset: number): void {
    this.begin('write', (bytes) => this.file.write(source.subarray(0, bytes), offset))
    this.file.write(source, offset)
    this.point('write')
  }

  writePages(arena: readonly Buffer[], runs: Uint32Array, runCount: number): void {
    const store = (limit: number) => {
      for (let run = 0, left = limit; run < runCount && left > 0; run++) {
        const at = run * 4
        const offset = runs[at + 2] as number
        const bytes = (arena[runs[at + 1] as number] as Buffer).subarray(offset, offset + (runs[at + 3] as number) * PAGE_SIZE)
        bytes.writeUInt32LE(crc32c(bytes, PAGE_CRC + 4, bytes.length), PAGE_CRC)
        const target = (runs[at] as number) * PAGE_SIZE
        assert(target + bytes.length <= this.file.size, 'pages written behind the end of the file')
        this.file.write(bytes.subarray(0, left), target)
        left -= bytes.length
      }
    }
    this.begin('writePages', store)
    store(Number.POSITIVE_INFINITY)
    this.point('writePages')
  }

  allocate(size: number): void {
    // A failed allocation can have grown the file all the same.
    this.begin('allocate', (bytes) => this.file.resize(this.file.size + bytes))
    if (size <= this.file.size) return
    this.file.resize(size)
    this.point('allocate')
  }

  truncate(size: number): void {
    this.begin('truncate')
    this.file.resize(size)
    this.point('truncate')
  }

  async flush(): Promise<void> {
    const disk = this.handle.disk
    const cut = disk.clock.now
    // What a dead process asks for in the background is neither done nor answered.
    if (this.handle.killed) await NEVER
    const fault = this.handle.ask('flush', this.file.name)
    if (fault?.kill) this.handle.die()
    this.point('flush:begin')
    await disk.flushGate()
    if (this.handle.killed) await NEVER
    this.settle(cut, fault)
    if (fault !== undefined) throw systemError(fault.code ?? 'EIO', 'fdatasync', this.path)
  }

  flushSync(): void {
    const cut = this.handle.disk.clock.now
    const fault = this.handle.ask('flushSync', this.file.name)
    if (fault?.kill) this.handle.die()
    this.point('flush:begin')
    this.settle(cut, fault)
    if (fault !== undefined) throw systemError(fault.code ?? 'EIO', 'fdatasync', this.path)
  }

  map(index: number): ArrayBuffer {
    this.begin('map')
    return this.file.segment(index)
  }

  close(): void {
    // The handle owns everything.
  }

  private settle(cut: number, fault: Fault | undefined): void {
    if (fault === undefined) this.file.recorder.flushed(cut)
    else this.file.recorder.flushFailed(cut)
    this.point('flush:end')
  }

  /** Lets the call fail if a fault was ordered; `partly` does the first bytes of it. */
  private begin(operation: Operation, partly?: (bytes: number) => void): void {
    const fault = this.handle.ask(operation, this.file.name)
    if (fault === undefined) return
    if (fault.bytes) partly?.(fault.bytes)
    if (fault.kill) this.handle.die()
    throw systemError(fault.code ?? 'EIO', operation, this.path)
  }

  private point(what: string): void {
    this.handle.disk.point(`${this.file.name}.${what}`)
  }
}

/** A handle on a `MemoryDisk`, as one process would hold it. */
export class MemoryStorage implements Storage {
  readonly data: StorageFile
  readonly control: ArrayBuffer
  /** The handle's process is dead: calls throw `KilledError`, and nothing was tidied up. */
  killed = false
  /** Told when the process dies: what its code still does must not reach the memory it shared with others. */
  onKill: (() => void) | undefined
  private closed = false

  constructor(
    readonly disk: MemoryDisk,
    readonly readOnly: boolean,
  ) {
    this.control = disk.control
    this.data = new MemoryFile(this, disk.files.get('data') as VolatileFile)
  }

  openLog(create: boolean): StorageFile | undefined {
    const existing = this.disk.files.get('log')
    this.refuse(this.ask(existing === undefined && create ? 'create' : 'open', 'log'), 'open')
    if (existing !== undefined) return new MemoryFile(this, existing)
    if (!create) return undefined
    const file = this.disk.addFile('log', Buffer.alloc(0))
    this.disk.point('log.create')
    return new MemoryFile(this, file)
  }

  removeLog(): void {
    this.refuse(this.ask('remove', 'log'), 'unlink')
    this.disk.files.delete('log')
    this.disk.point('log.remove')
  }

  tryLock(name: LockName, mode: 'shared' | 'exclusive'): boolean {
    this.alive()
    return this.disk.lock(name, mode, this)
  }

  /** All handles share one thread: a lock that is not free now will not be while it waits. */
  lockWait(name: LockName, mode: 'shared' | 'exclusive', _timeoutMs: number): boolean {
    return this.tryLock(name, mode)
  }

  unlock(name: LockName): void {
    this.alive()
    this.disk.unlock(name, this)
  }

  tryLockSlot(index: number): boolean {
    this.alive()
    return this.disk.lock(`slot ${index}`, 'exclusive', this)
  }

  unlockSlot(index: number): void {
    this.alive()
    this.disk.unlock(`slot ${index}`, this)
  }

  removeControl(): void {
    this.alive()
    this.disk.control = new ArrayBuffer(CONTROL_SIZE)
  }

  close(): void {
    if (this.closed || this.killed) return
    this.closed = true
    this.disk.unlockAll(this)
  }

  /** The process dies: its locks are free, and nothing else happens. */
  kill(): void {
    if (this.killed) return
    this.killed = true
    this.onKill?.()
    this.disk.unlockAll(this)
  }

  /** Dies in the middle of a call. */
  die(): never {
    this.kill()
    throw new KilledError('the process of this handle was killed')
  }

  /** Throws if nobody can make this call any more. */
  alive(): void {
    if (this.killed) throw new KilledError('the process of this handle was killed')
    if (this.closed) throw new HoldfastError('ERR_CLOSED', 'the storage is closed')
  }

  /** Counts a call and asks whether it goes wrong. */
  ask(operation: Operation, file: FileName): Fault | undefined {
    this.alive()
    const ordinal = ++this.disk.calls
    return this.disk.faults?.({ operation, file, handle: this, ordinal })
  }

  private refuse(fault: Fault | undefined, syscall: string): void {
    if (fault?.kill) this.die()
    if (fault !== undefined) throw systemError(fault.code ?? 'EIO', syscall, 'memory:log')
  }
}

function systemError(code: keyof typeof constants.errno, syscall: string, path: string): SystemError {
  const error = new Error(`${code}: injected fault, ${syscall} '${path}'`)
  return Object.assign(error, { code, errno: -constants.errno[code], syscall, path })
}
