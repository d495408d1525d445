import { createSockets, type Sockets } from '@tapwire/sockets'
import {
  type CaptureSink,
  capture,
  formatAddress,
  IpAddress,
  Memory,
  requireAddress,
  SeededRandom,
  Stack,
  type TcpSettings,
} from '@tapwire/stack'
import type { ScriptClock } from './script-clock.ts'
import { ScriptLink } from './script-link.ts'
import { PREFIX_LENGTH, type RunSettings } from './settings.ts'

/** Of a run's stack: enough for the largest buffers that scripts ask for. Memory that is not touched costs nothing. */
const MEMORY = 64 * 1024 * 1024

/** What runs before have worked in: making it anew for each would be most of a short script's time (8 of 10 ms, measured). */
const spare: Memory[] = []

const ANY_V4 = IpAddress.v4(0)
const ANY_V6 = new IpAddress(0, 0, 0, 0)

/** The stack under test, with its one link and its sockets. */
export class Host {
  readonly stack: Stack
  readonly link: ScriptLink
  readonly sockets: Sockets
  /** The first thing that was thrown inside the stack: there is none. */
  fault: unknown
  readonly #memory = spare.pop() ?? new Memory(MEMORY)
  readonly #settings: RunSettings
  readonly #remote: IpAddress
  readonly #clock: ScriptClock
  readonly #permanent: number

  constructor(clock: ScriptClock, settings: RunSettings, sink: CaptureSink | null) {
    this.#clock = clock
    this.#settings = settings
    this.#remote = requireAddress(settings.remoteAddress)
    this.stack = new Stack({
      clock,
      random: new SeededRandom(settings.seed),
      memory: this.#memory,
      tcp: settings.tcp,
      limits: settings.limits,
      conflictDetection: 'off',
    })
    this.stack.events.on('fault', (error) => {
      this.fault ??= error
    })
    this.#permanent = this.#memory.allocated
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

  /** The Fast Open cookie that the other end would be given. */
  fastOpenCookie(): Uint8Array {
    return this.stack.tcp.fastOpenCookie(requireAddress(this.#settings.localAddress), this.#remote)
  }

  /** The MTU of the way to the other end, as a route would say it. */
  setPathMtu(mtu: number): void {
    const path = this.stack.ip.path(this.#remote, null)
    if (typeof path === 'string')
      throw new RangeError(`there is no way to ${formatAddress(this.#remote)}: ${path}`)
    path.reduceMtu(mtu)
  }

  /** @returns bytes of memory that the closed stack has not given back: there are none */
  close(): number {
    this.sockets.closeAll()
    void this.stack.close()
    this.#clock.settle()
    // A stack keeps a few blocks from its beginning to its end.
    const leaked = this.#memory.allocated - this.#permanent
    this.#memory.reset()
    spare.push(this.#memory)
    return leaked
  }
}
