import { type Clock, SystemClock } from './core/clock.ts'
import type { Emitter } from './core/emitter.ts'
import { Engine } from './core/engine.ts'
import { TapwireError } from './core/errors.ts'
import { type KnownOptions, refuseUnknown } from './core/known-options.ts'
import { Memory } from './core/memory.ts'
import { type Random, secureRandom } from './core/random.ts'
import type { Micros } from './core/timer.ts'
import { brokenInvariants } from './debug/invariants.ts'
import { EthernetLink } from './ethernet/ethernet-link.ts'
import { Icmp } from './icmp/icmp.ts'
import { Redirects } from './icmp/redirects.ts'
import type { IpAddress } from './ip/address.ts'
import { requireAddress, requirePrefix } from './ip/address-text.ts'
import type { Interface, LinkFactory } from './ip/interface.ts'
import type { StableSecret } from './ip/interface-id.ts'
import { Internet, type InternetEvents } from './ip/internet.ts'
import type { ConflictDetection } from './ip/link-port.ts'
import { Protocol } from './ip/packet-in.ts'
import { Ipv4 } from './ipv4/ipv4.ts'
import { Ipv6 } from './ipv6/ipv6.ts'
import { type Limits, resolveLimits } from './limits.ts'
import type { LinkDevice } from './link/device.ts'
import { resolveTcpSettings, type TcpSettings } from './tcp/config.ts'
import { Tcp } from './tcp/tcp.ts'
import type { TcpTracer } from './tcp/trace.ts'
import { Udp } from './udp/udp.ts'

export interface StackOptions {
  /** Where time comes from. Default: real time. */
  readonly clock?: Clock
  /** Where randomness comes from. Default: the host's cryptographic generator. */
  readonly random?: Random
  /** Bounds on what the outside can make the stack hold; see `Limits`. */
  readonly limits?: Partial<Limits>
  /**
   * The memory to work in, instead of one of its own with `limits.memory` bytes: for programs that make many stacks, one after the
   * other. Nobody else may use it until the stack is closed.
   */
  readonly memory?: Memory
  readonly tcp?: TcpSettings
  /** Is told every decision of TCP. Default: nobody, at the cost of a null check. */
  readonly trace?: TcpTracer
  /**
   * How own addresses are checked for conflicts before and while they are used (RFC 5227, RFC 4862): 'optimistic' (default)
   * uses them at once and gives them up when somebody else answers, 'strict' waits, 'off' announces only.
   */
  readonly conflictDetection?: ConflictDetection
  /**
   * Sixteen secret bytes that keep automatic link-local addresses the same over restarts (RFC 7217). Default: drawn at random.
   */
  readonly stableSecret?: Uint8Array
  /** Follow ICMP and ICMPv6 redirects from the gateway in use (RFC 1122 section 3.2.2.2, RFC 4861 section 8.3). Default true. */
  readonly acceptRedirects?: boolean
  /** Where names are looked up. The stack only keeps it, for resolvers such as `createDns` of `@tapwire/net-api`. */
  readonly names?: NameSettings
}

/** What resolv.conf(5) and hosts(5) tell a host; whoever resolves names checks it. */
export interface NameSettings {
  /** In order of preference, e.g. '10.0.0.53', '[fd00::53]:5353'. */
  readonly nameServers?: readonly string[]
  /** Names that are known without asking, with their addresses. */
  readonly hosts?: Readonly<Record<string, string | readonly string[]>>
  /** Domains that are put behind short names. */
  readonly searchDomains?: readonly string[]
}

export interface InterfaceSettings {
  /** Default: 'eth' or 'tun' and a number. */
  readonly name?: string
  /** Own addresses with prefix length, e.g. '10.77.0.2/24', 'fd77::2/64'. */
  readonly addresses?: readonly string[]
  /**
   * Default gateway, or several (IPv4 and IPv6) in order of preference. A link-local one may name its zone, as in fe80::1%eth0: the
   * interface's own name, for there is no other it could mean.
   */
  readonly gateway?: string | readonly string[]
  /** Link-layer address, 'aa:bb:cc:dd:ee:ff'. Default: the device's, or a locally administered random one. */
  readonly mac?: string
  readonly conflictDetection?: ConflictDetection
  /** Form an IPv6 link-local address. Default: on Ethernet with an MTU of at least 1,280. */
  readonly linkLocal?: boolean
}

