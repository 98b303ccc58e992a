/**
 * The conformance table: the whole file-mapping model, part by part.
 */
import type { Section } from './row.js'
import { coherence, flushing, whileMapped } from './rows/files.js'
import { growth, memory } from './rows/mappings.js'
import { existing, lifetime, names, security } from './rows/names.js'
import { mutexes, semaphores } from './rows/permits.js'
import { sharing } from './rows/sharing.js'
import { ranges, rights } from './rows/views.js'
import { events, several } from './rows/waiting.js'

export const table: readonly Section[] = [
  growth,
  memory,
  existing,
  names,
  lifetime,
  ranges,
  rights,
  security,
  coherence,
  flushing,
  whileMapped,
  semaphores,
  mutexes,
  events,
  several,
  sharing,
]
