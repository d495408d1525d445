import { Emitter } from '../core/emitter.ts'
import type { Engine } from '../core/engine.ts'
import { TapwireError } from '../core/errors.ts'
import type { Memory } from '../core/memory.ts'
import type { Limits } from '../limits.ts'
import { type LinkDevice, TransmitResult, TxDescriptor } from '../link/device.ts'
import { LoopbackDevice } from '../link/loopback.ts'
import { type IpAddress, LOOPBACK_V4, LOOPBACK_V6 } from './address.ts'
import { formatAddress, type Prefix } from './address-text.ts'
import { addConnectedRoute, removeConnectedRoute } from './connected-routes.ts'
import { IpCounters, type PacketDrops } from './counters.ts'
import type { GroupWatcher } from './group-membership.ts'
import { Interface, type InterfaceOwner, type LinkFactory } from './interface.ts'
import { IID_RETRIES, randomSecret, type StableSecret, stableLinkLocal } from './interface-id.ts'
import type { ErrorSender, IpVersion } from './ip-version.ts'
import { AddressState, type ConflictDetection, type InterfaceAddress } from './link-port.ts'
import type { Network, NetworkInterface, Path, PathError, SendOptions, Transport } from './network.ts'
import type { IcmpErrorKind, PacketIn } from './packet-in.ts'
import { MIN_MTU_V6 } from './path-mtu.ts'
import { RawIpLink } from './raw-link.ts'
import type { RoutedPath } from './routed-path.ts'
import { Router } from './router.ts'
import { networkOf, type Route, RouteTable } from './routes.ts'

export interface InternetOptions {
  readonly engine: Engine
  readonly limits: Limits
  /** How new addresses are checked; an interface may say otherwise. Default 'optimistic'. */
  readonly conflictDetection?: ConflictDetection
  /** Keeps automatic link-local addresses the same over restarts. Default: drawn at random. */
  readonly stableSecret?: StableSecret
  /** Follow ICMP redirects from the gateway in use (RFC 1122 section 3.2.2.2). Default true. */
  readonly acceptRedirects?: boolean
}

export interface AddInterfaceOptions {
  /** Default: 'eth' or 'tun' and a number. */
  readonly name?: string
  readonly addresses?: readonly Prefix[]
  /** Default gateways in order of preference; each must be on a prefix of this interface, or link-local. */
  readonly gateways?: readonly IpAddress[]
  readonly conflictDetection?: ConflictDetection
  /** Form an IPv6 link-local address. Default: on Ethernet with an MTU of at least 1,280. */
  readonly linkLocal?: boolean
  /** Makes the link layer; for medium 'ip' the default serves. */
  readonly link?: LinkFactory
}

/** What happens at the IP layer, told at the end of the burst in which it happened. */
export interface InternetEvents {
  interfaceUp: [iface: Interface]
  /** The error is null when the stack closed it itself. */
  interfaceDown: [iface: Interface, error: Error | null]
  /** Conflict detection came to an end; `holder` is the MAC of whoever has the address already. */
  addressState: [iface: Interface, address: InterfaceAddress, holder: Uint8Array | null]
  /** An exception was caught at a device's door: a bug of the stack. */
  fault: [error: unknown]
}

/** Where, in the shared header block, transport headers end: 256 bytes are before it, 138 at most are used. */
const HEAD_END = 256

/** What every link carries: with much less, no fragment would hold any data. */
const LEAST_MTU = 68

/**
 * The IP layer of a stack: its interfaces, routes and paths; the port under the transports, and the owner of the
 * packets that the two versions of IP take in. It knows those versions, and ICMP, through their ports only.
 */
