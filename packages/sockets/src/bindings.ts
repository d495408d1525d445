import type { IpAddress, Random, Stack } from '@tapwire/stack'
import { SocketError } from './errno.ts'

/** A port that a TCP socket has taken, by `bind` or by connecting. */
export interface Binding {
  /** Null for every address of both versions. */
  readonly address: IpAddress | null
  readonly ipv6Only: boolean
  port: number
  reuseAddress: boolean
  reusePort: boolean
  listening: boolean
}

/** Who has which local port among the TCP sockets of one table (Linux's bind hash), and whether one more may have it. */
export class Bindings {
  readonly #stack: Stack
  readonly #random: Random
  readonly #byPort = new Map<number, Set<Binding>>()

  constructor(stack: Stack) {
    this.#stack = stack
    this.#random = stack.engine.random
  }

  /** Ports that are taken. */
  get size(): number {
    return this.#byPort.size
  }

  /** Takes the port, a free one for 0. @throws EADDRINUSE */
  take(binding: Binding): void {
    if (binding.port === 0) binding.port = this.#freePort(binding)
    else if (this.#conflicts(binding, binding.port)) throw new SocketError('EADDRINUSE')
    const sharing = this.#byPort.get(binding.port)
    if (sharing === undefined) this.#byPort.set(binding.port, new Set([binding]))
    else sharing.add(binding)
  }

  drop(binding: Binding): void {
    const sharing = this.#byPort.get(binding.port)
    sharing?.delete(binding)
    if (sharing?.size === 0) this.#byPort.delete(binding.port)
  }

  #freePort(binding: Binding): number {
    const [first, last] = this.#stack.tcp.context.config.ephemeralPorts
    const count = last - first + 1
    const start = this.#random.uint32() % count
    for (let i = 0; i < count; i++) {
      const port = first + ((start + i) % count)
      if (!this.#byPort.has(port) && !this.#conflicts(binding, port)) return port
    }
    throw new SocketError('EADDRINUSE')
  }

  /** inet_csk_get_port: two may share with SO_REUSEADDR unless one listens, or with SO_REUSEPORT. */
  #conflicts(wanted: Binding, port: number): boolean {
    for (const other of this.#byPort.get(port) ?? []) {
      if (!overlap(wanted, other)) continue
      if (wanted.reusePort && other.reusePort) continue
      if (wanted.reuseAddress && other.reuseAddress && !other.listening) continue
      return true
    }
    return !wanted.reuseAddress && this.#stack.tcp.usesPort(port)
  }
}

function overlap(a: Binding, b: Binding): boolean {
  if (a.address !== null && b.address !== null && !a.address.isUnspecified && !b.address.isUnspecified) {
    return a.address.equals(b.address)
  }
  return (takesV4(a) && takesV4(b)) || (takesV6(a) && takesV6(b))
}

function takesV4({ address, ipv6Only }: Binding): boolean {
  return address === null ? !ipv6Only : address.isV4
}

function takesV6({ address }: Binding): boolean {
  return address === null || !address.isV4
}
