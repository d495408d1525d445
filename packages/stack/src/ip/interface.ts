import type { Engine } from '../core/engine.ts'
import { TapwireError } from '../core/errors.ts'
import type { Memory } from '../core/memory.ts'
import type { FrameSink, LinkDevice, RxChecksum, RxFrame } from '../link/device.ts'
import { type IpAddress, prefixMask } from './address.ts'
import { formatAddress, type Prefix } from './address-text.ts'
import { CountedDevice } from './counted-device.ts'
import { InterfaceCounters } from './counters.ts'
import { GroupMembership } from './group-membership.ts'
import { solicitedNode } from './groups.ts'
import {
  AddressState,
  type ConflictDetection,
  InterfaceAddress,
  type LinkEvents,
  type LinkPort,
} from './link-port.ts'
import type { NetworkInterface } from './network.ts'
import { MIN_MTU_V6 } from './path-mtu.ts'
import { isUnicast } from './special-prefixes.ts'

/** A link layer as an interface drives it: the port that IP sees, and the door frames come in by. */
export interface InterfaceLink extends LinkPort {
  onFrame(frame: RxFrame): void
  /** The device has room again: what the link itself owes goes first. */
  onWritable?(): void
}

/** Makes the link layer of an interface. `device` counts what is sent; `iface` takes what the link has to tell. */
export type LinkFactory = (device: LinkDevice, iface: Interface) => InterfaceLink

/** What an interface asks of the layer that owns it. */
export interface InterfaceOwner {
  onIpPacket(iface: Interface, offset: number, length: number, version: 4 | 6, linkMulticast: boolean): void
  onUnresolved(iface: Interface, offset: number, length: number, nextHop: IpAddress): void
  onAddressAdded(iface: Interface, address: InterfaceAddress): void
  onAddressRemoved(iface: Interface, address: InterfaceAddress): void
  onAddressState(iface: Interface, address: InterfaceAddress, holder: Uint8Array | null): void
  /** A multicast group was joined, or left for good. */
  onGroup(iface: Interface, group: IpAddress, joined: boolean): void
  onWritable(): void
  onClosed(iface: Interface, error: Error | null): void
  onFault(error: unknown): void
}

export interface InterfaceOptions {
  readonly engine: Engine
  readonly owner: InterfaceOwner
  readonly device: LinkDevice
  readonly index: number
  readonly name: string
  readonly link: LinkFactory
  readonly maxAddresses: number
  readonly conflictDetection: ConflictDetection
  readonly loopback: boolean
}

/**
 * One interface of a stack: the device below, the link layer that speaks over it, and the addresses IP has there.
 * It is the door for frames: nothing thrown behind it reaches the device.
 */
export class Interface implements NetworkInterface, FrameSink, LinkEvents {
  readonly index: number
  readonly name: string
  readonly mtu: number
  readonly txChecksum: boolean
  readonly loopback: boolean
  readonly medium: 'ethernet' | 'ip'
  /** The largest transport payloads (headers included) of a super-frame; 0 where the device cannot segment. */
  readonly maxSuperPayload4: number
  readonly maxSuperPayload6: number
  readonly memory: Memory
  readonly device: LinkDevice
  readonly link: InterfaceLink
  readonly counters = new InterfaceCounters()
  readonly groups: GroupMembership
  up = true
  /** Of the frame being handled now: see `RxFrame`. */
  rxChecksum: RxChecksum = 0
  rxGsoSize = 0
  readonly #engine: Engine
  readonly #owner: InterfaceOwner
  readonly #counted: CountedDevice
  readonly #addresses: InterfaceAddress[] = []
  readonly #maxAddresses: number
  readonly #conflictDetection: ConflictDetection
  readonly #stopFlushing: () => void
  #inBurst = false

