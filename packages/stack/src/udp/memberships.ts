import { TapwireError } from '../core/errors.ts'
import type { IpAddress } from '../ip/address.ts'
import { formatAddress } from '../ip/address-text.ts'
import type { Internet } from '../ip/internet.ts'
import type { PacketIn } from '../ip/packet-in.ts'

/** A group that a socket joined on one interface. */
interface Membership {
  readonly group: IpAddress
  readonly interfaceIndex: number
  /** Null: all of them. */
  sources: readonly IpAddress[] | null
}

/** The groups of one socket (UDP-08), each on one interface, and from whom it takes their datagrams. */
export class Memberships {
  readonly #internet: Internet
  readonly #joined: Membership[] = []

  constructor(internet: Internet) {
    this.#internet = internet
  }

  /** See `UdpSocket.joinGroup`. */
  join(group: IpAddress, interfaceIndex: number): void {
    if (!group.isMulticast) {
      throw new TapwireError('ERR_INVALID_ARG_VALUE', `${formatAddress(group)} is not a multicast group`)
    }
    const index = interfaceIndex !== 0 ? interfaceIndex : group.zone
    const interfaces = this.#internet.interfaces.filter((iface) =>
      index === 0 ? !iface.loopback : iface.index === index,
    )
    if (interfaces.length === 0)
      throw new TapwireError('ENETUNREACH', 'There is no such interface to join on')
    for (const iface of interfaces) {
      if (this.#find(group, iface.index) !== null) continue
      iface.groups.join(group)
      this.#joined.push({ group, interfaceIndex: iface.index, sources: null })
    }
  }

  /** @param interfaceIndex 0 for every interface */
  leave(group: IpAddress, interfaceIndex: number): void {
    this.#drop(
      (joined) =>
        joined.group.equals(group) && (interfaceIndex === 0 || joined.interfaceIndex === interfaceIndex),
    )
  }

  /** See `UdpSocket.joinSource`. */
  joinSource(group: IpAddress, source: IpAddress, interfaceIndex: number): void {
    const joined = this.#find(group, interfaceIndex)
    const sources = joined?.sources ?? []
    if (sources.some((other) => other.equals(source))) {
      throw new TapwireError('EADDRNOTAVAIL', `${formatAddress(source)} is received already`)
    }
    if (joined === null) this.join(group, interfaceIndex)
    const found = joined ?? this.#find(group, interfaceIndex)
    if (found !== null) found.sources = [...sources, source]
  }

  /** See `UdpSocket.leaveSource`. */
  leaveSource(group: IpAddress, source: IpAddress, interfaceIndex: number): void {
    const joined = this.#find(group, interfaceIndex)
    if (joined === null) {
      throw new TapwireError('EINVAL', `The socket is no member of ${formatAddress(group)}`)
    }
    const sources = joined.sources ?? []
    const left = sources.filter((other) => !other.equals(source))
    if (left.length === sources.length) {
      throw new TapwireError('EADDRNOTAVAIL', `${formatAddress(source)} was not asked for`)
    }
    joined.sources = left
    if (left.length === 0) this.leave(group, joined.interfaceIndex)
  }

  /** @param interfaceIndex 0 for any */
  has(group: IpAddress, interfaceIndex: number): boolean {
    return this.#find(group, interfaceIndex) !== null
  }

  /** Null: the socket has not joined the group that this packet is for. */
  takes(packet: PacketIn): boolean | null {
    for (const { group, interfaceIndex, sources } of this.#joined) {
      if (interfaceIndex !== packet.iface.index) continue
      if (!group.hasWords(packet.dst0, packet.dst1, packet.dst2, packet.dst3)) continue
      return sources === null || sources.some((source) => isFrom(source, packet))
    }
    return null
  }

  leaveAll(): void {
    this.#drop(() => true)
  }

  /** The interface is gone, and what it had joined. */
  forget(interfaceIndex: number): void {
    this.#drop((joined) => joined.interfaceIndex === interfaceIndex)
  }

  /** An interface that is gone has no groups to leave. */
  #drop(which: (joined: Membership) => boolean): void {
    for (let i = this.#joined.length - 1; i >= 0; i--) {
      const joined = this.#joined[i]
      if (!which(joined)) continue
      const iface = this.#internet.interfaceAt(joined.interfaceIndex)
      if (iface?.up) iface.groups.leave(joined.group)
      this.#joined.splice(i, 1)
    }
  }

  #find(group: IpAddress, interfaceIndex: number): Membership | null {
    for (const joined of this.#joined) {
      if (interfaceIndex !== 0 && joined.interfaceIndex !== interfaceIndex) continue
      if (joined.group.equals(group)) return joined
    }
    return null
  }
}

function isFrom(source: IpAddress, { src0, src1, src2, src3 }: PacketIn): boolean {
  return source.hasWords(src0, src1, src2, src3)
}
