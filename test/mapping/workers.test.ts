/**
 * Worker threads: each loads the addon for itself, and may end at any moment.
 */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { File } from '../../src/mapping/index.js'
import { folder } from '../folder.js'

const MODULE = new URL('../../src/mapping/index.js', import.meta.url).href

/** What a worker does, until its last line: open, map, store, lock, begin flushes. */
const BODY = `
  const { workerData, parentPort } = require('node:worker_threads')
  import(${JSON.stringify(MODULE)}).then(({ File, crc32c }) => {
    const file = File.open(workerData.path, { access: 'read-write', disposition: 'open-always' })
    file.allocate(1 << 20)
    globalThis.view = file.view({ offset: 0, length: 1 << 20, access: 'write' })
    globalThis.view.bytes.fill(workerData.value)
    if (!file.tryLock(2 ** 52 + workerData.value, 'exclusive')) throw new Error('the lock is not free')
    crc32c(globalThis.view.bytes, 0, 1 << 20)
    for (let i = 0; i < 4; i++) file.flush([{ view: globalThis.view, offset: 0, length: 1 << 20 }])
    END
  })`

function run(path: string, value: number, end: string, ended: (worker: Worker) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(BODY.replace('END', end), { eval: true, workerData: { path, value } })
    worker.once('error', reject)
    worker.once('exit', resolve)
    ended(worker)
  })
}

test('a worker may end in the middle of a flush', async (t) => {
  const path = join(folder(t), 'file')
  for (let i = 0; i < 10; i++) {
    t.is(await run(path, i, 'process.exit(0)', () => undefined), 0, 'by exit')
    await run(path, i, "parentPort.postMessage('busy'); setInterval(() => {}, 1000)", (worker) =>
      worker.once('message', () => worker.terminate()),
    )
    await run(path, i, '', () => undefined)
  }
  const file = File.open(path, { access: 'read-write', disposition: 'open-existing' })
  for (let i = 0; i < 10; i++) t.true(file.lockWait(2 ** 52 + i, 'exclusive', 10_000), 'the locks of the workers are free')
  const byte = Buffer.alloc(1)
  file.read(byte, 12345)
  t.is(byte[0], 9)
  file.close()
})

test('several workers use one file at once', async (t) => {
  const path = join(folder(t), 'file')
  File.open(path, { access: 'read-write', disposition: 'create-new' }).close()
  const exits = await Promise.all([1, 2, 3].map((value) => run(path, value, 'file.close()', () => undefined)))
  t.deepEqual(exits, [0, 0, 0])
})
