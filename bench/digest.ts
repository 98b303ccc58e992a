/**
 * Digests of what was read, by which the runner proves that all engines returned the same.
 *
 * `sampleEntry` and `sampleValue` are cheap enough for a timed loop and look at a few characters;
 * `hashEntry` looks at every character and is used outside of timed loops only.
 */

/** Folds an entry that was read into a digest; the form in which a scan hands out entries. */
export type Fold = (digest: number, key: string, value: string) => number

/** Folds lengths, one late character of the key and two of the value. */
export function sampleEntry(digest: number, key: string, value: string): number {
  return (Math.imul(digest, 31) + key.charCodeAt(key.length - 1) * value.length + value.charCodeAt(1) + value.charCodeAt(99)) | 0
}

/** Adds a value that a get returned; `undefined` counts too. Independent of the order of reading. */
export function sampleValue(digest: number, value: string | undefined): number {
  if (value === undefined) return (digest + 0x9e37) | 0
  return (digest + value.length + value.charCodeAt(1) * 256 + value.charCodeAt(98)) | 0
}

/** The same for bytes that were read in place; engines call it with what they found. */
export function sampleBytes(length: number, second: number, lastButOne: number): number {
  return length + second * 256 + lastButOne
}

/** Folds every character of an entry (FNV-1a). */
export function hashEntry(digest: number, key: string, value: string): number {
  let hash = digest
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ 0xff, 0x01000193)
  for (let i = 0; i < value.length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193)
  return Math.imul(hash ^ 0xfe, 0x01000193)
}
