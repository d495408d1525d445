import { describe, expect, it } from 'vitest'
import { packets, parseAddress } from '../../src/index.ts'
import { inState, openFrom } from './in-state.ts'
import { Script } from './script.ts'

describe('the SYN queue', () => {
  it('SEG-16 the same SYN again: the same SYN-ACK again', () => {
    const t = inState('SYN-RECEIVED')
    const { iss } = t
    t.send({ flags: 'S' }).expect({ flags: 'SA', seq: 0, ack: 1 }).silence()
    expect(t.iss).toBe(iss)
    expect(t.stack.tcp.sizes.halfOpen).toBe(1)
  })

  it('SEG-16 the same SYN a hundred times more: one SYN-ACK in half a second, so that nobody is flooded through us', () => {
    const t = inState('SYN-RECEIVED', { tcp: { initialRto: 60_000 } })
    for (let i = 0; i < 100; i++) t.send({ flags: 'S' }).wait(10)
    expect(t.pending).toBe(2)
    expect(t.stack.tcp.counters.synAcksSuppressed).toBe(98)
    t.skip().wait(500)
    t.send({ flags: 'S' }).expect({ flags: 'SA', seq: 0, ack: 1 }).silence()
    t.send({ flags: 'A', seq: 1, ack: 1 })
    expect(t.state).toBe('ESTABLISHED')
  })

  it('SEG-15 an ACK of the wrong number draws RST; the record stays, and the right one still works', () => {
    const t = inState('SYN-RECEIVED')
    t.send({ flags: 'A', seq: 1, ack: 0 }).expect({ flags: 'R', seq: 0 }).silence()
    expect(t.listener.pending).toBe(0)
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.state).toBe('ESTABLISHED')
  })

  it('R4987-01 the SYN-ACK is sent again a bounded number of times, ever later, then forgotten', () => {
    const t = new Script({ tcp: { synAckRetries: 3 } }).listen()
    t.send({ flags: 'S' })
    t.wait(120_000)
    const times = [t.next(), t.next(), t.next(), t.next()].map((segment) => segment.at)
    t.silence()
    expect(times.slice(1).map((time, i) => Math.round(time - times[i]))).toEqual([1000, 2000, 4000])
    expect(t.stack.tcp.sizes.halfOpen).toBe(0)
    t.send({ flags: 'A', seq: 1, ack: 1 }).expect({ flags: 'R', seq: 1 })
  })

  it('R4987-05 a lost last ACK: data that carries it completes the handshake', () => {
    const t = inState('SYN-RECEIVED')
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', seq: 1, ack: 11 })
    expect(t.readAll()).toHaveLength(10)
  })

  it('data that overtakes the last ACK completes it too', () => {
    const t = inState('SYN-RECEIVED')
    t.send({ flags: 'PA', seq: 11, ack: 1, data: 10 }).expect({ flags: 'A', ack: 1 })
    expect(t.state).toBe('ESTABLISHED')
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', ack: 21 })
  })

  it('R4987-01 R4987-02 limits.synBacklog: a flood is bounded, and who is honest still gets in', () => {
    const t = new Script({ limits: { synBacklog: 16 }, tcp: { synCookies: false } }).listen()
    const before = t.stack.memory.allocated
    for (let port = 10_000; port < 11_000; port++) {
      t.remotePort = port
      t.send({ flags: 'S' })
    }
    expect(t.stack.tcp.sizes.halfOpen).toBe(16)
    expect(t.stack.tcp.counters.droppedSynBacklog).toBe(984)
    expect(t.stack.memory.allocated).toBe(before)
    t.skip()
    openFrom(t, 5000)
    expect(t.state).toBe('ESTABLISHED')
  })

  it('R4987-01 limits.halfOpen: over all listeners', () => {
    const t = new Script({ limits: { halfOpen: 8 }, tcp: { synCookies: false } }).listen()
    t.stack.tcp.listen({ port: 8 }, { onConnection: () => {} })
    for (let port = 10_000; port < 10_010; port++) {
      t.remotePort = port
      t.localPort = port % 2 === 0 ? 7 : 8
      t.send({ flags: 'S' })
    }
    expect(t.stack.tcp.sizes.halfOpen).toBe(8)
    expect(t.stack.tcp.counters.droppedHalfOpenLimit).toBe(2)
    t.wait(300_000)
    expect(t.stack.tcp.sizes.halfOpen).toBe(0)
    expect(t.stack.engine.timers.size).toBe(0)
  })

  it('R4987-02 existing connections do not feel a flood', () => {
    const t = inState('ESTABLISHED', { limits: { synBacklog: 16 } })
    const { iss } = t
    for (let port = 10_000; port < 10_100; port++) {
      t.remotePort = port
      t.send({ flags: 'S' })
    }
    t.skip()
    t.remotePort = 5000
    t.iss = iss
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', ack: 11 })
  })

  it('R4987-03 a half-open record is a fraction of a connection', () => {
    const t = new Script({ limits: { halfOpen: 20_000, synBacklog: 20_000 } }).listen()
    const syn = t.build({ flags: 'S' })
    expect(packets.decodePacket(syn).problems).toEqual([])
    const before = t.stack.memory.allocated
    for (let port = 10_000; port < 20_000; port++) {
      t.remotePort = port
      t.send({ flags: 'S' })
      t.device.sent.length = 0
    }
    expect(t.stack.tcp.sizes).toMatchObject({ halfOpen: 10_000, connections: 0 })
    expect(t.stack.memory.allocated).toBe(before)
  })

  it('limits.connections: no more are made, and the record waits for room', () => {
    const t = new Script({ limits: { connections: 1 } }).listen()
    openFrom(t, 5000)
    const first = t.connection
    t.remotePort = 5001
    t.send({ flags: 'S' }).expect({ flags: 'SA' })
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.stack.tcp.counters.droppedConnectionLimit).toBe(1)
    expect(() => t.stack.tcp.connect({ address: parseAddress('10.0.0.2')!, port: 1 }, {})).toThrow(
      expect.objectContaining({ code: 'ENOBUFS' }),
    )
    expect(t.stack.tcp.counters).toMatchObject({ droppedConnectionLimit: 1, connectsRefused: 1 })
    first.abort()
    t.skip().send({ flags: 'PA', seq: 1, ack: 1, data: 5 }).expect({ flags: 'A', ack: 6 })
    expect(t.connection.remotePort).toBe(5001)
  })
})
