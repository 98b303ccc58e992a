/**
 * The check of a whole tree: claims each of its pages once and verifies every rule of `layout.ts` and `docs/format.md`.
 */
import { PAGE_FLAGS, PAGE_RUN, PAGE_SIZE, PAGE_TYPE, type PageNumber, PageType } from '../../src/pages/format.js'
import type { CheckContext, StructureState } from '../../src/pages/page-transaction.js'
import { damaged } from '../../src/pages/pages.js'
import type { Segment } from '../../src/pages/segment.js'
import {
  BRANCH_CELL_BYTES,
  branchPointersIndex,
  childrenIndex,
  countOf,
  halfAt,
  headAt,
  headsIndex,
  headsOffset,
  KEY_ASCII,
  LEAF_CELL_BYTES,
  LEAF_CELL_KEY,
  LEAF_CELL_VALUE,
  LEAF_ENTRY_OVERHEAD,
  LENGTH_MASK,
  leafPointersIndex,
  MAX_DEPTH,
  MAX_ENTRY_BYTES,
  MAX_KEY_BYTES,
  OVERFLOW_BYTES,
  OVERFLOW_NEXT,
  prefixLengthOf,
  REFERENCE_BYTES,
  REFERENCE_PAGE,
  TREE_CELLS_START,
  TREE_DEAD_BYTES,
  TREE_PREFIX,
  VALUE_ASCII,
  VALUE_OVERFLOW,
  wordAt,
} from './layout.js'
import { overflowLength, runLength } from './overflow.js'

/** Verifies the tree of this state. Throws `ERR_DAMAGED` naming the first page that breaks a rule. */
export function checkTree(context: CheckContext, state: Readonly<StructureState>): void {
  const checker = new Checker(context, state.depth)
  if (state.depth > MAX_DEPTH) throw damaged(state.root, `the catalog gives the tree below it a depth of ${state.depth}`)
  if (state.root !== 0) checker.checkPage(state.root, 0, undefined, undefined)
  if (state.root === 0 && state.depth !== 0) throw damaged(0, 'an empty tree has a depth')
  if (checker.entries !== state.count) throw damaged(state.root, `the tree has ${checker.entries} entries and should have ${state.count}`)
}

class Checker {
  /** Entries seen. */
  entries = 0

  constructor(
    private readonly context: CheckContext,
    private readonly depth: number,
  ) {}

  /** Checks a page and all below it, whose keys lie from `lower` on and below `upper`. */
  checkPage(page: PageNumber, level: number, lower: Buffer | undefined, upper: Buffer | undefined): void {
    const { segment, base } = this.context.claim(page)
    const isLeaf = level === this.depth
    const type = segment.bytes[base + PAGE_TYPE]
    if (type !== (isLeaf ? PageType.LEAF : PageType.BRANCH)) throw damaged(page, `it has type ${type} on level ${level} of ${this.depth}`)
    if (segment.words[(base + PAGE_RUN) >>> 2] !== 1) throw damaged(page, 'a page of a tree is no run')
    const keys = checkPageKeys(page, segment, base, isLeaf)
    for (const [index, key] of keys.entries()) {
      const before = index === 0 ? lower : keys[index - 1]
      const order = before === undefined ? 1 : Buffer.compare(key, before)
      if (order < 0 || (order === 0 && (index > 0 || !isLeaf))) throw damaged(page, `key ${index} is not above the one before`)
    }
    const last = keys[keys.length - 1]
    if (last !== undefined && upper !== undefined && Buffer.compare(last, upper) >= 0)
      throw damaged(page, 'its last key is above its separator')
    if (isLeaf) this.checkEntries(page, segment, base, keys)
    else {
      const children = childrenIndex(segment, base)
      const numbers = Array.from({ length: keys.length + 1 }, (_, index) => segment.words[children + index])
      for (const [index, child] of numbers.entries()) this.checkPage(child, level + 1, keys[index - 1] ?? lower, keys[index] ?? upper)
    }
  }

  private checkEntries(page: PageNumber, segment: Segment, base: number, keys: readonly Buffer[]): void {
    if (keys.length === 0) throw damaged(page, 'it is an empty leaf')
    const { bytes } = segment
    const pointers = leafPointersIndex(segment, base)
    for (const [index, key] of keys.entries()) {
      const cell = base + segment.halves[pointers + index]
      const keyField = halfAt(bytes, cell + LEAF_CELL_KEY)
      const field = halfAt(bytes, cell + LEAF_CELL_VALUE)
      const start = cell + LEAF_CELL_BYTES + (keyField & LENGTH_MASK)
      if ((keyField & KEY_ASCII) !== 0 && !isAscii(key)) throw damaged(page, `key ${index} is not ASCII`)
      if ((field & VALUE_OVERFLOW) !== 0) this.checkOverflow(page, bytes.subarray(start, start + REFERENCE_BYTES), key.length, field)
      else if ((field & VALUE_ASCII) !== 0 && !isAscii(bytes.subarray(start, start + (field & LENGTH_MASK))))
        throw damaged(page, `value ${index} is not ASCII`)
    }
    this.entries += keys.length
  }

