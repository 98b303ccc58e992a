/**
 * Input of `load`: records from newline-delimited JSON or CSV, in batches, with the place of each for error messages.
 */
import { createReadStream, fstatSync, statSync } from 'node:fs'
import { extname } from 'node:path'
import type { Readable } from 'node:stream'
import { TextDecoder } from 'node:util'
import { parse } from 'csv-parse'
import { ExitCode, Failure } from './failure.js'

/** What the input is made of. */
export type InputFormat = 'ndjson' | 'csv'

/** One record; CSV gives the cells of a row by the names of the header line, as text. */
export interface InputRecord {
  readonly line: number
  readonly json: unknown
}

/** An input that was opened. */
export interface Input {
  readonly format: InputFormat
  /** Size in bytes where it is known. */
  readonly totalBytes: number | undefined
  /** Bytes read so far. */
  readonly bytesRead: () => number
  readonly batches: AsyncIterable<readonly InputRecord[]>
}

const BATCH_RECORDS = 10_000
const CSV_EXTENSIONS = new Set(['.csv', '.tsv'])

/** Opens a file, or standard input for `-`. Without a format the extension decides. */
export function openInput(file: string, format: InputFormat | undefined): Input {
  const isStandardInput = file === '-'
  const extension = extname(file).toLowerCase()
  const chosen = format ?? (CSV_EXTENSIONS.has(extension) ? 'csv' : 'ndjson')
  let bytes = 0
  const stat = isStandardInput ? fstatSync(0) : statSync(file)
  const stream: Readable = isStandardInput ? process.stdin : createReadStream(file, { highWaterMark: 256 * 1024 })
  stream.on('data', (chunk: Buffer | string) => {
    bytes += Buffer.byteLength(chunk)
  })
  stream.pause()
  return {
    format: chosen,
    totalBytes: stat.isFile() ? stat.size : undefined,
    bytesRead: () => bytes,
    batches: chosen === 'csv' ? csvRecords(stream, extension === '.tsv' ? '\t' : ',') : jsonRecords(stream),
  }
}

async function* jsonRecords(stream: Readable): AsyncGenerator<readonly InputRecord[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let batch: InputRecord[] = []
  let rest = ''
  let line = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const lines = (rest + decode(decoder, chunk, line)).split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) addJson(batch, text, ++line)
      if (batch.length < BATCH_RECORDS) continue
      yield batch
      batch = []
    }
    addJson(batch, rest + decode(decoder, undefined, line), ++line)
  } catch (error) {
    // What stands before the mistake is loaded, and the message of the loader would count it.
    yield batch
    throw error
  }
  yield batch
}

function decode(decoder: TextDecoder, chunk: Uint8Array | undefined, line: number): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
  } catch {
    throw new Failure(ExitCode.USAGE, `the input is not UTF-8 (after line ${line})`)
  }
}

function addJson(batch: InputRecord[], text: string, line: number): void {
  const trimmed = text.trim()
  if (trimmed === '') return
  try {
    batch.push({ line, json: JSON.parse(trimmed) as unknown })
  } catch (error) {
    throw new Failure(ExitCode.USAGE, `line ${line} is not JSON: ${(error as Error).message}`)
  }
}

async function* csvRecords(stream: Readable, delimiter: string): AsyncGenerator<readonly InputRecord[]> {
  const parser = stream.pipe(parse({ columns: true, bom: true, info: true, skip_empty_lines: true, delimiter }))
  stream.on('error', (error) => parser.destroy(error))
  let batch: InputRecord[] = []
  try {
    for await (const { info, record } of parser as AsyncIterable<{ info: { lines: number }; record: unknown }>) {
      batch.push({ line: info.lines, json: record })
      if (batch.length === BATCH_RECORDS) {
        yield batch
        batch = []
      }
    }
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('CSV_')) throw new Failure(ExitCode.USAGE, (error as Error).message)
    throw error
  }
  yield batch
}
