import type { Audit } from '../core/audit.ts'
import type { Engine } from '../core/engine.ts'
import { TapwireError } from '../core/errors.ts'
import type { IpAddress } from '../ip/address.ts'
import { ALL_HOSTS_V4, ALL_NODES_V6, solicitedNode } from '../ip/groups.ts'
import type {
  AddressState,
  ConflictDetection,
  InterfaceAddress,
  LinkEvents,
  LinkPort,
} from '../ip/link-port.ts'
import type { PacketIn } from '../ip/packet-in.ts'
import type { Limits } from '../limits.ts'
import {
  ETHERNET_HEADER,
  type LinkDevice,
  type RxFrame,
  TransmitResult,
  type TxDescriptor,
} from '../link/device.ts'
import {
  EtherType,
  ethernetDestinationHigh,
  ethernetDestinationLow,
  ethernetSourceHigh,
  ethernetSourceLow,
  ethernetType,
  isGroupMac,
  MAC_BROADCAST_HIGH,
  MAC_BROADCAST_LOW,
  MAX_8023_LENGTH,
} from '../wire/ethernet.ts'
import { Arp } from './arp.ts'
import { ArpSender } from './arp-sender.ts'
import { ConflictDetector } from './conflict-detection.ts'
import { EthernetCounters } from './counters.ts'
import { DuplicateAddressDetector } from './duplicate-address.ts'
import { FrameOutput } from './frame-output.ts'
import { GroupFilter } from './group-filter.ts'
import { groupMacHigh, groupMacLow, macBytes } from './mac.ts'
import { Ndp, type RouterEvents } from './ndp.ts'
import { NdpSender } from './ndp-sender.ts'
import { type Neighbour, NeighbourState } from './neighbour.ts'
import { OwnAddress, OwnAddresses } from './own-addresses.ts'
import { DEFAULT_TIMING, type NeighbourTiming, Resolver } from './resolver.ts'

/** 802.1Q and 802.1ad tags, of which we speak neither (ETH-06). */
const VLAN_TAG = 0x8100
const SERVICE_TAG = 0x88a8

/** AA-AA-03 and OUI 00-00-00: LLC and SNAP headers of RFC 1042, 6 bytes before the EtherType. */
const SNAP_FIRST = 0xaaaa0300 | 0
const SNAP_LENGTH = 8

export interface EthernetLinkOptions {
  readonly engine: Engine
  readonly device: LinkDevice
  /** Our address on this link: 6 bytes, not a group address. */
  readonly mac: Uint8Array
  readonly limits: Limits
  readonly events: LinkEvents
  readonly conflictDetection: ConflictDetection
  /** Default: new ones, readable as `link.counters`. */
  readonly counters?: EthernetCounters
  /** Default: the constants of RFC 4861. */
  readonly timing?: Partial<NeighbourTiming>
  /** Who takes router advertisements and redirects. Default: nobody. */
  readonly routers?: RouterEvents
}

/** A line of the neighbour table, for people. */
export interface NeighbourInfo {
  readonly address: IpAddress
  /** Null while it is not known. */
  readonly mac: Uint8Array | null
  readonly state: NeighbourState
  readonly isRouter: boolean
}

/**
 * The Ethernet link layer of one interface: sorts frames by EtherType, finds the MAC of every next hop (ARP, NDP),
 * and watches over our own addresses. All calls are made within an entry of the engine.
 */
export class EthernetLink implements LinkPort {
  readonly headerLength = ETHERNET_HEADER
  readonly counters: EthernetCounters
  readonly #engine: Engine
  readonly #view: DataView
  readonly #events: LinkEvents
  readonly #output: FrameOutput
  readonly #own = new OwnAddresses()
  readonly #groups = new GroupFilter()
  readonly #resolver: Resolver
  readonly #arp: Arp
  readonly #ndp: Ndp
  readonly #conflicts: ConflictDetector
  readonly #duplicates: DuplicateAddressDetector
  /** The source of the frame being received: who to answer, and who the holder of a duplicate is. */
  #sourceHigh = 0
  #sourceLow = 0
  #closed = false

