/**
 * File mappings: Win32's CreateFileMapping and MapViewOfFile, the same on every platform.
 *
 * A mapping is a file's bytes [0, size), or memory without a file ("page-file-backed") that starts as zeroes. Its rules are those of the
 * vendor's documentation, and the errors carry the Win32 codes. Memory lives while the mapping or a view of it is open, and so long
 * the file cannot be cut or overwritten (`ERR_USER_MAPPED_FILE`). What rule a call breaks is decided here; the addon only maps.
 */
import { HoldfastError } from '../errors.js'
import { checkChoice, checkFlag, checkOffset, describe, invalidArgument } from './arguments.js'
import { File } from './file.js'
import { type NativeSection, native } from './native.js'
import { NamedMemory } from './objects/named-memory.js'
import { type HandOver, handOver, NamedObject } from './objects/named-object.js'
import type { Security } from './objects/options.js'
import type { ClaimOptions, Ticket } from './objects/ticket.js'
import { allocationGranularity, MAX_VIEW_LENGTH, mapView, VIEW_ACCESSES, type View, type ViewAccess } from './view.js'
import { refuseRemote } from './volume.js'
import { MappingError, modelled } from './win32-error.js'

/** In the addon's order. */
const PROTECTIONS = ['read-only', 'read-write', 'write-copy'] as const
const ALLOCATIONS = ['commit', 'reserve'] as const
/** Each has those before it. */
const RIGHTS = ['read', 'write', 'all'] as const

/** What views of a mapping can be: 'read-only' and 'write-copy' allow views for reading and copying, 'read-write' all. */
export type MappingProtection = (typeof PROTECTIONS)[number]

/** What a handle of a mapping allows; 'write' includes reading. */
export type MappingRights = (typeof RIGHTS)[number]

export interface FileMappingOptions {
  /** An open file, which may be closed afterwards; without it the mapping is memory. `undefined` is refused, for it may be a mistake. */
  readonly file?: File
  /** Bytes; 0, the default, is the file's length now. A larger size makes the file grow, if the protection is 'read-write'. */
  readonly size?: number
  /** Default 'read-write'. */
  readonly protection?: MappingProtection
  /**
   * For memory: 'commit' (default) takes all its space now, so that a lack of it fails here; 'reserve' takes it by `commit`, or
   * when a page is touched first (on Windows the guard sees to that: a view with `guard: false` touches committed bytes only).
   * For a file it means nothing.
   */
  readonly allocation?: (typeof ALLOCATIONS)[number]
  /** Child processes get the handle too; `false` by default. */
  readonly inheritable?: boolean
  /** Maps a file on a network or otherwise unsuitable file system all the same. */
  readonly allowRemote?: boolean
  /** Creates the object of this name, or opens the existing one with its old size and protection: see `existed`. */
  readonly name?: string
  /**
   * Without a name: can be offered to other processes and inherited all the same; `false` by default. On POSIX that makes it a file of
   * the namespace while it is open. A named mapping can always be handed over.
   */
  readonly shareable?: boolean
  /** Who may use a new named mapping. */
  readonly security?: Security
}

export interface MappingViewOptions {
  /** A multiple of 64 KiB; default 0. */
  readonly offset?: number
  /** Default: to the end of the mapping. */
  readonly length?: number
  readonly access: ViewAccess
  /** Where to map: a multiple of 64 KiB. The view is there or fails with `ERR_INVALID_ADDRESS`. 0, the default, is anywhere. */
  readonly address?: number | bigint
  /** See `FileViewOptions.guard`. */
  readonly guard?: boolean
}

/** A file mapping object. */
export class FileMapping {
  /** Bytes. */
  readonly size: number
  readonly protection: MappingProtection
  /** What this handle allows. */
  readonly rights: MappingRights
  /** The name belonged to a mapping already, and this is that one, with its size. */
  readonly existed: boolean
  /** The file's path; undefined for memory. */
  readonly path: string | undefined
  readonly #reserved: boolean
  #native: NativeSection | undefined
  /** Keeps the name, if there is one. */
  readonly #named: NamedMemory | undefined

