/**
 * File systems: which are fit for mapping.
 *
 * Views of one file agree with each other on one machine. On a network file system two machines have two page caches, and memory mapping
 * does not keep them together; user-space and guest file systems make no better promise. They are told by their type.
 */
import type { NativeVolume } from './native.js'
import { MappingError } from './win32-error.js'

/** The file system that a file is on. */
export interface Volume {
  /** Its type: 'ext', 'nfs', 'NTFS'; the number in hexadecimal if it has no name here. */
  readonly type: string
  /** Views of different machines (or of the host and a guest) may disagree. */
  readonly remote: boolean
  /** It writes a changed page where the old one lay, so that small writes are cheap. */
  readonly overwritesInPlace: boolean
}

type Kind = 'remote' | 'in-place' | 'other'

/** Numbers of Linux's statfs(2), from linux/magic.h and the file systems' own sources. */
const LINUX_TYPES: ReadonlyMap<number, readonly [type: string, kind: Kind]> = new Map([
  [0x6969, ['nfs', 'remote']],
  [0x517b, ['smb', 'remote']],
  [0xff534d42, ['cifs', 'remote']],
  [0xfe534d42, ['smb2', 'remote']],
  [0x01021997, ['9p', 'remote']],
  [0x65735546, ['fuse', 'remote']],
  [0x5346414f, ['afs', 'remote']],
  [0x6b414653, ['afs', 'remote']],
  [0x73757245, ['coda', 'remote']],
  [0x564c, ['ncp', 'remote']],
  [0x00c36400, ['ceph', 'remote']],
  [0x01161970, ['gfs2', 'remote']],
  [0x7461636f, ['ocfs2', 'remote']],
  [0x0bd00bd0, ['lustre', 'remote']],
  [0x47504653, ['gpfs', 'remote']],
  [0xaad7aaea, ['panfs', 'remote']],
  [0x19830326, ['beegfs', 'remote']],
  [0x20030528, ['orangefs', 'remote']],
  [0x61636673, ['acfs', 'remote']],
  [0xbeefdead, ['snfs', 'remote']],
  [0x786f4256, ['vboxsf', 'remote']],
  [0xbacbacbc, ['vmhgfs', 'remote']],
  [0x7c7c6673, ['prl_fs', 'remote']],
  [0xef53, ['ext', 'in-place']],
  [0x58465342, ['xfs', 'in-place']],
  [0x01021994, ['tmpfs', 'in-place']],
  [0x9123683e, ['btrfs', 'other']],
  [0x2fc12fc1, ['zfs', 'other']],
  [0x794c7630, ['overlay', 'other']],
])

/** File systems that call themselves local although they are not, or that live in user space; elsewhere than on Linux. */
const REMOTE_NAMES = ['nfs', 'smbfs', 'afpfs', 'webdav', 'ftp', 'macfuse', 'osxfuse', 'fusefs', '9p']

/** What a file system's own words mean. */
export function classifyVolume([type, name, remote]: NativeVolume): Volume {
  if (name !== '') return { type: name, remote: remote || REMOTE_NAMES.includes(name.toLowerCase()), overwritesInPlace: false }
  const [word, kind] = LINUX_TYPES.get(type) ?? [`0x${type.toString(16)}`, 'other']
  return { type: word, remote: remote || kind === 'remote', overwritesInPlace: kind === 'in-place' }
}

/** Throws `ERR_REMOTE_VOLUME` if a file must not be mapped where it is. */
export function refuseRemote(volume: Volume, path: string): void {
  if (!volume.remote) return
  throw new MappingError(
    'ERR_REMOTE_VOLUME',
    `'${path}' is on a file system of type '${volume.type}', where mapped files are not the same for everybody who uses them; ` +
      `use a local disk, or allowRemote if only this machine ever uses the file`,
    { path },
  )
}
