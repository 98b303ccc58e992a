/**
 * The constants of the file format: `docs/format.md` is normative and a test compares its tables with this file.
 *
 * Integers are little-endian. A page number is an unsigned 32-bit integer; page 0 is the file header, pages 1 and 2 are
 * the two meta pages. A transaction id is a safe integer whose low 32 bits are never 0 (invariant T1), so that one
 * 32-bit word can hold it in shared memory and 0 can mean none.
 */

declare const brand: unique symbol
/** Index of a page in the data file. */
export type PageNumber = number & { readonly [brand]?: 'page number' }
/** One more per commit; see `nextTransactionId`. */
export type TransactionId = number & { readonly [brand]?: 'transaction id' }

/** Bytes in a page. */
export const PAGE_SIZE = 4096
/** log2 of `PAGE_SIZE`. */
export const PAGE_SHIFT = 12
/** The version this code writes; a file of a higher version is refused. */
export const FORMAT_VERSION = 1

/** First page that structures may use. */
export const FIRST_PAGE: PageNumber = 3
/** Page numbers end below this. */
export const MAX_PAGES = 2 ** 32 - 1

// The header that every page (or run of pages, for overflow) starts with. Byte offsets in the page.
/** u32: CRC-32C of everything behind it in the page or run. */
export const PAGE_CRC = 0
/** u32: the page's own number. */
export const PAGE_NUMBER = 4
/** u32, u32: low and high word of the id of the transaction that wrote the page. */
export const PAGE_TRANSACTION = 8
/** u8: one of `PageType`. */
export const PAGE_TYPE = 16
/** u8: flags, meaning by type. */
export const PAGE_FLAGS = 17
/** u16: number of entries, meaning by type. */
export const PAGE_COUNT = 18
/** u32: number of pages in the run that starts here; 1 but for overflow pages. */
export const PAGE_RUN = 20
/** Bytes of the header common to all types. */
export const PAGE_HEADER_SIZE = 24

/** Values of the byte at `PAGE_TYPE`. */
export const PageType = { HEADER: 1, META: 2, LEAF: 3, BRANCH: 4, OVERFLOW: 5, FREELIST: 6 } as const
export type PageType = (typeof PageType)[keyof typeof PageType]

/** Longest run of pages under one header. A run lies inside one aligned block of this many pages, so it never straddles a segment. */
export const MAX_RUN_PAGES = 64
/** Longest value: 1 GiB. */
export const MAX_VALUE_BYTES = 2 ** 30

/** The id after `id`; skips ids whose low word is 0 (invariant T1). */
export function nextTransactionId(id: TransactionId): TransactionId {
  const next = id + 1
  return next >>> 0 === 0 ? next + 1 : next
}
