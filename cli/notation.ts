/**
 * How keys and values are written as text and as JSON, so that whatever is printed can be read back.
 *
 * As text (arguments, plain output): a string is itself, a number is decimal, bytes are `0x` and hexadecimal digits, a
 * tuple is a JSON array. As JSON: what JSON cannot say stands in an object with one field, `{"$bytes": base64}`,
 * `{"$number": "Infinity"}`; a MessagePack value with such parts is `{"$msgpack": base64}` as a whole.
 */
import { Unpackr } from 'msgpackr'
import type { KeyEncoding, TupleElement, ValueEncoding } from '../structures/index.js'
import { ExitCode, Failure } from './failure.js'

/** Any key: the encoding of its tree says which kind. */
export type Key = string | number | Uint8Array | TupleElement[]

const BYTES = '$bytes'
const NUMBER = '$number'
const MSGPACK = '$msgpack'

const unpackr = new Unpackr({ useRecords: false, copyBuffers: true })

/** A key as an argument gives it. */
export function keyFromText(encoding: KeyEncoding, text: string): Key {
  if (encoding === 'string') return text
  if (encoding === 'binary') return bytesFromText(text)
  if (encoding === 'number') return numberFromText(text)
  const parsed = parseJson(text, 'a key of this tree is a JSON array such as ["US","Austin"]')
  return keyFromJson(encoding, parsed)
}

/** A key as JSON input gives it. */
export function keyFromJson(encoding: KeyEncoding, json: unknown): Key {
  if (encoding === 'tuple') {
    if (!Array.isArray(json)) throw new Failure(ExitCode.USAGE, `a tuple key is an array, not ${JSON.stringify(json)}`)
    return json.map(elementFromJson)
  }
  const key = elementFromJson(json)
  const fits =
    (encoding === 'string' && typeof key === 'string') ||
    (encoding === 'number' && typeof key === 'number') ||
    (encoding === 'binary' && key instanceof Uint8Array)
  if (!fits) throw new Failure(ExitCode.USAGE, `a ${encoding} key was expected, not ${JSON.stringify(json)}`)
  return key as Key
}

/** A key as CSV input gives it: numbers are text there. */
export function keyFromCell(encoding: KeyEncoding, cell: string): Key {
  return encoding === 'tuple' ? [cell] : keyFromText(encoding, cell)
}

/** A key for people; also what an argument takes. */
export function keyToText(key: unknown): string {
  if (typeof key === 'string') return key
  if (key instanceof Uint8Array) return bytesToText(key)
  return typeof key === 'number' ? String(key) : JSON.stringify(elementToJson(key as TupleElement))
}

/** A key for programs. */
export function keyToJson(key: unknown): unknown {
  return elementToJson(key as TupleElement)
}

/** A value as an argument or standard input gives it. */
export function valueFromText(encoding: ValueEncoding, text: string): unknown {
  if (encoding === 'string') return text
  if (encoding === 'binary') return bytesFromText(text)
  return valueFromJson(encoding, parseJson(text, `a value of this tree is JSON (a string needs double quotes inside of the shell's)`))
}

/** A value as JSON input gives it. */
export function valueFromJson(encoding: ValueEncoding, json: unknown): unknown {
  if (encoding === 'binary') {
    const bytes = tagged(json, BYTES)
    if (bytes === undefined) throw new Failure(ExitCode.USAGE, `a binary value is {"${BYTES}": base64}, not ${JSON.stringify(json)}`)
    return Buffer.from(bytes, 'base64')
  }
  if (encoding !== 'msgpack') return json
  const packed = tagged(json, MSGPACK)
  return packed === undefined ? json : unpackr.unpack(Buffer.from(packed, 'base64'))
}

/** A value for people; also what an argument takes. */
export function valueToText(encoding: ValueEncoding, value: unknown): string {
  if (encoding === 'string') return value as string
  if (value instanceof Uint8Array) return bytesToText(value)
  return JSON.stringify(value, readable) ?? 'undefined'
}

/** A value for programs; `packed` gives the stored bytes of a value that JSON cannot say. */
export function valueToJson(encoding: ValueEncoding, value: unknown, packed: () => Uint8Array | undefined): unknown {
  if (encoding === 'binary') return { [BYTES]: Buffer.from(value as Uint8Array).toString('base64') }
  if (encoding !== 'msgpack' || isPlain(value)) return value
  return { [MSGPACK]: Buffer.from(packed() ?? []).toString('base64') }
}

/** Whether JSON brings back exactly this value. */
function isPlain(value: unknown): boolean {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return true
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  if (Array.isArray(value)) return value.every(isPlain)
  if (typeof value !== 'object') return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  return tagged(value, MSGPACK) === undefined && Object.values(value).every(isPlain)
}

function readable(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Map || value instanceof Set) return [...value]
  if (value instanceof Uint8Array) return bytesToText(value)
  // A Buffer has turned itself into this before it comes here.
  if (isBufferJson(value)) return bytesToText(Uint8Array.from(value.data))
  return value
}

function isBufferJson(value: unknown): value is { data: number[] } {
  const { type, data } = (value ?? {}) as { type?: unknown; data?: unknown }
  return type === 'Buffer' && Array.isArray(data)
}

function elementFromJson(json: unknown): TupleElement {
  if (Array.isArray(json)) return json.map(elementFromJson)
  const bytes = tagged(json, BYTES)
  if (bytes !== undefined) return Buffer.from(bytes, 'base64')
  const number = tagged(json, NUMBER)
  return number === undefined ? (json as TupleElement) : numberFromText(number)
}

function elementToJson(element: TupleElement): unknown {
  if (element instanceof Uint8Array) return { [BYTES]: Buffer.from(element).toString('base64') }
  if (Array.isArray(element)) return element.map(elementToJson)
  return typeof element === 'number' && !Number.isFinite(element) ? { [NUMBER]: String(element) } : element
}

function tagged(json: unknown, tag: string): string | undefined {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return undefined
  const names = Object.keys(json)
  const text = (json as Record<string, unknown>)[tag]
  return names.length === 1 && typeof text === 'string' ? text : undefined
}

function bytesFromText(text: string): Buffer {
  const digits = text.startsWith('0x') ? text.slice(2) : text
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits))
    throw new Failure(ExitCode.USAGE, `bytes are written as 0x and pairs of hexadecimal digits, not ${JSON.stringify(text)}`)
  return Buffer.from(digits, 'hex')
}

function bytesToText(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

function numberFromText(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || Number.isNaN(number)) throw new Failure(ExitCode.USAGE, `a number was expected, not ${JSON.stringify(text)}`)
  return number
}

function parseJson(text: string, hint: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new Failure(ExitCode.USAGE, `${JSON.stringify(text)} is not JSON: ${hint}`)
  }
}
