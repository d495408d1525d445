import { checksum } from '../core/checksum.ts'
import { ANY_V4, ANY_V6, IpAddress } from '../ip/address.ts'
import type { Interface } from '../ip/interface.ts'
import type { Internet } from '../ip/internet.ts'
import { AddressState } from '../ip/link-port.ts'
import { Protocol } from '../ip/packet-in.ts'
import { TransmitResult } from '../link/device.ts'
import { Icmpv6Type, writeIcmpv6Checksum } from '../wire/icmpv6.ts'
import {
  type GroupRecord,
  IGMP_LENGTH,
  IGMP_RECORD_LENGTH,
  IgmpType,
  writeIgmpMessage,
  writeIgmpRecord,
  writeIgmpReport,
} from '../wire/igmp.ts'
import { IPV4_DONT_FRAGMENT, IPV4_HEADER_LENGTH, rewriteIpv4Checksum, writeIpv4Header } from '../wire/ipv4.ts'
import { IPV6_HEADER_LENGTH, ipv6AddressSum, writeIpv6Header } from '../wire/ipv6.ts'
import { Ipv6NextHeader } from '../wire/ipv6-extension.ts'
import {
  MLD_RECORD_LENGTH,
  MLD_REPORT_LENGTH,
  MLD1_LENGTH,
  writeMldMessage,
  writeMldRecord,
  writeMldReport,
} from '../wire/mld.ts'
import {
  ROUTER_ALERT4_LENGTH,
  ROUTER_ALERT6_LENGTH,
  writeRouterAlert4,
  writeRouterAlert6,
} from '../wire/router-alert.ts'
import type { IcmpCounters } from './counters.ts'

/** Where reports go: 224.0.0.22 and ff02::16 (RFC 3376 section 4.2.14, RFC 3810 section 5.2.14). */
const REPORTS_V4 = IpAddress.v4(0xe0000016)
const REPORTS_V6 = new IpAddress(0xff020000, 0, 0, 0x16)
/** Where the older versions say that they leave: all routers. */
const ROUTERS_V4 = IpAddress.v4(0xe0000002)
const ROUTERS_V6 = new IpAddress(0xff020000, 0, 0, 2)

/** IGMP-01: internetwork control. */
const CONTROL_TOS = 0xc0

/** One group in a report. */
export interface GroupNews {
  readonly address: IpAddress
  readonly type: GroupRecord
}

/**
 * Sends reports of group membership: IGMP, or MLD over IPv6. All go no further than the link, and routers are alerted to them
 * (IGMP-01, MLD-01). They need no resolution, and no path.
 */
export class GroupMessages {
  readonly #internet: Internet
  readonly #counters: IcmpCounters

  constructor(internet: Internet, counters: IcmpCounters) {
    this.#internet = internet
    this.#counters = counters
  }

