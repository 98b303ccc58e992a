/**
 * Counts the changes that this process makes to trees in open transactions, so that whoever walks over such a tree notices that it changed.
 */

let changes = 0

/** To be called before every change. */
export function noteChange(): void {
  changes++
}

/** Differs from an earlier result if any tree was changed meanwhile. */
export function changeCount(): number {
  return changes
}
