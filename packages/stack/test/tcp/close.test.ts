import { describe, expect, it } from 'vitest'
import { inState, stateOf } from './in-state.ts'
import { ORIGINS, pattern, Script } from './script.ts'

describe.each([...ORIGINS, { name: 'IPv6', isn: 1000, family: 6 as const }])('closing, $name', (origin) => {
  it('SEG-20 FIN-WAIT-1, ACK of our FIN: FIN-WAIT-2', () => {
    const t = inState('FIN-WAIT-1', origin)
    t.send({ flags: 'A', seq: 1, ack: 2 }).silence()
    expect(t.state).toBe('FIN-WAIT-2')
    expect(t.events).toEqual(['finAcked'])
  })

  it('SEG-20 FIN-WAIT-1, FIN without the ACK of ours: CLOSING', () => {
    const t = inState('FIN-WAIT-1', origin)
    t.send({ flags: 'FA', seq: 1, ack: 1 }).expect({ flags: 'A', seq: 2, ack: 2 }).silence()
    expect(t.state).toBe('CLOSING')
  })

  it('SEG-20 FIN-WAIT-1, FIN with the ACK of ours: TIME-WAIT', () => {
    const t = inState('FIN-WAIT-1', origin)
    t.send({ flags: 'FA', seq: 1, ack: 2 }).expect({ flags: 'A', seq: 2, ack: 2 }).silence()
    expect(stateOf(t)).toBe('TIME-WAIT')
    expect(t.events).toEqual(['readable', 'finAcked', 'close null'])
  })

  it('SEG-21 LAST-ACK, ACK of our FIN: nothing is left, and RST answers what still comes', () => {
    const t = inState('LAST-ACK', origin)
    t.send({ flags: 'A', seq: 2, ack: 2 }).silence()
    expect(stateOf(t)).toBe('CLOSED')
    expect(t.events).toEqual(['finAcked', 'close null'])
    t.send({ flags: 'FA', seq: 1, ack: 2 }).expect({ flags: 'R', seq: 2 }).silence()
  })

  it('SEG-22 DEL-02 a FIN with data: all of it first, then the end, acknowledged at once', () => {
    const t = inState('ESTABLISHED', origin)
    t.send({ flags: 'FPA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', ack: 12 }).silence()
    expect(t.connection).toMatchObject({ readable: 10, ended: true })
    expect(t.readAll()).toEqual(pattern(1, 10))
  })

  it('SEG-22 a FIN before the data it follows is no end until the hole is filled', () => {
    const t = inState('ESTABLISHED', origin)
    t.send({ flags: 'FPA', seq: 11, ack: 1, data: 10 }).expect({ flags: 'A', ack: 1 })
    expect(t.connection).toMatchObject({ readable: 0, ended: false })
    expect(t.state).toBe('ESTABLISHED')
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', ack: 22 }).silence()
    expect(t.connection).toMatchObject({ readable: 20, ended: true })
    expect(t.state).toBe('CLOSE-WAIT')
    expect(t.readAll()).toEqual(pattern(1, 20))
  })

  it('SEG-22 a bare FIN before its data: told what is missing, then the end', () => {
    const t = inState('ESTABLISHED', origin)
    t.send({ flags: 'FA', seq: 11, ack: 1 }).expect({ flags: 'A', ack: 1 }).silence()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', ack: 12 })
    expect(t.state).toBe('CLOSE-WAIT')
  })

  it('SEG-14 a FIN beyond the window goes with the text that is cut off', () => {
    const t = inState('ESTABLISHED', origin)
    const window = t.connection.info().rcvWnd
    t.send({ flags: 'FPA', seq: window - 9, ack: 1, data: 100 })
      .expect({ flags: 'A', ack: 1 })
      .silence()
    expect(t.connection.ended).toBe(false)
    let seq = 1
    while (seq < window - 9) {
      const data = Math.min(1400, window - 9 - seq)
      t.send({ flags: 'A', seq, ack: 1, data })
      seq += data
    }
    t.skip().wait(1000).skip()
    // 10 bytes of it were in the window.
    expect(t.connection).toMatchObject({ readable: window, ended: false })
    expect(t.state).toBe('ESTABLISHED')
    expect(t.readAll()).toEqual(pattern(1, window))
  })

  it('SEG-14 text that is half old and half new: only the new half is taken', () => {
    const t = inState('ESTABLISHED', origin)
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ ack: 11 })
    t.send({ flags: 'PA', seq: 6, ack: 1, data: 10 }).expect({ flags: 'A', ack: 16 }).silence()
    expect(t.readAll()).toEqual(pattern(1, 15))
    expect(t.stack.tcp.counters.duplicateBytesIn).toBe(5)
  })

  it.each(['CLOSE-WAIT', 'CLOSING', 'LAST-ACK'] as const)(
    'SEG-23 %s: nothing is taken beyond the FIN',
    (state) => {
      const t = inState(state, origin)
      t.send({ flags: 'PA', seq: 2, ack: 1, data: 50 }).expect({ flags: 'A', ack: 2 }).silence()
      expect(t.connection.readable).toBe(0)
      expect(t.state).toBe(state)
    },
  )

  it('SEG-24 FIN-WAIT-2 still takes data: a half-close', () => {
    const t = inState('FIN-WAIT-2', origin)
    let seq = 1
    let read = 0
    while (seq < 100_000) {
      t.send({ flags: 'PA', seq, ack: 2, data: 1000 })
      const bytes = t.readAll()
      expect(bytes).toEqual(pattern(seq, 1000))
      read += bytes.length
      seq += 1000
    }
    t.wait(1000)
    expect(read).toBe(100_000)
    t.skip()
      .send({ flags: 'FA', seq, ack: 2 })
      .expect({ flags: 'A', seq: 2, ack: seq + 1 })
    expect(stateOf(t)).toBe('TIME-WAIT')
  })

  it('SEG-26 FIN follows everything queued, takes one number, and is sent again', () => {
    const t = inState('ESTABLISHED', origin)
    const data = pattern(1, 100_000)
    expect(t.connection.write(data)).toBe(data.length)
    t.connection.shutdown()
    const got: number[] = []
    let sawFin = false
    for (let rounds = 0; !sawFin && rounds < 1000; rounds++) {
      let last = 0
      while (t.pending > 0) {
        const segment = t.next()
        expect(segment.seq).toBe(1 + got.length)
        got.push(...segment.payload)
        last = segment.seq + segment.length
        if (segment.flags.includes('F')) sawFin = true
      }
      if (!sawFin) t.wait(20).send({ flags: 'A', seq: 1, ack: last })
    }
    expect(Uint8Array.from(got)).toEqual(data)
    t.wait(20).send({ flags: 'A', seq: 1, ack: 100_001 }).skip()
    expect(t.state).toBe('FIN-WAIT-1')
    t.wait(1100)
    const again = t.next()
    expect(again).toMatchObject({ seq: 100_001, length: 0 })
    expect(again.flags).toContain('F')
    t.skip()
    t.send({ flags: 'A', seq: 1, ack: 100_002 }).silence()
    expect(t.state).toBe('FIN-WAIT-2')
  })

  it('nothing can be written after shutdown', () => {
    const t = inState('FIN-WAIT-1', origin)
    expect(() => t.connection.write(new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'EPIPE' }))
    expect(t.connection.writable).toBe(0)
    t.connection.shutdown()
    t.silence()
  })

  it('data and FIN received in CLOSE-WAIT can still be answered', () => {
    const t = inState('CLOSE-WAIT', origin)
    t.connection.write(new Uint8Array(500))
    t.expect({ flags: 'PA', seq: 1, ack: 2, length: 500 })
    t.send({ flags: 'A', seq: 2, ack: 501 })
    t.connection.shutdown()
    t.expect({ flags: 'FA', seq: 501, ack: 2 })
    t.send({ flags: 'A', seq: 2, ack: 502 })
    expect(t.connection.closeReason).toBe(null)
  })
})

