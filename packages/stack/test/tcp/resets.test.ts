import { describe, expect, it } from 'vitest'
import { inState, STANDING, stateOf } from './in-state.ts'
import { MODERN, ORIGINS, Script } from './script.ts'

describe.each([...ORIGINS, { name: 'IPv6', isn: 1000, family: 6 as const }])('RST, $name', (origin) => {
  it('R5961-02 MUST-12 exactly at RCV.NXT it resets, and the application is told', () => {
    const t = inState('ESTABLISHED', origin)
    t.send({ flags: 'R', seq: 1 }).silence()
    expect(t.events).toEqual(['close ECONNRESET'])
    expect(t.connection.closeReason).toBe('ECONNRESET')
    expect(t.stack.tcp.counters.resetsIn).toBe(1)
  })

  it('MUST-12 a FIN is an end and no error', () => {
    const t = inState('ESTABLISHED', origin)
    t.send({ flags: 'FA', seq: 1, ack: 1 }).expect({ flags: 'A', ack: 2 })
    expect(t.events).toEqual(['readable'])
    expect(t.connection).toMatchObject({ ended: true, readable: 0, closeReason: undefined })
  })

  it('R5961-01 outside of the window it is dropped in silence', () => {
    const t = inState('ESTABLISHED', origin)
    const right = 1 + t.connection.info().rcvWnd
    t.send({ flags: 'R', seq: 0 }, { flags: 'R', seq: right }, { flags: 'R', seq: right + 1000 }).silence()
    expect(t.state).toBe('ESTABLISHED')
    expect(t.stack.tcp.counters.droppedOutOfWindow).toBe(3)
  })

  it('R5961-03 elsewhere in the window it draws a challenge ACK', () => {
    const t = inState('ESTABLISHED', origin)
    t.send({ flags: 'R', seq: 2 }).expect({ flags: 'A', seq: 1, ack: 1, length: 0 }).silence()
    t.wait(1000)
    t.send({ flags: 'R', seq: t.connection.info().rcvWnd }).expect({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.state).toBe('ESTABLISHED')
    expect(t.stack.tcp.counters.challengeAcks).toBe(2)
  })

  it('SHLD-2 text on a RST does not count: it resets and is not delivered', () => {
    const t = inState('ESTABLISHED', origin)
    t.send({ flags: 'R', seq: 1, data: 20 }).silence()
    expect(t.events).toEqual(['close ECONNRESET'])
    expect(t.connection.readable).toBe(0)
  })

  it('R5961-01 SYN with RST outside of the window is a RST, and silence', () => {
    inState('ESTABLISHED', origin).send({ flags: 'SR', seq: -50 }).silence()
  })

  it('SEG-08 R5961-05 in SYN-SENT only a RST that acknowledges the SYN counts', () => {
    const t = inState('SYN-SENT', origin)
    t.send({ flags: 'R', seq: 0 }, { flags: 'RA', ack: 0 }, { flags: 'RA', ack: 2 }).silence()
    expect(t.state).toBe('SYN-SENT')
    t.send({ flags: 'RA', ack: 1 }).silence()
    expect(t.events).toEqual(['close ECONNREFUSED'])
    expect(t.stack.tcp.sizes.connections).toBe(0)
  })

  it('MUST-11 SYN-RECEIVED from LISTEN goes back there, and nobody is told', () => {
    const t = inState('SYN-RECEIVED', origin)
    t.send({ flags: 'R', seq: 1 }).silence()
    expect(t.stack.tcp.sizes).toMatchObject({ halfOpen: 0, connections: 0, listeners: 1 })
    expect(t.listener.pending).toBe(0)
    t.send({ flags: 'S' }).expect({ flags: 'SA', ack: 1 })
  })

  it('MUST-11 SYN-RECEIVED from SYN-SENT is a refused connection', () => {
    const t = inState('SYN-RECEIVED (active)', origin)
    t.send({ flags: 'R', seq: 1 }).silence()
    expect(t.events).toEqual(['close ECONNREFUSED'])
  })

  it.each(['SYN-RECEIVED', 'SYN-RECEIVED (active)'] as const)(
    'R5961-08 %s: in the window but inexact is challenged, and the record stays',
    (state) => {
      const t = inState(state, origin)
      t.send({ flags: 'R', seq: 5 }).expect({ flags: 'A', seq: 1, ack: 1 }).silence()
      expect(stateOf(t)).toBe(state)
      t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
      expect(t.state).toBe('ESTABLISHED')
    },
  )

  it.each(['CLOSING', 'LAST-ACK'] as const)('%s: after both FINs a RST is no error any more', (state) => {
    const t = inState(state, origin)
    t.send({ flags: 'R', seq: STANDING[state].rcvNxt }).silence()
    expect(t.events).toEqual(['close null'])
  })

  it('SEG-27 abort sends RST with SEQ = SND.NXT, and nothing is left to answer for', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.write(new Uint8Array(100))
    t.expect({ length: 100 })
    t.connection.abort()
    t.expect({ flags: 'RA', seq: 101, ack: 1, length: 0 }).silence()
    expect(t.events).toEqual([])
    expect(t.stack.tcp.sizes.connections).toBe(0)
    t.send({ flags: 'A', seq: 1, ack: 101 }).expect({ flags: 'R', seq: 101 })
    t.silence(300_000)
  })

  it('SEG-27 abort in SYN-SENT deletes the record without a word', () => {
    const t = inState('SYN-SENT', origin)
    t.connection.abort()
    t.silence(300_000)
    expect(t.stack.tcp.sizes.connections).toBe(0)
  })

  it.each([
    'SYN-RECEIVED (active)',
    'FIN-WAIT-1',
    'FIN-WAIT-2',
    'CLOSE-WAIT',
    'CLOSING',
    'LAST-ACK',
  ] as const)('SEG-27 abort in %s resets the peer', (state) => {
    const t = inState(state, origin)
    const { sndNxt } = STANDING[state]
    t.connection.abort()
    t.expect({ flags: 'RA', seq: sndNxt }).silence(300_000)
  })

  it('SEG-32 data for a connection that is gone draws the RST its sender accepts', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.abort()
    t.skip()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'R', seq: 1 }).silence()
  })
})

