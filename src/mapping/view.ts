/**
 * A view: a range of a file or of a file mapping as memory.
 *
 * All views of a file are coherent, in all processes, except what a 'copy' view has stored for itself. A view stays as it is when
 * its `File` or `FileMapping` closes, and is unmapped by `unmap` or when the garbage collector finds nobody using its `buffer`.
 * JavaScript has no read-only ArrayBuffer: a store into a view for reading is a fault. What a fault does is told in `guard.ts`.
 */
import { HoldfastError } from '../errors.js'
import { checkBytes, checkChoice, checkOffset, invalidArgument } from './arguments.js'
import { faultError, guardFaults, type ViewFaultError } from './guard.js'
import { type NativeFile, type NativeSection, type NativeView, native } from './native.js'
import { MappingError, modelled } from './win32-error.js'

/** Offsets of views are multiples of this, on every platform, so that files and offsets are portable. */
export const allocationGranularity = 65536

/** Longest view: what an ArrayBuffer over memory that V8 did not allocate can have on every supported Node. */
export const MAX_VIEW_LENGTH = 2 ** 32 - allocationGranularity

/** In the addon's order. */
export const VIEW_ACCESSES = ['read', 'write', 'copy'] as const

/** What a view is mapped for; stores into a 'copy' view are its own and reach nobody else. */
export type ViewAccess = (typeof VIEW_ACCESSES)[number]

/** What the operating system may expect of the accesses to a view. */
export type Advice = 'random' | 'will-need'

/** What `mapView` needs to know; everything is checked by the caller. */
export interface MapRequest {
  readonly offset: number
  readonly length: number
  readonly access: ViewAccess
  readonly guard: boolean
  /** 0 is anywhere. */
  readonly address: number
  /** The file's, for messages. */
  readonly path: string | undefined
}

/** The mapped bytes of a range. Made by `File.view` and `FileMapping.view`. */
export class View {
  /** The mapped bytes: the one ArrayBuffer over this address. Detached by `unmap`; then every typed array over it has length 0. */
  readonly buffer: ArrayBuffer
  /** The same as a typed array. */
  readonly bytes: Uint8Array
  readonly access: ViewAccess
  /** Where in its file or mapping the view begins. */
  readonly offset: number
  readonly #path: string | undefined
  #native: NativeView | undefined
  /** The process's count of faults when this view was last looked at. */
  #faultsSeen: number | undefined
  #fault: ViewFaultError | undefined

  /** @internal */
  constructor(native: NativeView, { access, offset, path }: MapRequest) {
    this.access = access
    this.offset = offset
    this.#path = path
    this.#native = native
    // The counter is the whole process's: the first look may find that it was others'.
    this.#faultsSeen = guardFaults[0]
    try {
      this.buffer = native.takeBuffer()
    } catch (cause) {
      if ((cause as { code?: unknown }).code !== 'ERR_UNSUPPORTED') throw cause
      throw new HoldfastError(
        'ERR_UNSUPPORTED',
        `${(cause as Error).message}: Holdfast reads files through ArrayBuffers over mapped memory. Electron and other runtimes ` +
          'with the V8 memory sandbox forbid them; run Holdfast in a plain Node process, or use a shorter view',
        { cause },
      )
    }
    this.bytes = new Uint8Array(this.buffer)
  }

  /** Number of mapped bytes; 0 once unmapped. */
  get length(): number {
    return this.bytes.length
  }

  /** The address in this process; undefined once unmapped. */
  get address(): bigint | undefined {
    return this.length === 0 ? undefined : this.#native?.address()
  }

  /** Whether the guard has seen a fault here. Does not throw. */
  get faulted(): boolean {
    this.#look()
    return this.#fault !== undefined
  }

  /**
   * Throws what every call of the view throws: `ERR_VIEW_FAULT` or `ERR_READ_ONLY_VIEW` (a `ViewFaultError`) once the guard has seen
   * a fault here, until the view is unmapped; `ERR_CLOSED` after that. One load and a comparison while nothing has happened in the process.
   */
  check(): void {
    View.nativeOf(this)
  }

