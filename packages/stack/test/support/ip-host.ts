import { Engine } from '../../src/core/engine.ts'
import { Memory } from '../../src/core/memory.ts'
import { SeededRandom } from '../../src/core/random.ts'
import { VirtualClock } from '../../src/core/virtual-clock.ts'
import { Icmp } from '../../src/icmp/icmp.ts'
import type { IpAddress } from '../../src/ip/address.ts'
import { requireAddress, requirePrefix } from '../../src/ip/address-text.ts'
import type { Interface } from '../../src/ip/interface.ts'
import { type AddInterfaceOptions, Internet, type InternetOptions } from '../../src/ip/internet.ts'
import type { NetworkInterface, Transport } from '../../src/ip/network.ts'
import type { IcmpErrorIn, PacketIn } from '../../src/ip/packet-in.ts'
import { Ipv4 } from '../../src/ipv4/ipv4.ts'
import { Ipv6 } from '../../src/ipv6/ipv6.ts'
import { type Limits, resolveLimits } from '../../src/limits.ts'
import type { UdpError, UdpHandler, UdpMessage, UdpSocket } from '../../src/udp/api.ts'
import { Udp } from '../../src/udp/udp.ts'
import { ScriptedDevice, type ScriptedDeviceOptions } from './scripted-device.ts'

/** The address of the host under test, and of the peer that the test plays, on its first interface. */
export const HOST4 = '10.0.0.2'
export const PEER4 = '10.0.0.1'
export const HOST6 = 'fd00::2'
export const PEER6 = 'fd00::1'

export interface IpHostOptions {
  readonly limits?: Partial<Limits>
  readonly clock?: VirtualClock
  readonly seed?: number
  readonly internet?: Partial<Omit<InternetOptions, 'engine' | 'limits'>>
}

/** A stack up to UDP, in virtual time, with one scripted device of medium 'ip'. */
export class IpHost {
  readonly clock: VirtualClock
  readonly engine: Engine
  readonly limits: Limits
  readonly internet: Internet
  readonly ipv4: Ipv4
  readonly ipv6: Ipv6
  readonly icmp: Icmp
  readonly udp: Udp
  readonly faults: unknown[] = []

  constructor(options: IpHostOptions = {}) {
    this.clock = options.clock ?? new VirtualClock()
    this.limits = resolveLimits({ memory: 16 * 1024 * 1024, ...options.limits })
    this.engine = new Engine(this.clock, new Memory(this.limits.memory), new SeededRandom(options.seed ?? 1))
    this.internet = new Internet({ engine: this.engine, limits: this.limits, ...options.internet })
    this.ipv4 = new Ipv4(this.internet)
    this.ipv6 = new Ipv6(this.internet)
    this.icmp = new Icmp(this.internet)
    this.udp = new Udp(this.internet)
    this.internet.events.on('fault', (error) => this.faults.push(error))
  }

  get counters(): Internet['counters'] {
    return this.internet.counters
  }

  add(
    device: ScriptedDevice,
    addresses: readonly string[],
    options: Partial<AddInterfaceOptions> = {},
  ): Interface {
    return this.internet.addInterface(device, {
      addresses: addresses.map((text) => requirePrefix(text)),
      ...options,
    })
  }

  /** Delivers frames, and fails when one of them made the stack throw. */
  inject(device: ScriptedDevice, ...frames: Uint8Array[]): void {
    device.inject(...frames)
    this.check()
  }

  check(): void {
    if (this.faults.length > 0) throw this.faults[0]
  }

  advance(milliseconds: number): void {
    this.clock.advance(milliseconds)
    this.check()
  }
}

/** A host with one interface that has `HOST4` and `HOST6`, and the device under it. */
export function hostWithDevice(
  options: IpHostOptions & { device?: ScriptedDeviceOptions; gateways?: readonly string[] } = {},
): { host: IpHost; device: ScriptedDevice; iface: Interface } {
  const host = new IpHost(options)
  const device = new ScriptedDevice(options.device)
  const gateways = (options.gateways ?? []).map((text) => requireAddress(text))
  const v6 = device.mtu >= 1280 ? [`${HOST6}/64`] : []
  const iface = host.add(device, [`${HOST4}/24`, ...v6], { gateways })
  return { host, device, iface }
}

export function address(text: string): IpAddress {
  return requireAddress(text)
}

export interface Delivered {
  readonly packet: PacketIn
  readonly bytes: Uint8Array
  readonly whole: Uint8Array
}

/** A transport that keeps what it is given. */
export class Recorder implements Transport {
  readonly packets: Delivered[] = []
  readonly errors: IcmpErrorIn[] = []
  readonly quotes: Uint8Array[] = []
  readonly down: NetworkInterface[] = []
  writable = 0
  bursts = 0
  readonly #host: IpHost

  constructor(host: IpHost, protocol: number) {
    this.#host = host
    host.internet.registerTransport(protocol, this)
  }

  onPacket(packet: PacketIn): void {
    const { memory } = this.#host.engine
    const copy = Object.assign(Object.create(Object.getPrototypeOf(packet)), packet) as PacketIn
    this.packets.push({
      packet: copy,
      bytes: memory.copyOut(packet.offset, packet.length),
      whole: memory.copyOut(packet.headerOffset, packet.totalLength),
    })
  }

  onIcmpError(error: IcmpErrorIn): void {
    this.errors.push(Object.assign(Object.create(Object.getPrototypeOf(error)), error))
    this.quotes.push(this.#host.engine.memory.copyOut(error.offset, error.length))
  }

  onInterfaceDown(iface: NetworkInterface): void {
    this.down.push(iface)
  }

  onWritable(): void {
    this.writable++
  }

  onBurstEnd(): boolean {
    this.bursts++
    return false
  }
}

/** A UDP application that keeps what it is told. */
export class UdpRecorder implements UdpHandler {
  readonly messages: { bytes: Uint8Array; from: string; port: number; message: UdpMessage }[] = []
  readonly errors: UdpError[] = []
  writable = 0

  onMessage(_socket: UdpSocket, message: UdpMessage): void {
    const copy = Object.assign(Object.create(Object.getPrototypeOf(message)), message) as UdpMessage
    this.messages.push({
      bytes: message.bytes(),
      from: textOf(message.remoteAddress),
      port: message.remotePort,
      message: copy,
    })
  }

  onError(_socket: UdpSocket, error: UdpError): void {
    this.errors.push(error)
  }

  onWritable(): void {
    this.writable++
  }
}

export function textOf(value: IpAddress): string {
  const bytes = value.toBytes()
  return bytes.length === 4
    ? bytes.join('.')
    : Array.from({ length: 8 }, (_, i) => ((bytes[i * 2] << 8) | bytes[i * 2 + 1]).toString(16)).join(':')
}
