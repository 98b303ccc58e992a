/**
 * A store's file on a disk, read through mapped segments and written in one of three ways: by positioned writes (`MappedFile`),
 * by stores into writable views of the same segments (`ViewWrittenFile`), which are never handed out, or by both (`MixedFile`).
 *
 * Segments are mapped for random access: it keeps the kernel from reading ahead into large page-cache folios, which make
 * every later flush of a single page many times dearer.
 */
import { assert } from '../errors.js'
import { type File, guardFaults, platformTraits, type View, type ViewAccess, type ViewRange, writePagesToViews } from '../mapping/index.js'
import { PAGE_SIZE } from './format.js'
import type { StorageFile } from './storage.js'

/**
 * Pages in a segment: 32 MiB where a view may reach past the end of its file, else 16 MiB, to which the file is then grown. V8 begins a
 * collection when 64 MiB of memory outside of its heap are added at once, so segments stay below that.
 */
const SEGMENT_PAGES = platformTraits.viewMayPassEnd ? 8192 : 4096
const SEGMENT_BYTES = SEGMENT_PAGES * PAGE_SIZE

/** A file that is written by positioned writes. Owns `file`. */
export class MappedFile implements StorageFile {
  readonly path: string
  readonly segmentPages = SEGMENT_PAGES
  private readonly readable: View[] = []
  /** The process's count of faults when the segments were last looked at. */
  private faultsSeen = guardFaults[0]

  /** `cut` carries out `truncate`, now or when nothing maps the file any more. */
  constructor(
    protected readonly file: File,
    private readonly cut: (size: number) => void,
  ) {
    this.path = file.path
  }

  refreshSize(): number {
    return this.file.size
  }

  read(target: Uint8Array, offset: number): number {
    return this.file.read(target, offset)
  }

  write(source: Uint8Array, offset: number): void {
    this.file.write(source, offset)
  }

  writePages(arena: readonly Buffer[], runs: Uint32Array, runCount: number): void {
    // What was read from a segment that has faulted must not get into the file.
    this.check()
    this.file.writePages(arena, runs, runCount, PAGE_SIZE)
  }

  allocate(size: number): void {
    this.file.allocate(size)
  }

  truncate(size: number): void {
    this.cut(size)
  }

  flush(): Promise<void> {
    return this.file.flush()
  }

  flushSync(): void {
    this.file.flushSync()
  }

  map(index: number): ArrayBuffer {
    return this.readView(index).buffer
  }

  /** Throws `ERR_VIEW_FAULT` if a part of a segment could not be reached, `ERR_READ_ONLY_VIEW` if something was stored into one (invariant G1). */
  check(): void {
    const faults = guardFaults[0]
    if (faults === this.faultsSeen) return
    for (const view of this.readable) view?.check()
    this.faultsSeen = faults
  }

  /** Unmaps the segments; whoever still holds one reads `undefined`. */
  unmap(): void {
    for (const view of this.readable) view?.unmap()
    this.readable.length = 0
  }

  /** Unmaps and closes, which frees the file's locks. Idempotent. */
  close(): void {
    this.unmap()
    this.file.close()
  }

  protected readView(index: number): View {
    this.readable[index] ??= this.mapSegment(index, 'read')
    return this.readable[index]
  }

  protected mapSegment(index: number, access: ViewAccess): View {
    const offset = index * SEGMENT_BYTES
    let length = SEGMENT_BYTES
    if (!platformTraits.viewMayPassEnd) {
      if (this.file.access === 'read-write') this.file.allocate(offset + SEGMENT_BYTES)
      else length = Math.min(length, this.file.size - offset)
    }
    const view = this.file.view({ offset, length, access })
    view.advise('random')
    return view
  }
}

/** From this many runs on a commit stores into views: a small one would dirty more of the page cache than it writes. */
const MIXED_RUNS = 64

/**
 * A file whose large commits store into views those pages that this handle has written before, which are scattered but in memory, and write
 * the others, which are new and lie side by side. For file systems that overwrite in place: elsewhere a store into a full
 * disk is a fault (`docs/decisions/007-mixed-write-path.md`).
 */
export class MixedFile extends MappedFile {
  private readonly writable: View[] = []
  /** Pages below this one were written by this handle. */
  private firstFresh = 0

  override writePages(arena: readonly Buffer[], runs: Uint32Array, runCount: number): void {
    if (runCount < MIXED_RUNS) {
      super.writePages(arena, runs, runCount)
      return
    }
    this.check()
    let stored = 0
    for (; stored < runCount; stored++) {
      const page = runs[stored * 4]
      if (page + runs[stored * 4 + 3] > this.firstFresh) break
      const index = Math.floor(page / SEGMENT_PAGES)
      this.writable[index] ??= this.mapSegment(index, 'write')
    }
    if (stored > 0) writePagesToViews(this.writable, SEGMENT_PAGES, arena, runs, stored, PAGE_SIZE)
    if (stored === runCount) return
    super.writePages(arena, runs.subarray(stored * 4), runCount - stored)
    this.firstFresh = runs[runCount * 4 - 4] + runs[runCount * 4 - 1]
  }

