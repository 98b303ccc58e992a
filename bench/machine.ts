/**
 * What a figure depends on besides the code: processor, memory, kernel, disk, Node version.
 */
import { statfsSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'

/** The machine and the place where the stores lie. */
export interface Machine {
  readonly processor: string
  readonly processors: number
  readonly memoryBytes: number
  readonly system: string
  readonly node: string
  readonly fileSystem: string
}

// Magic numbers from linux/magic.h, as statfs(2) returns them.
const FILE_SYSTEMS = new Map<number, string>([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
  [0x794c7630, 'overlayfs'],
  [0x6969, 'nfs'],
  [0x2fc12fc1, 'zfs'],
])

/** Describes the machine; `directory` is where the stores lie. */
export function describeMachine(directory: string): Machine {
  const magic = statfsSync(directory).type
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.version,
    fileSystem: FILE_SYSTEMS.get(magic) ?? `unknown (0x${magic.toString(16)})`,
  }
}

/** Whether a flush on this file system reaches a disk at all. */
export function isInMemory(machine: Machine): boolean {
  return machine.fileSystem === 'tmpfs' || machine.fileSystem === 'ramfs'
}