export class Internet implements Network, InterfaceOwner {
  readonly engine: Engine
  readonly limits: Limits
  readonly memory: Memory
  readonly descriptor: TxDescriptor
  readonly headEnd: number
  readonly counters = new IpCounters()
  readonly events = new Emitter<InternetEvents>()
  readonly loopback: Interface
  readonly routes: RouteTable
  readonly router: Router
  /** Plugged in by `Ipv4`, `Ipv6` and `Icmp` when they are made. */
  v4: IpVersion | null = null
  v6: IpVersion | null = null
  errors: ErrorSender | null = null
  groups: GroupWatcher | null = null
  readonly #interfaces: Interface[] = []
  readonly #transports = new Array<Transport | null>(256).fill(null)
  readonly #distinctTransports: Transport[] = []
  readonly #conflictDetection: ConflictDetection
  readonly #secret: StableSecret
  readonly #linkLocalTries = new WeakMap<InterfaceAddress, number>()
  readonly #pendingEvents: (() => void)[] = []
  #nextIndex = 1

  constructor(options: InternetOptions) {
    const { engine, limits } = options
    this.engine = engine
    this.limits = limits
    this.memory = engine.memory
    this.descriptor = new TxDescriptor(engine.memory)
    this.headEnd = requireBlock(engine.memory) + HEAD_END
    this.#conflictDetection = options.conflictDetection ?? 'optimistic'
    this.#secret = options.stableSecret ?? randomSecret(engine.random)
    this.routes = new RouteTable(limits.routes)
    this.router = new Router(engine, limits, this.counters, this.routes, this.#interfaces)
    this.router.acceptRedirects = options.acceptRedirects ?? true
    engine.addWorker(() => this.#emitPending())
    this.loopback = this.#createInterface(
      new LoopbackDevice(engine, limits.loopbackQueueBytes),
      'lo',
      {},
      true,
    )
    this.router.loopback = this.loopback
    this.loopback.addAddress({ address: LOOPBACK_V4, length: 8 })
    this.loopback.addAddress({ address: LOOPBACK_V6, length: 128 })
  }

  // ---- interfaces ------------------------------------------------------------------------------------------

  /** All interfaces that are up, `lo` first. */
  get interfaces(): readonly Interface[] {
    return this.#interfaces
  }

  interfaceAt(index: number): Interface | null {
    for (const iface of this.#interfaces) if (iface.index === index) return iface
    return null
  }

  interfaceNamed(name: string): Interface | null {
    for (const iface of this.#interfaces) if (iface.name === name) return iface
    return null
  }

  /**
   * Attaches a device and takes its addresses into use.
   * @throws EADDRINUSE (name taken), ERR_INVALID_ARG_VALUE (an address, gateway or MTU that cannot be), ENOBUFS, and
   * what `device.attach` throws
   */
  addInterface(device: LinkDevice, options: AddInterfaceOptions = {}): Interface {
    if (!(device.mtu >= LEAST_MTU)) {
      throw new TapwireError(
        'ERR_INVALID_ARG_VALUE',
        `A device needs an MTU of at least ${LEAST_MTU} (RFC 791 section 3.2). Received ${device.mtu}`,
      )
    }
    const name = options.name ?? this.nextName(device.medium)
    if (this.interfaceNamed(name) !== null) {
      throw new TapwireError('EADDRINUSE', `There is an interface named '${name}' already`)
    }
    return this.engine.run(() => {
      const iface = this.#createInterface(device, name, options, false)
      try {
        this.#configure(iface, options)
      } catch (error) {
        // All or nothing: a half-configured interface would linger without anybody holding it.
        void iface.close()
        throw error
      }
      this.#later(() => this.events.emit('interfaceUp', iface))
      return iface
    })
  }

  /** What the next interface will be called if nobody says otherwise. */
  nextName(medium: LinkDevice['medium']): string {
    const prefix = medium === 'ethernet' ? 'eth' : 'tun'
    let number = this.#nextIndex - 2
    while (this.interfaceNamed(`${prefix}${number}`) !== null) number++
    return `${prefix}${number}`
  }

  #createInterface(
    device: LinkDevice,
    name: string,
    options: AddInterfaceOptions,
    loopback: boolean,
  ): Interface {
    const rawLink: LinkFactory = (counted, iface) =>
      new RawIpLink(this.memory, counted, iface, iface.counters)
    const link = options.link ?? (device.medium === 'ip' ? rawLink : null)
    if (link === null) {
      throw new TapwireError(
        'ERR_INVALID_ARG_VALUE',
        `An Ethernet device needs options.link, which makes its link layer`,
      )
    }
    const iface = new Interface({
      engine: this.engine,
      owner: this,
      device,
      index: this.#nextIndex++,
      name,
      link,
      maxAddresses: this.limits.addressesPerInterface,
      conflictDetection: options.conflictDetection ?? this.#conflictDetection,
      loopback,
    })
    try {
      device.attach(iface)
    } catch (error) {
      // The device stays as it is, for it may be somebody else's.
      iface.onClosed(null)
      throw error
    }
    this.#interfaces.push(iface)
    return iface
  }

  #configure(iface: Interface, options: AddInterfaceOptions): void {
    // SL-01: the link-local address comes first, so that everything later can rely on it.
    const carriesV6 = iface.mtu >= MIN_MTU_V6
    if (options.linkLocal ?? (iface.medium === 'ethernet' && carriesV6)) this.#formLinkLocal(iface, 0)
    for (const prefix of options.addresses ?? []) iface.addAddress(prefix)
    for (const [order, gateway] of (options.gateways ?? []).entries()) {
      this.addRoute({ address: networkOf(gateway, 0), length: 0 }, { iface, gateway, metric: order })
    }
  }

  #formLinkLocal(iface: Interface, attempt: number): void {
    const address = stableLinkLocal(this.#secret, iface.name, iface.device.capabilities.mac, attempt)
    this.#linkLocalTries.set(iface.addAddress({ address, length: 64 }), attempt)
  }

  // ---- routes ----------------------------------------------------------------------------------------------

  /**
   * Adds a route. @param via `gateway` null: the prefix is on the link itself; `metric`: lower is better, default 0
   * @throws ERR_INVALID_ARG_VALUE for a gateway that is not on the interface's link, ENOBUFS, ENETDOWN
   */
  addRoute(prefix: Prefix, via: { iface: Interface; gateway?: IpAddress | null; metric?: number }): Route {
    const { iface, gateway = null, metric = 0 } = via
    if (!iface.up) throw new TapwireError('ENETDOWN', `Interface ${iface.name} is down`)
    if (gateway !== null && !this.router.isOnLink(gateway, iface)) {
      throw new TapwireError(
        'ERR_INVALID_ARG_VALUE',
        `The gateway ${formatAddress(gateway)} is not on a prefix of interface ${iface.name}`,
      )
    }
    const destination = networkOf(prefix.address, prefix.length)
    const route = { destination, prefixLength: prefix.length, gateway, iface, metric, connected: false }
    this.routes.add(route)
    this.router.changed()
    return route
  }

  /** @returns whether the route was there */
  removeRoute(route: Route): boolean {
    const removed = this.routes.remove((other) => other === route) > 0
    if (removed) this.router.changed()
    return removed
  }

  // ---- the port under the transports -----------------------------------------------------------------------

  /** Hands packets of an upper-layer protocol, and errors about them, to `transport`; its work runs at burst's end. */
  registerTransport(protocol: number, transport: Transport): void {
    this.#transports[protocol] = transport
    if (this.#distinctTransports.includes(transport)) return
    this.#distinctTransports.push(transport)
    this.engine.addWorker(() => transport.onBurstEnd())
  }

  transportOf(protocol: number): Transport | null {
    return this.#transports[protocol]
  }

  path(remote: IpAddress, local: IpAddress | null): Path | PathError {
    return this.router.path(remote, local)
  }

  send(path: Path, protocol: number, options: SendOptions): TransmitResult {
    // Paths of this network are all of one class: the interface hides it from transports, not from us.
    const routed = path as RoutedPath
    if (routed.generation !== this.router.generation) this.router.refresh(routed)
    const version = routed.version === 4 ? this.v4 : this.v6
    if (!routed.usable || version === null) {
      this.counters.outNoRoute++
      return TransmitResult.Refused
    }
    return version.send(routed, protocol, options)
  }

  isLocal(address: IpAddress): boolean {
    return this.router.isLocal(address)
  }

  sendError(packet: PacketIn, kind: IcmpErrorKind): void {
    this.errors?.report(packet, kind, 0, 0)
  }

  // ---- from interfaces -------------------------------------------------------------------------------------

  onIpPacket(iface: Interface, offset: number, length: number, version: 4 | 6, linkMulticast: boolean): void {
    this.counters.packetsIn++
    iface.counters.ip.packetsIn++
    const handler = version === 4 ? this.v4 : this.v6
    if (handler !== null) handler.onPacket(iface, offset, length, linkMulticast)
    else this.drop(iface, 'droppedVersion')
  }

  /** Counts a packet that is dropped, for the stack and for the interface it came by. */
  drop(iface: NetworkInterface, reason: keyof PacketDrops): void {
    this.counters[reason]++
    iface.counters.ip[reason]++
  }

  /** Hands a packet that passed all checks to its transport. @returns false when nobody takes this protocol */
  deliver(packet: PacketIn): boolean {
    const transport = this.#transports[packet.protocol]
    if (transport === null) return false
    this.counters.delivered++
    packet.iface.counters.ip.delivered++
    transport.onPacket(packet)
    return true
  }

  onUnresolved(iface: Interface, offset: number, length: number, nextHop: IpAddress): void {
    if (length < 20) return
    const version = this.memory.u8[offset] >>> 4 === 4 ? 4 : 6
    // IP-21: with another gateway to go to, the transport's own retransmission finds it; there is no error to report.
    if (this.router.gatewayFailed(iface, nextHop)) return
    this.errors?.onUnresolved(version, offset, length)
  }

  onAddressAdded(iface: Interface, own: InterfaceAddress): void {
    addConnectedRoute(this.routes, iface, own)
    this.router.changed()
  }

  onAddressRemoved(iface: Interface, own: InterfaceAddress): void {
    removeConnectedRoute(this.routes, iface, own)
    this.router.changed()
    this.#tellTransports(iface)
  }

  onAddressState(iface: Interface, own: InterfaceAddress, holder: Uint8Array | null): void {
    this.router.changed()
    this.#later(() => this.events.emit('addressState', iface, own, holder))
    const { address, state } = own
    if (state === AddressState.Preferred && !address.isV4 && address.isLinkLocal)
      this.groups?.onSourceReady(iface)
    if (own.state !== AddressState.Duplicate) return
    this.#tellTransports(iface)
    const tries = this.#linkLocalTries.get(own)
    // RFC 7217 section 5: another identifier, a few times; then the interface is left without one.
    if (tries !== undefined && tries < IID_RETRIES) {
      iface.removeAddress(own.address)
      this.#formLinkLocal(iface, tries + 1)
    }
  }

  onGroup(iface: Interface, group: IpAddress, joined: boolean): void {
    if (joined) this.groups?.onGroupJoined(iface, group)
    else this.groups?.onGroupLeft(iface, group)
  }

  onWritable(): void {
    const transports = this.#distinctTransports
    for (let i = 0; i < transports.length; i++) transports[i].onWritable()
  }

  onClosed(iface: Interface, error: Error | null): void {
    const at = this.#interfaces.indexOf(iface)
    // One whose device could not be attached: nobody ever knew it.
    if (at < 0) return
    this.#interfaces.splice(at, 1)
    this.routes.remove((route) => route.iface === iface)
    this.router.changed()
    this.#tellTransports(iface)
    this.#later(() => this.events.emit('interfaceDown', iface, error))
  }

  onFault(error: unknown): void {
    this.#later(() => this.events.emit('fault', error))
  }

  #tellTransports(iface: NetworkInterface): void {
    for (const transport of this.#distinctTransports) transport.onInterfaceDown(iface)
  }

  /** Applications hear of it when the burst is over, never from inside somebody's call. */
  #later(event: () => void): void {
    this.#pendingEvents.push(event)
  }

  #emitPending(): boolean {
    if (this.#pendingEvents.length === 0) return false
    for (const event of this.#pendingEvents.splice(0)) this.engine.callOut(event)
    return true
  }
}

function requireBlock(memory: Memory): number {
  const block = memory.allocate(1024)
  if (block < 0) throw new TapwireError('ENOMEM', 'The memory of the stack is used up')
  return block
}
