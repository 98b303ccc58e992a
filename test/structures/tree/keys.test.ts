/**
 * Keys as bytes: their order is the order of the keys, what was encoded is decoded, and what cannot be a key is refused.
 */
import test from 'ava'
import fc from 'fast-check'
import { HoldfastError } from '../../../src/errors.js'
import { decodeKey, encodeKey, type KeyEncoding, type TupleElement } from '../../../structures/tree/keys.js'
import { MAX_KEY_BYTES } from '../../../structures/tree/layout.js'
import { Probe } from '../../../structures/tree/probe.js'
import { seedOfRun } from '../../random.js'

const probe = new Probe()

function encode(encoding: KeyEncoding, key: unknown): Buffer {
  encodeKey(encoding, key, probe)
  return Buffer.from(probe.copy())
}

function roundTrip(encoding: KeyEncoding, key: unknown): unknown {
  encodeKey(encoding, key, probe)
  return decodeKey(encoding, probe)
}

const refusal = (code: string) => ({ instanceOf: HoldfastError, code })

/** Every pair of these is in this order. */
function isAscending(encoding: KeyEncoding, keys: readonly unknown[]): boolean {
  return keys.every((key, index) => index === 0 || Buffer.compare(encode(encoding, keys[index - 1]), encode(encoding, key)) < 0)
}

const parameters = (t: { log: (text: string) => void }) => {
  const seed = seedOfRun()
  t.log(`seed ${seed}`)
  return { seed, numRuns: 2000 }
}

function compareCodePoints(one: string, other: string): number {
  const [a, b] = [[...one], [...other]]
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const difference = (a[index]?.codePointAt(0) as number) - (b[index]?.codePointAt(0) as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

test('strings are ordered by code point and come back', (t) => {
  const strings = fc.string({ unit: 'grapheme', maxLength: 20 })
  fc.assert(
    fc.property(strings, strings, (one, other) => {
      t.is(roundTrip('string', one), one)
      const order = Buffer.compare(encode('string', one), encode('string', other))
      return Math.sign(order) === Math.sign(compareCodePoints(one, other))
    }),
    parameters(t),
  )
  t.true(isAscending('string', ['', '\0', 'A', 'B', 'a', 'é', 'ÿ', '一', '\uffff', '😀']))
  t.is(roundTrip('string', 'x'.repeat(MAX_KEY_BYTES)), 'x'.repeat(MAX_KEY_BYTES))
  t.is(roundTrip('string', '一'.repeat(666)), '一'.repeat(666))
})

test('strings that cannot be keys are refused', (t) => {
  t.throws(() => encode('string', 'x'.repeat(MAX_KEY_BYTES + 1)), refusal('ERR_KEY_TOO_LARGE'))
  t.throws(() => encode('string', '一'.repeat(667)), refusal('ERR_KEY_TOO_LARGE'))
  t.throws(() => encode('string', 'a\ud800'), refusal('ERR_INVALID_KEY'))
  for (const key of [undefined, null, 1, Buffer.from('a'), ['a'], {}]) t.throws(() => encode('string', key), refusal('ERR_INVALID_KEY'))
})

test('numbers are ordered and come back', (t) => {
  const numbers = fc.double({ noNaN: true })
  fc.assert(
    fc.property(numbers, numbers, (one, other) => {
      if (one === 0 && other === 0) return true
      t.is(roundTrip('number', one), one === 0 ? 0 : one)
      return Math.sign(Buffer.compare(encode('number', one), encode('number', other))) === Math.sign(one < other ? -1 : one > other ? 1 : 0)
    }),
    parameters(t),
  )
  const ascending = [
    -Infinity,
    -Number.MAX_VALUE,
    -256,
    -1,
    -Number.MIN_VALUE,
    0,
    Number.MIN_VALUE,
    1e-9,
    1,
    2,
    255,
    256,
    2 ** 53,
    Infinity,
  ]
  t.true(isAscending('number', ascending))
  t.true(Object.is(roundTrip('number', -0), 0))
  t.deepEqual(encode('number', 1), Buffer.from('bff0000000000000', 'hex'))
  t.deepEqual(encode('number', -1), Buffer.from('400fffffffffffff', 'hex'))
  for (const key of [Number.NaN, '1', 1n, null, undefined]) t.throws(() => encode('number', key), refusal('ERR_INVALID_KEY'))
})

test('binary keys come back as copies', (t) => {
  const key = Buffer.from([0, 1, 255, 0])
  const back = roundTrip('binary', key) as Uint8Array
  t.deepEqual([...back], [...key])
  probe.bytes.fill(7)
  t.deepEqual([...back], [...key])
  t.throws(() => encode('binary', new Uint8Array(MAX_KEY_BYTES + 1)), refusal('ERR_KEY_TOO_LARGE'))
  for (const wrong of ['a', [1], new Uint16Array(2), new ArrayBuffer(2), null])
    t.throws(() => encode('binary', wrong), refusal('ERR_INVALID_KEY'))
})

const { element } = fc.letrec<{ element: TupleElement; tuple: TupleElement[] }>((tie) => ({
  element: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true }).map((number) => (number === 0 ? 0 : number)),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
    fc.string({ unit: fc.constantFrom('\0', '\u0001', 'a', 'ÿ'), maxLength: 4 }),
    fc.uint8Array({ maxLength: 5 }),
    tie('tuple'),
  ),
  tuple: fc.array(tie('element'), { maxLength: 4 }),
}))

