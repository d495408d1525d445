import { describe, expect, it } from 'vitest'
import { type packets, parseAddress } from '../../src/index.ts'
import { inState, stateOf } from './in-state.ts'
import { MODERN, ORIGINS, Script } from './script.ts'

describe.each(ORIGINS)('both at once, $name', (origin) => {
  it('MUST-10 SEG-10 a bare SYN in SYN-SENT is answered by SYN-ACK with the same ISS, and an ACK completes', () => {
    const t = new Script(origin).connect()
    t.expect({ flags: 'S', seq: 0 })
    t.send({ flags: 'S', seq: 0 }).expect({ flags: 'SA', seq: 0, ack: 1 }).silence()
    expect(t.state).toBe('SYN-RECEIVED')
    expect(t.events).toEqual([])
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.state).toBe('ESTABLISHED')
    expect(t.events).toEqual(['connect'])
  })

  it('SEG-29 SIM-01 the peer’s SYN-ACK, one left of the window, completes as well', () => {
    const t = inState('SYN-RECEIVED (active)', origin)
    t.send({ flags: 'SA', seq: 0, ack: 1 })
    expect(t.state).toBe('ESTABLISHED')
    expect(t.pending).toBeLessThanOrEqual(1)
    t.skip().silence(10_000)
    t.connection.write(new Uint8Array(10))
    t.expect({ flags: 'PA', seq: 1, ack: 1, length: 10 })
  })

  it('SIM-01 R7323-02 options come from the bare SYN; the window on SYN and SYN-ACK is not scaled', () => {
    const t = new Script(origin).connect()
    t.next()
    t.send({ flags: 'S', seq: 0, win: 1000, options: MODERN })
    const synAck = t.next()
    expect(synAck.flags).toBe('SA')
    t.noteTimestamps(synAck)
    expect(synAck.options.map((o) => o.name)).toEqual(
      expect.arrayContaining(['mss', 'sackPermitted', 'timestamps', 'windowScale']),
    )
    t.send({ flags: 'SA', seq: 0, ack: 1, win: 1000, options: MODERN })
    const info = t.connection.info()
    expect(info).toMatchObject({ state: 'ESTABLISHED', sndWnd: 1000, sndWscale: 7, timestamps: true })
    expect(info.sackPermitted).toBe(true)
    t.skip().send({ flags: 'A', seq: 1, ack: 1, win: 10 })
    expect(t.connection.info().sndWnd).toBe(1280)
  })

  it('R7323-18 SIM-01 the timestamp of the peer’s SYN-ACK is the one that is echoed', () => {
    const t = new Script(origin).connect()
    t.next()
    const options = (value: number): packets.TcpOption[] => [{ name: 'timestamps', value, echo: 0 }]
    t.send({ flags: 'S', seq: 0, options: options(700) }).next()
    t.wait(100).send({ flags: 'SA', seq: 0, ack: 1, options: options(800) })
    t.skip()
    t.connection.write(new Uint8Array(10))
    expect(t.next().options).toContainEqual(expect.objectContaining({ name: 'timestamps', echo: 800 }))
  })

  it('SEG-15 SYN-RECEIVED: an ACK of the wrong number draws RST, and the connection goes on', () => {
    const t = inState('SYN-RECEIVED (active)', origin)
    t.send({ flags: 'A', seq: 1, ack: 0 }).expect({ flags: 'R', seq: 0 }).silence()
    t.send({ flags: 'A', seq: 1, ack: 2 }).expect({ flags: 'R', seq: 2 }).silence()
    t.send({ flags: 'A', seq: 1, ack: 1 })
    expect(t.state).toBe('ESTABLISHED')
  })

  it('SEG-16 the peer’s SYN again draws the same SYN-ACK again, but not more than once in half a second', () => {
    const t = inState('SYN-RECEIVED (active)', origin)
    t.send({ flags: 'S', seq: 0 }).expect({ flags: 'SA', seq: 0, ack: 1 }).silence()
    t.send({ flags: 'S', seq: 0 }, { flags: 'S', seq: 0 }).silence()
    expect(t.stack.tcp.counters.synAcksSuppressed).toBe(2)
  })

  it('MUST-22 a SYN-ACK of a simultaneous open is sent again, and given up', () => {
    const t = inState('SYN-RECEIVED (active)', { ...origin, tcp: { synAckRetries: 2 } })
    t.wait(60_000).expect({ flags: 'SA', seq: 0, ack: 1 }, { flags: 'SA', seq: 0, ack: 1 }).silence()
    expect(t.events).toEqual(['close ETIMEDOUT'])
  })

  it('data written before the handshake is done follows it', () => {
    const t = inState('SYN-RECEIVED (active)', origin)
    t.connection.write(new Uint8Array(10))
    t.connection.shutdown()
    t.silence()
    t.send({ flags: 'A', seq: 1, ack: 1 }).expect({ flags: 'FPA', seq: 1, length: 10 }).silence()
    expect(t.state).toBe('FIN-WAIT-1')
  })

  it('SIM-02 SEG-21 FINs cross: both are acknowledged, and TIME-WAIT follows', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.shutdown()
    t.expect({ flags: 'FA', seq: 1, ack: 1 })
    t.send({ flags: 'FA', seq: 1, ack: 1 }).expect({ flags: 'A', seq: 2, ack: 2 }).silence()
    expect(t.state).toBe('CLOSING')
    t.send({ flags: 'A', seq: 2, ack: 2 }).silence()
    expect(stateOf(t)).toBe('TIME-WAIT')
    expect(t.events).toEqual(['readable', 'finAcked', 'close null'])
  })

  it('SIM-02 their FIN and the ACK of ours in one burst: their FIN is acknowledged all the same', () => {
    const t = inState('FIN-WAIT-1', origin)
    t.send({ flags: 'FA', seq: 1, ack: 1 }, { flags: 'A', seq: 2, ack: 2 })
    t.expect({ flags: 'A', seq: 2, ack: 2 }).silence()
    expect(stateOf(t)).toBe('TIME-WAIT')
  })

  it('SEG-29 CLOSING: their FIN again, its ACK lost, is acknowledged again; no dead-lock', () => {
    const t = inState('CLOSING', origin)
    t.send({ flags: 'FA', seq: 1, ack: 1 }).expect({ flags: 'A', seq: 2, ack: 2 }).silence()
    t.wait(1500).expect({ flags: 'FA', seq: 1, ack: 2, length: 0 })
  })
})

describe('SIM-03 a connection with itself', () => {
  it.each(['127.0.0.1', '::1', '10.0.0.1'])('over %s is established, carries data and closes', (own) => {
    const t = new Script()
    const address = parseAddress(own)!
    t.connection = t.stack.tcp.connect(
      { address, port: 4000, localPort: 4000, localAddress: address },
      t.handler,
    )
    t.wait(10)
    expect(t.state).toBe('ESTABLISHED')
    expect(t.events).toContain('connect')
    t.connection.write(Uint8Array.of(1, 2, 3))
    t.wait(100)
    expect([...t.readAll()]).toEqual([1, 2, 3])
    t.connection.shutdown()
    t.wait(1000)
    expect(t.events.at(-1)).toBe('close null')
    t.wait(300_000)
    expect(t.stack.tcp.sizes).toMatchObject({ connections: 0, timeWait: 0 })
  })
})
