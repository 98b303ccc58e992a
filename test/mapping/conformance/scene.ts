/**
 * What a row of the conformance table is performed in: files, names and a second process, all cleared away when the row has ended.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { File, type FileOptions } from '../../../src/mapping/index.js'
import { isPosix, type Peer, startPeer } from '../objects/peer.js'

interface Closeable {
  [Symbol.dispose](): void
}

/** Made once for a run; `clear` is called after each row. */
export class Scene {
  readonly #folder: string
  readonly #namespace: string
  #count = 0
  #peer: Peer | undefined
  #cleanups: (() => unknown)[] = []
  readonly #endings: (() => unknown)[] = []

  constructor(folder: string, namespace: string) {
    this.#folder = folder
    this.#namespace = namespace
  }

  /** A name that nothing has yet. */
  name(): string {
    return `row-${process.pid}-${++this.#count}`
  }

  /** The path of a file of its own; with these bytes, if they are given. */
  path(content?: Uint8Array | string): string {
    const path = join(this.#folder, `file-${++this.#count}`)
    if (content !== undefined) writeFileSync(path, content)
    return path
  }

  /** An open file with these bytes. */
  file(content: Uint8Array | string, options: Partial<FileOptions> = {}): File {
    return this.keep(File.open(this.path(content), { access: 'read-write', disposition: 'open-existing', ...options }))
  }

  /** An empty file where a lack of space is found without using any up. */
  fileOfSmallVolume(): File {
    const memory = '/dev/shm'
    const folder = mkdtempSync(join(isPosix && existsSync(memory) ? memory : this.#folder, 'holdfast-'))
    this.onClear(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'file')
    return this.keep(File.open(path, { access: 'read-write', disposition: 'create-new' }))
  }

  /** Has something closed when the row has ended. */
  keep<T extends Closeable>(object: T): T {
    this.onClear(() => object[Symbol.dispose]())
    return object
  }

  onClear(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup)
  }

  /** The second process. Rows keep objects in it and need not close them. */
  async other(): Promise<Peer> {
    if (this.#peer !== undefined && this.#peer.process.exitCode === null && this.#peer.process.signalCode === null) return this.#peer
    this.#peer = await startPeer({ teardown: (end) => this.#endings.push(end) }, this.#namespace)
    return this.#peer
  }

  /** A further process, of this user if one is given; it ends with the row. */
  async another(uid?: number): Promise<Peer> {
    return startPeer({ teardown: (end) => this.onClear(end) }, this.#namespace, uid === undefined ? {} : { uid })
  }

  async clear(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup()
    if (this.#peer?.process.connected !== true) return
    await this.#peer.run((_, kept) => {
      for (const [key, value] of Object.entries(kept)) {
        for (const object of [value].flat()) if (typeof object?.[Symbol.dispose] === 'function') object[Symbol.dispose]()
        delete (kept as unknown as Record<string, unknown>)[key]
      }
    })
  }

  /** Ends the second process. */
  async end(): Promise<void> {
    await this.clear()
    for (const end of this.#endings.splice(0)) await end()
  }
}
