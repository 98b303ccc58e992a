/** The steps, in the order of the table. */
import { objectSteps } from './object-steps.js'
import { processSteps } from './process-steps.js'
import type { Step } from './step.js'
import { viewSteps } from './view-steps.js'

/** Every step of the mapping benchmark. */
export const steps: readonly Step[] = [...viewSteps, ...objectSteps, ...processSteps]
