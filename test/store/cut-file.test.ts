/**
 * A store whose file is cut by somebody who does not know better goes on living, answers nothing from what is gone, and says so.
 */
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { platformTraits } from '../../src/mapping/index.js'
import { open } from '../../structures/index.js'
import { folder } from '../folder.js'

test('a cut store throws ERR_VIEW_FAULT for reads and writes (Windows does not let it be cut)', async (t) => {
  if (!platformTraits.mappedFileCanShrink) {
    t.log('skipped: a mapped file cannot be cut here')
    t.pass()
    return
  }
  const path = join(folder(t), 'store')
  const store = open(path)
  const tree = store.tree('words')
  store.write(() => {
    for (let i = 0; i < 20_000; i++) tree.put(`key ${i}`, `value ${i}`)
  })
  for (let i = 0; i < 20_000; i++) tree.get(`key ${i}`)
  const view = tree.at(store.snapshot())
  truncateSync(path, 3 * 4096)
  // The access itself may find zeroes and say that the page is damaged, or find nothing.
  t.throws(() => {
    for (let i = 0; i < 20_000; i++) tree.get(`key ${i}`)
  })
  t.throws(() => tree.get('key 1'), { code: 'ERR_VIEW_FAULT' })
  t.throws(() => view.get('key 1'), { code: 'ERR_VIEW_FAULT' })
  t.throws(() => store.write(() => tree.put('key', 'new')), { code: 'ERR_VIEW_FAULT' })
  try {
    await store.close()
  } catch {
    // What is left of the file cannot be made whole.
  }
})
