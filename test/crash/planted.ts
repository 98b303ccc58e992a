/**
 * Faults of the classic kinds, planted in the engine from outside: around its storage, or over a method of one of its classes.
 *
 * The explorer must find each of them, or it would not find them in the engine either.
 */
import { crc32c } from '../../src/mapping/index.js'
import { PAGE_CRC, PAGE_NUMBER, PAGE_RUN, PAGE_SIZE, PAGE_TYPE, PageType } from '../../src/pages/format.js'
import { FreeSpace } from '../../src/pages/free-space.js'
import { META_HIGH_WATER } from '../../src/pages/meta.js'
import { Pager } from '../../src/pages/pager.js'
import { FRAME_SALT, Frame } from '../../src/pages/redo-frame.js'
import { LOG_FIRST_FRAME, RedoLog } from '../../src/pages/redo-log.js'
import type { StorageFile } from '../../src/pages/storage.js'
import { Transaction } from '../../src/pages/transaction.js'
import type { Plant } from './verify.js'
import type { Profile } from './workload.js'

/** A fault and how to plant it. */
export interface PlantedFault {
  readonly name: string
  readonly plant?: Plant
  /** The kind of workload that meets it soon. */
  readonly profile?: Profile
  /** Overrides a method; returns what takes the override back. */
  readonly patch?: () => () => void
}

/** A storage whose files behave otherwise in some calls. */
function withFiles(change: { data?: (file: StorageFile) => StorageFile; log?: (file: StorageFile) => StorageFile }): Plant {
  return (storage) => {
    const data = change.data?.(storage.data) ?? storage.data
    return overlay(storage, {
      data,
      openLog: (create: boolean) => {
        const file = storage.openLog(create)
        return file === undefined ? undefined : (change.log?.(file) ?? file)
      },
    })
  }
}

/** The same object with some members replaced. */
function overlay<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get(object, name) {
      if (name in members) return members[name as keyof T]
      const value: unknown = Reflect.get(object, name)
      return typeof value === 'function' ? value.bind(object) : value
    },
  })
}

/** Replaces a method; returns what puts it back. */
function override<T extends object, K extends keyof T>(prototype: T, name: K, replacement: (original: T[K]) => T[K]): () => void {
  const original = prototype[name]
  prototype[name] = replacement(original)
  return () => {
    prototype[name] = original
  }
}

const later = () => new Promise<void>((resolve) => setImmediate(resolve))

const neverFlushed = (file: StorageFile) => overlay(file, { flush: later, flushSync: () => undefined })

/** A flush that is already in flight is taken for one's own. */
function sharedFlush(file: StorageFile): StorageFile {
  let running: Promise<void> | undefined
  let lastBegun = false
  return overlay(file, {
    flush: () => {
      // Every second flush is answered by the one before.
      lastBegun = !lastBegun
      if (!lastBegun && running !== undefined) return running
      running = file.flush()
      return running
    },
  })
}

/** Flushes the data file only when a meta page was written since the last flush, or only when none was. */
function flushedIfMeta(wanted: boolean): (file: StorageFile) => StorageFile {
  return (file) => {
    let metaPending = false
    const skips = () => {
      const skip = metaPending !== wanted
      metaPending = false
      return skip
    }
    return overlay(file, {
      write: (source, offset) => {
        if (offset < 3 * PAGE_SIZE) metaPending = true
        file.write(source, offset)
      },
      flush: () => (skips() ? later() : file.flush()),
      flushSync: () => (skips() ? undefined : file.flushSync()),
    })
  }
}

/** Reads of a meta page come back as `change` makes them, sealed. */
function changedMeta(change: (meta: Buffer, page: number, file: StorageFile) => void): (file: StorageFile) => StorageFile {
  return (file) =>
    overlay(file, {
      read: (target, offset) => {
        const length = file.read(target, offset)
        const page = offset / PAGE_SIZE
        if ((page === 1 || page === 2) && length >= PAGE_SIZE) {
          const meta = Buffer.from(target.buffer, target.byteOffset, PAGE_SIZE)
          change(meta, page, file)
          meta.writeUInt32LE(crc32c(meta, PAGE_CRC + 4, PAGE_SIZE), PAGE_CRC)
        }
        return length
      },
    })
}