  private checkOverflow(leaf: PageNumber, reference: Uint8Array, keyLength: number, field: number): void {
    if ((field & LENGTH_MASK) !== REFERENCE_BYTES) throw damaged(leaf, 'a reference to overflow pages has the wrong length')
    let page: PageNumber = wordAt(reference, REFERENCE_PAGE)
    let rest = overflowLength(reference, 0)
    if (LEAF_ENTRY_OVERHEAD + keyLength + rest <= MAX_ENTRY_BYTES) throw damaged(page, 'it holds a value that belongs into the leaf')
    while (rest > 0) {
      const { segment, base } = this.context.claim(page)
      const length = runLength(page, segment, base, rest)
      if ((field & VALUE_ASCII) !== 0 && !isAscii(segment.bytes.subarray(base + OVERFLOW_BYTES, base + OVERFLOW_BYTES + length)))
        throw damaged(page, 'its value is not ASCII')
      rest -= length
      page = segment.words[(base + OVERFLOW_NEXT) >>> 2]
    }
    if (page !== 0) throw damaged(page, 'a chain of overflow pages goes on behind its value')
  }
}

/** Checks how a page is laid out and returns its keys or separators. */
function checkPageKeys(page: PageNumber, segment: Segment, base: number, isLeaf: boolean): Buffer[] {
  const { bytes, halves, words } = segment
  const count = countOf(segment, base)
  const prefixLength = prefixLengthOf(segment, base)
  const header = isLeaf ? LEAF_CELL_BYTES : BRANCH_CELL_BYTES
  const arraysEnd = headsOffset(prefixLength) + count * (isLeaf ? 6 : 10) + (isLeaf ? 0 : 4)
  const start = halves[(base + TREE_CELLS_START) >>> 1]
  if (bytes[base + PAGE_FLAGS] !== 0 || halves[((base + TREE_DEAD_BYTES) >>> 1) + 1] !== 0)
    throw damaged(page, 'unused bytes of its header are set')
  if (arraysEnd > start || start > PAGE_SIZE) throw damaged(page, 'its arrays and cells overlap')
  for (let at = TREE_PREFIX + prefixLength; at < headsOffset(prefixLength); at++)
    if (bytes[base + at] !== 0) throw damaged(page, 'its prefix is not filled up with zeros')
  const heads = headsIndex(segment, base)
  const pointers = isLeaf ? leafPointersIndex(segment, base) : branchPointersIndex(segment, base)
  const prefix = bytes.subarray(base + TREE_PREFIX, base + TREE_PREFIX + prefixLength)
  const keys: Buffer[] = []
  const cells: [start: number, end: number][] = []
  for (let index = 0; index < count; index++) {
    const cell = halves[pointers + index]
    if (cell < start || cell + header > PAGE_SIZE) throw damaged(page, `cell ${index} lies outside of the cell area`)
    const suffixLength = halfAt(bytes, base + cell) & LENGTH_MASK
    const end = cell + header + suffixLength + (isLeaf ? halfAt(bytes, base + cell + LEAF_CELL_VALUE) & LENGTH_MASK : 0)
    if (end > PAGE_SIZE) throw damaged(page, `cell ${index} leaves the page`)
    if (prefixLength + suffixLength > MAX_KEY_BYTES) throw damaged(page, `key ${index} is too long`)
    const suffix = base + cell + header
    if (words[heads + index] !== headAt(bytes, suffix, suffixLength)) throw damaged(page, `head ${index} differs from its key`)
    keys.push(Buffer.concat([prefix, bytes.subarray(suffix, suffix + suffixLength)]))
    cells.push([cell, end])
  }
  cells.sort((one, other) => one[0] - other[0])
  for (let index = 1; index < count; index++) if (cells[index][0] < cells[index - 1][1]) throw damaged(page, 'two of its cells overlap')
  const used = cells.reduce((sum, [from, to]) => sum + to - from, 0)
  if (used + halves[(base + TREE_DEAD_BYTES) >>> 1] !== PAGE_SIZE - start) throw damaged(page, 'its count of dead bytes is wrong')
  return keys
}

function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80)
}
