/**
 * Views of one file in two processes are the same memory.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { allocationGranularity, File } from '../../src/mapping/index.js'
import { folder } from '../folder.js'
import { startPeer } from './peer.js'

test('stores, atomic additions and writes of one process are seen by the other', async (t) => {
  const path = join(folder(t), 'file')
  writeFileSync(path, Buffer.alloc(2 * allocationGranularity))
  const file = File.open(path, { access: 'read-write', disposition: 'open-existing' })
  const view = file.view({ offset: allocationGranularity, length: allocationGranularity, access: 'write' })
  t.teardown(() => {
    view.unmap()
    file.close()
  })
  const words = new Uint32Array(view.buffer)
  const peer = await startPeer(t)
  t.is(await peer.ask({ do: 'open', path }), 2 * allocationGranularity)
  await peer.ask({ do: 'map', offset: allocationGranularity, length: allocationGranularity })

  await peer.ask({ do: 'store', index: 3, value: 0xdeadbeef })
  t.is(Atomics.load(words, 3), 0xdeadbeef)
  Atomics.store(words, 4, 77)
  t.is(await peer.ask({ do: 'load', index: 4 }), 77)

  const times = 300_000
  const added = peer.ask({ do: 'add', index: 9, times })
  for (let i = 0; i < times; i++) Atomics.add(words, 9, 1)
  t.is(await added, times)
  t.is(Atomics.load(words, 9), 2 * times, 'nothing was lost')

  await peer.ask({ do: 'write', text: 'written', offset: allocationGranularity + 400 })
  t.is(Buffer.from(view.buffer, 400, 7).toString(), 'written')
})

test('a process that dies leaves what it stored', async (t) => {
  const path = join(folder(t), 'file')
  writeFileSync(path, Buffer.alloc(allocationGranularity))
  const peer = await startPeer(t)
  await peer.ask({ do: 'open', path })
  await peer.ask({ do: 'map', offset: 0, length: allocationGranularity })
  await peer.ask({ do: 'store', index: 1, value: 4711 })
  await peer.kill()
  const file = File.open(path, { access: 'read', disposition: 'open-existing' })
  const word = Buffer.alloc(4)
  file.read(word, 4)
  t.is(word.readUInt32LE(), 4711)
  file.close()
})
