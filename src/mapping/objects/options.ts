/**
 * Options that all kinds of objects share: security, access rights, time limits.
 */
import { checkChoice, describe, invalidArgument } from '../arguments.js'
import { type NativeSecurity, Right } from './native-objects.js'

/** Who may use a new object. The default keeps every other user out. */
export interface Security {
  /** POSIX: permissions, 0o600 by default. All but memory need write permission. The folder of `Local\` keeps other users out anyway. */
  readonly mode?: number
  /** POSIX: the owner of a new object; of an existing one, whom else than root and oneself to trust. */
  readonly owner?: { readonly uid: number; readonly gid?: number }
  /** Windows: a security descriptor as text. */
  readonly sddl?: string
}

/** What a handle is opened for: waiting, changing, or everything. */
export type ObjectAccess = 'synchronize' | 'modify' | 'all'

export interface OpenObjectOptions {
  /** 'all' by default. An operation without its right fails with `ERR_ACCESS_DENIED` (5). */
  readonly access?: ObjectAccess
  /** POSIX: the uid of an owner that is trusted beside root and oneself. */
  readonly owner?: number
}

/** How long to wait; for ever by default. */
export interface SyncWaitOptions {
  /** From 0 (do not wait) on; `Infinity` waits for ever. */
  readonly timeoutMs?: number
}

export interface WaitOptions extends SyncWaitOptions {
  /** Ends the wait: it rejects with the signal's reason, and nothing was taken. */
  readonly signal?: AbortSignal
}

const RIGHTS: Readonly<Record<ObjectAccess, number>> = {
  synchronize: Right.WAIT | Right.QUERY,
  modify: Right.MODIFY | Right.QUERY,
  all: Right.ALL,
}

/** Throws unless `options` is an object. */
export function checkObject(options: object, name: string): void {
  if (typeof options !== 'object' || options === null) throw invalidArgument(`${name} must be an object, not ${describe(options)}`)
}

/** Throws unless `value` is an integer in the range. */
export function checkInteger(value: number, name: string, least: number, most: number): void {
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw invalidArgument(`${name} must be an integer from ${least} to ${most}, not ${describe(value)}`)
}

/** Throws unless `value` is a boolean. */
export function checkFlag(value: boolean, name: string): void {
  if (typeof value !== 'boolean') throw invalidArgument(`${name} must be a boolean, not ${describe(value)}`)
}

/** The checked security as the addon takes it. */
export function readSecurity(security: Security = {}): NativeSecurity {
  checkObject(security, 'security')
  const { mode = 0o600, owner, sddl = '' } = security
  checkInteger(mode, 'security.mode', 0, 0o777)
  if (typeof sddl !== 'string') throw invalidArgument(`security.sddl must be a string, not ${describe(sddl)}`)
  if (owner === undefined) return [mode, -1, -1, sddl]
  checkObject(owner, 'security.owner')
  checkInteger(owner.uid, 'security.owner.uid', 0, 2 ** 32 - 2)
  if (owner.gid !== undefined) checkInteger(owner.gid, 'security.owner.gid', 0, 2 ** 32 - 2)
  return [mode, owner.uid, owner.gid ?? -1, sddl]
}

/** The checked rights as the addon takes them. */
export function readAccess(access: ObjectAccess = 'all'): number {
  checkChoice(access, ['synchronize', 'modify', 'all'], 'access')
  return RIGHTS[access]
}

/** The checked trusted owner as the addon takes it. */
export function readOwner(owner: number | undefined): number {
  if (owner === undefined) return -1
  checkInteger(owner, 'owner', 0, 2 ** 32 - 2)
  return owner
}

/** The checked time limit. */
export function readTimeout(options: SyncWaitOptions): number {
  checkObject(options, 'options')
  const { timeoutMs = Infinity } = options
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0))
    throw invalidArgument(`timeoutMs must be a number, 0 or more, not ${describe(timeoutMs)}`)
  return timeoutMs
}

/** The checked signal. */
export function readSignal(options: WaitOptions): AbortSignal | undefined {
  const { signal } = options
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidArgument(`signal must be an AbortSignal, not ${describe(signal)}`)
  return signal
}
