/**
 * A process that calls everything of the mapping layer, and of the addon below it, with anything.
 *
 * Its arguments: a folder, a seed, and a number of rounds; a negative one plants a crash.
 */
import { join } from 'node:path'
import { crc32c, File, FileMapping, removeFile, renameExclusive, syncDirectory, View, writePagesToViews } from '../../src/mapping/index.js'
import { native } from '../../src/mapping/native.js'
import { seededRandom } from '../random.js'

/** Values that a caller may hand over by mistake or malice; made anew each time, as calls may change them. */
function strangeValues(path: string, file: File, view: View): unknown[] {
  const detached = new Uint8Array(64)
  structuredClone(detached.buffer, { transfer: [detached.buffer] })
  const trap = [Buffer.alloc(64)]
  Object.defineProperty(trap, 0, {
    get() {
      view.unmap()
      return Buffer.alloc(64)
    },
  })
  const thrower = new Proxy([], {
    get() {
      throw new Error('from a proxy')
    },
  })
  return [
    undefined, null, true, false, 0, 1, -1, 0.5, Number.NaN, Infinity, -Infinity, 4096, 65536, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53, 1e300,
    0n, 'text', '', 'a\0b', join(path, 'x'), Symbol('s'), () => 1, class {}, {}, [], [1, 2, 3], trap, thrower, new Date(), /x/,
    new Uint8Array(0), Buffer.alloc(64), Buffer.alloc(64).subarray(13), new Uint16Array(8), new Uint32Array(8), Uint32Array.of(0, 0, 0, 1), Uint32Array.of(1, 0, 16, 2),
    new Float64Array(4), new BigInt64Array(4), new DataView(new ArrayBuffer(8)), new ArrayBuffer(8), new SharedArrayBuffer(8), new Uint8Array(new SharedArrayBuffer(64)),
    detached, [detached], [Buffer.alloc(64)], [null], new Array(10), file, view, [file], [view], [view, 0, 16], view.bytes, view.buffer, { length: 3 },
    { access: 'read', disposition: 'open-existing' }, { offset: 0, length: 100, access: 'write' }, Object.create(File.prototype), Object.create(View.prototype),
  ] // biome-ignore format: a list
}

/** Calls everything with anything, for `rounds` rounds. */
function storm(path: string, seed: number, rounds: number): void {
  const random = seededRandom(seed)
  const open = () => File.open(join(path, 'file'), { access: 'read-write', disposition: 'open-always' })
  const nativeFile = () => new native.File(join(path, 'file'), true, 2, 7, 0o666, false)
  for (let round = 0; round < rounds; round++) {
    const file = open()
    file.allocate(65536)
    const view = file.view({ offset: 0, length: 65536, access: 'write' })
    const inner = nativeFile()
    const innerView = new native.View(inner, 0, 65536, 1, 0, true)
    const mapping = FileMapping.create({ file, size: 65536, protection: 'read-write' })
    const mapped = mapping.view({ access: 'copy' })
    const memory = new native.Section(null, 65536, 1, true, false)
    const values = [
      ...strangeValues(path, file, view),
      inner,
      mapping,
      memory,
      { file, size: 65536 },
      { size: 65536 },
      innerView,
      [innerView, 0, 100],
      [innerView, innerView],
    ]
    const any = () => values[Math.floor(random() * values.length)]
    const targets: object[] = [
      file,
      view,
      inner,
      innerView,
      native,
      FileMapping,
      mapping,
      mapped,
      memory,
      { crc32c, removeFile, renameExclusive, syncDirectory, writePagesToViews },
    ]
    for (let call = 0; call < 40; call++) {
      const target = targets[Math.floor(random() * targets.length)] as Record<string, unknown>
      const names = [...Object.getOwnPropertyNames(target), ...Object.getOwnPropertyNames(Object.getPrototypeOf(target))]
      const name = names[Math.floor(random() * names.length)] as string
      // Waiting and allocating take what they are told to, and cutting a mapped file makes its views fatal: tested elsewhere.
      if (['lockWait', 'allocate', 'truncate'].includes(name)) continue
      try {
        const method = (target as Record<string, unknown>)[name]
        if (typeof method !== 'function') continue
        const receiver = random() < 0.9 ? target : any()
        const given = Array.from({ length: Math.floor(random() * 7) }, any)
        const result = random() < 0.9 ? Reflect.apply(method, receiver, given) : Reflect.construct(method, given)
        if (result instanceof Promise) result.catch(() => undefined)
        // Sizes are taken at their word: gigabytes that wait for the garbage collector would be the machine's whole memory soon.
        if (result instanceof native.Section || result instanceof FileMapping) result.close()
      } catch {
        // An error is what should come.
      }
    }
    try {
      innerView.unmap(innerView.takeBuffer())
    } catch {
      // It was unmapped or taken.
    }
    inner.close()
    memory.close()
    mapped.unmap()
    mapping.close()
    view.unmap()
    file.close()
  }
}

const [path, seed, rounds] = process.argv.slice(2)
if (Number(rounds) < 0) process.kill(process.pid, 'SIGKILL')
storm(path as string, Number(seed), Number(rounds))
process.exit(0)
