/**
 * The few things the core takes from whatever runs it (Node, a browser, a worker). The package is compiled with
 * the ES library alone, so they are described here, in one place, and nowhere else.
 */
interface Host {
  setTimeout(callback: () => void, milliseconds: number): unknown
  clearTimeout(handle: unknown): void
  setImmediate?: (callback: () => void) => void
  queueMicrotask(callback: () => void): void
  performance: { now(): number; timeOrigin: number }
  crypto: { getRandomValues(array: Uint32Array): Uint32Array }
}

const host = globalThis as unknown as Host

export function hostSetTimeout(callback: () => void, milliseconds: number): unknown {
  return host.setTimeout(callback, milliseconds)
}

export function hostClearTimeout(handle: unknown): void {
  host.clearTimeout(handle)
}

/** Whether the process stays because this timer is pending, where the host knows that idea (Node). */
export function hostKeepAlive(handle: unknown, on: boolean): void {
  const timer = handle as { ref?: () => void; unref?: () => void } | null
  if (on) timer?.ref?.()
  else timer?.unref?.()
}

/** What application code has thrown surfaces as an uncaught exception of the host, and not in the stack that called it. */
export function hostThrow(error: unknown): void {
  host.queueMicrotask(() => {
    throw error
  })
}

/** Milliseconds since an arbitrary start, never going back. */
export function hostMonotonicMs(): number {
  return host.performance.now()
}

/** The wall-clock time, in milliseconds since 1970, at which `hostMonotonicMs()` was 0. */
export function hostTimeOriginMs(): number {
  return host.performance.timeOrigin
}

/**
 * Calls back after the I/O that is due now. Node's `setImmediate` where there is one: `setTimeout` waits for at least
 * a millisecond, four in browsers, which would be the latency of every in-memory link.
 */
export function hostSoon(callback: () => void): void {
  if (host.setImmediate) host.setImmediate(callback)
  else host.setTimeout(callback, 0)
}

/** Lets the host run everything that is due now (promises, ticks, I/O) and then resolves. */
export function hostTurn(): Promise<void> {
  return new Promise((resolve) => hostSoon(resolve))
}

/** A generator over the host's cryptographic source; 64 numbers are fetched at a time. */
export function hostRandomUint32(): () => number {
  const batch = new Uint32Array(64)
  let used = batch.length
  return () => {
    if (used === batch.length) {
      // Node 18 had no global crypto without a flag; every host we support has it.
      host.crypto.getRandomValues(batch)
      used = 0
    }
    return batch[used++]
  }
}