function forgeMeta(meta: Buffer, page: number): void {
  meta.writeUInt32LE(page, PAGE_NUMBER)
  meta.writeUInt8(PageType.META, PAGE_TYPE)
  meta.writeUInt32LE(1, PAGE_RUN)
}

/** Far in the future of any transaction of a test. */
const FUTURE = 1_000_000

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  { name: 'a transaction is acknowledged without a flush of the log', plant: withFiles({ log: neverFlushed }) },
  { name: 'a transaction is acknowledged by a flush that began before it', plant: withFiles({ log: sharedFlush }) },
  {
    name: 'a flush that failed is tried again',
    plant: withFiles({
      log: (file) => overlay(file, { flush: () => file.flush().catch(() => file.flush()) }),
      data: (file) => overlay(file, { flush: () => file.flush().catch(() => file.flush()) }),
    }),
  },
  {
    name: 'a freed page is used again while a snapshot needs it',
    patch: () =>
      override(
        FreeSpace.prototype,
        'reclaim',
        (original) =>
          function (this: FreeSpace, oldest, checkpoint) {
            original.call(this, oldest + FUTURE, checkpoint)
          },
      ),
  },
  {
    name: 'a freed page is used again before a checkpoint is durable without it',
    patch: () =>
      override(
        FreeSpace.prototype,
        'reclaim',
        (original) =>
          function (this: FreeSpace, oldest, checkpoint) {
            original.call(this, oldest, checkpoint + FUTURE)
          },
      ),
  },
  { name: 'freed pages are lost', patch: () => override(Transaction.prototype, 'free', () => () => undefined) },
  { name: 'meta pages are not checked', plant: withFiles({ data: changedMeta(forgeMeta) }) },
  {
    name: "recovery trusts the file's length",
    plant: withFiles({
      data: changedMeta((meta, _, file) => {
        meta.writeUInt32LE(Math.max(meta.readUInt32LE(META_HIGH_WATER), Math.floor(file.refreshSize() / PAGE_SIZE)), META_HIGH_WATER)
      }),
    }),
  },
  {
    name: 'log frames are not checked',
    patch: () =>
      override(
        Frame.prototype,
        'isValid',
        () =>
          function (this: Frame, salt) {
            return (this as unknown as { word(at: number): number }).word(FRAME_SALT) === salt
          },
      ),
  },
  { name: 'a meta page is written before its pages are flushed', plant: withFiles({ data: flushedIfMeta(true) }) },
  { name: 'the log is recycled before its checkpoint is durable', plant: withFiles({ data: flushedIfMeta(false) }) },
  { name: 'the data file is never flushed', plant: withFiles({ data: neverFlushed }) },
  {
    name: 'a log frame overwrites one that no checkpoint covers',
    profile: 'wrapping',
    patch: () =>
      override(
        RedoLog.prototype,
        'place',
        (original) =>
          function (this: RedoLog, length, _start, end, limit) {
            const at = original.call(this, length, Number.MAX_SAFE_INTEGER, end, limit)
            return at !== undefined && at + length > limit ? LOG_FIRST_FRAME : at
          },
      ),
  },
  { name: 'writing goes on after a failed flush', patch: () => override(Pager.prototype, 'refusePoisoned', () => () => undefined) },
  {
    name: 'pages are made visible before they are written',
    plant: withFiles({
      data: (file) =>
        overlay(file, {
          writePages: (arena, runs, runCount) => {
            const copies = arena.map((chunk) => Buffer.from(chunk))
            const kept = runs.slice()
            setImmediate(() => {
              try {
                file.writePages(copies, kept, runCount)
              } catch {
                // The handle is dead or closed by now.
              }
            })
          },
        }),
    }),
  },
]