  /** Stores all of `source` at `offset`. Throws `ERR_ACCESS_DENIED` for a view for reading, and what `check` throws, afterwards too. */
  copyFrom(source: Uint8Array, offset = 0): void {
    View.nativeOf(this)
    checkBytes(source, 'source')
    checkRange(this, offset, source.length)
    if (this.access === 'read') throw new MappingError('ERR_ACCESS_DENIED', 'the view is mapped for reading', this.#about())
    this.bytes.set(source, offset)
    this.check()
  }

  /** Copies bytes from `offset` on into `target`; returns how many there were before the end of the view. Throws what `check` throws, afterwards too. */
  copyTo(target: Uint8Array, offset = 0): number {
    View.nativeOf(this)
    checkBytes(target, 'target')
    checkRange(this, offset, 0)
    const count = Math.min(target.length, this.bytes.length - offset)
    target.set(this.bytes.subarray(offset, offset + count))
    this.check()
    return count
  }

  /** Starts reading a range, all by default, so that touching it later does not wait (madvise(2), PrefetchVirtualMemory). A hint. */
  prefetch(offset = 0, length = this.bytes.length - offset): void {
    const native = View.nativeOf(this)
    checkRange(this, offset, length)
    native.advise(false, offset, length)
  }

  /**
   * Starts writing the modified bytes of a range; all by default. They are durable when a `File.flush` that began after this
   * call has returned (msync(2), FlushViewOfFile). Throws `ERR_CLOSED`, or the system's error.
   */
  flush(offset = 0, length = this.bytes.length - offset): void {
    const native = View.nativeOf(this)
    checkRange(this, offset, length)
    native.flush(offset, length)
  }

  /**
   * Tells the operating system how the view will be used: 'random' stops read-ahead, 'will-need' starts reading it now
   * (madvise(2), PrefetchVirtualMemory). Does nothing where there is no such advice. Throws `ERR_CLOSED`.
   */
  advise(advice: Advice): void {
    const native = View.nativeOf(this)
    checkChoice(advice, ['random', 'will-need'], 'advice')
    native.advise(advice === 'random', 0, this.bytes.length)
  }

  /** Detaches `buffer` and unmaps; a flush that is under way finishes first. Idempotent. */
  unmap(): void {
    this.#native?.unmap(this.buffer)
    this.#native = undefined
  }

  [Symbol.dispose](): void {
    this.unmap()
  }

  #about(): { readonly path?: string } {
    return this.#path === undefined ? {} : { path: this.#path }
  }

  #look(): void {
    if (guardFaults[0] === this.#faultsSeen || this.#native === undefined) return
    this.#faultsSeen = guardFaults[0]
    const faults = this.#native.faults()
    if (faults !== undefined) this.#fault = faultError(faults, this.offset, this.#path)
  }

  /**
   * The native half of a mapped view, for this folder. Throws what `check` throws, or `ERR_INVALID_ARGUMENT` for what is no view.
   * @internal
   */
  static nativeOf(view: View): NativeView {
    if (typeof view !== 'object' || view === null || !(#native in view))
      throw invalidArgument('a view must be one that File.view or FileMapping.view has made')
    // Length 0 without an unmap: others have detached the buffer, and the bytes cannot be reached any more.
    if (view.#native === undefined || view.bytes.length === 0) throw new HoldfastError('ERR_CLOSED', 'the view is unmapped')
    view.#look()
    if (view.#fault !== undefined) throw view.#fault
    return view.#native
  }
}

/** Maps a range of a file or mapping that is open. */
export function mapView(source: NativeFile | NativeSection, request: MapRequest): View {
  const { offset, length, access, address, guard } = request
  const mapped = modelled(
    ['ERR_INVALID_ADDRESS', 'ERR_MAPPED_ALIGNMENT'],
    () => new native.View(source, offset, length, VIEW_ACCESSES.indexOf(access), address, guard),
  )
  return new View(mapped, request)
}

/** Throws unless a range lies inside a view. */
export function checkRange(view: View, offset: number, length: number): void {
  checkOffset(offset, 'offset')
  checkOffset(length, 'length')
  if (offset + length > view.bytes.length)
    throw invalidArgument(`bytes ${offset} to ${offset + length} are not all inside a view of ${view.bytes.length} bytes`)
}