describe('letting go', () => {
  it('SHLD-3 close with unread data sends RST: the peer must learn that it is lost', () => {
    const t = inState('ESTABLISHED')
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ ack: 11 })
    t.connection.close()
    t.expect({ flags: 'RA', seq: 1, ack: 11 }).silence(300_000)
    expect(t.stack.tcp.sizes.connections).toBe(0)
  })

  it('SHLD-3 the same in CLOSE-WAIT', () => {
    const t = inState('ESTABLISHED')
    t.send({ flags: 'FPA', seq: 1, ack: 1, data: 10 }).expect({ ack: 12 })
    t.connection.close()
    t.expect({ flags: 'RA', seq: 1, ack: 12 }).silence()
  })

  it('MAY-1 close with everything read is a FIN', () => {
    const t = inState('ESTABLISHED')
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ ack: 11 })
    t.readAll()
    t.connection.close()
    t.expect({ flags: 'FA', seq: 1, ack: 11 }).silence()
  })

  it.each(['FIN-WAIT-1', 'FIN-WAIT-2'] as const)(
    'SHLD-3 data that comes after close draws RST, in %s',
    (state) => {
      const t = inState('ESTABLISHED')
      t.connection.close()
      t.expect({ flags: 'FA', seq: 1 })
      if (state === 'FIN-WAIT-2') t.send({ flags: 'A', seq: 1, ack: 2 })
      t.send({ flags: 'PA', seq: 1, ack: state === 'FIN-WAIT-2' ? 2 : 1, data: 10 })
      // Exactly where T expects it (R5961-02), whether it has had our FIN or not.
      t.expect({ flags: 'R', seq: state === 'FIN-WAIT-2' ? 2 : 1 }).silence()
      expect(t.stack.tcp.sizes.connections).toBe(0)
      expect(t.stack.tcp.counters.droppedAfterClose).toBe(1)
    },
  )

  it('an old duplicate after close is no lost data', () => {
    const t = inState('ESTABLISHED')
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ ack: 11 })
    t.readAll()
    t.connection.close()
    t.expect({ flags: 'FA' })
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', seq: 2, ack: 11 }).silence()
    expect(t.stack.tcp.sizes.connections).toBe(1)
  })

  it('FIN-WAIT-2 after close ends by itself; after shutdown it may last', () => {
    const closed = inState('ESTABLISHED', { tcp: { finWait2: 30_000 } })
    closed.connection.close()
    closed.expect({ flags: 'FA' }).send({ flags: 'A', seq: 1, ack: 2 })
    closed.wait(29_990)
    expect(closed.stack.tcp.sizes.connections).toBe(1)
    closed.wait(20)
    expect(closed.stack.tcp.sizes.connections).toBe(0)
    const half = inState('FIN-WAIT-2', { tcp: { finWait2: 30_000 } })
    half.silence(3_600_000)
    expect(half.state).toBe('FIN-WAIT-2')
    half.connection.close()
    half.silence(31_000)
    expect(half.stack.tcp.sizes.connections).toBe(0)
  })

  it('close in SYN-SENT forgets the attempt', () => {
    const t = inState('SYN-SENT')
    t.connection.close()
    t.silence(300_000)
    expect(t.stack.tcp.sizes.connections).toBe(0)
    expect(t.events).toEqual([])
  })

  it('no handler is called after close, whatever comes', () => {
    const t = inState('ESTABLISHED')
    t.connection.close()
    t.skip().send({ flags: 'A', seq: 1, ack: 2 }).send({ flags: 'FA', seq: 1, ack: 2 })
    t.wait(120_000)
    expect(t.events).toEqual([])
    t.connection.close()
    t.connection.abort()
  })

  it('SEG-28 a connection let go whose peer is silent is given up', () => {
    const t = inState('ESTABLISHED', { tcp: { retries: 3 } })
    t.connection.close()
    t.wait(60_000)
    expect(t.stack.tcp.sizes.connections).toBe(0)
    expect(t.pending).toBe(4)
  })

  it('what was received stays readable after the connection is over', () => {
    const t = inState('ESTABLISHED')
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }, { flags: 'R', seq: 11 })
    expect(t.connection.closeReason).toBe('ECONNRESET')
    expect(t.readAll()).toEqual(pattern(1, 10))
    t.connection.close()
  })

  it('close after the end gives unread data back', () => {
    const t = inState('ESTABLISHED')
    const before = t.stack.memory.allocated
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }, { flags: 'R', seq: 11 })
    expect(t.stack.memory.allocated).toBeGreaterThan(before)
    t.connection.close()
    expect(t.stack.memory.allocated).toBe(before)
  })
})