/** The documented order, spelled out. */
function compareElements(one: TupleElement, other: TupleElement): number {
  const difference = rank(one) - rank(other)
  if (difference !== 0) return difference
  if (typeof one === 'number') return one - (other as number) < 0 ? -1 : one === other ? 0 : 1
  if (typeof one === 'string') return compareCodePoints(one, other as string)
  if (one instanceof Uint8Array) return Buffer.compare(one, other as Uint8Array)
  if (Array.isArray(one)) return compareTuples(one, other as TupleElement[])
  return 0
}

function compareTuples(one: readonly TupleElement[], other: readonly TupleElement[]): number {
  for (let index = 0; index < Math.min(one.length, other.length); index++) {
    const order = compareElements(one[index] as TupleElement, other[index] as TupleElement)
    if (order !== 0) return order
  }
  return one.length - other.length
}

function rank(element: TupleElement): number {
  if (element === null) return 0
  if (element === false) return 1
  if (element === true) return 2
  if (typeof element === 'number') return 3
  if (typeof element === 'string') return 4
  return element instanceof Uint8Array ? 5 : 6
}

test('tuples are ordered element by element and come back', (t) => {
  const tuples = fc.array(element, { maxLength: 5 })
  fc.assert(
    fc.property(tuples, tuples, (one, other) => {
      t.deepEqual(plain(roundTrip('tuple', one)), plain(one))
      return Math.sign(Buffer.compare(encode('tuple', one), encode('tuple', other))) === Math.sign(compareTuples(one, other))
    }),
    parameters(t),
  )
  t.true(
    isAscending('tuple', [
      [],
      [null],
      [null, null],
      [false],
      [true],
      [-1],
      [0],
      ['', 1],
      ['a'],
      ['a', null],
      ['a\0'],
      ['b'],
      [Buffer.of()],
      [[]],
      [[], 1],
      [[null]],
    ]),
  )
})

test('a tuple’s bytes begin with those of every shorter tuple it begins with', (t) => {
  fc.assert(
    fc.property(fc.array(element, { maxLength: 3 }), fc.array(element, { maxLength: 3 }), (head, tail) => {
      const [short, long] = [encode('tuple', head), encode('tuple', [...head, ...tail])]
      return short.equals(long.subarray(0, short.length))
    }),
    parameters(t),
  )
  t.pass()
})

/** Tuples with their binaries as arrays, for comparing. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { binary: [...value] }
  return Array.isArray(value) ? value.map(plain) : value
}

test('tuples that cannot be keys are refused', (t) => {
  let deep: TupleElement = []
  for (let level = 0; level < 40; level++) deep = [deep]
  for (const key of [
    'a',
    null,
    undefined,
    [undefined],
    [Number.NaN],
    [1n],
    [{}],
    [() => 1],
    ['\udc00'],
    [new Map()],
    [Symbol('a')],
    new Array(2),
    deep,
  ])
    t.throws(() => encode('tuple', key), refusal('ERR_INVALID_KEY'))
  for (const key of [['x'.repeat(1999)], [new Uint8Array(2000)], ['\0'.repeat(1000)], new Array<number>(223).fill(1), [['x'.repeat(1998)]]])
    t.throws(() => encode('tuple', key), refusal('ERR_KEY_TOO_LARGE'))
  t.is(encode('tuple', ['x'.repeat(1998)]).length, MAX_KEY_BYTES)
})

test('bytes that are no tuple and no number are reported as damage', (t) => {
  for (const bytes of [
    [0x00],
    [0x01],
    [0x30, 1, 2],
    [0x40],
    [0x40, 0x61],
    [0x40, 0x00, 0xff],
    [0x60],
    [0x60, 0x10],
    [0x70],
    new Array<number>(40).fill(0x60),
  ])
    t.throws(() => decodeKey('tuple', probe.set(Uint8Array.from(bytes))), refusal('ERR_DAMAGED'))
  t.throws(() => decodeKey('number', probe.set(Uint8Array.of(1, 2, 3))), refusal('ERR_DAMAGED'))
})
