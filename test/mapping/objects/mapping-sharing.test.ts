/**
 * File mappings without a name that go to other processes: what can be handed over, with which rights, and what is left.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { FileMapping, inheritable } from '../../../src/mapping/index.js'
import { folder } from '../../folder.js'
import { throwsCode } from '../errors.js'
import { filesOf, startPeer } from './peer.js'

test('a mapping of a file goes to another process with its file, size and protection', async (t) => {
  const [namespace, path] = [folder(t), join(folder(t), 'file')]
  writeFileSync(path, 'text of the file')
  const [giver, taker] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  const ticket = (await giver.run((m, kept, path) => {
    const file = m.File.open(path, { access: 'read-write', disposition: 'open-existing' })
    kept.mapping = m.FileMapping.create({ file, size: 100_000, shareable: true })
    kept.view = kept.mapping.view({ access: 'write' })
    file.close()
    return kept.mapping.offer({ access: 'write' }).text
  }, path)) as string
  t.deepEqual(
    await taker.run(async (m, kept, ticket) => {
      kept.mapping = await m.FileMapping.claim(ticket)
      kept.view = kept.mapping.view({ access: 'write' })
      const { size, protection, rights } = kept.mapping
      const text = new TextDecoder().decode(kept.view.bytes.subarray(0, 16))
      kept.view.bytes[99_999] = 3
      return [size, protection, rights, text]
    }, ticket),
    [100_000, 'read-write', 'all', 'text of the file'],
  )
  t.is(await giver.run((_, { view }) => view.bytes[99_999]), 3)
  await giver.kill()
  await taker.run((_, { mapping }) => mapping.close())
  t.deepEqual(filesOf(namespace), [], 'nothing is left of a killed offerer either')
})

test('a ticket for a mapping is for a mapping', async (t) => {
  const namespace = folder(t)
  const [giver, taker] = [await startPeer(t, namespace), await startPeer(t, namespace)]
  const [mapping, event] = (await giver.run((m, kept) => {
    kept.mapping = m.FileMapping.create({ size: 5, shareable: true })
    kept.event = m.Event.create({ reset: 'auto' })
    return [kept.mapping.offer().text, kept.event.offer().text]
  })) as [string, string]
  t.like(await taker.run((m, _, ticket) => m.Event.claim(ticket), mapping), { win32Code: 6 })
  t.like(await taker.run((m, _, ticket) => m.FileMapping.claim(ticket).then(({ size }) => size), event), { win32Code: 6 })
  t.is(await taker.run((m, _, ticket) => m.FileMapping.claim(ticket).then(({ size }) => size), mapping), 5)
})

test('what cannot be handed over says why', (t) => {
  const plain = FileMapping.create({ size: 5 })
  t.teardown(() => plain.close())
  throwsCode(t, () => plain.offer(), 'ERR_UNSUPPORTED')
  throwsCode(t, () => inheritable({ plain }), 'ERR_UNSUPPORTED')
  throwsCode(t, () => FileMapping.create({ size: 5, shareable: 1 as unknown as boolean }), 'ERR_INVALID_ARGUMENT')
  throwsCode(t, () => plain.offer({ access: 'synchronize' as 'read' }), 'ERR_INVALID_ARGUMENT')
  throwsCode(t, () => plain.offer(null as unknown as object), 'ERR_INVALID_ARGUMENT')
  for (const wrong of [undefined, null, 5, {}, { object: {}, access: 'all' }, { object: undefined }])
    throwsCode(t, () => inheritable({ wrong: wrong as unknown as FileMapping }), 'ERR_INVALID_ARGUMENT')
  throwsCode(t, () => FileMapping.inherited('nothing'), 'ERR_FILE_NOT_FOUND')
  plain.close()
  throwsCode(t, () => plain.offer(), 'ERR_CLOSED')
})
