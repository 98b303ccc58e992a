/**
 * CRC-32C (Castagnoli), the checksum of pages and log frames: RFC 3720, appendix B.4.
 */
import { describe, invalidArgument } from './arguments.js'
import { native } from './native.js'

/** The checksum of `bytes[start]` to `bytes[end - 1]`, as an unsigned integer. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  if (
    !(bytes instanceof Uint8Array && start >= 0 && start <= end && end <= bytes.length && Number.isInteger(start) && Number.isInteger(end))
  )
    throw invalidArgument(`the range ${describe(start)} to ${describe(end)} does not lie inside a Uint8Array`)
  return native.crc32c(bytes, start, end)
}
