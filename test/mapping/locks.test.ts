/**
 * Byte locks: between files of one process, between processes, and after the death of their holder.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { File } from '../../src/mapping/index.js'
import { folder } from '../folder.js'
import { throwsCode } from './errors.js'
import { startPeer } from './peer.js'

const FAR = 2 ** 52

function twoFiles(t: ExecutionContext): [File, File, string] {
  const path = join(folder(t), 'file')
  writeFileSync(path, 'contents')
  const open = () => File.open(path, { access: 'read-write', disposition: 'open-existing' })
  const files: [File, File, string] = [open(), open(), path]
  t.teardown(() => {
    files[0].close()
    files[1].close()
  })
  return files
}

test('two files of one process exclude each other', (t) => {
  const [a, b] = twoFiles(t)
  t.true(a.tryLock(FAR, 'exclusive'))
  t.false(b.tryLock(FAR, 'exclusive'))
  t.false(b.tryLock(FAR, 'shared'))
  t.true(b.tryLock(FAR + 1, 'exclusive'), 'the next byte is another lock')
  a.unlock(FAR)
  t.true(b.tryLock(FAR, 'shared'))
  t.true(a.tryLock(FAR, 'shared'), 'shared locks stand beside each other')
  a.unlock(FAR)
  t.false(a.tryLock(FAR, 'exclusive'))
  b.unlock(FAR)
  t.true(a.tryLock(FAR, 'exclusive'))
})

test('closing another file of the same name keeps the locks', (t) => {
  const [a, b, path] = twoFiles(t)
  t.true(a.tryLock(FAR, 'exclusive'))
  File.open(path, { access: 'read', disposition: 'open-existing' }).close()
  t.false(b.tryLock(FAR, 'exclusive'))
  a.close()
  t.true(b.tryLock(FAR, 'exclusive'), 'closing the holder frees it')
})

test('locks are not recursive; freeing what is not held does nothing', (t) => {
  const [a, b] = twoFiles(t)
  t.true(a.tryLock(FAR, 'shared'))
  throwsCode(t, () => a.tryLock(FAR, 'exclusive'), 'ERR_INVALID_ARGUMENT')
  throwsCode(t, () => a.lockWait(FAR, 'shared', 10), 'ERR_INVALID_ARGUMENT')
  b.unlock(FAR)
  a.unlock(FAR + 9)
  throwsCode(t, () => b.tryLock(FAR, 'maybe' as 'shared'), 'ERR_INVALID_ARGUMENT')
  t.false(b.tryLock(FAR, 'exclusive'))
  a.unlock(FAR)
  t.true(b.tryLock(FAR, 'exclusive'))
})

test('waiting ends with the time, or with the lock', async (t) => {
  const [a, b] = twoFiles(t)
  t.true(a.tryLock(FAR, 'exclusive'))
  const start = performance.now()
  t.false(b.lockWait(FAR, 'shared', 30))
  t.true(performance.now() - start >= 29, 'it has waited')
  t.false(b.lockWait(FAR, 'shared', 0))
  a.unlock(FAR)
  t.true(b.lockWait(FAR, 'exclusive', 0))
})

test('many locks at once', (t) => {
  const [a, b] = twoFiles(t)
  for (let i = 0; i < 200; i++) t.true(a.tryLock(FAR + i, 'exclusive'))
  t.false(b.tryLock(FAR + 199, 'shared'))
  a.unlock(FAR + 100)
  t.true(b.tryLock(FAR + 100, 'exclusive'))
  t.false(b.tryLock(FAR + 101, 'exclusive'))
})

test('another process is excluded, and the death of the holder frees its locks', async (t) => {
  const [a, , path] = twoFiles(t)
  const peer = await startPeer(t)
  await peer.ask({ do: 'open', path })
  t.true(a.tryLock(FAR, 'exclusive'))
  t.false(await peer.ask({ do: 'lock', offset: FAR, mode: 'exclusive' }))
  t.false(await peer.ask({ do: 'lock', offset: FAR, mode: 'shared' }))
  a.unlock(FAR)
  t.true(await peer.ask({ do: 'lock', offset: FAR, mode: 'exclusive' }))
  t.true(await peer.ask({ do: 'lock', offset: FAR + 7, mode: 'shared' }))
  t.false(a.tryLock(FAR, 'shared'))
  t.true(a.tryLock(FAR + 7, 'shared'))
  t.false(a.lockWait(FAR, 'exclusive', 50), 'the holder lives')
  await peer.kill()
  t.true(a.lockWait(FAR, 'exclusive', 10_000), 'the holder is dead')
  a.unlock(FAR + 7)
  t.true(a.tryLock(FAR + 7, 'exclusive'))
})

test('a wait is over as soon as the other process lets go', async (t) => {
  const [a, , path] = twoFiles(t)
  const peer = await startPeer(t)
  await peer.ask({ do: 'open', path })
  t.true(await peer.ask({ do: 'lock', offset: FAR, mode: 'exclusive' }))
  const unlocked = peer.ask({ do: 'unlock', offset: FAR })
  t.true(a.lockWait(FAR, 'exclusive', 10_000))
  await unlocked
})
