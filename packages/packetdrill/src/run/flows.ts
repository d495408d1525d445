import type { PacketSpec } from '../language/ast.ts'
import { ACK, SYN } from '../language/flags.ts'
import { Cookies } from './cookies.ts'
import { Flow } from './flow.ts'
import type { Sent } from './sent.ts'
import type { RunSettings } from './settings.ts'

/** The remote port of the first connection that comes in. */
const FIRST_REMOTE_PORT = 50_001

/**
 * The connections of a run. Packets of scripts carry no ports, as a rule: they belong to the connection that was begun last, by
 * `connect`, or by the first SYN after a `listen`.
 */
export class Flows {
  readonly #settings: RunSettings
  readonly cookies = new Cookies()
  readonly #all: Flow[] = []
  #nextPort = FIRST_REMOTE_PORT
  /** Where packets without ports go. */
  current: Flow | null = null
  currentUdp: Flow | null = null
  /** The port that waits for its first connection. */
  #listening: number | null = null

  constructor(settings: RunSettings) {
    this.#settings = settings
  }

  get all(): readonly Flow[] {
    return this.#all
  }

  /** `listen` was called: the next SYN begins a connection. */
  listens(port: number): void {
    this.#listening = port
    this.#forget()
  }

  /** `connect` is being called: what it sends begins a connection. */
  connects(protocol: 'tcp' | 'udp', localPort: number, remotePort: number): Flow {
    const flow = this.#begin(protocol, localPort, remotePort)
    if (protocol === 'tcp') this.current = flow
    else this.currentUdp = flow
    return flow
  }

  #forget(): void {
    this.current = null
  }

  /** Whom a packet goes to that the script sends. */
  incoming(spec: PacketSpec): Flow {
    const { content, ports } = spec
    if (ports !== undefined) return this.#between('tcp', ports.destination, ports.source)
    if (content.protocol === 'udp') return this.#udp()
    if (content.protocol === 'icmp') return this.#quoted(content.quoted?.protocol)
    if (this.current !== null) return this.current
    const port = this.#listening ?? this.#settings.bindPort
    this.current = this.#begin('tcp', port, this.#nextPort++)
    return this.current
  }

  #quoted(protocol: 'tcp' | 'udp' | undefined): Flow {
    const flow = protocol === 'udp' || this.current === null ? this.currentUdp : this.current
    return (
      flow ??
      this.incoming({ kind: 'packet', direction: 'in', ip: {}, content: { protocol: 'udp', length: 0 } })
    )
  }

  #udp(): Flow {
    this.currentUdp ??= this.#begin('udp', this.#settings.bindPort, this.#nextPort++)
    return this.currentUdp
  }

  /**
   * Whose packet this is that was sent; null for ICMP. A SYN that nobody has announced (data with MSG_FASTOPEN) begins a connection.
   */
  outgoing({ frame }: Sent): Flow | null {
    const segment = frame.tcp ?? frame.udp
    if (segment === undefined) return frame.udp === undefined ? this.current : this.currentUdp
    const protocol = frame.tcp === undefined ? 'udp' : 'tcp'
    const { sourcePort, destinationPort } = segment
    const known = this.#find(protocol, sourcePort, destinationPort)
    if (known !== null) return known
    // The first packet of a connection of ours tells the port that it has got.
    const unnamed = this.#find(protocol, 0, destinationPort)
    if (unnamed !== null) {
      unnamed.localPort = sourcePort
      return unnamed
    }
    const flow = this.#begin(protocol, sourcePort, destinationPort)
    if (protocol === 'udp') this.currentUdp ??= flow
    else if (begins(frame.tcp?.flags ?? 0)) this.current = flow
    else this.current ??= flow
    return flow
  }

  #between(protocol: 'tcp' | 'udp', localPort: number, remotePort: number): Flow {
    this.current = this.#find(protocol, localPort, remotePort) ?? this.#begin(protocol, localPort, remotePort)
    return this.current
  }

  #find(protocol: 'tcp' | 'udp', localPort: number, remotePort: number): Flow | null {
    const same = (flow: Flow): boolean =>
      flow.protocol === protocol && flow.localPort === localPort && flow.remotePort === remotePort
    return this.#all.findLast(same) ?? null
  }

  #begin(protocol: 'tcp' | 'udp', localPort: number, remotePort: number): Flow {
    const flow = new Flow(protocol, localPort, remotePort, this.cookies)
    flow.remoteShift = this.#settings.remoteIsn
    this.#all.push(flow)
    return flow
  }
}

/** Whether the flags are those of a packet that begins a connection. */
export function begins(flags: number): boolean {
  return (flags & (SYN | ACK)) === SYN
}
