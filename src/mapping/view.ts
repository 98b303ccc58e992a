/**
 * A view: a range of a file as memory.
 *
 * All views of a file are coherent, in all processes. JavaScript has no read-only ArrayBuffer: a store into a view that was
 * mapped for reading kills the process, so such a view is never given to code that is not trusted. A view stays as it is
 * when its `File` closes, and is unmapped by `unmap` or when the garbage collector finds nobody using its `buffer`.
 */
import { HoldfastError } from '../errors.js'
import { checkChoice, checkOffset, invalidArgument } from './arguments.js'
import type { NativeView } from './native.js'

/** What a view is mapped for. */
export type ViewAccess = 'read' | 'write'

/** What the operating system may expect of the accesses to a view. */
export type Advice = 'random' | 'will-need'

/** The mapped bytes of a range of a file. Made by `File.view`. */
export class View {
  /** The mapped bytes: the one ArrayBuffer over this address. Detached by `unmap`; then every typed array over it has length 0. */
  readonly buffer: ArrayBuffer
  /** The same as a typed array. */
  readonly bytes: Uint8Array
  #native: NativeView | undefined

  /** @internal */
  constructor(
    native: NativeView,
    readonly access: ViewAccess,
  ) {
    this.#native = native
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
    native.advise(advice === 'random')
  }

  /** Detaches `buffer` and unmaps; a flush that is under way finishes first. Idempotent. */
  unmap(): void {
    this.#native?.unmap(this.buffer)
    this.#native = undefined
  }

  [Symbol.dispose](): void {
    this.unmap()
  }

  /**
   * The native half of a mapped view, for this folder. Throws `ERR_CLOSED`, or `ERR_INVALID_ARGUMENT` for what is no view.
   * @internal
   */
  static nativeOf(view: View): NativeView {
    if (typeof view !== 'object' || view === null || !(#native in view)) throw invalidArgument('a view must be one that File.view has made')
    // Length 0 without an unmap: others have detached the buffer, and the bytes cannot be reached any more.
    if (view.#native === undefined || view.bytes.length === 0) throw new HoldfastError('ERR_CLOSED', 'the view is unmapped')
    return view.#native
  }
}

/** Throws unless a range lies inside a view. */
export function checkRange(view: View, offset: number, length: number): void {
  checkOffset(offset, 'offset')
  checkOffset(length, 'length')
  if (offset + length > view.bytes.length)
    throw invalidArgument(`bytes ${offset} to ${offset + length} are not all inside a view of ${view.bytes.length} bytes`)
}