describe('the ground gives way', () => {
  it('an interface that goes down ends what used it with ENETDOWN, and sends nothing', () => {
    const t = inState('ESTABLISHED')
    t.device.vanish()
    t.silence()
    expect(t.events).toEqual(['close ENETDOWN'])
    expect(t.stack.tcp.sizes.connections).toBe(0)
  })

  it('and half-open connections with it, and attempts', () => {
    const half = inState('SYN-RECEIVED')
    half.device.vanish()
    expect(half.stack.tcp.sizes.halfOpen).toBe(0)
    const attempt = inState('SYN-SENT')
    attempt.device.vanish()
    expect(attempt.events).toEqual(['close ENETDOWN'])
  })

  it('a connection over another interface is left alone', () => {
    const t = new Script()
    t.listen()
    t.stack.tcp.connect({ address: t.stack.interfaces[0].addresses[0].address, port: 7 }, {})
    t.wait(10)
    expect(t.stack.tcp.sizes.connections).toBe(2)
    t.device.vanish()
    expect(t.stack.tcp.sizes.connections).toBe(2)
  })

  it('stack.close() resets every connection and tells everybody', async () => {
    const t = inState('ESTABLISHED')
    const told: string[] = []
    t.listener.handler = { onConnection: () => {}, onClose: (_, reason) => told.push(String(reason)) }
    const done = t.stack.close()
    t.expect({ flags: 'RA', seq: 1, ack: 1 }).silence()
    await done
    expect(t.events).toEqual(['close ENETDOWN'])
    expect(told).toEqual(['ENETDOWN'])
    expect(t.stack.tcp.sizes).toEqual({ connections: 0, orphans: 0, halfOpen: 0, timeWait: 0, listeners: 0 })
    t.wait(600_000).silence()
  })

  it.each(['SYN-SENT', 'SYN-RECEIVED', 'TIME-WAIT'] as const)(
    'stack.close() in %s leaves nothing',
    async (state) => {
      const t = inState(state)
      await t.stack.close()
      expect(t.stack.tcp.sizes).toEqual({
        connections: 0,
        orphans: 0,
        halfOpen: 0,
        timeWait: 0,
        listeners: 0,
      })
      t.silence(600_000)
    },
  )
})

describe('SHLD-3 what the peer sends again after close()', () => {
  it('data that was read before, now with the FIN behind it, is no lost data: the FIN is taken', () => {
    const t = new Script().established()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 100 })
    t.readAll()
    t.wait(100).skip()
    t.connection.close()
    t.expect({ flags: 'FA', seq: 1, ack: 101 })
    t.send({ flags: 'FPA', seq: 1, ack: 2, data: 100 })
    t.expect({ flags: 'A', seq: 2, ack: 102 }).silence()
    expect(t.stack.tcp.counters.resetsOut).toBe(0)
    expect(t.stack.tcp.sizes.timeWait).toBe(1)
  })
})
