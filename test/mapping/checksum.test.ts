/**
 * CRC-32C: known vectors, and every way to compute it against every other.
 */
import test from 'ava'
import { crc32c, platformTraits } from '../../src/mapping/index.js'
import { native } from '../../src/mapping/native.js'
import { seededRandom, seedOfRun } from '../random.js'
import { throwsCode } from './errors.js'

/** Bit by bit, from the definition. */
function byDefinition(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

test('vectors of RFC 3720', (t) => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i)
  const vectors: [Uint8Array, number][] = [
    [new Uint8Array(0), 0],
    [Buffer.from('123456789'), 0xe3069283],
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [ascending, 0x46dd794e],
    [ascending.slice().reverse(), 0x113fdb5c],
  ]
  for (const [bytes, crc] of vectors) {
    t.is(crc32c(bytes, 0, bytes.length), crc)
    t.is(native.crc32cSoftware(bytes, 0, bytes.length), crc)
    t.is(byDefinition(bytes), crc)
  }
})

test('every way gives the same result at every length and alignment', (t) => {
  if (!platformTraits.hardwareChecksum) t.log('this processor has no instruction for it: only the tables were tested')
  const seed = seedOfRun()
  t.log(`HOLDFAST_SEED=${seed}`)
  const random = seededRandom(seed)
  const bytes = Uint8Array.from({ length: 20000 }, () => random() * 256)
  const lengths = [...Array.from({ length: 420 }, (_, i) => i), 1360, 4079, 4080, 4081, 4092, 4096, 8156, 8160, 8163, 16384]
  for (const length of lengths) {
    for (const start of [0, 1, 4, 7]) {
      const expected = byDefinition(bytes.subarray(start, start + length))
      if (crc32c(bytes, start, start + length) !== expected) t.fail(`length ${length} at ${start}`)
      if (native.crc32cSoftware(bytes, start, start + length) !== expected) t.fail(`length ${length} at ${start} by tables`)
    }
  }
  t.pass()
})

test('any changed bit of a page changes it', (t) => {
  const page = Buffer.alloc(4096, 0x5c)
  const crc = crc32c(page, 4, 4096)
  let same = 0
  for (let bit = 32; bit < 4096 * 8; bit++) {
    const byte = bit >>> 3
    page[byte] = (page[byte] as number) ^ (1 << (bit & 7))
    if (crc32c(page, 4, 4096) === crc) same++
    page[byte] = (page[byte] as number) ^ (1 << (bit & 7))
  }
  t.is(same, 0)
  page[0] = 0
  t.is(crc32c(page, 4, 4096), crc, 'what lies outside of the range does not count')
})

test('ranges that are not in the array are refused', (t) => {
  const bytes = Buffer.alloc(10)
  const wrong: [unknown, unknown, unknown][] = [
    [bytes, 0, 11],
    [bytes, -1, 5],
    [bytes, 6, 5],
    [bytes, 0.5, 5],
    [bytes, 0, Number.NaN],
    [bytes, '0', 5],
    [bytes, 0, undefined],
    [bytes, 2 ** 40, 2 ** 40],
    ['text', 0, 1],
    [new Uint16Array(5), 0, 1],
    [null, 0, 1],
  ]
  for (const [of, start, end] of wrong)
    throwsCode(t, () => crc32c(of as Uint8Array, start as number, end as number), 'ERR_INVALID_ARGUMENT')
  const detached = new Uint8Array(8)
  structuredClone(detached.buffer, { transfer: [detached.buffer] })
  throwsCode(t, () => crc32c(detached, 0, 8), 'ERR_INVALID_ARGUMENT')
  t.is(crc32c(bytes, 10, 10), 0)
})
