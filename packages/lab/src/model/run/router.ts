import { packets } from '@tapwire/stack'
import type { HostName } from '../scenario.ts'
import { other, type Places } from './addresses.ts'
import type { Headers } from './headers.ts'
import { bytesOf } from './neighbours.ts'

/** What becomes of a packet between the hosts. */
export type Verdict =
  | { readonly do: 'forward'; readonly frame: Uint8Array }
  /** For its size: the sender may be told, by this frame. */
  | { readonly do: 'tooBig'; readonly answer: Uint8Array | null }
  /** Nobody there. */
  | { readonly do: 'nowhere' }

const HOPS = 64

/**
 * What stands between the two hosts: nothing but a line that carries no packet larger than its MTU, or a router, which takes a hop
 * off, sends packets on with its own MAC address, and speaks in its own name where one is too large. It is where the line begins: its
 * queue is the line's.
 */
export class Between {
  readonly #places: Places
  readonly #router: boolean
  readonly #addresses: Readonly<Record<HostName, Uint8Array>>

  constructor(places: Places, router: boolean) {
    this.#places = places
    this.#router = router
    this.#addresses = { A: bytesOf(places.A.address), B: bytesOf(places.B.address) }
  }

  /**
   * @param from the host that has sent it
   * @param mtu of the line ahead @param tells whether the sender of one that is too large hears of it
   */
  take(from: HostName, frame: Uint8Array, headers: Headers, mtu: number, tells: boolean): Verdict {
    const to = other(from)
    if (!endsWith(frame, headers, this.#addresses[to])) return { do: 'nowhere' }
    const isV4 = headers.ipVersion === 4
    const onwards = this.#router ? this.#hop(frame, isV4, to) : frame
    if (onwards === null) return { do: 'nowhere' }
    if (headers.ipLength <= mtu) return { do: 'forward', frame: onwards }
    // What may be cut into fragments is none of TCP's (RFC 1191 section 3).
    const mayTell = tells && (!isV4 || (frame[20] & 0x40) !== 0)
    return { do: 'tooBig', answer: mayTell ? this.#tooBig(from, frame, mtu, isV4) : null }
  }

  /** RFC 1812 section 5.3.1: one hop less, and the next link's addresses. */
  #hop(frame: Uint8Array, isV4: boolean, to: HostName): Uint8Array | null {
    const at = isV4 ? 22 : 21
    if (frame[at] <= 1) return null
    const bytes = frame.slice()
    bytes.set(this.#places[to].mac, 0)
    bytes.set(this.#places[to].gatewayMac, 6)
    bytes[at]--
    if (isV4) raiseChecksum(bytes)
    return bytes
  }

  /** Fragmentation needed (RFC 1191 section 4), packet too big (RFC 4443 section 3.2): from the router, or as if from the destination. */
  #tooBig(from: HostName, frame: Uint8Array, mtu: number, isV4: boolean): Uint8Array {
    const { mac, gatewayMac } = this.#places[from]
    const destination = this.#addresses[from]
    const source = this.#router ? bytesOf(this.#places[from].gateway) : this.#addresses[other(from)]
    const ethernet = { destination: mac, source: this.#router ? gatewayMac : this.#places[other(from)].mac }
    const ip = { source, destination }
    if (isV4) {
      // The header and eight bytes (RFC 792), and what else fits into 576 (RFC 1812 section 4.3.2.3).
      const body = frame.slice(14, 14 + 548)
      return packets.buildFrame({
        ethernet,
        ipv4: { ...ip, ttl: HOPS },
        icmpv4: { type: 3, code: 4, rest: mtu, body },
      })
    }
    const body = frame.slice(14, 14 + 1232)
    return packets.buildFrame({
      ethernet,
      ipv6: { ...ip, hopLimit: HOPS },
      icmpv6: { type: 2, code: 0, rest: mtu, body },
    })
  }
}

function endsWith(frame: Uint8Array, headers: Headers, address: Uint8Array): boolean {
  const at = headers.ipVersion === 4 ? 30 : 38
  return address.every((byte, i) => frame[at + i] === byte)
}

/** For a TTL that is one less (RFC 1141). */
function raiseChecksum(frame: Uint8Array): void {
  const sum = ((frame[24] << 8) | frame[25]) + 0x100
  const folded = (sum & 0xffff) + (sum >>> 16)
  frame[24] = folded >>> 8
  frame[25] = folded
}
