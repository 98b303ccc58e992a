/**
 * What must hold of a tree's page before it is read: its arrays and cells stay inside of it.
 *
 * Looked at once in each process, when the page is touched first and its checksum was right: so the code that reads pages needs no check of
 * its own to stay inside of a page, even if somebody has forged one. What the entries mean is the whole check's affair (`check.ts`).
 */
import { PAGE_RUN, PAGE_SIZE, PageType } from '../../src/pages/format.js'
import type { PageRule } from '../../src/pages/pages.js'
import type { Segment } from '../../src/pages/segment.js'
import {
  BRANCH_CELL_BYTES,
  branchPointersIndex,
  countOf,
  halfAt,
  LEAF_CELL_BYTES,
  LEAF_CELL_KEY,
  LEAF_CELL_VALUE,
  LENGTH_MASK,
  leafPointersIndex,
  MAX_KEY_BYTES,
  POINTER_BYTES,
  prefixLengthOf,
  REFERENCE_BYTES,
  TREE_CELLS_START,
  VALUE_OVERFLOW,
} from './layout.js'

function leafRule(segment: Segment, base: number): string | undefined {
  const { bytes, halves } = segment
  const prefixLength = prefixLengthOf(segment, base)
  const count = countOf(segment, base)
  const pointers = leafPointersIndex(segment, base)
  const start = halves[(base + TREE_CELLS_START) >>> 1]
  const wrong = outlineFault(segment, base, prefixLength, (pointers + count) * POINTER_BYTES)
  if (wrong !== undefined) return wrong
  for (let index = 0; index < count; index++) {
    const cell = halves[pointers + index]
    if (cell < start || cell + LEAF_CELL_BYTES > PAGE_SIZE) return `cell ${index} lies outside of the cell area`
    const suffixLength = halfAt(bytes, base + cell + LEAF_CELL_KEY) & LENGTH_MASK
    const value = halfAt(bytes, base + cell + LEAF_CELL_VALUE)
    const valueLength = value & LENGTH_MASK
    if (cell + LEAF_CELL_BYTES + suffixLength + valueLength > PAGE_SIZE) return `cell ${index} leaves the page`
    if (prefixLength + suffixLength > MAX_KEY_BYTES) return `key ${index} is too long`
    if ((value & VALUE_OVERFLOW) !== 0 && valueLength !== REFERENCE_BYTES) return `reference ${index} has the wrong length`
  }
  return undefined
}

function branchRule(segment: Segment, base: number): string | undefined {
  const { bytes, halves } = segment
  const prefixLength = prefixLengthOf(segment, base)
  const count = countOf(segment, base)
  const pointers = branchPointersIndex(segment, base)
  const start = halves[(base + TREE_CELLS_START) >>> 1]
  const wrong = outlineFault(segment, base, prefixLength, (pointers + count) * POINTER_BYTES)
  if (wrong !== undefined) return wrong
  for (let index = 0; index < count; index++) {
    const cell = halves[pointers + index]
    if (cell < start || cell + BRANCH_CELL_BYTES > PAGE_SIZE) return `cell ${index} lies outside of the cell area`
    const suffixLength = halfAt(bytes, base + cell) & LENGTH_MASK
    if (cell + BRANCH_CELL_BYTES + suffixLength > PAGE_SIZE) return `cell ${index} leaves the page`
    if (prefixLength + suffixLength > MAX_KEY_BYTES) return `separator ${index} is too long`
  }
  return undefined
}

/** What is wrong with the page's outline, if anything; its arrays end at `arraysEnd`, an offset in the segment. */
function outlineFault(segment: Segment, base: number, prefixLength: number, arraysEnd: number): string | undefined {
  const start = segment.halves[(base + TREE_CELLS_START) >>> 1]
  if (segment.words[(base + PAGE_RUN) >>> 2] !== 1) return 'a page of a tree is no run'
  if (prefixLength > MAX_KEY_BYTES) return 'its prefix is too long'
  if (arraysEnd > base + start || start > PAGE_SIZE) return 'its arrays and cells overlap'
  return undefined
}

const rules: (PageRule | undefined)[] = []
rules[PageType.LEAF] = leafRule
rules[PageType.BRANCH] = branchRule

/** The rules by `PageType`. */
export const treePageRules: readonly (PageRule | undefined)[] = rules