  /** @throws ERR_INVALID_ARG_VALUE for a MAC that is none or a group's; ENOMEM without memory for a control frame */
  constructor(options: EthernetLinkOptions) {
    const { engine, mac, limits, events, conflictDetection } = options
    if (mac.length !== 6 || (mac[0] & 1) !== 0) {
      throw new TapwireError('ERR_INVALID_ARG_VALUE', 'A MAC address has 6 bytes and its group bit clear')
    }
    const memory = engine.memory
    const counters = options.counters ?? new EthernetCounters()
    this.counters = counters
    this.#engine = engine
    this.#view = memory.view
    this.#events = events
    this.#output = new FrameOutput(engine, options.device, mac, counters)
    this.#resolver = new Resolver(
      engine,
      limits,
      { ...DEFAULT_TIMING, ...options.timing },
      counters,
      this.#output.own,
      {
        solicit: (neighbour, unicast) => this.#solicit(neighbour, unicast),
        transmit: (descriptor, neighbour) => this.#transmit(descriptor, neighbour),
        onUnresolved: (offset, length, nextHop) => {
          if (!this.#closed) events.onUnresolved(offset, length, nextHop)
        },
      },
    )
    const settled = (own: OwnAddress, state: AddressState, holder: Uint8Array | null): void =>
      this.#settled(own, state, holder)
    const arpSender = new ArpSender(this.#output, counters)
    this.#conflicts = new ConflictDetector(engine, arpSender, this.#own, conflictDetection, counters, settled)
    this.#arp = new Arp(memory, this.#output, arpSender, this.#own, this.#resolver, this.#conflicts, counters)
    const ndpSender = new NdpSender(this.#output, counters)
    this.#duplicates = new DuplicateAddressDetector(engine, ndpSender, conflictDetection, counters, settled)
    this.#ndp = new Ndp(
      memory,
      this.#output,
      ndpSender,
      this.#own,
      this.#resolver,
      this.#duplicates,
      options.routers ?? null,
      counters,
    )
  }

  /** For `Stack.debugInvariants`. */
  audit(audit: Audit): void {
    if (this.#closed) return
    this.#resolver.audit(audit)
    this.#output.audit(audit)
  }

  /** A frame from the device. Whatever it holds, this returns; what is not for us counts in `counters`. */
  onFrame(frame: RxFrame): void {
    if (this.#closed) return
    const counters = this.counters
    const view = this.#view
    const offset = frame.offset
    counters.framesIn++
    if (frame.length < ETHERNET_HEADER) {
      counters.dropRunt++
      return
    }
    const high = ethernetDestinationHigh(view, offset)
    const group = isGroupMac(high)
    if (!this.#isForUs(high, ethernetDestinationLow(view, offset), group)) {
      if (group) counters.dropNotJoined++
      else counters.dropForeign++
      return
    }
    this.#sourceHigh = ethernetSourceHigh(view, offset)
    this.#sourceLow = ethernetSourceLow(view, offset)
    if (isGroupMac(this.#sourceHigh)) {
      counters.dropGroupSource++
      return
    }
    // Also how our own solicitations come back on a looped link: no conflict with ourselves (ND-24).
    if (this.#sourceLow === this.#output.macLow && this.#sourceHigh === this.#output.macHigh) {
      counters.dropOwnSource++
      return
    }
    const type = ethernetType(view, offset)
    const payload = offset + ETHERNET_HEADER
    const length = frame.length - ETHERNET_HEADER
    if (type <= MAX_8023_LENGTH) this.#on8023(payload, length, type, group)
    else this.#onPayload(type, payload, length, group)
  }

  /** There is room on the device again. To be called before any transport is told. */
  onWritable(): void {
    if (!this.#closed) this.#resolver.onWritable()
  }

  send(descriptor: TxDescriptor, nextHop: IpAddress): TransmitResult {
    if (this.#closed) return TransmitResult.Refused
    const neighbour = this.#resolver.cache.find(nextHop.a0, nextHop.a1, nextHop.a2, nextHop.a3)
    if (neighbour === null) return this.#sendUnknown(descriptor, nextHop)
    if (
      neighbour.state !== NeighbourState.Reachable ||
      neighbour.waiting !== 0 ||
      neighbour.reachableUntil < this.#engine.now
    ) {
      return this.#resolver.send(neighbour, descriptor)
    }
    this.#resolver.cache.touch(neighbour)
    return this.#transmit(descriptor, neighbour)
  }

  onNeighbourDiscovery(packet: PacketIn): void {
    if (!this.#closed) this.#ndp.onMessage(packet, this.#sourceHigh, this.#sourceLow)
  }

  confirm(nextHop: IpAddress): void {
    const neighbour = this.#resolver.cache.find(nextHop.a0, nextHop.a1, nextHop.a2, nextHop.a3)
    if (neighbour !== null) this.#resolver.confirm(neighbour)
  }

  suspect(nextHop: IpAddress): void {
    const neighbour = this.#resolver.cache.find(nextHop.a0, nextHop.a1, nextHop.a2, nextHop.a3)
    if (neighbour !== null) this.#resolver.suspect(neighbour)
  }

  /**
   * Sets `address.state` at once, as the mode says. `onAddressState` follows when detection is over: with 'off'
   * before this returns.
   */
  addAddress(address: InterfaceAddress): void {
    if (this.#closed) return
    const ip = address.address
    const isV4 = ip.isV4
    const own = new OwnAddress(address, (expired, now) => {
      if (isV4) this.#conflicts.expired(expired, now)
      else this.#duplicates.expired(expired, now)
    })
    const stranger = this.#resolver.cache.find(ip.a0, ip.a1, ip.a2, ip.a3)
    if (stranger !== null) this.#resolver.forget(stranger)
    this.#own.all.push(own)
    this.#joinFor(ip)
    if (isV4) this.#conflicts.start(own)
    else this.#duplicates.start(own)
  }

  removeAddress(address: InterfaceAddress): void {
    const at = this.#own.all.findIndex((own) => own.address === address)
    if (at < 0) return
    this.#engine.timers.clear(this.#own.all[at].timer)
    this.#own.all.splice(at, 1)
    this.#leaveFor(address.address)
  }

  join(group: IpAddress): void {
    this.#groups.join(group)
  }

  leave(group: IpAddress): void {
    this.#groups.leave(group)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const own of this.#own.all) this.#engine.timers.clear(own.timer)
    this.#own.all.length = 0
    this.#groups.clear()
    this.#resolver.close()
    this.#output.close()
  }

  /** The neighbour table as it is now; for people, tests and tools. */
  neighbours(): NeighbourInfo[] {
    const list: NeighbourInfo[] = []
    this.#resolver.cache.forEach((neighbour) => {
      const { address, state, isRouter } = neighbour
      const known = state !== NeighbourState.Incomplete
      list.push({
        address,
        state,
        isRouter,
        mac: known ? macBytes(neighbour.macHigh, neighbour.macLow) : null,
      })
    })
    return list
  }

  /** Bytes of memory held by packets that wait for a neighbour. */
  get waitingBytes(): number {
    return this.#resolver.waitingBytes
  }

  /** ETH-05: our own MAC, broadcast, and the groups we joined. */
  #isForUs(high: number, low: number, group: boolean): boolean {
    if (!group) return low === this.#output.macLow && high === this.#output.macHigh
    if (low === MAC_BROADCAST_LOW && high === MAC_BROADCAST_HIGH) return true
    return this.#groups.has(high, low)
  }

  #onPayload(type: number, offset: number, length: number, linkMulticast: boolean): void {
    switch (type) {
      case EtherType.Ipv4:
        this.#events.onIpPacket(offset, length, 4, linkMulticast)
        return
      case EtherType.Ipv6:
        this.#events.onIpPacket(offset, length, 6, linkMulticast)
        return
      case EtherType.Arp:
        this.#arp.onPacket(offset, length, this.#sourceHigh, this.#sourceLow, linkMulticast)
        return
      case VLAN_TAG:
      case SERVICE_TAG:
        this.counters.dropVlan++
        return
      default:
        // Trailer encapsulations (0x1000 to 0x100f) end here too: nobody negotiated them (ETH-08).
        this.counters.dropUnknownType++
    }
  }

  /** ETH-03: an 802.3 length instead of a type. RFC 1042's LLC and SNAP headers are understood, all else is dropped. */
  #on8023(offset: number, available: number, length: number, linkMulticast: boolean): void {
    if (length > available || length < SNAP_LENGTH) {
      this.counters.dropBadLength++
      return
    }
    if (this.#view.getInt32(offset) !== SNAP_FIRST || this.#view.getUint16(offset + 4) !== 0) {
      this.counters.dropUnknownType++
      return
    }
    this.#onPayload(
      this.#view.getUint16(offset + 6),
      offset + SNAP_LENGTH,
      length - SNAP_LENGTH,
      linkMulticast,
    )
  }

  /** Not in the neighbour table: a group, everybody, or a station to be asked for. */
  #sendUnknown(descriptor: TxDescriptor, nextHop: IpAddress): TransmitResult {
    const type = nextHop.isV4 ? EtherType.Ipv4 : EtherType.Ipv6
    if (nextHop.isMulticast) {
      return this.#output.transmit(descriptor, groupMacHigh(nextHop), groupMacLow(nextHop), type)
    }
    if (nextHop.isV4 && this.#own.isBroadcastV4(nextHop.a3)) {
      return this.#output.transmit(descriptor, MAC_BROADCAST_HIGH, MAC_BROADCAST_LOW, type)
    }
    const router = nextHop.isV4 ? null : this.#routerInstead(nextHop)
    if (router !== null) return this.#resolver.send(router, descriptor)
    this.#resolver.resolve(nextHop, descriptor)
    return TransmitResult.Sent
  }

  /**
   * RFC 4429 sections 2.3 and 3.2: while no address of ours is checked, none may ask for a neighbour; a router that is
   * known already passes the packet on. Without one it waits for the end of the check, at most a second.
   */
  #routerInstead(nextHop: IpAddress): Neighbour | null {
    if (nextHop.isLinkLocal || this.#own.sourceFor(nextHop) !== null) return null
    return this.#resolver.cache.findRouter()
  }

  #transmit(descriptor: TxDescriptor, neighbour: Neighbour): TransmitResult {
    const type = neighbour.address.isV4 ? EtherType.Ipv4 : EtherType.Ipv6
    return this.#output.transmit(descriptor, neighbour.macHigh, neighbour.macLow, type)
  }

  #solicit(neighbour: Neighbour, unicast: boolean): boolean {
    return neighbour.address.isV4
      ? this.#arp.solicit(neighbour, unicast)
      : this.#ndp.solicit(neighbour, unicast)
  }

  #settled(own: OwnAddress, state: AddressState, holder: Uint8Array | null): void {
    own.address.state = state
    this.#resolver.onSourceAvailable()
    this.#events.onAddressState(own.address, holder)
  }

  /** ND-06: all-nodes and the solicited-node group of each address; all-hosts for IPv4. */
  #joinFor(ip: IpAddress): void {
    this.#groups.join(ip.isV4 ? ALL_HOSTS_V4 : ALL_NODES_V6)
    if (!ip.isV4) this.#groups.join(solicitedNode(ip))
  }

  #leaveFor(ip: IpAddress): void {
    this.#groups.leave(ip.isV4 ? ALL_HOSTS_V4 : ALL_NODES_V6)
    if (!ip.isV4) this.#groups.leave(solicitedNode(ip))
  }
}
