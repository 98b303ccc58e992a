/**
 * A set of page numbers: one bit a page and a summary bit for every 32 of them, so that the lowest member is found fast
 * however sparse the set is. Taking the lowest first keeps a stream of small commits on a few cache-warm pages.
 */
import { MAX_RUN_PAGES, type PageNumber } from './format.js'

export class PageSet {
  private words = new Uint32Array(64)
  private summary = new Uint32Array(2)
  /** Number of members. */
  size = 0

  has(page: PageNumber): boolean {
    const index = page >>> 5
    return index < this.words.length && (this.words[index] & (1 << (page & 31))) !== 0
  }

  add(page: PageNumber): void {
    const index = page >>> 5
    if (index >= this.words.length) this.grow(index)
    const word = this.words[index]
    const bit = 1 << (page & 31)
    if ((word & bit) !== 0) return
    this.words[index] = word | bit
    this.summary[index >>> 5] = this.summary[index >>> 5] | (1 << (index & 31))
    this.size++
  }

  /** Removes a page; `false` if it was no member. */
  delete(page: PageNumber): boolean {
    if (!this.has(page)) return false
    const index = page >>> 5
    const word = this.words[index] & ~(1 << (page & 31))
    this.words[index] = word
    if (word === 0) this.summary[index >>> 5] = this.summary[index >>> 5] & ~(1 << (index & 31))
    this.size--
    return true
  }

  /** Removes and returns the lowest page, or 0 if the set is empty. */
  takeLowest(): PageNumber {
    if (this.size === 0) return 0
    for (let top = 0; ; top++) {
      const bits = this.summary[top]
      if (bits === 0) continue
      const index = (top << 5) + lowestBit(bits)
      const page = (index << 5) + lowestBit(this.words[index])
      this.delete(page)
      return page
    }
  }

  /** Removes `count` consecutive pages that lie in one aligned block, and returns the first; 0 if there are none. */
  takeRun(count: number): PageNumber {
    if (this.size < count) return 0
    for (const [start, length] of this.ranges()) {
      for (let page = start; page + count <= start + length; ) {
        const blockEnd = page - (page % MAX_RUN_PAGES) + MAX_RUN_PAGES
        if (page + count <= blockEnd) {
          for (let taken = page; taken < page + count; taken++) this.delete(taken)
          return page
        }
        page = blockEnd
      }
    }
    return 0
  }

  /** Every maximal run of members, ascending, as [first, count]. */
  *ranges(): Generator<[PageNumber, number]> {
    let start = -1
    let end = -1
    for (let top = 0; top < this.summary.length; top++) {
      for (let bits = this.summary[top]; bits !== 0; bits &= bits - 1) {
        const index = (top << 5) + lowestBit(bits)
        for (let word = this.words[index]; word !== 0; word &= word - 1) {
          const page = (index << 5) + lowestBit(word)
          if (page !== end) {
            if (start >= 0) yield [start, end - start]
            start = page
          }
          end = page + 1
        }
      }
    }
    if (start >= 0) yield [start, end - start]
  }

  /** Removes all members. */
  clear(): void {
    for (let top = 0; this.size > 0; top++) {
      for (let bits = this.summary[top]; bits !== 0; bits &= bits - 1) {
        const index = (top << 5) + lowestBit(bits)
        for (let word = this.words[index]; word !== 0; word &= word - 1) this.size--
        this.words[index] = 0
      }
      this.summary[top] = 0
    }
  }

  clone(): PageSet {
    const copy = new PageSet()
    copy.words = this.words.slice()
    copy.summary = this.summary.slice()
    copy.size = this.size
    return copy
  }

  private grow(index: number): void {
    const words = new Uint32Array(Math.max(index + 1, this.words.length * 2))
    words.set(this.words)
    this.words = words
    const summary = new Uint32Array((words.length + 31) >>> 5)
    summary.set(this.summary)
    this.summary = summary
  }
}

/** Index of the lowest set bit of a word that is not 0. */
function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word)
}