  /** IGMPv3 or MLDv2, in as many messages as it takes; all of one version of IP. */
  report(iface: Interface, news: readonly GroupNews[]): void {
    if (news.length === 0) return
    const isV4 = news[0].address.isV4
    const fixed = isV4 ? IGMP_LENGTH : MLD_REPORT_LENGTH
    const each = isV4 ? IGMP_RECORD_LENGTH : MLD_RECORD_LENGTH
    const before = isV4
      ? IPV4_HEADER_LENGTH + ROUTER_ALERT4_LENGTH
      : IPV6_HEADER_LENGTH + ROUTER_ALERT6_LENGTH
    const most = Math.floor((iface.mtu - before - fixed) / each)
    for (let from = 0; from < news.length; from += most) {
      const some = news.slice(from, from + most)
      this.#send(iface, isV4 ? REPORTS_V4 : REPORTS_V6, fixed + some.length * each, (view, at) => {
        if (isV4) writeIgmpReport(view, at, some.length)
        else writeMldReport(view, at, Icmpv6Type.ListenerReport2, some.length)
        some.forEach(({ address: { a0, a1, a2, a3 }, type }, i) => {
          if (isV4) writeIgmpRecord(view, at + fixed + i * each, type, a3)
          else writeMldRecord(view, at + fixed + i * each, type, a0, a1, a2, a3)
        })
      })
    }
  }

  /** IGMP-04, MLD-04: a report of an older version, to the group itself. @param version 1 or 2 of IGMP; 2 is MLDv1 */
  reportOld(iface: Interface, group: IpAddress, version: number): void {
    const igmp = version === 1 ? IgmpType.Report1 : IgmpType.Report2
    this.#sendOld(iface, group, group, group.isV4 ? igmp : Icmpv6Type.ListenerReport)
  }

  /** That nobody here is in the group any more, to all routers. IGMPv1 has no such message. */
  leaveOld(iface: Interface, group: IpAddress): void {
    const to = group.isV4 ? ROUTERS_V4 : ROUTERS_V6
    this.#sendOld(iface, to, group, group.isV4 ? IgmpType.Leave2 : Icmpv6Type.ListenerDone)
  }

  #sendOld(iface: Interface, to: IpAddress, group: IpAddress, type: number): void {
    const { isV4, a0, a1, a2, a3 } = group
    this.#send(iface, to, isV4 ? IGMP_LENGTH : MLD1_LENGTH, (view, at) => {
      if (isV4) writeIgmpMessage(view, at, type, a3)
      else writeMldMessage(view, at, type, a0, a1, a2, a3)
    })
  }

  #send(iface: Interface, to: IpAddress, length: number, write: (view: DataView, at: number) => void): void {
    const { memory, descriptor, headEnd } = this.#internet
    const block = memory.allocate(length)
    if (block < 0) {
      this.#counters.groupReportsLost++
      return
    }
    write(memory.view, block)
    descriptor.reset(headEnd)
    descriptor.payloadOffset = block
    descriptor.payloadLength = length
    if (to.isV4) this.#finish4(iface, to, block, length)
    else this.#finish6(iface, to, block, length)
    if (iface.link.send(descriptor, to) === TransmitResult.Sent) this.#counters.groupReportsOut++
    else this.#counters.groupReportsLost++
    memory.free(block)
  }

  #finish4(iface: Interface, to: IpAddress, block: number, length: number): void {
    const { descriptor, memory } = this.#internet
    const { view } = memory
    view.setUint16(block + 2, 0)
    view.setUint16(block + 2, checksum(view, block, length))
    writeRouterAlert4(view, descriptor.prepend(ROUTER_ALERT4_LENGTH))
    const at = descriptor.prepend(IPV4_HEADER_LENGTH)
    const total = descriptor.length
    const from = sourceOf(iface, true).a3
    writeIpv4Header(view, at, total, 0, IPV4_DONT_FRAGMENT, 1, Protocol.Igmp, from, to.a3, CONTROL_TOS)
    view.setUint8(at, 0x46)
    rewriteIpv4Checksum(view, at)
  }

  #finish6(iface: Interface, to: IpAddress, block: number, length: number): void {
    const { descriptor, memory } = this.#internet
    const { view } = memory
    writeRouterAlert6(view, descriptor.prepend(ROUTER_ALERT6_LENGTH), Protocol.Icmpv6)
    const payload = descriptor.length
    const at = descriptor.prepend(IPV6_HEADER_LENGTH)
    const { a0, a1, a2, a3 } = sourceOf(iface, false)
    const hop = Ipv6NextHeader.HopByHop
    writeIpv6Header(view, at, payload, hop, 1, a0, a1, a2, a3, to.a0, to.a1, to.a2, to.a3, 0, 0)
    writeIcmpv6Checksum(view, block, length, ipv6AddressSum(view, at))
  }
}

/**
 * MLD-01, MLD-06 (RFC 3590 section 4): a checked link-local address, or :: while there is none; IGMP-07: any IPv4 address,
 * or 0.0.0.0.
 */
function sourceOf(iface: Interface, isV4: boolean): IpAddress {
  for (const { address, state, usable } of iface.addresses) {
    if (isV4 && address.isV4 && usable) return address
    if (!isV4 && !address.isV4 && address.isLinkLocal && state === AddressState.Preferred) return address
  }
  return isV4 ? ANY_V4 : ANY_V6
}