  private constructor(
    section: NativeSection,
    of: Pick<FileMapping, 'size' | 'protection' | 'rights' | 'existed' | 'path'>,
    reserved: boolean,
    named?: NamedMemory,
  ) {
    this.#native = section
    this.#named = named
    this.#reserved = reserved
    this.size = of.size
    this.protection = of.protection
    this.rights = of.rights
    this.existed = of.existed
    this.path = of.path
  }

  /**
   * Creates a mapping (CreateFileMapping). Of a file: `ERR_FILE_INVALID` for size 0 of an empty file, `ERR_NOT_ENOUGH_MEMORY` for more than
   * the file has without 'read-write', `ERR_ACCESS_DENIED` for 'read-write' of a file open for reading, `ERR_CLOSED` for a closed one,
   * `ERR_REMOTE_VOLUME`, and the system's ENOSPC if the file cannot grow. Memory: `ERR_INVALID_PARAMETER` for size 0, and the system's ENOMEM
   * for more than there is, before the kernel would have to kill processes for it.
   */
  static create(options: FileMappingOptions): FileMapping {
    checkOptions(options)
    const { file, protection = 'read-write', allocation = 'commit', inheritable = false } = options
    if (options.name !== undefined || options.shareable === true) return FileMapping.createNamed(options)
    const inner = file === undefined ? null : File.nativeOf(file)
    if (file !== undefined && options.allowRemote !== true) refuseRemote(file.volume, file.path)
    const size = file === undefined ? memorySize(options) : fileSize(file, options.size ?? 0, protection)
    const reserve = allocation === 'reserve' && file === undefined
    const section = modelled(
      ['ERR_FILE_INVALID', 'ERR_USER_MAPPED_FILE'],
      () => new native.Section(inner, size, PROTECTIONS.indexOf(protection), reserve, inheritable),
    )
    return new FileMapping(section, { size, protection, rights: 'all', existed: false, path: file?.path }, reserve)
  }

  /**
   * Opens the mapping of a name (OpenFileMapping), with all rights by default. `ERR_FILE_NOT_FOUND`, `ERR_INVALID_HANDLE` for a name of another
   * kind, `ERR_ACCESS_DENIED`.
   */
  static open(name: string, options: { readonly access?: MappingRights } = {}): FileMapping {
    if (typeof options !== 'object' || options === null) throw invalidArgument('options must be an object')
    const { access = 'all' } = options
    checkChoice(access, RIGHTS, 'access')
    return FileMapping.ofName(NamedMemory.open(name, access !== 'read'), access)
  }

  /**
   * Takes the handle that another process offers: see `offer`. Throws `ERR_FILE_NOT_FOUND` (2) if the offer is gone, `ERR_INVALID_HANDLE` (6)
   * for a ticket of another kind of object.
   */
  static async claim(ticket: string, options?: ClaimOptions): Promise<FileMapping> {
    const named = await NamedMemory.claim(ticket, options)
    return FileMapping.ofName(named, named.writable ? 'all' : 'read')
  }

  /** Takes the handle that the parent process gave this one: see `inheritable`. Once for each key. */
  static inherited(key: string): FileMapping {
    const named = NamedMemory.inherited(key)
    return FileMapping.ofName(named, named.writable ? 'all' : 'read')
  }

  private static createNamed(options: FileMappingOptions): FileMapping {
    const { file, protection = 'read-write', allocation = 'commit' } = options
    if (file !== undefined) File.nativeOf(file)
    if (file !== undefined && options.allowRemote !== true) refuseRemote(file.volume, file.path)
    const size = file === undefined ? memorySize(options) : fileSize(file, options.size ?? 0, protection)
    const reserve = allocation === 'reserve' && file === undefined
    const parameters = { size, reserve, protection: PROTECTIONS.indexOf(protection), path: file?.path }
    return FileMapping.ofName(NamedMemory.create(options, parameters), 'all')
  }

  /** A mapping of what a name leads to, which is closed with it. */
  private static ofName(named: NamedMemory, rights: MappingRights): FileMapping {
    try {
      const { size, reserve, protection, path } = named.parameters
      const writable = rights !== 'read' && PROTECTIONS[protection] === 'read-write'
      const section =
        path === undefined ? new native.Section(NamedObject.nativeOf(named), writable) : sectionOf(path, size, protection, writable)
      const of = { size, protection: PROTECTIONS[protection] ?? 'read-only', rights, existed: named.existed, path }
      return new FileMapping(section, of, reserve, named)
    } catch (cause) {
      named.close()
      throw cause
    }
  }

