import { describe, expect, it } from 'vitest'
import {
  capture,
  createSwitch,
  formatAddress,
  impair,
  packets,
  parseAddress,
  pcapng,
  SeededRandom,
  Stack,
  type TcpConnection,
  VirtualClock,
} from '../../src/index.ts'
import { pattern } from '../support/packets.ts'

const HOSTS = 4
/** Bytes each way on each connection. */
const TRANSFER = 200_000

interface Run {
  /** The capture of each host's link, whole files. */
  readonly captures: Uint8Array[]
  /** What applications saw, in the order in which they saw it. */
  readonly log: string[]
}

/** Hosts on a switch, each behind a bad link of its own, all talking to each other in every way they can. */
class Network {
  readonly clock = new VirtualClock()
  readonly stacks: Stack[] = []
  readonly log: string[] = []
  readonly #chunks: Uint8Array[][] = []
  readonly #received = new Map<TcpConnection, number>()
  #finished = 0

  constructor(seed: number) {
    const { clock } = this
    const lan = createSwitch({ clock })
    for (let i = 0; i < HOSTS; i++) {
      const impairment = {
        latency: 8,
        jitter: 5,
        reorder: 0.02,
        loss: 0.02,
        duplicate: 0.01,
        bandwidth: 20e6,
      }
      const link = impair(lan.port(), { clock, seed: seed * 100 + i, ...impairment })
      const chunks: Uint8Array[] = []
      this.#chunks.push(chunks)
      const stack = new Stack({ clock, random: new SeededRandom(seed * 1000 + i) })
      stack.addInterface(
        capture(link, (chunk) => chunks.push(chunk), { clock }),
        { addresses: [address4(i, '/24'), address6(i, '/64')] },
      )
      this.stacks.push(stack)
    }
    for (let i = 0; i < HOSTS; i++) this.#serve(i)
    for (let i = 0; i < HOSTS; i++) this.#visit(i, (i + 1) % HOSTS)
  }

  run(): Run {
    const done = this.clock.runUntil(() => this.#finished === 2 * HOSTS, 600_000)
    if (!done) throw new Error(`${this.#finished} of ${2 * HOSTS} connections finished in ten minutes`)
    this.clock.advance(5000)
    return { captures: this.#chunks.map(joined), log: this.log }
  }

  /** Sends as much as it receives, and closes when the other side has. */
  #serve(host: number): void {
    const stack = this.stacks[host]
    stack.tcp.listen(
      { port: 7 },
      {
        onConnection: (listener) => {
          const connection = listener.accept()
          if (connection !== null) this.#talk(host, connection)
        },
      },
    )
    const socket = stack.udp.bind(
      { port: 7 },
      {
        onMessage: (_, message) => {
          this.#note(host, `datagram of ${message.length} from ${formatAddress(message.remoteAddress)}`)
          // Not to those who answer: two of them would never end.
          if (message.remotePort !== 7) {
            socket.send(message.bytes(), { address: message.remoteAddress, port: message.remotePort })
          }
        },
      },
    )
  }

  #visit(host: number, other: number): void {
    const stack = this.stacks[host]
    for (const text of [address4(other), address6(other)]) {
      const address = parseAddress(text)!
      const connection = stack.tcp.connect({ address, port: 7 }, {})
      this.#talk(host, connection)
      const client = stack.udp.bind(
        {},
        {
          onMessage: (_, message) => this.#note(host, `answer of ${message.length}`),
        },
      )
      for (let i = 0; i < 5; i++) client.send(pattern(500 * i, host), { address, port: 7 })
      stack.icmp.ping(address, {}, (result) =>
        this.#note(host, `ping ${result.kind} ${result.kind === 'reply' ? result.rtt : ''}`),
      )
    }
  }

  #talk(host: number, connection: TcpConnection): void {
    let sent = 0
    const write = (): void => {
      while (sent < TRANSFER) {
        const taken = connection.write(BYTES, sent)
        sent += taken
        if (taken === 0 || sent < TRANSFER) return
        connection.shutdown()
      }
    }
    this.#received.set(connection, 0)
    connection.handler = {
      onReadable: () => {
        this.#received.set(connection, (this.#received.get(connection) ?? 0) + connection.readable)
        connection.consume(connection.readable)
      },
      onWritable: write,
      onClose: (_, reason) => {
        this.#note(host, `closed ${reason} after ${this.#received.get(connection)} bytes`)
        if (connection.remotePort === 7) this.#finished++
      },
    }
    write()
  }

  #note(host: number, what: string): void {
    this.log.push(`${this.clock.now()} host ${host}: ${what}`)
  }
}

const BYTES = pattern(TRANSFER)

function address4(host: number, prefix = ''): string {
  return `10.5.0.${host + 1}${prefix}`
}

function address6(host: number, prefix = ''): string {
  return `fd05::${host + 1}${prefix}`
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/** Compared by hand: a difference in 10 MB is not for printing. */
function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i
  return a.length === b.length ? -1 : length
}

describe('the same seed, the same bytes', () => {
  const first = new Network(1).run()

  it('has something of everything in its captures', () => {
    const seen = { arp: 0, ndp: 0, tcp4: 0, tcp6: 0, udp4: 0, udp6: 0, icmpv4: 0, icmpv6: 0, sack: 0 }
    for (const file of first.captures) {
      for (const { bytes } of pcapng.readPcapng(file)?.packets ?? []) {
        const frame = packets.decodeFrame(bytes)
        expect(frame.problems).toEqual([])
        if (frame.arp) seen.arp++
        if (frame.ndp) seen.ndp++
        if (frame.tcp) seen[frame.ipv4 ? 'tcp4' : 'tcp6']++
        if (frame.udp) seen[frame.ipv4 ? 'udp4' : 'udp6']++
        if (frame.icmpv4) seen.icmpv4++
        if (frame.icmpv6) seen.icmpv6++
        if (frame.tcp?.options.some((option) => option.name === 'sack')) seen.sack++
      }
    }
    for (const [name, count] of Object.entries(seen)) expect(count, name).toBeGreaterThan(3)
    expect(first.log.filter((line) => line.includes(`closed null after ${TRANSFER} bytes`))).toHaveLength(
      4 * HOSTS,
    )
  })

  it('gives byte-identical captures and the same course of events', () => {
    const second = new Network(1).run()
    expect(second.log).toEqual(first.log)
    expect(second.captures).toHaveLength(HOSTS)
    for (let i = 0; i < HOSTS; i++) {
      expect(firstDifference(second.captures[i], first.captures[i]), `host ${i}`).toBe(-1)
    }
  })

  it('gives other captures with another seed', () => {
    const other = new Network(2).run()
    expect(other.log).not.toEqual(first.log)
    for (let i = 0; i < HOSTS; i++) {
      expect(firstDifference(other.captures[i], first.captures[i]), `host ${i}`).toBeGreaterThanOrEqual(0)
    }
  })
})
