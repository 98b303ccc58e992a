/**
 * Loads the addon and says what it offers. Nothing but this folder calls it.
 *
 * The binary is found by node-gyp-build: a local build first, then `prebuilds/PLATFORM-ARCH`. What the addon takes is checked
 * by the classes of this folder, which explain what is wrong; the addon itself only makes sure that nothing can break.
 */
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { HoldfastError } from '../errors.js'

/** Native half of `View`. */
export interface NativeView {
  /** The mapped bytes; to be called once. */
  takeBuffer(): ArrayBuffer
  flush(offset: number, length: number): void
  advise(random: boolean, offset: number, length: number): void
  address(): bigint
  /** What the guard has seen in the view: whether bytes were unreachable (else stored into a view for reading), from, to. */
  faults(): [unreachable: boolean, start: number, end: number] | undefined
  /** Detaches `buffer`, then unmaps. */
  unmap(buffer: ArrayBuffer): void
}

/** Native half of `FileMapping`. */
export interface NativeSection {
  commit(offset: number, length: number): void
  /** The descriptor or HANDLE. */
  handle(): number
  close(): void
}

/** What a file system says of itself: `statfs`'s number (Linux), its name (elsewhere), whether it says that it is remote. */
export type NativeVolume = readonly [type: number, name: string, remote: boolean]

/** Native half of `File`. */
export interface NativeFile {
  size(): number
  read(target: Uint8Array, offset: number): number
  write(source: Uint8Array, offset: number): void
  writePages(arena: readonly Uint8Array[], runs: Uint32Array, runCount: number, pageSize: number): void
  allocate(size: number): void
  truncate(size: number): void
  /** `ranges`: view, offset and length in turn, written before the file is flushed. */
  flush(ranges?: readonly (NativeView | number)[]): Promise<void>
  flushSync(): void
  volume(): NativeVolume
  tryLock(offset: number, exclusive: boolean): boolean
  lockWait(offset: number, exclusive: boolean, timeoutMs: number): boolean
  unlock(offset: number): void
  close(): void
}

/** The addon's exports. */
export interface Native {
  readonly File: new (path: string, writable: boolean, disposition: number, share: number, mode: number, inheritable: boolean) => NativeFile
  /** `access`: 0 read, 1 write, 2 copy; `address` 0 is anywhere. */
  readonly View: new (
    source: NativeFile | NativeSection,
    offset: number,
    length: number,
    access: number,
    address: number,
    guard: boolean,
  ) => NativeView
  /** `file` null is memory; `protection`: 0 read-only, 1 read-write, 2 write-copy. Or a duplicate. */
  readonly Section: {
    new (file: NativeFile | null, size: number, protection: number, reserve: boolean, inheritable: boolean): NativeSection
    new (from: NativeSection, writable: boolean, inheritable: boolean): NativeSection
    /** Over the memory of a named object. */
    new (memory: object, writable: boolean): NativeSection
  }
  /** One element, which grows with every fault that the guard absorbs anywhere in this process. */
  readonly guardFaults: Uint32Array
  crc32c(bytes: Uint8Array, start: number, end: number): number
  crc32cSoftware(bytes: Uint8Array, start: number, end: number): number
  writePagesToViews(
    views: readonly NativeView[],
    segmentPages: number,
    arena: readonly Uint8Array[],
    runs: Uint32Array,
    runCount: number,
    pageSize: number,
  ): void
  renameExclusive(from: string, to: string): boolean
  removeFile(path: string): boolean
  syncDirectory(path: string): void
  readonly traits: PlatformTraits
  /** Win32 codes by their symbolic names. */
  readonly win32Codes: Readonly<Record<string, number>>
}

/** How this platform differs from others in what the mapping layer leaves open. */
export interface PlatformTraits {
  /** A view may cover space behind the end of its file; touching it faults until the file has grown. */
  readonly viewMayPassEnd: boolean
  /** A write to a file is promised to be seen at once through every view of it. */
  readonly writesReachViews: boolean
  /** A file can be cut while a part of it is mapped, if no view covers what goes. */
  readonly mappedFileCanShrink: boolean
  /** A child's `stdio` can carry the handle of any object. */
  readonly stdioCarriesHandles: boolean
  /** The processor computes CRC-32C by an instruction of its own. */
  readonly hardwareChecksum: boolean
}

function load(): Native {
  const require = createRequire(import.meta.url)
  let tried = "to find the package 'holdfast'"
  try {
    // By the package's own name: it is right for the compiled sources, for the published bundle, and for a bundle that somebody makes of it.
    const root = dirname(require.resolve('holdfast/package.json'))
    tried = `build/Release and prebuilds/${process.platform}-${process.arch} in ${root}`
    const find = require('node-gyp-build') as (directory: string) => Native
    return find(root)
  } catch (cause) {
    throw new HoldfastError(
      'ERR_UNSUPPORTED',
      `Holdfast's native addon could not be loaded for ${process.platform}-${process.arch}, Node ${process.version}: ` +
        `tried ${tried} (${(cause as Error).message.trim()}). ` +
        `Install a package that has a binary for this platform, or build one there by 'npx node-gyp rebuild' (needs a C++17 compiler).`,
      { cause },
    )
  }
}

export const native: Native = load()

/** How this platform differs from others. */
export const platformTraits: PlatformTraits = native.traits
