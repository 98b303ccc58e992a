/**
 * Seeded random numbers for tests, so that a finding can be repeated from its printed seed.
 */

/** Numbers in [0, 1) that depend on the seed only (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The seed of this run: `HOLDFAST_SEED`, or one from the clock. */
export function seedOfRun(): number {
  const given = process.env.HOLDFAST_SEED
  return given === undefined ? (Date.now() % 2 ** 32) >>> 0 : Number(given)
}

/** A number from the environment, or the given one. */
export function amount(variable: string, fallback: number): number {
  const given = process.env[variable]
  return given === undefined ? fallback : Number(given)
}
