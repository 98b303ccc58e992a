/**
 * What is closed when the program ends by itself.
 *
 * `process.exit` ends a process without running the addon's destructors. Nothing is lost by that, since what the dead leave is swept by the
 * next who comes; but a program that ends in order leaves nothing to sweep.
 */

interface Closeable {
  close(): void
}

const open = new Set<WeakRef<Closeable>>()
const collected = new FinalizationRegistry<WeakRef<Closeable>>((reference) => open.delete(reference))
let listening = false
let last: (() => void) | undefined

/** Has an object closed at the end of the program, if nobody has let go of it before. Returns what to call when it was closed. */
export function closeAtExit(object: Closeable): () => void {
  if (!listening) process.once('exit', closeAll)
  listening = true
  const reference = new WeakRef(object)
  open.add(reference)
  collected.register(object, reference, reference)
  return () => {
    open.delete(reference)
    collected.unregister(reference)
  }
}

/** Has a function called after everything was closed. */
export function callAtExit(call: () => void): void {
  last = call
}

function closeAll(): void {
  for (const reference of open) reference.deref()?.close()
  last?.()
}