  constructor(options: InterfaceOptions) {
    const { device } = options
    this.index = options.index
    this.name = options.name
    this.mtu = device.mtu
    this.medium = device.medium
    this.txChecksum = device.capabilities.txChecksum
    this.loopback = options.loopback
    this.memory = options.engine.memory
    this.device = device
    this.#engine = options.engine
    this.#owner = options.owner
    this.#maxAddresses = options.maxAddresses
    this.#conflictDetection = options.conflictDetection
    this.#counted = new CountedDevice(device, this.counters)
    this.link = options.link(this.#counted, this)
    const { maxSuperFrame, tso4, tso6 } = device.capabilities
    const largest = Math.min(maxSuperFrame - this.link.headerLength, 65_535)
    this.maxSuperPayload4 = tso4 ? Math.max(0, largest - 20) : 0
    this.maxSuperPayload6 = tso6 ? Math.max(0, largest - 40) : 0
    this.groups = new GroupMembership(this.link, (group, joined) =>
      options.owner.onGroup(this, group, joined),
    )
    this.#stopFlushing = options.engine.addFinisher(() => this.#counted.flushIfSent())
  }

  get addresses(): readonly InterfaceAddress[] {
    return this.#addresses
  }

  // ---- from the device -------------------------------------------------------------------------------------

  onFrame(frame: RxFrame): void {
    if (!this.up) {
      this.counters.droppedDown++
      return
    }
    if (!this.#inBurst) {
      this.#inBurst = true
      this.#engine.enter()
    } else this.#engine.onFrame()
    this.counters.framesIn++
    this.counters.bytesIn += frame.length
    this.rxChecksum = frame.checksum
    this.rxGsoSize = frame.gsoSize
    try {
      this.link.onFrame(frame)
    } catch (error) {
      this.#fault(error)
    }
  }

  onBurstEnd(): void {
    if (!this.#inBurst) return
    this.#inBurst = false
    this.#leave()
  }

  onWritable(): void {
    if (!this.up) return
    this.#engine.enter()
    try {
      this.link.onWritable?.()
      this.#owner.onWritable()
    } catch (error) {
      this.#fault(error)
    }
    this.#leave()
  }

  onClosed(error: Error | null): void {
    if (!this.up) return
    this.#engine.enter()
    try {
      this.#shutDown(error)
    } catch (fault) {
      this.#fault(fault)
    }
    this.#leave()
  }

  #leave(): void {
    try {
      this.#engine.leave()
    } catch (error) {
      this.#fault(error)
    }
  }

  #fault(error: unknown): void {
    this.counters.faults++
    this.#owner.onFault(error)
  }

  // ---- from the link layer ---------------------------------------------------------------------------------

  onIpPacket(offset: number, length: number, version: 4 | 6, linkMulticast: boolean): void {
    this.#owner.onIpPacket(this, offset, length, version, linkMulticast)
  }

  onUnresolved(offset: number, length: number, nextHop: IpAddress): void {
    this.#owner.onUnresolved(this, offset, length, nextHop)
  }

  onAddressState(address: InterfaceAddress, holder: Uint8Array | null): void {
    this.#owner.onAddressState(this, address, holder)
  }

  // ---- addresses -------------------------------------------------------------------------------------------

