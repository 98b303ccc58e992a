/**
 * Keeps a walk over damaged pages from going round in circles: each leaf's keys must lie behind those of the leaf before.
 */
import { PAGE_NUMBER } from '../../src/pages/format.js'
import { damaged } from '../../src/pages/pages.js'
import type { Segment } from '../../src/pages/segment.js'
import { countOf } from './layout.js'
import { copyLeafKey } from './leaf.js'
import { Probe } from './probe.js'
import { lowerBound } from './search.js'

/** Watches a walk upwards whose leaves may be changed behind it. */
export class OrderGuard {
  private readonly key = new Probe()
  private isFirst = true

  /** The walk's next leaf. Throws `ERR_DAMAGED` if it does not lie behind the last, or is empty. */
  ascend(segment: Segment, base: number): void {
    if (!this.isFirst) refuseBelow(segment, base, this.key)
    this.isFirst = false
    copyLastKey(segment, base, this.key)
  }
}

const shared = new Probe()

/** Throws `ERR_DAMAGED` unless all keys of the leaf at `upper` are above those of the leaf at `lower`. */
export function refuseDisorder(lowerSegment: Segment, lower: number, upperSegment: Segment, upper: number): void {
  copyLastKey(lowerSegment, lower, shared)
  refuseBelow(upperSegment, upper, shared)
}

function copyLastKey(segment: Segment, base: number, key: Probe): void {
  refuseEmpty(segment, base)
  copyLeafKey(segment, base, countOf(segment, base) - 1, key)
}

/** Throws `ERR_DAMAGED` for a leaf without entries: none is ever written. */
export function refuseEmpty(segment: Segment, base: number): void {
  if (countOf(segment, base) === 0) throw damaged(segment.words[(base + PAGE_NUMBER) >>> 2], 'it is an empty leaf')
}

function refuseBelow(segment: Segment, base: number, key: Probe): void {
  if (lowerBound(segment, base, key) !== 0 || key.found)
    throw damaged(segment.words[(base + PAGE_NUMBER) >>> 2], 'its keys do not follow those of its neighbour')
}
