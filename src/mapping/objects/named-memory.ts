/**
 * The name of a file mapping: an object of the namespace that leads to memory, or to the file that the mapping is of.
 *
 * `FileMapping` is its public face; here is what a name adds to it. A file is found by its path, and must still be the same file.
 */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { MappingError } from '../win32-error.js'
import { inheritedObject } from './inheritance.js'
import { type CreateObjectOptions, createObject, label, NamedObject, objectError, openObject } from './named-object.js'
import { adoptNative, ObjectKind, Right } from './native-objects.js'
import { type ClaimOptions, claimObject } from './ticket.js'
import { agent } from './waits.js'

/** What a mapping's name was created for. */
export interface MemoryParameters {
  readonly size: number
  readonly reserve: boolean
  readonly protection: number
  /** The path of the file; undefined for memory. */
  readonly path: string | undefined
}

/** A handle to the name of a mapping. */
export class NamedMemory extends NamedObject {
  static create(options: CreateObjectOptions, { size, reserve, protection, path }: MemoryParameters): NamedMemory {
    const backing = path === undefined ? '' : `${identity(path)}:${resolve(path)}`
    return new NamedMemory(createObject(ObjectKind.MEMORY, options, [size, Number(reserve), protection], backing))
  }

  static open(name: string, writable: boolean): NamedMemory {
    return new NamedMemory(openObject(ObjectKind.MEMORY, name, {}, writable ? Right.ALL : Right.QUERY | Right.WAIT))
  }

  /** What another process offers. */
  static async claim(ticket: string, options?: ClaimOptions): Promise<NamedMemory> {
    return new NamedMemory(await claimObject(ObjectKind.MEMORY, ticket, options))
  }

  /** What the parent process gave. */
  static inherited(key: string): NamedMemory {
    return new NamedMemory(inheritedObject(ObjectKind.MEMORY, key))
  }

  /** Whether this handle allows changing the memory. */
  get writable(): boolean {
    return (NamedObject.nativeOf(this).access & Right.MODIFY) !== 0
  }

  /** Another handle with the same or fewer rights. */
  duplicate(writable: boolean): NamedMemory {
    const native = NamedObject.nativeOf(this)
    const rights = writable ? native.access : native.access & ~Right.MODIFY
    try {
      const copy = adoptNative(agent(), ObjectKind.MEMORY, native.exportHandle(rights), rights)
      return new NamedMemory({ native: copy, name: this.name })
    } catch (cause) {
      throw objectError(cause, this.name)
    }
  }

  /** What it was created for. Throws `ERR_FILE_NOT_FOUND` (2) if its file has gone or become another. */
  get parameters(): MemoryParameters {
    const native = NamedObject.nativeOf(this)
    const [device, file, ...rest] = native.backing().split(':')
    const path = native.backing() === '' ? undefined : rest.join(':')
    if (path !== undefined && identity(path) !== `${device}:${file}`)
      throw new MappingError('ERR_FILE_NOT_FOUND', `the file of the mapping ${label(this.name)} is not at '${path}' any more`, { path })
    return { size: native.parameter(0), protection: native.parameter(1), reserve: native.parameter(2) === 1, path }
  }

  /** @internal */
  get kind(): number {
    return ObjectKind.MEMORY
  }
}

/** Which file is at a path; empty if there is none. */
function identity(path: string): string {
  const attributes = statSync(path, { bigint: true, throwIfNoEntry: false })
  return attributes === undefined ? '' : `${attributes.dev}:${attributes.ino}`
}
