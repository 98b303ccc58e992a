/**
 * The bare limit of a durable put: one 4 KiB write and one fdatasync, in a file whose blocks exist and were written
 * before. Nothing that survives power loss on this disk can be faster, except by sharing the flush.
 */
import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { now, percentile } from '../measure.js'
import type { LimitWorkload } from './workload.js'

const FILE_BYTES = 16 * 1024 * 1024
const WRITE_BYTES = 4096
const WARM_UP_WRITES = 300
const TIMED_WRITES = 3000

export const limitWriteFdatasync: LimitWorkload = {
  name: 'limit-write-fdatasync',
  title: 'bare 4 KiB write + fdatasync',
  unit: 'us/write',
  run(directory) {
    const file = openSync(join(directory, 'limit'), 'w+')
    const page = Buffer.alloc(WRITE_BYTES, 1)
    for (let offset = 0; offset < FILE_BYTES; offset += WRITE_BYTES) writeSync(file, page, 0, WRITE_BYTES, offset)
    fsyncSync(file)
    const writeOne = (index: number) => {
      page.writeUInt32LE(index, 0)
      writeSync(file, page, 0, WRITE_BYTES, (index * WRITE_BYTES) % FILE_BYTES)
      fdatasyncSync(file)
    }
    for (let i = 0; i < WARM_UP_WRITES; i++) writeOne(i)
    const waits = new Array<number>(TIMED_WRITES)
    const start = now()
    let before = start
    for (let i = 0; i < TIMED_WRITES; i++) {
      writeOne(WARM_UP_WRITES + i)
      const after = now()
      waits[i] = (after - before) * 1000
      before = after
    }
    closeSync(file)
    return { value: ((before - start) * 1000) / TIMED_WRITES, digest: 0, p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) }
  },
}