describe('RST and the window', () => {
  it('MUST-66 with a window of zero RST still resets, an ACK still counts, and data is refused', () => {
    const t = new Script({ tcp: { receiveBuffer: 4096, receiveBufferMax: 4096 } }).established()
    let seq = 1
    while (t.connection.info().rcvWnd > 0) {
      const data = Math.min(1024, t.connection.info().rcvWnd)
      t.send({ flags: 'PA', seq, ack: 1, data })
      seq += data
    }
    t.wait(1000).skip()
    t.connection.write(new Uint8Array(30))
    t.expect({ length: 30, win: 0 })
    t.send({ flags: 'PA', seq, ack: 31, data: 100 }).expect({ flags: 'A', seq: 31, ack: seq, win: 0 })
    expect(t.connection.unacknowledged).toBe(0)
    expect(t.connection.readable).toBe(seq - 1)
    t.send({ flags: 'R', seq }).silence()
    expect(t.connection.closeReason).toBe('ECONNRESET')
    // What had arrived before is still there to be read.
    expect(t.readAll()).toHaveLength(seq - 1)
  })

  it('R7323-26 an old timestamp does not save a connection from its RST', () => {
    const t = new Script().established(MODERN)
    t.ts!.val = 100
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 1 })
    t.ts!.val = 50
    t.send({ flags: 'R', seq: 2 })
    expect(t.connection.closeReason).toBe('ECONNRESET')
  })
})

describe('resetsPerSecond', () => {
  it('bounds the answers to segments of no connection, and counts the rest', () => {
    const t = new Script({ limits: { resetsPerSecond: 5 } })
    for (let i = 0; i < 20; i++) t.send({ flags: 'A', ack: i })
    expect(t.pending).toBe(5)
    expect(t.stack.tcp.counters).toMatchObject({ resetsOut: 5, resetsSuppressed: 15 })
    t.skip().wait(1000)
    t.send({ flags: 'A', ack: 1 }).expect({ flags: 'R', seq: 1 }).silence()
  })

  it('0 says never', () => {
    new Script({ limits: { resetsPerSecond: 0 } }).send({ flags: 'S' }).silence()
  })
})
