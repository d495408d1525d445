import { createSockets, type Sockets } from '@tapwire/sockets'
import {
  type CaptureSink,
  capture,
  formatAddress,
  IpAddress,
  requireAddress,
  SeededRandom,
  Stack,
  type TcpSettings,
} from '@tapwire/stack'
import type { ScriptClock } from './script-clock.ts'
import { ScriptLink } from './script-link.ts'
import { PREFIX_LENGTH, type RunSettings } from './settings.ts'

/** Of a run's stack: enough for the largest buffers that scripts ask for. Memory that is not touched costs nothing. */
const MEMORY = 16 * 1024 * 1024

const ANY_V4 = IpAddress.v4(0)
const ANY_V6 = new IpAddress(0, 0, 0, 0)

/** The stack under test, with its one link and its sockets. */
export class Host {
  readonly stack: Stack
  readonly link: ScriptLink
  readonly sockets: Sockets
  readonly #settings: RunSettings
  readonly #remote: IpAddress

  constructor(clock: ScriptClock, settings: RunSettings, sink: CaptureSink | null) {
    this.#settings = settings
    this.#remote = requireAddress(settings.remoteAddress)
    this.stack = new Stack({
      clock,
      random: new SeededRandom(settings.seed),
      limits: { memory: MEMORY },
      tcp: settings.tcp,
      conflictDetection: 'off',
    })
    this.link = new ScriptLink(clock, settings.mtu)
    const device = sink === null ? this.link : capture(this.link, sink, { clock, name: 'packetdrill' })
    const version = settings.ipVersion === 'ipv6' ? 'ipv6' : 'ipv4'
    const iface = this.stack.addInterface(device, {
      name: 'tun0',
      linkLocal: false,
      addresses: [`${settings.localAddress}/${PREFIX_LENGTH[version]}`],
    })
    // One link, and everybody is at its other end: no gateway has a say in it.
    this.stack.ip.addRoute({ address: version === 'ipv6' ? ANY_V6 : ANY_V4, length: 0 }, { iface })
    this.sockets = createSockets(this.stack)
    clock.settle()
    this.link.sent.length = 0
  }

  /** Changes what new connections, and the rules of those that are there, go by. */
  setTcp(settings: TcpSettings): void {
    Object.assign(this.#settings, { tcp: { ...this.#settings.tcp, ...settings } })
    this.stack.tcp.configure(this.#settings.tcp)
  }

  /** The MTU of the way to the other end, as a route would say it. */
  setPathMtu(mtu: number): void {
    const path = this.stack.ip.path(this.#remote, null)
    if (typeof path === 'string')
      throw new RangeError(`there is no way to ${formatAddress(this.#remote)}: ${path}`)
    path.reduceMtu(mtu)
  }

  close(): void {
    this.sockets.closeAll()
    void this.stack.close()
  }
}