const STACK_OPTIONS: KnownOptions<StackOptions> = {
  clock: true,
  random: true,
  limits: true,
  memory: true,
  tcp: true,
  trace: true,
  names: true,
  conflictDetection: true,
  stableSecret: true,
  acceptRedirects: true,
}

const INTERFACE_SETTINGS: KnownOptions<InterfaceSettings> = {
  name: true,
  addresses: true,
  gateway: true,
  mac: true,
  conflictDetection: true,
  linkLocal: true,
}

/**
 * One host: a TCP/IP stack with its interfaces, ready to be spoken to. It has `lo` (127.0.0.1/8, ::1/128) from the
 * start and everything else from `addInterface`.
 */
export class Stack {
  readonly engine: Engine
  readonly limits: Limits
  readonly ip: Internet
  readonly ipv4: Ipv4
  readonly ipv6: Ipv6
  readonly icmp: Icmp
  readonly udp: Udp
  readonly tcp: Tcp
  readonly names: NameSettings
  readonly #conflictDetection: ConflictDetection
  #closed = false

  /** @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE for a limit or setting that cannot be */
  constructor(options: StackOptions = {}) {
    refuseUnknown('options of a stack', options, STACK_OPTIONS)
    this.limits = resolveLimits(options.limits)
    const memory = options.memory ?? new Memory(this.limits.memory)
    this.engine = new Engine(options.clock ?? new SystemClock(), memory, options.random ?? secureRandom())
    this.#conflictDetection = options.conflictDetection ?? 'optimistic'
    this.names = options.names ?? {}
    this.ip = new Internet({
      engine: this.engine,
      limits: this.limits,
      conflictDetection: this.#conflictDetection,
      acceptRedirects: options.acceptRedirects ?? true,
      ...(options.stableSecret === undefined ? {} : { stableSecret: secretWords(options.stableSecret) }),
    })
    this.ipv4 = new Ipv4(this.ip)
    this.ipv6 = new Ipv6(this.ip)
    this.icmp = new Icmp(this.ip)
    const config = resolveTcpSettings(options.tcp)
    this.udp = new Udp(this.ip, config.ephemeralPorts)
    this.tcp = new Tcp(this.engine, this.ip, config, this.limits, options.trace ?? null)
    this.ip.registerTransport(Protocol.Tcp, this.tcp)
  }

  get clock(): Clock {
    return this.engine.clock
  }

  get memory(): Memory {
    return this.engine.memory
  }

  /** What happens below the transports: interfaces, addresses, faults. */
  get events(): Emitter<InternetEvents> {
    return this.ip.events
  }

  /** All interfaces that are up, `lo` first. */
  get interfaces(): readonly Interface[] {
    return this.ip.interfaces
  }

