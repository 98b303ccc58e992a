/**
 * Mapping and unmapping, and bringing changed pages to the disk by each method.
 */
import { closeSync, fdatasyncSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { File, type View } from '../../src/mapping/index.js'
import { loadPeer } from '../engines/peer-package.js'
import { type Doing, type Step, timeEach, timePairs } from './step.js'

const VIEW_BYTES = 64 * 1024
const PAGE_BYTES = 4096

/** The part of mmap-io that is used here. */
interface MmapIo {
  readonly PROT_READ: number
  readonly PROT_WRITE: number
  readonly MAP_SHARED: number
  map(size: number, protection: number, flags: number, descriptor: number): Uint8Array
  sync(buffer: Uint8Array, offset: number, length: number, blocking: boolean, invalidate: boolean): void
}

function openFile(directory: string, bytes: number): File {
  const file = File.open(join(directory, 'file'), { access: 'read-write', disposition: 'create-new' })
  file.allocate(bytes)
  return file
}

const mapping: Step = {
  name: 'map-unmap',
  title: 'map a view of 64 KiB for writing, and unmap it',
  unit: 'ns/pair',
  limit: { what: 'map' },
  engines: {
    holdfast: {
      measure({ directory, timeMs }) {
        const file = openFile(directory, VIEW_BYTES)
        const options = { offset: 0, length: VIEW_BYTES, access: 'write' } as const
        const sample = timePairs(timeMs, () => file.view(options).unmap())
        file.close()
        return sample
      },
    },
    'mmap-io': {
      // It has no unmap: the garbage collector does that, inside and outside of the measured time.
      measure({ directory, timeMs }) {
        const { map, PROT_READ, PROT_WRITE, MAP_SHARED } = loadPeer<MmapIo>('mmap-io')
        const descriptor = openSync(join(directory, 'file'), 'w+')
        ftruncateSync(descriptor, VIEW_BYTES)
        return timePairs(timeMs, () => {
          map(VIEW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor)
        })
      },
    },
  },
}

/** Writes the pages once, so that no flush measured has to write metadata. */
async function changing(context: { directory: string; timeMs: number }, pages: number, change: Change) {
  const bytes = pages * PAGE_BYTES
  const source = new Uint8Array(bytes).fill(1)
  const file = openFile(context.directory, bytes)
  file.write(source, 0)
  file.flushSync()
  const view = file.view({ offset: 0, length: bytes, access: 'write' })
  const sample = await timeEach(context.timeMs, (round) => {
    source[0] = round
    return change(file, view, source)
  })
  view.unmap()
  file.close()
  return sample
}

type Change = (file: File, view: View, source: Uint8Array) => void | Promise<void>

function throughView(pages: number): Doing {
  return {
    measure: (context) =>
      changing(context, pages, (file, view, source) => {
        view.copyFrom(source)
        view.flush()
        file.flushSync()
      }),
  }
}

function throughViewAsync(pages: number): Doing {
  return {
    measure: (context) =>
      changing(context, pages, (file, view, source) => {
        view.copyFrom(source)
        return file.flush([{ view, offset: 0, length: source.length }])
      }),
  }
}

function throughWrite(pages: number): Doing {
  return {
    measure: (context) =>
      changing(context, pages, (file, _, source) => {
        file.write(source, 0)
        file.flushSync()
      }),
  }
}

function throughNode(pages: number): Doing {
  return {
    async measure({ directory, timeMs }) {
      const source = new Uint8Array(pages * PAGE_BYTES).fill(1)
      const descriptor = openSync(join(directory, 'file'), 'w+')
      writeSync(descriptor, source, 0, source.length, 0)
      fsyncSync(descriptor)
      const sample = await timeEach(timeMs, (round) => {
        source[0] = round
        writeSync(descriptor, source, 0, source.length, 0)
        fdatasyncSync(descriptor)
      })
      closeSync(descriptor)
      return sample
    },
  }
}

function throughMmapIo(pages: number): Doing {
  return {
    measure({ directory, timeMs }) {
      const { map, sync, PROT_READ, PROT_WRITE, MAP_SHARED } = loadPeer<MmapIo>('mmap-io')
      const source = new Uint8Array(pages * PAGE_BYTES).fill(1)
      const descriptor = openSync(join(directory, 'file'), 'w+')
      writeSync(descriptor, source, 0, source.length, 0)
      fsyncSync(descriptor)
      const bytes = map(source.length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor)
      return timeEach(timeMs, (round) => {
        source[0] = round
        bytes.set(source)
        sync(bytes, 0, bytes.length, true, false)
      })
    },
  }
}

function flushes(pages: number): Step[] {
  const what = `${pages.toLocaleString('en')} changed page${pages === 1 ? '' : 's'}`
  const limit = (through: string) => ({ what: `flush-${through}`, pages })
  return [
    {
      name: `flush-view-${pages}`,
      title: `${what} by a view: view.flush, then file.flushSync (msync, fdatasync)`,
      unit: 'us/flush',
      limit: limit('view'),
      engines: { holdfast: throughView(pages), 'mmap-io': throughMmapIo(pages) },
    },
    {
      name: `flush-view-async-${pages}`,
      title: `${what} by a view: await file.flush([range]), not blocking the loop`,
      unit: 'us/flush',
      limit: limit('view'),
      engines: { holdfast: throughViewAsync(pages) },
    },
    {
      name: `flush-write-${pages}`,
      title: `${what} by file.write, then file.flushSync (pwrite, fdatasync)`,
      unit: 'us/flush',
      limit: limit('write'),
      engines: { holdfast: throughWrite(pages), 'node-fs': throughNode(pages) },
    },
  ]
}

/** The steps of this file. */
export const viewSteps: readonly Step[] = [mapping, ...flushes(1), ...flushes(64), ...flushes(4096)]
