import { describe, expect, it } from 'vitest'
import {
  createCable,
  impair,
  parseAddress,
  SeededRandom,
  Stack,
  type TcpConnection,
  VirtualClock,
} from '../../src/index.ts'
import { pattern } from './script.ts'

const RTT = 100
const ADDRESSES = { 4: ['10.0.0.1', '10.0.0.2'], 6: ['fd00::1', 'fd00::2'] } as const

/** A client and a server that sends back what it gets, with a hundred milliseconds between them. */
class Pair {
  readonly clock = new VirtualClock()
  readonly client: Stack
  readonly server: Stack
  readonly #address: string
  readonly link: ReturnType<typeof impair>

  constructor(family: 4 | 6, seed = 1) {
    const { clock } = this
    const [a, b] = createCable({ clock, medium: 'ip' })
    this.link = impair(a, { clock, seed, latency: RTT / 2 })
    const stack = (n: number) =>
      new Stack({ clock, random: new SeededRandom(seed + n), conflictDetection: 'off' })
    this.client = stack(1)
    this.server = stack(2)
    this.client.addInterface(this.link, { addresses: ['10.0.0.1/24', 'fd00::1/64'] })
    this.server.addInterface(b, { addresses: ['10.0.0.2/24', 'fd00::2/64'] })
    this.#address = ADDRESSES[family][1]
    this.server.tcp.listen(
      { port: 7, fastOpen: 64 },
      { onConnection: (listener) => serve(listener.accept()!) },
    )
  }

  /** Asks and waits for the whole answer. @returns milliseconds it took */
  exchange(length: number): number {
    const question = pattern(1, length)
    const answer: number[] = []
    const started = this.clock.now()
    let done = -1
    this.client.tcp.connect(
      { address: parseAddress(this.#address)!, port: 7, fastOpen: true, initialData: question },
      {
        onReadable: (connection) => {
          const bytes = new Uint8Array(connection.readable)
          connection.read(bytes)
          answer.push(...bytes)
          if (answer.length < length) return
          done = this.clock.now()
          connection.close()
        },
      },
    )
    for (let i = 0; i < 1200 && done < 0; i++) this.clock.advance(RTT)
    expect(Uint8Array.from(answer)).toEqual(question)
    return (done - started) / 1000
  }
}

function serve(connection: TcpConnection): void {
  connection.handler = {
    onReadable: (c) => {
      const bytes = new Uint8Array(c.readable)
      c.read(bytes)
      if (bytes.length > 0) c.write(bytes)
      if (c.ended) c.close()
    },
  }
}

describe.each([4, 6] as const)('Fast Open between two stacks, IPv%i', (family) => {
  it('R7413-04 the second question is answered in one round trip, the first takes two', () => {
    const pair = new Pair(family)
    expect(pair.exchange(1000)).toBeCloseTo(2 * RTT, 0)
    expect(pair.exchange(1000)).toBeCloseTo(RTT, 0)
    // What does not fit on the SYN waits for its answer.
    expect(pair.exchange(10_000)).toBeCloseTo(2 * RTT, 0)
    expect(pair.server.tcp.counters).toMatchObject({ fastOpenCookiesSent: 1, fastOpenAccepted: 2 })
    expect(pair.client.tcp.counters).toMatchObject({ fastOpenDataAcked: 2, retransmitted: 0 })
  })

  it('R7413-05 R7413-06 on a path that loses every fifth packet each byte still arrives once', () => {
    let fast = 0
    for (let seed = 1; seed <= 20; seed++) {
      const pair = new Pair(family, seed)
      pair.exchange(10)
      pair.link.set({ loss: 0.2 }, 'both')
      for (let i = 0; i < 10; i++) pair.exchange(3000)
      fast += pair.server.tcp.counters.fastOpenAccepted
      pair.clock.advance(400_000)
      for (const { tcp } of [pair.client, pair.server]) {
        expect(tcp.sizes).toMatchObject({ connections: 0, halfOpen: 0 })
      }
    }
    expect(fast).toBeGreaterThan(20)
  })
})
