/**
 * Values as bytes: what was encoded is decoded, results own their memory, and what cannot be a value is refused.
 */
import test from 'ava'
import fc from 'fast-check'
import { HoldfastError } from '../../../src/errors.js'
import { MAX_VALUE_BYTES } from '../../../src/pages/format.js'
import { VALUE_ASCII } from '../../../structures/tree/layout.js'
import { decodeValue, prepareValue, ValueBytes, type ValueEncoding } from '../../../structures/tree/values.js'
import { seedOfRun } from '../../random.js'

const bytes = new ValueBytes()

/** Encodes and decodes at some offset in other bytes. */
function roundTrip(encoding: ValueEncoding, value: unknown): unknown {
  bytes.set(prepareValue(encoding, value))
  const memory = Buffer.alloc(bytes.bytes.length + 20, 0xee)
  memory.set(bytes.copy(), 7)
  const back = decodeValue(encoding, memory, 7, 7 + bytes.bytes.length, bytes.flags)
  memory.fill(0x11)
  return back
}

const refusal = (code: string) => ({ instanceOf: HoldfastError, code })

test('strings come back, and ASCII is known as such', (t) => {
  for (const text of ['', 'abc', 'é', 'ÿ', '一二三', '😀', 'a\0b', 'x'.repeat(70_000), 'é'.repeat(70_000)]) {
    t.is(roundTrip('string', text), text)
    t.is(bytes.flags === VALUE_ASCII, /^[\0-\x7f]*$/.test(text))
  }
  for (const value of [undefined, null, 1, {}, Buffer.from('a')])
    t.throws(() => prepareValue('string', value), refusal('ERR_INVALID_VALUE'))
  for (const text of ['\ud800', `${'x'.repeat(70_000)}\udc00`])
    t.throws(() => bytes.set(prepareValue('string', text)), refusal('ERR_INVALID_VALUE'))
})

test('binary values come back as copies', (t) => {
  t.deepEqual([...(roundTrip('binary', Uint8Array.of(1, 2, 255)) as Uint8Array)], [1, 2, 255])
  t.deepEqual([...(roundTrip('binary', Buffer.alloc(0)) as Uint8Array)], [])
  for (const value of ['a', [1], new Uint16Array(1), new ArrayBuffer(1), null, undefined])
    t.throws(() => prepareValue('binary', value), refusal('ERR_INVALID_VALUE'))
})

test('JSON values come back', (t) => {
  const seed = seedOfRun()
  t.log(`seed ${seed}`)
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      t.deepEqual(roundTrip('json', value), JSON.parse(JSON.stringify(value)))
    }),
    { seed, numRuns: 500 },
  )
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  for (const value of [undefined, () => 1, Symbol('a'), 1n, { a: 1n }, cycle])
    t.throws(() => prepareValue('json', value), refusal('ERR_INVALID_VALUE'))
  t.is(roundTrip('json', 'lone \ud800'), 'lone \ud800', 'JSON escapes lone surrogates')
})

test('MessagePack values come back', (t) => {
  const date = new Date(1234567890123)
  for (const value of [
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 40,
    'é',
    [],
    {},
    { a: [1, { b: undefined }] },
    date,
    new Set([1, 'x']),
    2n ** 60n,
    2n ** 70n,
  ])
    t.deepEqual(roundTrip('msgpack', value), value)
  t.deepEqual(roundTrip('msgpack', new Map([['a', 1]])), { a: 1 })
  const binary = roundTrip('msgpack', { bytes: Buffer.from([1, 2, 3]) }) as { bytes: Uint8Array }
  t.deepEqual([...binary.bytes], [1, 2, 3])
  roundTrip('msgpack', { bytes: Buffer.from([9, 9, 9]) })
  t.deepEqual([...binary.bytes], [1, 2, 3], 'the bytes inside are a copy')
  const large = { text: 'é'.repeat(100_000), list: Array.from({ length: 1000 }, (_, index) => index) }
  t.deepEqual(roundTrip('msgpack', large), large)
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  for (const value of [undefined, () => 1, { a: () => 1 }, [function named() {}], Symbol('a'), { a: Symbol('a') }, cycle])
    t.throws(() => prepareValue('msgpack', value), refusal('ERR_INVALID_VALUE'), typeof value)
})

test('values beyond 1 GiB are refused', (t) => {
  const value = { length: MAX_VALUE_BYTES + 1, [Symbol.toStringTag]: 'Uint8Array' }
  t.throws(() => prepareValue('binary', value), refusal('ERR_INVALID_VALUE'), 'only looks like one')
  // 2 GiB of address space, of which no page is touched.
  const large = new Uint8Array(MAX_VALUE_BYTES + 1)
  t.throws(() => prepareValue('binary', large), refusal('ERR_VALUE_TOO_LARGE'))
})

test('bytes that no value encodes to are reported as damage', (t) => {
  const decode = (encoding: ValueEncoding, text: string) => decodeValue(encoding, Buffer.from(text, 'latin1'), 0, text.length, 0)
  t.throws(() => decode('json', '{"a"'), refusal('ERR_DAMAGED'))
  t.throws(() => decode('json', ''), refusal('ERR_DAMAGED'))
  t.throws(() => decode('msgpack', '\xd9\xff'), refusal('ERR_DAMAGED'))
  t.throws(() => decode('msgpack', ''), refusal('ERR_DAMAGED'))
})