  override truncate(size: number): void {
    this.firstFresh = Math.min(this.firstFresh, Math.floor(size / PAGE_SIZE))
    super.truncate(size)
  }

  override unmap(): void {
    super.unmap()
    for (const view of this.writable) view?.unmap()
    this.writable.length = 0
  }
}

/** A range of a segment that was stored to and is not known to be durable. */
interface DirtyRange {
  from: number
  to: number
  /** When it was last stored to, in stores of this file. */
  stamp: number
}

/** A file that is written, and read by `read`, through views alone: for systems that do not promise that writes and views agree. */
export class ViewWrittenFile extends MappedFile {
  private readonly writable: View[] = []
  /** By segment. */
  private readonly dirty = new Map<number, DirtyRange>()
  private stamp = 0
  /** The file was at least so large when last asked. */
  private knownSize = 0

  override read(target: Uint8Array, offset: number): number {
    const length = Math.max(0, Math.min(target.length, this.file.size - offset))
    this.eachSegment(offset, length, (index, from, to, done) => {
      target.set(this.readView(index).bytes.subarray(from, to), done)
    })
    return length
  }

  override write(source: Uint8Array, offset: number): void {
    this.file.allocate(offset + source.length)
    this.eachSegment(offset, source.length, (index, from, to, done) => {
      this.writeView(index).bytes.set(source.subarray(done, done + to - from), from)
      this.markDirty(index, from, to)
    })
  }

  override writePages(arena: readonly Buffer[], runs: Uint32Array, runCount: number): void {
    this.check()
    for (let at = 0; at < runCount * 4; at += 4) {
      const page = runs[at] as number
      const bytes = (runs[at + 3] as number) * PAGE_SIZE
      this.requireSize(page * PAGE_SIZE + bytes)
      const index = Math.floor(page / SEGMENT_PAGES)
      const from = (page % SEGMENT_PAGES) * PAGE_SIZE
      this.writeView(index)
      this.markDirty(index, from, from + bytes)
    }
    writePagesToViews(this.writable, SEGMENT_PAGES, arena, runs, runCount, PAGE_SIZE)
  }

  override truncate(size: number): void {
    this.knownSize = 0
    super.truncate(size)
  }

  override async flush(): Promise<void> {
    const stamp = this.stamp
    await this.file.flush(this.dirtyRanges())
    this.forgetDirty(stamp)
  }

  override flushSync(): void {
    const stamp = this.stamp
    for (const { view, offset, length } of this.dirtyRanges()) view.flush(offset, length)
    this.file.flushSync()
    this.forgetDirty(stamp)
  }

  override unmap(): void {
    super.unmap()
    for (const view of this.writable) view?.unmap()
    this.writable.length = 0
  }

  private writeView(index: number): View {
    this.writable[index] ??= this.mapSegment(index, 'write')
    return this.writable[index]
  }

  /** A store behind the end of the file would be a fault, not an error. */
  private requireSize(size: number): void {
    if (size > this.knownSize) this.knownSize = this.file.size
    assert(size <= this.knownSize, 'pages are written behind the end of the file')
  }

  private markDirty(index: number, from: number, to: number): void {
    const stamp = ++this.stamp
    const range = this.dirty.get(index)
    if (range === undefined) this.dirty.set(index, { from, to, stamp })
    else Object.assign(range, { from: Math.min(range.from, from), to: Math.max(range.to, to), stamp })
  }

  private dirtyRanges(): ViewRange[] {
    return [...this.dirty].map(([index, { from, to }]) => ({ view: this.writeView(index), offset: from, length: to - from }))
  }

  /**
   * A range is forgotten only when a flush has covered its last store and returned: one that begins while another is under way
   * must cover it once more, because it may return first.
   */
  private forgetDirty(stamp: number): void {
    for (const [index, range] of this.dirty) {
      if (range.stamp <= stamp) this.dirty.delete(index)
    }
  }

  /** Calls `visit` for each segment that a range of the file touches: the range in the segment, and how many bytes came before. */
  private eachSegment(offset: number, length: number, visit: (index: number, from: number, to: number, done: number) => void): void {
    for (let done = 0; done < length; ) {
      const from = (offset + done) % SEGMENT_BYTES
      const to = Math.min(SEGMENT_BYTES, from + length - done)
      visit(Math.floor((offset + done) / SEGMENT_BYTES), from, to, done)
      done += to - from
    }
  }
}
