import { checksum } from '../core/checksum.ts'
import { MILLISECOND } from '../core/timer.ts'
import { IpAddress } from '../ip/address.ts'
import type { GroupWatcher } from '../ip/group-membership.ts'
import { ALL_HOSTS_V4, ALL_NODES_V6 } from '../ip/groups.ts'
import type { Interface } from '../ip/interface.ts'
import type { Internet } from '../ip/internet.ts'
import type { NetworkInterface, Transport } from '../ip/network.ts'
import { type PacketIn, Protocol } from '../ip/packet-in.ts'
import { Icmpv6Type } from '../wire/icmpv6.ts'
import {
  IGMP_LENGTH,
  IGMP_QUERY3_LENGTH,
  IgmpType,
  igmpGroup,
  igmpResponseCode,
  igmpResponseTime,
} from '../wire/igmp.ts'
import {
  MLD_QUERY2_LENGTH,
  MLD1_LENGTH,
  mldGroupWord,
  mldResponseCode,
  mldResponseTime,
} from '../wire/mld.ts'
import { hasRouterAlert4, hasRouterAlert6 } from '../wire/router-alert.ts'
import type { IcmpCounters } from './counters.ts'
import { GroupListener, type GroupVersion } from './group-listener.ts'
import { GroupMessages } from './group-messages.ts'

/** IGMPv1 queries do not say how long an answer may take (RFC 3376 section 7.2.1). */
const VERSION1_DELAY = 10_000 * MILLISECOND

/**
 * Tells routers and switches on Ethernet which groups this stack is in: IGMP for IPv4, MLD for IPv6 (N8504-03). Reads what
 * they ask; the words are in `group-messages.ts`, and when to say them in `group-listener.ts`.
 */
export class GroupReporter implements GroupWatcher, Transport {
  readonly #internet: Internet
  readonly #counters: IcmpCounters
  readonly #messages: GroupMessages
  readonly #listeners = new Map<NetworkInterface, Record<4 | 6, GroupListener>>()

  constructor(internet: Internet, counters: IcmpCounters) {
    this.#internet = internet
    this.#counters = counters
    this.#messages = new GroupMessages(internet, counters)
    internet.groups = this
    internet.registerTransport(Protocol.Igmp, this)
  }

  onGroupJoined(iface: Interface, group: IpAddress): void {
    if (isReported(group)) this.#listener(iface, group.family)?.joined(group)
  }

  onGroupLeft(iface: Interface, group: IpAddress): void {
    if (isReported(group)) this.#listener(iface, group.family)?.left(group)
  }

  onSourceReady(iface: Interface): void {
    this.#listener(iface, 6)?.sayAgain()
  }

  onInterfaceDown(iface: NetworkInterface): void {
    // Also told when one of its addresses goes.
    if (iface.up) return
    const listeners = this.#listeners.get(iface)
    listeners?.[4].close()
    listeners?.[6].close()
    this.#listeners.delete(iface)
  }

  /** An IGMP message. */
  onPacket(packet: PacketIn): void {
    this.#counters.igmpMessagesIn++
    const { view } = this.#internet.memory
    const { offset, length } = packet
    if (length < IGMP_LENGTH || checksum(view, offset, length) !== 0) {
      this.#counters.groupQueriesIgnored++
      return
    }
    const type = view.getUint8(offset)
    const group = IpAddress.v4(igmpGroup(view, offset))
    if (type === IgmpType.Query) this.#onIgmpQuery(packet, group)
    else if (type === IgmpType.Report1 || type === IgmpType.Report2) {
      this.#listener(packet.iface, 4)?.onReport(group)
    }
  }

