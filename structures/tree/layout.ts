/**
 * How a tree lies in pages: `docs/format.md`, "Tree pages", is normative and a test compares its tables with this file.
 *
 * A leaf holds entries, a branch separators and children, both in ascending order of the keys' bytes (memcmp). All keys of a page share
 * its prefix, which is kept once (invariant B1); the four bytes behind the prefix are the key's head. Behind the prefix follow, without gaps,
 * the arrays that a search reads: heads, children (branches only), cell pointers. Cells fill the page from its end downwards.
 * A branch of n separators has n + 1 children; separator i is above every key of child i and not above any of child i + 1 (invariant B2).
 */
import { PAGE_SIZE, PAGE_TYPE, type PageNumber } from '../../src/pages/format.js'
import type { Segment } from '../../src/pages/segment.js'

// Behind the common page header. Byte offsets in the page.
/** u16: bytes of the prefix. */
export const TREE_PREFIX_LENGTH = 24
/** u16: offset of the lowest cell; the page size if there is none. */
export const TREE_CELLS_START = 26
/** u16: bytes behind TREE_CELLS_START that belong to no cell. */
export const TREE_DEAD_BYTES = 28
/** bytes: the prefix, filled up with zeros to a multiple of 4; then the arrays. */
export const TREE_PREFIX = 32

// The arrays: u32 heads[count], in a branch u32 children[count + 1], u16 cellPointers[count].
/** Bytes of a head: the first bytes of the key behind the prefix as a big-endian number, missing bytes zero, stored as a u32. */
export const HEAD_BYTES = 4
/** Bytes of a child's page number. */
export const CHILD_BYTES = 4
/** Bytes of a cell pointer: the offset of the cell in the page. */
export const POINTER_BYTES = 2

// A leaf's cell. Byte offsets in the cell.
/** u16: bytes of the key behind the prefix (14 bits) and KEY_ASCII. */
export const LEAF_CELL_KEY = 0
/** u16: bytes of the value in the cell (14 bits), VALUE_ASCII and VALUE_OVERFLOW. */
export const LEAF_CELL_VALUE = 2
/** bytes: the key behind the prefix, its head included; then the value. */
export const LEAF_CELL_BYTES = 4

// A branch's cell.
/** u16: bytes of the separator behind the prefix (14 bits). */
export const BRANCH_CELL_KEY = 0
/** bytes: the separator behind the prefix, its head included. */
export const BRANCH_CELL_BYTES = 2

/** The lengths in a cell's u16 fields. */
export const LENGTH_MASK = 0x3fff
/** Every byte of the whole key is below 0x80. */
export const KEY_ASCII = 0x8000
/** Every byte of the value is below 0x80. */
export const VALUE_ASCII = 0x8000
/** The cell holds no value but a reference to overflow pages. */
export const VALUE_OVERFLOW = 0x4000

// A reference to overflow pages, in place of the value.
/** u32: first page of the first run. */
export const REFERENCE_PAGE = 0
/** u32: bytes of the value. */
export const REFERENCE_LENGTH = 4
/** Bytes of a reference. */
export const REFERENCE_BYTES = 8

// A run of overflow pages.
/** u32: first page of the next run, 0 in the last. */
export const OVERFLOW_NEXT = 24
/** u32: bytes of the value in this run. */
export const OVERFLOW_LENGTH = 28
/** bytes: the value's part. */
export const OVERFLOW_BYTES = 32

/** Bytes that an entry costs in a leaf beside key and value. */
export const LEAF_ENTRY_OVERHEAD = HEAD_BYTES + POINTER_BYTES + LEAF_CELL_BYTES
/** Bytes that a separator with its right child costs in a branch beside the key. */
export const BRANCH_ENTRY_OVERHEAD = HEAD_BYTES + CHILD_BYTES + POINTER_BYTES + BRANCH_CELL_BYTES
/** Bytes of a page behind the fixed header. */
export const PAGE_ROOM = PAGE_SIZE - TREE_PREFIX
/** Longest key in bytes. Two such keys fit a leaf and a branch, so that a page can always be split (invariant B3). */
export const MAX_KEY_BYTES = 2000
/** An entry that would cost more than this in a leaf has its value in overflow pages (invariant B3). */
export const MAX_ENTRY_BYTES = 2024
/** Deepest tree; a deeper one is damaged. */
export const MAX_DEPTH = 32

// The header is read through `words`, as the heads are: the hot paths get by with one of a segment's arrays.

/** One of `PageType`, which begins a u32. */
export function typeOf(segment: Segment, base: number): number {
  return segment.words[(base + PAGE_TYPE) >>> 2] & 0xff
}

/** Entries of a leaf, separators of a branch: the upper half of the same u32. */
export function countOf(segment: Segment, base: number): number {
  return segment.words[(base + PAGE_TYPE) >>> 2] >>> 16
}

/** Bytes of the prefix: the lower half of its u32. */
export function prefixLengthOf(segment: Segment, base: number): number {
  return segment.words[(base + TREE_PREFIX_LENGTH) >>> 2] & 0xffff
}

/** Byte offset, in a page, of the heads behind a prefix of this length. */
export function headsOffset(prefixLength: number): number {
  return TREE_PREFIX + ((prefixLength + 3) & ~3)
}

/** Index into `words` of the first head. */
export function headsIndex(segment: Segment, base: number): number {
  return (base + headsOffset(prefixLengthOf(segment, base))) >>> 2
}

/** Index into `halves` of a leaf's first cell pointer. */
export function leafPointersIndex(segment: Segment, base: number): number {
  return (headsIndex(segment, base) + countOf(segment, base)) << 1
}

/** Index into `words` of a branch's first child. */
export function childrenIndex(segment: Segment, base: number): number {
  return headsIndex(segment, base) + countOf(segment, base)
}

/** Index into `halves` of a branch's first cell pointer. */
export function branchPointersIndex(segment: Segment, base: number): number {
  return (headsIndex(segment, base) + 2 * countOf(segment, base) + 1) << 1
}

/** Child `index` of a branch. */
export function childOf(segment: Segment, base: number, index: number): PageNumber {
  return segment.words[childrenIndex(segment, base) + index]
}

/** Byte offset in the segment of cell `index` of a leaf. */
export function leafCell(segment: Segment, base: number, index: number): number {
  return base + segment.halves[leafPointersIndex(segment, base) + index]
}

/** Byte offset in the segment of cell `index` of a branch. */
export function branchCell(segment: Segment, base: number, index: number): number {
  return base + segment.halves[branchPointersIndex(segment, base) + index]
}

/** The u16 at any byte offset. */
export function halfAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8)
}

/** Stores a u16 at any byte offset. */
export function setHalf(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
}

/** The u32 at any byte offset. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0
}

/** Stores a u32 at any byte offset. */
export function setWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

/** The head of the bytes at `at`, which may be fewer than four. */
export function headAt(bytes: Uint8Array, at: number, length: number): number {
  if (length >= 4) return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
  let head = 0
  for (let index = 0; index < length; index++) head |= bytes[at + index] << (24 - 8 * index)
  return head >>> 0
}
