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

/** Two stacks over a link of 1500 bytes that silently drops what is larger than `hole`. */
class Path {
  readonly clock = new VirtualClock()
  readonly sizes: number[] = []
  hole = 1500
  received = 0
  readonly sender: Stack
  connection: TcpConnection

  constructor(family: 4 | 6 = 4) {
    const { clock } = this
    const [a, b] = createCable({ clock, medium: 'ip' })
    const link = impair(a, { clock, latency: 10, direction: 'out', bandwidth: 2e6 })
    link.set({
      filter: (frame) => {
        this.sizes.push(frame.length)
        return frame.length > this.hole ? 'drop' : 'pass'
      },
    })
    // Less than the link's queue holds: nothing is lost but by its size.
    const tcp = { sendBuffer: 100_000, sendBufferMax: 100_000 }
    this.sender = new Stack({ clock, random: new SeededRandom(1), conflictDetection: 'off', tcp })
    const receiver = new Stack({ clock, random: new SeededRandom(2), conflictDetection: 'off' })
    this.sender.addInterface(link, { addresses: ['10.0.0.1/24', 'fd00::1/64'] })
    receiver.addInterface(b, { addresses: ['10.0.0.2/24', 'fd00::2/64'] })
    const listener = receiver.tcp.listen(
      { port: 7 },
      {
        onConnection: () => {
          listener.accept()!.handler = {
            onReadable: (c) => {
              for (let n = c.peek(); n > 0; n = c.peek()) {
                this.received += n
                c.consume(n)
              }
            },
          }
        },
      },
    )
    this.connection = this.sender.tcp.connect(
      { address: parseAddress(family === 4 ? '10.0.0.2' : 'fd00::2')!, port: 7 },
      {},
    )
    clock.advance(100)
  }

  /** Bulk data from here on. */
  fill(): void {
    const chunk = new Uint8Array(100_000)
    const fill = (c: TcpConnection): void => {
      while (c.write(chunk) === chunk.length);
    }
    this.connection.handler = { onWritable: fill }
    fill(this.connection)
  }

  run(seconds: number): number {
    const before = this.received
    this.sizes.length = 0
    this.clock.advance(seconds * 1000)
    return this.received - before
  }
}

describe('a path that drops large packets without a word', () => {
  it('R4821-01 R4821-02 the transfer goes on in small segments, and the search finds what passes', () => {
    const path = new Path()
    path.hole = 1400
    path.fill()
    path.run(20)
    expect(path.sender.tcp.counters.blackHoles).toBe(1)
    const bytes = path.run(10)
    expect(bytes).toBeGreaterThan(10 * 200_000)
    const size = path.connection.info().sndMss + 40
    expect(size).toBeLessThanOrEqual(1400)
    expect(size).toBeGreaterThan(1400 - 16)
    expect(path.sizes.some((length) => length > 1400)).toBe(false)
    expect(path.sender.tcp.counters.mtuProbes).toBeLessThan(12)
  })

  it('R4821-01 the loss of a probe is no congestion', () => {
    const path = new Path()
    path.hole = 1400
    path.fill()
    path.run(8)
    const { counters } = path.sender.tcp
    const before = {
      timeouts: counters.timeouts,
      recoveries: counters.fastRecoveries,
      retransmitted: counters.retransmitted,
    }
    // Ten minutes later the whole size is tried again, in vain.
    const probes = counters.mtuProbes
    path.run(700)
    expect(counters.mtuProbes).toBeGreaterThan(probes)
    expect(counters.timeouts).toBe(before.timeouts)
    expect(counters.fastRecoveries).toBe(before.recoveries)
    expect(counters.retransmitted).toBeGreaterThan(before.retransmitted)
    expect(path.connection.info().sndMss + 40).toBeLessThanOrEqual(1400)
  })

  it('R4821-02 below the first guess comes the least MTU', () => {
    const path = new Path()
    path.hole = 600
    path.fill()
    path.run(60)
    expect(path.connection.info().sndMss + 40).toBeGreaterThanOrEqual(552)
    expect(path.connection.info().sndMss + 40).toBeLessThanOrEqual(600)
    expect(path.run(5)).toBeGreaterThan(5 * 190_000)
  })

  it('R4821-01 an outage looks the same at first; afterwards one probe brings the old size back', () => {
    const path = new Path()
    path.fill()
    path.run(2)
    path.hole = 0
    path.run(15)
    expect(path.connection.info().sndMss).toBe(552 - 40)
    path.hole = 1500
    path.run(20)
    expect(path.connection.info().sndMss).toBe(1460)
    expect(path.sender.tcp.counters.mtuProbes).toBe(1)
  })

  it('R4821-01 R1191-03 a path that has become wider is found out after ten minutes', () => {
    const path = new Path()
    path.hole = 1300
    path.fill()
    path.run(60)
    expect(path.connection.info().sndMss + 40).toBeLessThanOrEqual(1300)
    path.hole = 1500
    path.run(500)
    expect(path.connection.info().sndMss + 40).toBeLessThanOrEqual(1300)
    path.run(150)
    expect(path.connection.info().sndMss).toBe(1460)
  })

  it('R8201-01 N8504-04 over IPv6 nothing goes below 1280', () => {
    const path = new Path(6)
    path.hole = 1300
    path.fill()
    path.run(30)
    expect(path.connection.info().sndMss + 60).toBeGreaterThanOrEqual(1280)
    expect(path.connection.info().sndMss + 60).toBeLessThanOrEqual(1300)
    expect(path.run(5)).toBeGreaterThan(5 * 200_000)
  })

  it('timeouts of small segments accuse nobody', () => {
    const path = new Path()
    path.hole = 0
    path.connection.write(new Uint8Array(100))
    path.run(20)
    expect(path.sender.tcp.counters.timeouts).toBeGreaterThan(3)
    expect(path.sender.tcp.counters.blackHoles).toBe(0)
    expect(path.connection.info().sndMss).toBe(1460)
  })

  it('R4821-03 raising the size leaves the window as many bytes', () => {
    const path = new Path()
    path.fill()
    path.run(1)
    path.hole = 0
    path.run(15)
    path.hole = 1500
    let { cwnd, sndMss } = path.connection.info()
    for (let i = 0; i < 20_000; i++) {
      path.run(0.001)
      const info = path.connection.info()
      if (info.sndMss > sndMss) {
        expect(info.cwnd).toBeLessThanOrEqual(cwnd + 2 * info.sndMss)
        return
      }
      cwnd = info.cwnd
      sndMss = info.sndMss
    }
    expect.fail('The size was never raised')
  })
})