  /**
   * Puts the addresses of one name in the order in which they are worth trying from here (RFC 6724 section 6): those
   * that cannot be reached come last.
   */
  sortDestinations(addresses: readonly IpAddress[]): IpAddress[] {
    return this.ip.router.sortDestinations(addresses)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** When this stack next wants to be woken, in microseconds of its clock; Infinity when idle. */
  nextDeadline(): Micros {
    return this.engine.nextDeadline
  }

  /**
   * Attaches a device.
   * @throws ERR_INVALID_ARG_VALUE (text that is no address, a gateway that is not on the link), EADDRINUSE (name taken),
   * ENOBUFS (a limit is reached), ENETDOWN (the stack or the device is closed), EALREADY (the device serves a stack)
   */
  addInterface(device: LinkDevice, settings: InterfaceSettings = {}): Interface {
    if (this.#closed) throw new TapwireError('ENETDOWN', 'The stack is closed')
    refuseUnknown('settings of an interface', settings, INTERFACE_SETTINGS)
    const { gateway = [], addresses = [], linkLocal } = settings
    const name = settings.name ?? this.ip.nextName(device.medium)
    const gateways = typeof gateway === 'string' ? [gateway] : gateway
    return this.ip.addInterface(device, {
      name,
      ...(linkLocal === undefined ? {} : { linkLocal }),
      ...(settings.conflictDetection === undefined ? {} : { conflictDetection: settings.conflictDetection }),
      ...(device.medium === 'ethernet' ? { link: this.#ethernet(settings) } : {}),
      addresses: addresses.map((text) => requirePrefix(text)),
      gateways: gateways.map((text) => gatewayOf(text, name)),
    })
  }

  /**
   * Resets every connection, closes every listener, socket and device; pings that wait end with an error. Afterwards
   * nothing is left that time could wake. Calling it again does nothing.
   */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.tcp.close()
    this.udp.closeAll()
    this.icmp.close()
    this.ipv4.reassembler.clear()
    this.ipv6.reassembler.clear()
    await Promise.all([...this.ip.interfaces].map((iface) => iface.close()))
  }

  /**
   * For tests and fuzzers: looks whether everything that the stack holds fits together (sequence numbers, windows, rings, what
   * is in flight, timers, tables, memory, counters), and since the last call whether nothing went back that may not. It takes a
   * time that grows with what there is, some microseconds for each connection, and costs nothing where nobody calls it. To be
   * called between two bursts, not from a callback of the stack.
   * @throws ERR_INTERNAL_ASSERTION naming what does not hold: a bug of the stack
   */
  debugInvariants(): void {
    const broken = brokenInvariants(this)
    if (broken.length === 0) return
    throw new TapwireError('ERR_INTERNAL_ASSERTION', `What must hold does not:\n  ${broken.join('\n  ')}`)
  }

  #ethernet(settings: InterfaceSettings): LinkFactory {
    return (device, iface) =>
      new EthernetLink({
        engine: this.engine,
        device,
        mac: settings.mac === undefined ? this.#ownMac(device) : parseMac(settings.mac),
        limits: this.limits,
        events: iface,
        conflictDetection: settings.conflictDetection ?? this.#conflictDetection,
        routers: new Redirects(this.ip, iface),
      })
  }

  /** The device's address, or a random one with the locally-administered bit set and the group bit clear. */
  #ownMac(device: LinkDevice): Uint8Array {
    const given = device.capabilities.mac
    if (given !== null) return given
    const { random } = this.engine
    const high = random.uint32()
    const low = random.uint32()
    return Uint8Array.of(
      0x02,
      high & 255,
      (high >>> 8) & 255,
      low & 255,
      (low >>> 8) & 255,
      (low >>> 16) & 255,
    )
  }
}

/** A zone has said all it can when it is this interface's: the gateway goes with the interface. */
function gatewayOf(text: string, name: string): IpAddress {
  const address = requireAddress(text, (zone) => (zone === name ? 0 : null))
  if (!text.includes('%') || address.isLinkLocal) return address
  throw new TapwireError(
    'ERR_INVALID_ARG_VALUE',
    `'${text}' has a zone, and only link-local addresses have one`,
  )
}

function secretWords(secret: Uint8Array): StableSecret {
  if (!(secret instanceof Uint8Array) || secret.length !== 16) {
    throw new TapwireError(
      'ERR_INVALID_ARG_VALUE',
      "The option 'stableSecret' must be a Uint8Array of 16 bytes",
    )
  }
  const view = new DataView(secret.buffer, secret.byteOffset, 16)
  return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)]
}

function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    throw new TapwireError('ERR_INVALID_ARG_VALUE', `'${text}' is not a MAC address like 02:00:00:00:00:01`)
  }
  return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16))
}
