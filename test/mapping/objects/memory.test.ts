/**
 * Named file mappings: memory and files that unrelated processes find by a name.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { folder } from '../../folder.js'
import { filesOf, isPosix, startPeer } from './peer.js'

test('memory of one name is the same in all processes, with its old size, and zero at first', async (t) => {
  const namespace = folder(t)
  const [first, second] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  t.deepEqual(
    await first.run((m, kept) => {
      kept.mapping = m.FileMapping.create({ name: 'shared', size: 200_000 })
      kept.view = kept.mapping.view({ access: 'write', offset: 65_536 })
      const zero = kept.view.bytes.every((byte) => byte === 0)
      kept.view.bytes.set(new TextEncoder().encode('from the first'))
      return [kept.mapping.existed, kept.mapping.size, zero, kept.view.length]
    }),
    [false, 200_000, true, 134_464],
  )
  t.deepEqual(
    await second.run((m, kept) => {
      kept.mapping = m.FileMapping.create({ name: 'Local\\shared', size: 5, protection: 'read-only' })
      kept.view = kept.mapping.view({ access: 'write', offset: 65_536 })
      const { existed, size, protection } = kept.mapping
      const text = new TextDecoder().decode(kept.view.bytes.subarray(0, 14))
      kept.view.bytes[0] = 70
      return [existed, size, protection, text]
    }),
    [true, 200_000, 'read-write', 'from the first'],
  )
  t.is(await first.run((_, { view }) => view.bytes[0]), 70)
  // The memory outlives the handles as long as there are views; the name does not.
  await first.run((_, { mapping }) => mapping.close())
  await second.run((_, { mapping }) => mapping.close())
  t.like(await first.run((m) => m.FileMapping.open('shared').size), { win32Code: 2 })
  t.deepEqual(filesOf(namespace), [])
  t.is(
    await first.run((_, { view }) => {
      view.bytes[1] = 71
      return view.bytes[1]
    }),
    71,
  )
  t.is(await second.run((_, { view }) => view.bytes[1]), 71)
  t.is(await second.run((m) => m.FileMapping.create({ name: 'shared', size: 7 }).size), 7, 'a fresh object')
})

test('a name for reading gives nothing to write to; wrong kinds and sizes are refused', async (t) => {
  const peer = await startPeer(t, folder(t))
  t.deepEqual(
    await peer.run((m) => {
      const mapping = m.FileMapping.create({ name: 'x', size: 65_536 })
      const reader = m.FileMapping.open('x', { access: 'read' })
      const copy = mapping.duplicate({ access: 'read' })
      const semaphore = m.Semaphore.create({ name: 's', initial: 0, max: 1 })
      const calls = [
        () => reader.view({ access: 'write' }),
        () => copy.view({ access: 'write' }),
        () => reader.duplicate({ access: 'all' }),
        () => m.Event.open('x'),
        () => m.FileMapping.open('s'),
        () => m.FileMapping.create({ name: 's', size: 1 }),
        () => m.FileMapping.open('none'),
        () => m.FileMapping.create({ name: 'y' }),
        () => m.FileMapping.open('a\\b'),
      ]
      const codes = calls.map((call) => {
        try {
          call()
          return 'done'
        } catch (error) {
          return (error as { win32Code: number }).win32Code
        }
      })
      mapping.view({ access: 'write' }).bytes[3] = 9
      codes.push(reader.view({ access: 'read' }).bytes[3] as number, copy.view({ access: 'copy' }).bytes[3] as number)
      mapping.close()
      codes.push(m.FileMapping.open('x').size)
      for (const object of [reader, copy, semaphore]) object.close()
      return codes
    }),
    [5, 5, 5, 6, 6, 6, 2, 87, 3, 9, 9, 65_536],
  )
})

test('reserved memory takes its space when it is committed', async (t) => {
  const peer = await startPeer(t, folder(t))
  t.is(
    await peer.run((m) => {
      const mapping = m.FileMapping.create({ name: 'large', size: 2 ** 33, allocation: 'reserve' })
      const other = m.FileMapping.open('large')
      mapping.commit(2 ** 32, 65_536)
      mapping.view({ access: 'write', offset: 2 ** 32, length: 65_536 }).bytes[5] = 55
      const seen = other.view({ access: 'read', offset: 2 ** 32, length: 65_536 }).bytes[5]
      mapping.close()
      other.close()
      return seen
    }),
    55,
  )
})

test('a file is mapped by a name, as long as it is that file', async (t) => {
  const namespace = folder(t)
  const path = join(namespace, isPosix ? 'numbers: with colons' : 'numbers')
  writeFileSync(path, 'contents of the file')
  const [first, second] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  await first.run((m, kept, path) => {
    const file = m.File.open(path, { access: 'read-write', disposition: 'open-existing' })
    kept.mapping = m.FileMapping.create({ file, name: 'Global\\numbers', size: 70_000 })
    file.close()
    kept.mapping.view({ access: 'write' }).bytes[0] = 67
  }, path)
  t.deepEqual(
    await second.run((m, kept) => {
      kept.mapping = m.FileMapping.open('Global\\numbers')
      return [kept.mapping.size, kept.mapping.path, new TextDecoder().decode(kept.mapping.view({ access: 'read' }).bytes.subarray(0, 20))]
    }),
    [70_000, path, 'Contents of the file'],
  )
  renameSync(path, `${path}-moved`)
  writeFileSync(path, 'another')
  t.like(await second.run((m) => m.FileMapping.open('Global\\numbers').size), { win32Code: 2 })
  await second.run((_, { mapping }) => mapping.close())
  await first.kill()
  const third = await startPeer(t, namespace)
  t.like(await third.run((m) => m.FileMapping.open('Global\\numbers').size), { win32Code: 2 })
})
