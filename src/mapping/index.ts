/**
 * The file-mapping layer (`holdfast/mapping`): files, views, locks and names, the same on every platform.
 */
export { crc32c } from './checksum.js'
export { removeFile, renameExclusive, syncDirectory } from './directory.js'
export { type Disposition, File, type FileOptions, type FileViewOptions, type LockMode, type ViewRange } from './file.js'
export {
  FileMapping,
  type FileMappingOptions,
  type MappingProtection,
  type MappingRights,
  type MappingViewOptions,
} from './file-mapping.js'
export { guardFaults, ViewFaultError } from './guard.js'
export { type PlatformTraits, platformTraits } from './native.js'
export * from './objects/index.js'
export { writePagesToViews } from './page-runs.js'
export { type Advice, allocationGranularity, View, type ViewAccess } from './view.js'
export { refuseRemote, type Volume } from './volume.js'
export { MappingError, win32Codes } from './win32-error.js'
