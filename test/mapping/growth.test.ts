/**
 * Descriptors and mapped ranges do not grow over create, map, unmap and close. `npm run bench -- growth` shows 100,000 cycles with memory.
 */
import test from 'ava'
import { cycles, type Footprint, lookAt, run } from '../../bench/growth.js'
import { FileMapping } from '../../src/mapping/index.js'

const CYCLES = 2000

/** Memory that the heap may still want to find its size; 2,000 views of 64 KiB would be 125 MiB. */
const SLACK_BYTES = 48 * 1024 * 1024

async function growth(cycle: (round: number) => void): Promise<{ before: Footprint; after: Footprint }> {
  await run(cycle, 200)
  const before = await lookAt()
  await run(cycle, CYCLES)
  return { before, after: await lookAt() }
}

for (const [name, cycle] of Object.entries(cycles)) {
  test.serial(`nothing grows: ${name}`, async (t) => {
    const { before, after } = await growth(cycle)
    t.log(
      `descriptors ${before.descriptors} -> ${after.descriptors}, resident ${before.residentBytes >> 20} -> ${after.residentBytes >> 20} MiB`,
    )
    t.is(after.descriptors, before.descriptors)
    t.true(after.residentBytes - before.residentBytes < SLACK_BYTES)
    t.true(after.externalBytes - before.externalBytes < 1024 * 1024)
    // V8 maps and unmaps pages of its own.
    if (before.ranges !== undefined && after.ranges !== undefined) t.true(after.ranges - before.ranges < CYCLES / 2)
  })
}

test.serial('what is not closed would be noticed', async (t) => {
  const kept: FileMapping[] = []
  const { before, after } = await growth(() => {
    kept.push(FileMapping.create({ size: 65_536 }))
  })
  // Where descriptors are not listed, nothing can be noticed; the listing is what this test is about.
  const isListed = before.descriptors !== undefined
  t.log(isListed ? `${before.descriptors} -> ${after.descriptors}` : 'this system does not list descriptors')
  if (isListed && before.descriptors !== undefined) t.true((after.descriptors ?? 0) - before.descriptors >= CYCLES)
  for (const mapping of kept) mapping.close()
  t.true(kept.every((mapping) => mapping.size > 0))
  if (isListed) t.true(((await lookAt()).descriptors ?? 0) <= (before.descriptors ?? 0))
})