  /** IGMP-05 (RFC 3376 section 9.1): which queries count, and as whose. Version 1 has general ones only (RFC 1112 appendix I). */
  #onIgmpQuery(packet: PacketIn, group: IpAddress): void {
    const { view } = this.#internet.memory
    const { length } = packet
    const code = igmpResponseCode(view, packet.offset)
    const version: GroupVersion = length >= IGMP_QUERY3_LENGTH ? 3 : code === 0 ? 1 : 2
    const isGeneral = group.isUnspecified
    if (
      (length !== IGMP_LENGTH && version < 3) ||
      (version > 1 && (packet.reassembled || !hasRouterAlert4(view, packet.headerOffset))) ||
      (isGeneral ? packet.dst3 !== ALL_HOSTS_V4.a3 : version === 1)
    ) {
      this.#counters.groupQueriesIgnored++
      return
    }
    const tenths = version === 3 ? igmpResponseTime(code) : code
    const delay = version === 1 ? VERSION1_DELAY : tenths * 100 * MILLISECOND
    this.#answer(packet, isGeneral ? null : group, delay, version)
  }

  /** An MLD message; ICMPv6 has checked the checksum, and that there are 8 bytes. */
  onMld(packet: PacketIn): void {
    const { view } = this.#internet.memory
    if (packet.length < MLD1_LENGTH || !this.#isFromLink(packet)) {
      this.#counters.groupQueriesIgnored++
      return
    }
    const at = packet.offset
    const word = (index: number): number => mldGroupWord(view, at, index)
    const group = new IpAddress(word(0), word(1), word(2), word(3))
    const type = view.getUint8(at)
    if (type === Icmpv6Type.ListenerQuery) this.#onMldQuery(packet, group)
    else if (type === Icmpv6Type.ListenerReport) this.#listener(packet.iface, 6)?.onReport(group)
  }

  /** MLD-03 (RFC 3810 section 6.2): sent on this link, for routers to look at. */
  #isFromLink(packet: PacketIn): boolean {
    const { view } = this.#internet.memory
    const linkLocal = packet.src0 >>> 22 === 0xfe80 >>> 6
    return linkLocal && packet.ttl === 1 && !packet.reassembled && hasRouterAlert6(view, packet.headerOffset)
  }

  #onMldQuery(packet: PacketIn, group: IpAddress): void {
    const { view } = this.#internet.memory
    const code = mldResponseCode(view, packet.offset)
    const isNew = packet.length >= MLD_QUERY2_LENGTH
    const isGeneral = group.isUnspecified
    const toAll = packet.dst0 === ALL_NODES_V6.a0 && (packet.dst1 | packet.dst2) === 0 && packet.dst3 === 1
    if ((!isNew && packet.length !== MLD1_LENGTH) || (isGeneral && !toAll)) {
      this.#counters.groupQueriesIgnored++
      return
    }
    const delay = (isNew ? mldResponseTime(code) : code) * MILLISECOND
    this.#answer(packet, isGeneral ? null : group, delay, isNew ? 3 : 2)
  }

  #answer(packet: PacketIn, group: IpAddress | null, delay: number, version: GroupVersion): void {
    this.#counters.groupQueriesIn++
    this.#listener(packet.iface, packet.version)?.onQuery(group, delay, version)
  }

  /** Null where nobody listens to such reports. */
  #listener(of: NetworkInterface, family: 4 | 6): GroupListener | null {
    // All interfaces of this stack are of one class; transports know less of it.
    const iface = of as Interface
    if (iface.medium !== 'ethernet' || !iface.up) return null
    let listeners = this.#listeners.get(iface)
    if (listeners === undefined) {
      const { engine } = this.#internet
      const make = (): GroupListener => new GroupListener(engine, iface, this.#messages)
      listeners = { 4: make(), 6: make() }
      this.#listeners.set(iface, listeners)
    }
    return listeners[family]
  }

  onIcmpError(): void {}

  onWritable(): void {}

  onBurstEnd(): boolean {
    return false
  }
}

/** MLD-05, IGMP-03: everybody is in all-hosts and all-nodes; scopes 0 and 1 never leave a host. */
function isReported(group: IpAddress): boolean {
  if (group.isV4) return group.a3 !== ALL_HOSTS_V4.a3
  return ((group.a0 >>> 16) & 15) > 1 && !group.equals(ALL_NODES_V6)
}
