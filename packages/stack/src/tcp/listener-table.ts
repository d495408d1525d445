import { WorkQueue } from '../core/work-queue.ts'
import { type IpAddress, V4_MAPPED } from '../ip/address.ts'
import type { TcpListenerImpl } from './listener.ts'

/**
 * Who listens where. Few listeners share a port, so each port has a short list. Connections do not stand in the way of a
 * listener, nor it in theirs (MUST-41, MUST-42).
 */
export class ListenerTable {
  readonly #byPort = new Map<number, TcpListenerImpl[]>()
  readonly #waiting = new WorkQueue<TcpListenerImpl>()
  size = 0

  has(port: number): boolean {
    return this.#byPort.has(port)
  }

  /** Whether the two could be meant by one SYN: then the second may not listen, unless both are willing to share. */
  conflicts(address: IpAddress, port: number, ipv6Only: boolean, reusePort: boolean): boolean {
    const there = this.#byPort.get(port)
    if (there === undefined) return false
    return there.some(
      (other) =>
        !(reusePort && other.reusePort) && overlap(other.localAddress, other.ipv6Only, address, ipv6Only),
    )
  }

  add(listener: TcpListenerImpl): void {
    const there = this.#byPort.get(listener.localPort)
    if (there === undefined) this.#byPort.set(listener.localPort, [listener])
    else there.push(listener)
    this.size++
  }

  remove(listener: TcpListenerImpl): void {
    const there = this.#byPort.get(listener.localPort)
    const at = there?.indexOf(listener) ?? -1
    if (there === undefined || at < 0) return
    there.splice(at, 1)
    if (there.length === 0) this.#byPort.delete(listener.localPort)
    this.size--
  }

  /** The listener for a local address, by words: the most specific one (MUST-43). */
  find(a0: number, a1: number, a2: number, a3: number, port: number): TcpListenerImpl | null {
    const there = this.#byPort.get(port)
    if (there === undefined) return null
    const isV4 = a2 === V4_MAPPED && a1 === 0 && a0 === 0
    let best: TcpListenerImpl | null = null
    for (const listener of there) {
      const own = listener.localAddress
      if (own.hasWords(a0, a1, a2, a3)) return listener
      if (!own.isUnspecified || !covers(own, listener.ipv6Only, isV4)) continue
      // 0.0.0.0 is nearer to an IPv4 address than a dual-stack `::`.
      if (best === null || own.isV4 === isV4) best = listener
    }
    return best
  }

  /** Of those that share `listener`'s address and port, the one for a flow. @param hash an int32, the same for all of the flow */
  sharing(listener: TcpListenerImpl, hash: number): TcpListenerImpl {
    const there = this.#byPort.get(listener.localPort) ?? []
    let sharers = 0
    for (const other of there) if (sameAddress(other, listener)) sharers++
    let nth = (hash >>> 0) % sharers
    for (const other of there) if (sameAddress(other, listener) && nth-- === 0) return other
    return listener
  }

  /** Tells the applications of connections that wait. @returns whether there were any */
  notice(): boolean {
    if (this.#waiting.size === 0) return false
    for (let left = this.#waiting.size; left > 0; left--) this.#waiting.shift()?.notice()
    return true
  }

  /** The end of this burst will tell the listener's application. */
  wantNotice(listener: TcpListenerImpl): void {
    this.#waiting.push(listener)
  }

  each(visit: (listener: TcpListenerImpl) => void): void {
    for (const list of [...this.#byPort.values()]) for (const listener of [...list]) visit(listener)
  }
}

function sameAddress(a: TcpListenerImpl, b: TcpListenerImpl): boolean {
  return a.localAddress.equals(b.localAddress) && a.ipv6Only === b.ipv6Only
}

/** Whether an unspecified address stands for addresses of the version. */
function covers(own: IpAddress, ipv6Only: boolean, isV4: boolean): boolean {
  if (own.isV4) return isV4
  return !isV4 || !ipv6Only
}

function overlap(a: IpAddress, aOnly: boolean, b: IpAddress, bOnly: boolean): boolean {
  if (a.equals(b)) return true
  if (a.isUnspecified && b.isUnspecified) {
    // 0.0.0.0 and `::`: only a dual-stack `::` takes IPv4 too.
    return a.isV4 ? !bOnly : !aOnly
  }
  if (a.isUnspecified) return covers(a, aOnly, b.isV4)
  if (b.isUnspecified) return covers(b, bOnly, a.isV4)
  return false
}
