import { TapwireError } from '../core/errors.ts'
import { type Random, randomBelow } from '../core/random.ts'
import type { PacketIn } from '../ip/packet-in.ts'
import type { Socket } from './socket.ts'

/** The first and the last of the dynamic range, from Linux's lower end up (RFC 6056 section 3.2). */
export type PortSpan = readonly [first: number, last: number]
const DYNAMIC_PORTS: PortSpan = [32_768, 65_535]

/** Sockets by local port, and who among those on one port a datagram is for. */
export class SocketTable {
  readonly #limit: number
  readonly #dynamic: PortSpan
  readonly #ports = new Map<number, Socket[]>()
  size = 0

  constructor(limit: number, dynamic: PortSpan = DYNAMIC_PORTS) {
    this.#limit = limit
    this.#dynamic = dynamic
  }

  get isFull(): boolean {
    return this.size >= this.#limit
  }

  /** @throws EADDRINUSE when another socket has it and not both share */
  add(socket: Socket): void {
    const sharing = this.#ports.get(socket.localPort) ?? []
    for (const other of sharing) {
      if (socket.overlaps(other) && !(socket.reuseAddress && other.reuseAddress)) {
        throw new TapwireError('EADDRINUSE', `UDP port ${socket.localPort} is in use`)
      }
    }
    this.#ports.set(socket.localPort, [...sharing, socket])
    this.size++
  }

  remove(socket: Socket): void {
    const left = (this.#ports.get(socket.localPort) ?? []).filter((other) => other !== socket)
    if (left.length > 0) this.#ports.set(socket.localPort, left)
    else this.#ports.delete(socket.localPort)
    this.size--
  }

  /** A free port, unpredictable to others (RFC 6056 section 3.3.2). @returns 0 when every port is taken */
  freePort(random: Random): number {
    const [first, last] = this.#dynamic
    const count = last - first + 1
    const start = randomBelow(random, count)
    for (let i = 0; i < count; i++) {
      const port = first + ((start + i) % count)
      if (!this.#ports.has(port)) return port
    }
    return 0
  }

  on(port: number): readonly Socket[] {
    return this.#ports.get(port) ?? NONE
  }

  /** Who a unicast datagram is for: the most specific match, among equals the last one bound. */
  find(packet: PacketIn, localPort: number, remotePort: number): Socket | null {
    const sockets = this.#ports.get(localPort)
    if (sockets === undefined) return null
    let best: Socket | null = null
    let bestScore = 0
    for (let i = 0; i < sockets.length; i++) {
      const score = sockets[i].match(packet, remotePort)
      if (score > 0 && score >= bestScore) {
        best = sockets[i]
        bestScore = score
      }
    }
    return best
  }

  *all(): IterableIterator<Socket> {
    for (const sockets of this.#ports.values()) yield* sockets
  }
}

const NONE: readonly Socket[] = []
