import { describe, expect, it } from 'vitest'
import { parseAddress, type TcpSettings } from '../../src/index.ts'
import { Netsim } from './netsim.ts'

/** The buffers as they are by default: the simulator's own are wide. */
const DEFAULTS: TcpSettings = {
  receiveBuffer: 131_072,
  receiveBufferMax: 6 * 1024 * 1024,
  sendBuffer: 131_072,
  sendBufferMax: 4 * 1024 * 1024,
}

/** 100 Mbit/s and 100 ms: 1.25 MB are on the way, ten times the first buffers. */
const PATH = { bandwidth: 100e6, rtt: 100, queue: 1_250_000 }

/** Payload bits per second, of a hundred million with all headers. */
const rate = (bytes: number, seconds: number): number => (bytes * 8) / seconds

describe('buffers grow to what the path holds', () => {
  it.each([
    ['with timestamps', {}],
    ['without', { timestamps: false }],
  ])('both buffers: 100 Mbit/s over 100 ms are filled after three seconds, %s', (_, extra) => {
    const sim = new Netsim({ ...PATH, tcp: { ...DEFAULTS, ...extra } })
    const flow = sim.add()
    sim.run(3)
    expect(rate(sim.run(5)[0], 5)).toBeGreaterThan(90e6)
    expect(flow.connection.info().rcvWnd).toBeGreaterThan(0)
  })

  it('it is the tuning that does it: with the first buffers only the path stays a tenth full', () => {
    const fixed = { ...DEFAULTS, receiveBufferMax: 131_072 }
    const sim = new Netsim({ ...PATH, tcp: fixed })
    sim.add()
    sim.run(3)
    expect(rate(sim.run(5)[0], 5)).toBeLessThan(15e6)
    const sender = new Netsim({ ...PATH, tcp: { ...DEFAULTS, sendBufferMax: 131_072 } })
    sender.add()
    sender.run(3)
    expect(rate(sender.run(5)[0], 5)).toBeLessThan(15e6)
  })

  it('a reader that is slow does not make its buffer grow', () => {
    const sim = new Netsim({ ...PATH, tcp: DEFAULTS })
    const listener = sim.receiver.tcp.listen({ port: 9 }, { onConnection: () => undefined })
    const sender = sim.sender.tcp.connect(
      { address: parseAddress('10.0.0.2')!, port: 9 },
      {
        onConnect: (c) => void c.write(new Uint8Array(131_072)),
        onWritable: (c) => void c.write(new Uint8Array(131_072)),
      },
    )
    sim.run(1)
    const accepted = listener.accept()!
    const buffer = new Uint8Array(1000)
    for (let i = 0; i < 1000; i++) {
      accepted.read(buffer)
      sim.clock.advance(10)
    }
    expect(sender.info().bytesAcked).toBeLessThan(1_000_000 + 200_000)
    expect(accepted.info().rcvWnd).toBeLessThanOrEqual(131_072)
    // What waits is what the first buffer may hold, in a ring of a power of two.
    expect(accepted.readable).toBeLessThanOrEqual(131_072)
  })

  it('the send buffer follows the congestion window, up to its bound', () => {
    const sim = new Netsim({ ...PATH, tcp: { ...DEFAULTS, sendBufferMax: 1_000_000 } })
    const { connection } = sim.add()
    sim.run(5)
    expect(connection.info().cwnd * 2).toBeGreaterThan(1_000_000)
    expect(connection.unacknowledged).toBeLessThanOrEqual(1_000_000)
    expect(connection.unacknowledged).toBeGreaterThan(600_000)
  })
})
