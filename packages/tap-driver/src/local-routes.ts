import { readFileSync } from 'node:fs'
import type { HostAddress } from './options.ts'

/** The routing table of this thread's namespace. */
const ROUTES = '/proc/thread-self/net/ipv6_route'
/** RTF_LOCAL: the kernel takes what comes to that address for itself. */
const RTF_LOCAL = 0x8000_0000

/** Milliseconds: between two looks, and in all. It takes about one. */
const LOOK = 1
const PATIENCE = 100

const nobody = new Int32Array(new SharedArrayBuffer(4))

/**
 * Linux gives an IPv6 address its route in a work queue, after the call that adds it; what comes in before that is dropped, as to a
 * stranger. Waits for it, in this thread: a millisecond when an interface is opened.
 */
export function awaitLocalRoutes(addresses: readonly HostAddress[]): void {
  let missing = addresses.filter(({ address }) => !address.isV4)
  for (let waited = 0; missing.length > 0 && waited < PATIENCE; waited += LOOK) {
    const local = localDestinations()
    if (local === null) return
    missing = missing.filter(({ address }) => !local.has(Buffer.from(address.toBytes()).toString('hex')))
    if (missing.length > 0) Atomics.wait(nobody, 0, 0, LOOK)
  }
}

/** In hexadecimal; null where they may not be read. */
function localDestinations(): Set<string> | null {
  try {
    const rows = readFileSync(ROUTES, 'latin1')
      .split('\n')
      .map((line) => line.split(/\s+/))
    return new Set(
      rows
        .filter((row) => row[1] === '80' && (Number.parseInt(row[8] ?? '0', 16) & RTF_LOCAL) !== 0)
        .map(([to]) => to as string),
    )
  } catch {
    return null
  }
}