  /**
   * Takes an address into use: conflict detection starts, the connected route appears.
   * @throws ERR_INVALID_ARG_VALUE for one no host can have, and for IPv6 on a link too small for it (V6-10), EADDRINUSE
   * when it is there already, ENOBUFS beyond `limits.addressesPerInterface`, ENETDOWN
   */
  addAddress(prefix: Prefix): InterfaceAddress {
    const { address, length } = prefix
    if (!this.up) throw new TapwireError('ENETDOWN', `Interface ${this.name} is down`)
    if (!isUnicast(address) || (address.isLoopback && !this.loopback)) {
      throw new TapwireError(
        'ERR_INVALID_ARG_VALUE',
        `${formatAddress(address)} cannot be the address of interface ${this.name}`,
      )
    }
    if (!address.isV4 && this.mtu < MIN_MTU_V6) {
      throw new TapwireError(
        'ERR_INVALID_ARG_VALUE',
        `IPv6 needs an MTU of at least ${MIN_MTU_V6} (RFC 8200 section 5); ${this.name} has ${this.mtu}`,
      )
    }
    if (this.find(address) !== null) {
      throw new TapwireError('EADDRINUSE', `Interface ${this.name} has ${formatAddress(address)} already`)
    }
    if (this.#addresses.length >= this.#maxAddresses) {
      this.counters.addressesRefused++
      throw new TapwireError(
        'ENOBUFS',
        `Interface ${this.name} has all the addresses it may have (limits.addressesPerInterface is ${this.#maxAddresses})`,
      )
    }
    const own = new InterfaceAddress(
      address.isLinkLocal ? address.withZone(this.index) : address,
      length,
      this.#initialState(),
    )
    return this.#engine.run(() => {
      // First, because it is refused when the routing table is full: then nothing has happened.
      this.#owner.onAddressAdded(this, own)
      this.#addresses.push(own)
      // SL-02: the solicited-node group is joined before detection starts.
      if (!address.isV4 && this.medium === 'ethernet') this.groups.join(solicitedNode(address))
      this.link.addAddress(own)
      return own
    })
  }

  /** Gives an address up: whatever uses it fails. @returns whether it was there */
  removeAddress(address: IpAddress): boolean {
    const at = this.#addresses.findIndex((own) => own.address.equals(address))
    if (at < 0) return false
    this.#engine.run(() => {
      const [own] = this.#addresses.splice(at, 1)
      this.link.removeAddress(own)
      if (!address.isV4 && this.medium === 'ethernet') this.groups.leave(solicitedNode(address))
      // Whoever still holds the record sees that it may not be used any more.
      own.state = AddressState.Duplicate
      this.#owner.onAddressRemoved(this, own)
    })
    return true
  }

  #initialState(): AddressState {
    if (this.medium === 'ip' || this.#conflictDetection === 'off') return AddressState.Preferred
    return this.#conflictDetection === 'strict' ? AddressState.Tentative : AddressState.Optimistic
  }

  /** The own address, whatever its state, or null. */
  find(address: IpAddress): InterfaceAddress | null {
    for (const own of this.#addresses) if (own.address.equals(address)) return own
    return null
  }

  /** Whether a usable own IPv4 address has this word. */
  owns4(word: number): boolean {
    const addresses = this.#addresses
    for (let i = 0; i < addresses.length; i++) {
      const own = addresses[i]
      if (own.address.a3 === word && own.address.isV4 && own.usable) return true
    }
    return false
  }

  /** Whether a usable own IPv6 address has these words. */
  owns6(a0: number, a1: number, a2: number, a3: number): boolean {
    const addresses = this.#addresses
    for (let i = 0; i < addresses.length; i++) {
      const { address } = addresses[i]
      if (address.hasWords(a0, a1, a2, a3)) {
        return addresses[i].usable && !address.isV4
      }
    }
    return false
  }

  /** IP-09: the limited broadcast, or a broadcast of an own prefix, in its 1-form or its old 0-form. */
  isBroadcast4(word: number): boolean {
    return word === -1 || this.isDirectedBroadcast4(word)
  }

  /** IP-08: prefixes of 31 and 32 bits have no broadcast (RFC 3021). */
  isDirectedBroadcast4(word: number): boolean {
    const addresses = this.#addresses
    for (let i = 0; i < addresses.length; i++) {
      const { address, prefixLength } = addresses[i]
      if (prefixLength > 30 || !address.isV4) continue
      const mask = prefixMask(prefixLength)
      if (((word ^ address.a3) & mask) !== 0) continue
      const host = word & ~mask
      if (host === ~mask || host === 0) return true
    }
    return false
  }

  /** Takes the interface down and closes its device; as when the device had gone, but without an error. */
  async close(): Promise<void> {
    if (this.up) this.#engine.run(() => this.#shutDown(null))
    await this.device.close()
  }

  #shutDown(error: Error | null): void {
    this.up = false
    // A device that is closed in the middle of a burst does not end it, and the engine would wait for that for ever.
    if (this.#inBurst) this.#engine.clock.soon(() => this.onBurstEnd())
    this.#stopFlushing()
    this.link.close()
    this.#owner.onClosed(this, error)
  }
}
