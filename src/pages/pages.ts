/**
 * The mapped pages of a store, as readers see them.
 *
 * Pages lie in fixed-size read-only segments; growth maps one more and no live segment moves (invariant P1). A page is
 * verified (checksum, number) once in each process, at its first touch (invariant P2), so that a damaged file gives a
 * typed error and never a wrong answer. The hot path is:
 *
 *     if (pages.verified[page] !== 1) pages.touch(page)
 *     const segment = pages.segments[page >>> pages.shift]
 *     const base = (page & pages.mask) << PAGE_SHIFT
 */
import { HoldfastError } from '../errors.js'
import { crc32c, guardFaults } from '../mapping/index.js'
import { FIRST_PAGE, MAX_RUN_PAGES, PAGE_CRC, PAGE_NUMBER, PAGE_RUN, PAGE_SHIFT, PAGE_SIZE, PAGE_TYPE, type PageNumber } from './format.js'
import { Segment } from './segment.js'
import type { StorageFile } from './storage.js'

/** What a structure demands of its pages before it reads them: says what is wrong with the page at `base`, if anything. */
export type PageRule = (segment: Segment, base: number) => string | undefined

export class Pages {
  /** Mapped segments, by page number >>> shift. */
  readonly segments: Segment[] = []
  /** log2 of the number of pages in a segment. */
  readonly shift: number
  /** Number of pages in a segment, less one. */
  readonly mask: number
  /** 1 for each page that this process has verified. */
  verified: Uint8Array
  /** Pages that the file held when last asked. */
  private pagesInFile = 0

  /** The process's count of faults in mapped memory when the segments were last looked at. */
  private faultsSeen = guardFaults[0]

  constructor(
    private readonly file: StorageFile,
    /** By `PageType`. */
    private readonly rules: readonly (PageRule | undefined)[],
  ) {
    this.shift = Math.log2(file.segmentPages)
    this.mask = file.segmentPages - 1
    this.verified = new Uint8Array(file.segmentPages)
  }

  /**
   * Makes `page` readable: maps its segment if need be and verifies its checksum, its number, and the rule of its type.
   * Throws `ERR_DAMAGED` for a page that cannot be trusted.
   */
  touch(page: PageNumber): void {
    if (page < FIRST_PAGE) throw damaged(page, 'a reference to a page that no structure can own')
    if (!this.isInFile(page + 1)) throw damaged(page, 'it lies behind the end of the file')
    this.map(page >>> this.shift)
    if (this.verified[page] === 1) return
    this.verifyMapped(page)
    this.verified[page] = 1
  }

  /** Verifies a page whether or not it was verified before. Throws `ERR_DAMAGED`. */
  verify(page: PageNumber): void {
    this.touch(page)
    this.verifyMapped(page)
  }

  private verifyMapped(page: PageNumber): void {
    const segment = this.segments[page >>> this.shift]
    const base = (page & this.mask) << PAGE_SHIFT
    if (segment.words[(base + PAGE_NUMBER) >>> 2] !== page) throw damaged(page, 'its header names another page')
    const run = segment.words[(base + PAGE_RUN) >>> 2]
    if (run < 1 || (page % MAX_RUN_PAGES) + run > MAX_RUN_PAGES || !this.isInFile(page + run))
      throw damaged(page, 'its run has an impossible length')
    if (crc32c(segment.bytes, base + PAGE_CRC + 4, base + run * PAGE_SIZE) !== segment.words[(base + PAGE_CRC) >>> 2])
      throw damaged(page, 'its checksum does not match its contents')
    const wrong = this.rules[segment.bytes[base + PAGE_TYPE]]?.(segment, base)
    if (wrong !== undefined) throw damaged(page, wrong)
  }

  /**
   * Throws `ERR_VIEW_FAULT` or `ERR_READ_ONLY_VIEW` once a mapped page cannot be trusted any more, until the store was reopened (invariant G1).
   * One load while nothing has faulted in the process.
   */
  check(): void {
    if (guardFaults[0] !== this.faultsSeen) this.lookForFaults()
  }

  private lookForFaults(): void {
    const faults = guardFaults[0]
    this.file.check?.()
    this.faultsSeen = faults
  }

  /** Whether the file reaches up to page `end`; asks anew only if it did not when last asked. */
  private isInFile(end: PageNumber): boolean {
    if (end > this.pagesInFile) this.pagesInFile = Math.floor(this.file.refreshSize() / PAGE_SIZE)
    return end <= this.pagesInFile
  }

  /** Maps every segment up to `last`. */
  private map(last: number): void {
    if (last < this.segments.length) return
    for (let index = this.segments.length; index <= last; index++) this.segments.push(new Segment(this.file.map(index)))
    // One segment more than is mapped, so that the hot path's look at a page of the next segment stays inside the array.
    const needed = (this.segments.length + 1) << this.shift
    if (needed <= this.verified.length) return
    const verified = new Uint8Array(Math.max(needed, 2 * this.verified.length))
    verified.set(this.verified)
    this.verified = verified
  }
}

/** The error for a page that breaks a rule of the format. */
export function damaged(page: PageNumber, what: string): HoldfastError {
  return new HoldfastError('ERR_DAMAGED', `page ${page} is damaged: ${what}`)
}
