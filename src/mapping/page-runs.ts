/**
 * Checks of page runs, and their way into writable views. `File.writePages` is the way by positioned writes.
 *
 * Four u32 describe a run: page number, index into the arena, byte offset in that chunk, number of pages. The CRC-32C of
 * bytes 4 and up of each run is stored in its first 4 bytes, little-endian, before the run is stored in the file.
 */
import { invalidArgument } from './arguments.js'
import { guardFaults } from './guard.js'
import { type NativeView, native } from './native.js'
import { View } from './view.js'

/** Throws unless every run lies inside its chunk of the arena. */
export function checkRuns(arena: readonly Uint8Array[], runs: Uint32Array, runCount: number, pageSize: number): void {
  if (!Array.isArray(arena)) throw invalidArgument('arena must be an array of Buffers')
  if (!(runs instanceof Uint32Array)) throw invalidArgument('runs must be a Uint32Array')
  if (!Number.isSafeInteger(pageSize) || pageSize < 8 || pageSize > 2 ** 31)
    throw invalidArgument('pageSize must be an integer, at least 8')
  if (!Number.isSafeInteger(runCount) || runCount < 0 || runCount * 4 > runs.length)
    throw invalidArgument(`runs must hold four numbers for each of ${String(runCount)} runs`)
  for (let at = 0; at < runCount * 4; at += 4) {
    const chunk = arena[runs[at + 1] as number]
    const pageCount = runs[at + 3] as number
    if (!(chunk instanceof Uint8Array) || pageCount === 0 || (runs[at + 2] as number) + pageCount * pageSize > chunk.length)
      throw invalidArgument(`run ${at / 4} does not lie inside the arena`)
  }
}

/**
 * Seals runs and stores them through writable views: `views[i]` covers segment i of the file, `segmentPages` pages. Only the
 * views of segments that the runs touch must be there. Throws `ERR_INVALID_ARGUMENT`, then nothing was stored, `ERR_CLOSED`, or `ERR_VIEW_FAULT`, then a part was.
 */
export function writePagesToViews(
  views: readonly (View | undefined)[],
  segmentPages: number,
  arena: readonly Uint8Array[],
  runs: Uint32Array,
  runCount: number,
  pageSize: number,
): void {
  checkRuns(arena, runs, runCount, pageSize)
  if (!Number.isSafeInteger(segmentPages) || segmentPages < 1) throw invalidArgument('segmentPages must be an integer, at least 1')
  const targets = new Array<NativeView>(runCount)
  for (let run = 0; run < runCount; run++) {
    const page = runs[run * 4] as number
    const view = views[Math.floor(page / segmentPages)]
    const end = ((page % segmentPages) + (runs[run * 4 + 3] as number)) * pageSize
    if (view === undefined || view.access !== 'write') throw invalidArgument(`page ${page} has no writable view`)
    targets[run] = View.nativeOf(view)
    if (end > view.bytes.length) throw invalidArgument(`the run at page ${page} does not lie inside its view`)
  }
  const faults = guardFaults[0]
  native.writePagesToViews(targets, segmentPages, arena, runs, runCount, pageSize)
  // What could not be stored must not pass for stored.
  if (guardFaults[0] !== faults) for (const view of views) view?.check()
}
