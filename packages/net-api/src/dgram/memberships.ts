import { type IpAddress, parseAddress, TapwireError, type UdpSocket } from '@tapwire/stack'
import type { NetStack } from '../context.ts'
import { readAddress } from '../endpoint.ts'

/** What was asked for, once it is understood. */
interface Wanted {
  readonly socket: UdpSocket
  readonly group: IpAddress
  /** The interface's index; 0 for none that is known. */
  readonly index: number
}

/** The groups of one handle: what `addMembership` and its kin mean, and which errors a kernel gives for what makes no sense. */
export class Memberships {
  readonly #stack: NetStack
  readonly #family: 4 | 6

  constructor(stack: NetStack, family: 4 | 6) {
    this.#stack = stack
    this.#family = family
  }

  add(socket: UdpSocket | null, group: unknown, iface: unknown): string | 0 {
    const wanted = this.#understand(socket, group, iface)
    if (typeof wanted === 'string') return wanted
    const index = wanted.index || this.#stack.udp.groupInterface(wanted.group)
    if (index === 0) return 'ENODEV'
    if (wanted.socket.isMember(wanted.group, index)) return 'EADDRINUSE'
    return attempt(() => wanted.socket.joinGroup(wanted.group, index))
  }

  drop(socket: UdpSocket | null, group: unknown, iface: unknown): string | 0 {
    const wanted = this.#understand(socket, group, iface)
    if (typeof wanted === 'string') return wanted === 'ENODEV' ? 'EADDRNOTAVAIL' : wanted
    const index = wanted.index || this.#stack.udp.groupInterface(wanted.group)
    if (index === 0 || !wanted.socket.isMember(wanted.group, index)) return 'EADDRNOTAVAIL'
    wanted.socket.leaveGroup(wanted.group, index)
    return 0
  }

  addSource(socket: UdpSocket | null, source: string, group: string, iface: unknown): string | 0 {
    const from = this.#source(source, group)
    const wanted = from === null ? 'EINVAL' : this.#understand(socket, group, iface)
    if (typeof wanted === 'string') return wanted
    const index = wanted.index || this.#stack.udp.groupInterface(wanted.group)
    if (index === 0) return 'ENODEV'
    return attempt(() => wanted.socket.joinSource(wanted.group, from as IpAddress, index))
  }

  dropSource(socket: UdpSocket | null, source: string, group: string, iface: unknown): string | 0 {
    const from = this.#source(source, group)
    const wanted = from === null ? 'EINVAL' : this.#understand(socket, group, iface)
    if (typeof wanted === 'string') return wanted
    const index = wanted.index || this.#stack.udp.groupInterface(wanted.group)
    return attempt(() => wanted.socket.leaveSource(wanted.group, from as IpAddress, index))
  }

  /** The interface that a text of `setMulticastInterface` means; 0 lets the routes choose again. */
  outgoing(text: string): number | string {
    const address = this.#parse(text)
    if (address === null) return 'EINVAL'
    if (this.#family === 4 && !address.isV4) return 'ENOPROTOOPT'
    const index = this.#interfaceOf(address)
    return index === 0 && address.isV4 && !address.isUnspecified ? 'EADDRNOTAVAIL' : index
  }

  #understand(socket: UdpSocket | null, group: unknown, iface: unknown): Wanted | string {
    const parsed = this.#parse(group)
    const on = iface === undefined || iface === null ? null : this.#parse(iface)
    const named = iface !== undefined && iface !== null
    if (parsed === null || (named && (on === null || on.isV4 !== parsed.isV4))) return 'EINVAL'
    if (!parsed.isV4 && this.#family === 4) return 'ENOPROTOOPT'
    if (!parsed.isMulticast) return 'EINVAL'
    if (socket === null) return 'EBADF'
    const index = on === null ? 0 : this.#interfaceOf(on)
    // In IPv6 only the zone counts, and without one the routes choose; in IPv4 the address must be one of ours.
    if (named && index === 0 && parsed.isV4 && on?.isUnspecified === false) return 'ENODEV'
    return { socket, group: parsed, index: index || parsed.zone }
  }

  /** Null unless both are of one version. */
  #source(source: string, group: string): IpAddress | null {
    const from = this.#parse(source)
    return from === null || from.isV4 !== this.#parse(group)?.isV4 ? null : from
  }

  #interfaceOf(address: IpAddress): number {
    if (address.zone !== 0) return address.zone
    if (!address.isV4 || address.isUnspecified) return 0
    const found = this.#stack.interfaces.find(
      (iface) => iface.owns4(address.a3) || (iface.loopback && address.isLoopback),
    )
    return found?.index ?? 0
  }

  #parse(text: unknown): IpAddress | null {
    if (typeof text !== 'string') return null
    return readAddress(text, this.#stack.interfaces) ?? parseAddress(text.split('%', 1)[0])
  }
}

function attempt(call: () => void): string | 0 {
  try {
    call()
    return 0
  } catch (error) {
    if (!(error instanceof TapwireError)) throw error
    return error.code === 'ENETUNREACH' ? 'ENODEV' : error.code
  }
}
