/**
 * Named objects and synchronisation between processes and threads.
 */
export { Event, type EventOptions, type ResetMode } from './event.js'
export { type Inheritable, type Inheritance, inheritable } from './inheritance.js'
export { Mutex, type MutexOptions } from './mutex.js'
export { maxObjectNameLength } from './name.js'
export type { CreateObjectOptions, NamedObject } from './named-object.js'
export type { ObjectAccess, OpenObjectOptions, Security, SyncWaitOptions, WaitOptions } from './options.js'
export { type Acquired, Semaphore, type SemaphoreOptions } from './semaphore.js'
export { type ClaimOptions, type OfferOptions, Ticket } from './ticket.js'
export { maxWaitObjects, waitAll, waitAllSync, waitAny, waitAnySync } from './wait.js'
export { type TimerSetting, WaitableTimer, type WaitableTimerOptions } from './waitable-timer.js'
export type { WaitResult } from './waits.js'
