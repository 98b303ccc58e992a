/**
 * The whole-file check: every page is owned by exactly one structure, or free, and keeps the rules of its kind.
 */
import { HoldfastError } from '../errors.js'
import type { Roots } from '../sync/control-words.js'
import { FIRST_PAGE, PAGE_RUN, PAGE_SHIFT, type PageNumber } from './format.js'
import { freelistChain } from './freelist.js'
import { PageSet } from './page-set.js'
import type { CheckContext } from './page-transaction.js'
import { damaged, type Pages } from './pages.js'
import type { Segment } from './segment.js'
import { born } from './transaction.js'

/** What a check found; pages. */
export interface CheckReport {
  /** Whether nothing is wrong. */
  readonly ok: boolean
  /** What is wrong, a sentence each. */
  readonly errors: readonly string[]
  readonly pages: number
  readonly ownedPages: number
  readonly freePages: number
  /** Pages that nobody owns and that are not free. */
  readonly leakedPages: number
}

/** Verifies and collects the pages that structures claim. */
export class ClaimContext implements CheckContext {
  constructor(
    private readonly pages: Pages,
    private readonly roots: Roots,
    private readonly owned: PageSet,
  ) {}

  claim(page: PageNumber): { segment: Segment; base: number } {
    if (page < FIRST_PAGE || page >= this.roots.highWater) throw damaged(page, 'it is referred to but lies outside of the pages in use')
    if (this.owned.has(page)) throw damaged(page, 'it has two owners')
    this.pages.verify(page)
    const segment = this.pages.segments[page >>> this.pages.shift]
    const base = (page & this.pages.mask) << PAGE_SHIFT
    if (born(segment, base) > this.roots.transaction) throw damaged(page, 'it is newer than the state that refers to it')
    const count = segment.words[(base + PAGE_RUN) >>> 2]
    for (let index = page; index < page + count; index++) {
      if (this.owned.has(index)) throw damaged(index, 'it has two owners')
      this.owned.add(index)
    }
    return { segment, base }
  }
}

/** Checks the state `roots`: `walk` claims the pages of every structure; `free` is what may be written or waits to be. */
export function checkPages(pages: Pages, roots: Roots, free: PageSet, walk: (owned: PageSet) => void): CheckReport {
  const owned = new PageSet()
  const errors: string[] = []
  try {
    walk(owned)
    for (const page of freelistChain(pages, roots.freelist)) owned.add(page)
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    errors.push(error.message)
  }
  let leakedPages = 0
  for (let page: number = FIRST_PAGE; page < roots.highWater && errors.length === 0; page++) {
    if (owned.has(page) && free.has(page)) errors.push(`page ${page} is both in use and free`)
    else if (!owned.has(page) && !free.has(page)) leakedPages++
  }
  if (leakedPages > 0) errors.push(`${leakedPages} pages are neither in use nor free`)
  return { ok: errors.length === 0, errors, pages: roots.highWater, ownedPages: owned.size, freePages: free.size, leakedPages }
}