  /**
   * The descriptor (POSIX) or HANDLE (Windows) as a number, for handing it to others. It stays the mapping's own.
   */
  get handle(): number {
    return this.opened().handle()
  }

  /**
   * Maps a range (MapViewOfFileEx). `ERR_MAPPED_ALIGNMENT` for an offset or address that is no multiple of 64 KiB, `ERR_ACCESS_DENIED` for a
   * range outside of the mapping or an access that the protection or the handle does not allow, `ERR_INVALID_ADDRESS` for an
   * address that is not to be had, `ERR_INVALID_ARGUMENT` for more than a view can have (4 GiB less 64 KiB).
   */
  view(options: MappingViewOptions): View {
    const section = this.opened()
    if (typeof options !== 'object' || options === null) throw invalidArgument('options must be an object')
    const { offset = 0, length = Math.max(this.size - offset, 0), access, guard = true } = options
    checkOffset(offset, 'offset')
    checkOffset(length, 'length')
    checkChoice(access, VIEW_ACCESSES, 'access')
    checkFlag(guard, 'guard')
    const address = addressOf(options.address ?? 0)
    if (offset % allocationGranularity !== 0 || address % allocationGranularity !== 0)
      throw this.failure('ERR_MAPPED_ALIGNMENT', `offset ${offset} and address ${address} must be multiples of ${allocationGranularity}`)
    if (offset >= this.size || length > this.size - offset)
      throw this.failure('ERR_ACCESS_DENIED', `bytes ${offset} to ${offset + length} are not all inside a mapping of ${this.size} bytes`)
    if (access === 'write' && (this.protection !== 'read-write' || this.rights === 'read'))
      throw this.failure(
        'ERR_ACCESS_DENIED',
        `a view for writing of a mapping with protection '${this.protection}', rights '${this.rights}'`,
      )
    if (length === 0 || length > MAX_VIEW_LENGTH) throw invalidArgument(`length must be from 1 to ${MAX_VIEW_LENGTH}, not ${length}`)
    return mapView(section, { offset, length, access, guard, address, path: this.path })
  }

