/**
 * Where a reader of many pages (an iterator, an overflow chain) finds them: the mapped pages of a snapshot, or an open transaction.
 */
import { assert } from '../../src/errors.js'
import { PAGE_SHIFT, type PageNumber } from '../../src/pages/format.js'
import type { PageTransaction } from '../../src/pages/page-transaction.js'
import type { Pages } from '../../src/pages/pages.js'
import { Segment } from '../../src/pages/segment.js'

const NOWHERE = new Segment(new ArrayBuffer(64))

export class PageReader {
  /** Where `locate` found the page: its segment ... */
  segment: Segment = NOWHERE
  /** ... and its first byte there. */
  base = 0

  constructor(
    /** Needed only without a transaction. */
    private readonly pages: Pages | undefined,
    /** The transaction whose changes are seen, if any. */
    readonly transaction: PageTransaction | undefined,
  ) {}

  /** Finds a page. Throws `ERR_DAMAGED`. */
  locate(page: PageNumber): void {
    const { transaction } = this
    if (transaction !== undefined) {
      transaction.locate(page)
      this.segment = transaction.segment
      this.base = transaction.base
      return
    }
    const pages = this.pages
    assert(pages !== undefined, 'pages come from a snapshot or a transaction')
    if (pages.verified[page] !== 1) pages.touch(page)
    this.segment = pages.segments[page >>> pages.shift]
    this.base = (page & pages.mask) << PAGE_SHIFT
  }
}