  /**
   * Gives reserved bytes their space (VirtualAlloc with MEM_COMMIT), so that a lack of it is an error here: the system's. Bytes that have
   * it already keep what is in them. `ERR_INVALID_PARAMETER` for a mapping that was not created with 'reserve'.
   */
  commit(offset: number, length: number): void {
    const section = this.opened()
    checkOffset(offset, 'offset')
    checkOffset(length, 'length')
    if (!this.#reserved)
      throw this.failure('ERR_INVALID_PARAMETER', "only a mapping without a file and with allocation 'reserve' is committed")
    if (offset > this.size || length > this.size - offset)
      throw this.failure('ERR_ACCESS_DENIED', `bytes ${offset} to ${offset + length} are not all inside a mapping of ${this.size} bytes`)
    if (length > 0) section.commit(offset, length)
  }

  /**
   * Another handle of the same mapping, with the same or fewer rights (DuplicateHandle); more is `ERR_ACCESS_DENIED`. On POSIX a handle
   * for reading is a descriptor opened for reading where the system can do that (everywhere but for memory on macOS).
   */
  duplicate(options: { readonly access?: MappingRights; readonly inheritable?: boolean } = {}): FileMapping {
    const section = this.opened()
    if (typeof options !== 'object' || options === null) throw invalidArgument('options must be an object')
    const { access = this.rights, inheritable = false } = options
    checkChoice(access, RIGHTS, 'access')
    checkFlag(inheritable, 'inheritable')
    if (RIGHTS.indexOf(access) > RIGHTS.indexOf(this.rights))
      throw this.failure('ERR_ACCESS_DENIED', `a handle with rights '${this.rights}' has no '${access}' to give`)
    const writable = access !== 'read' && this.protection === 'read-write'
    const duplicate = new native.Section(section, writable, inheritable)
    const { size, protection, existed, path } = this
    const named = this.#named?.duplicate(access !== 'read')
    return new FileMapping(duplicate, { size, protection, rights: access, existed, path }, this.#reserved, named)
  }

  /**
   * Offers a handle of its own to another process, which takes it once by the ticket's text: `FileMapping.claim(text)`. The same or
   * fewer rights ('write' arrives as 'all', which allows no more); more are `ERR_ACCESS_DENIED`. The mapping must have a name or be `shareable`.
   */
  offer(options: { readonly access?: MappingRights; readonly uid?: number } = {}): Ticket {
    if (typeof options !== 'object' || options === null) throw invalidArgument('options must be an object')
    const { object, access } = this[handOver](options.access)
    return object.offer({ ...(access === undefined ? {} : { access }), ...(options.uid === undefined ? {} : { uid: options.uid }) })
  }

  /** @internal */
  [handOver](access: MappingRights = this.rights): HandOver {
    this.opened()
    checkChoice(access, RIGHTS, 'access')
    if (this.#named === undefined)
      throw new HoldfastError(
        'ERR_UNSUPPORTED',
        'only a mapping with a name, or created with shareable: true, can be handed to other processes',
      )
    if (RIGHTS.indexOf(access) > RIGHTS.indexOf(this.rights))
      throw this.failure('ERR_ACCESS_DENIED', `a handle with rights '${this.rights}' has no '${access}' to give`)
    return { object: this.#named, access: access === 'read' ? 'synchronize' : 'all' }
  }

  /** Closes the handle. Views stay, and the memory with them. Idempotent. */
  close(): void {
    this.#native?.close()
    this.#native = undefined
    this.#named?.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  private opened(): NativeSection {
    if (this.#native === undefined) throw new HoldfastError('ERR_CLOSED', 'the file mapping is closed')
    return this.#native
  }

  private failure(code: ConstructorParameters<typeof MappingError>[0], message: string): MappingError {
    return new MappingError(code, message, this.path === undefined ? {} : { path: this.path })
  }
}

function checkOptions(options: FileMappingOptions): void {
  if (typeof options !== 'object' || options === null) throw invalidArgument('options must be an object')
  const { size = 0, protection = 'read-write', allocation = 'commit' } = options
  const { inheritable = false, allowRemote = false, shareable = false } = options
  // A file that could not be opened must not become memory by accident.
  if ('file' in options && !(options.file instanceof File)) throw invalidArgument(`file must be a File, not ${describe(options.file)}`)
  checkOffset(size, 'size')
  checkChoice(protection, PROTECTIONS, 'protection')
  checkChoice(allocation, ALLOCATIONS, 'allocation')
  checkFlag(inheritable, 'inheritable')
  checkFlag(allowRemote, 'allowRemote')
  checkFlag(shareable, 'shareable')
}

function memorySize({ size = 0 }: FileMappingOptions): number {
  if (size === 0) throw new MappingError('ERR_INVALID_PARAMETER', 'a mapping without a file needs a size')
  return size
}

/** The size of a mapping of `file`, of which `wanted` bytes are asked for. */
function fileSize(file: File, wanted: number, protection: MappingProtection): number {
  const about = { path: file.path }
  if (protection === 'read-write' && file.access !== 'read-write')
    throw new MappingError('ERR_ACCESS_DENIED', `'${file.path}' is open for reading only`, about)
  const length = file.size
  if (wanted === 0 && length === 0) throw new MappingError('ERR_FILE_INVALID', `'${file.path}' is empty`, about)
  if (wanted > length && protection !== 'read-write')
    throw new MappingError('ERR_NOT_ENOUGH_MEMORY', `'${file.path}' has ${length} bytes and may not grow to ${wanted}`, about)
  return wanted === 0 ? length : wanted
}

/** A wished address as a number: no address of a program is above 2^53. */
function addressOf(value: number | bigint): number {
  const address = typeof value === 'bigint' && value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
  if (typeof address === 'bigint') throw invalidArgument(`address must be from 0 to 2^53 - 1, not ${describe(value)}`)
  checkOffset(address, 'address')
  return address
}

/** A section over the file that a name leads to. */
function sectionOf(path: string, size: number, protection: number, writable: boolean): NativeSection {
  using file = File.open(path, { access: writable ? 'read-write' : 'read', disposition: 'open-existing' })
  return modelled(
    ['ERR_FILE_INVALID', 'ERR_USER_MAPPED_FILE', 'ERR_NOT_ENOUGH_MEMORY'],
    () => new native.Section(File.nativeOf(file), size, writable ? protection : 0, false, false),
  )
}
