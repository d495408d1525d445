import { describe, expect, it } from 'vitest'
import { inState, stateOf } from './in-state.ts'
import { MODERN, ORIGINS, Script, type ScriptOptions } from './script.ts'

/** TIME-WAIT after a connection with these options in its SYN. */
function after(options: ScriptOptions, syn = MODERN): Script {
  const t = new Script(options).established(syn)
  t.connection.shutdown()
  t.expect({ flags: 'FA' })
  t.send({ flags: 'FA', seq: 1, ack: 2 }).expect({ flags: 'A', ack: 2 })
  expect(stateOf(t)).toBe('TIME-WAIT')
  return t
}

const timestamps = (value: number) => ({ name: 'timestamps', value, echo: 0 }) as const

describe.each(ORIGINS)('TIME-WAIT, $name', (origin) => {
  it('MUST-13 a repeated FIN is acknowledged again, and the time begins anew; after it there is RST', () => {
    const t = inState('TIME-WAIT', { ...origin, tcp: { timeWait: 10_000 } })
    t.wait(9000)
    t.send({ flags: 'FA', seq: 1, ack: 2 }).expect({ flags: 'A', seq: 2, ack: 2 }).silence()
    t.wait(9990)
    expect(stateOf(t)).toBe('TIME-WAIT')
    t.wait(20)
    expect(stateOf(t)).toBe('CLOSED')
    t.send({ flags: 'FA', seq: 1, ack: 2 }).expect({ flags: 'R', seq: 2 }).silence()
  })

  it('SEG-28 the time runs out by itself', () => {
    const t = inState('TIME-WAIT', origin)
    t.silence(59_999)
    expect(stateOf(t)).toBe('TIME-WAIT')
    t.silence(2)
    expect(stateOf(t)).toBe('CLOSED')
  })

  it('R6191-05 a RST does not end it, wherever it points (RFC 1337)', () => {
    const t = inState('TIME-WAIT', origin)
    for (const seq of [0, 1, 2, 3, 1000]) t.send({ flags: 'R', seq })
    t.silence()
    expect(stateOf(t)).toBe('TIME-WAIT')
  })

  it('R6191-05 old duplicates of data draw the ACK of where it ended', () => {
    const t = inState('TIME-WAIT', origin)
    t.send({ flags: 'PA', seq: -100, ack: 1, data: 50 }).expect({ flags: 'A', seq: 2, ack: 2 }).silence()
  })

  it('only the FIN that ended the stream renews', () => {
    const t = inState('TIME-WAIT', { ...origin, tcp: { timeWait: 10_000 } })
    t.wait(9000)
    t.send({ flags: 'FA', seq: 500, ack: 2 }).expect({ flags: 'A', ack: 2 })
    t.wait(1001)
    expect(stateOf(t)).toBe('CLOSED')
  })

  it('MAY-2 a SYN beyond the old incarnation opens a new one, its ISN beyond all we had sent', () => {
    const t = inState('TIME-WAIT', origin)
    const { iss } = t
    t.send({ flags: 'S', seq: 3 })
    const synAck = t.next()
    expect(synAck).toMatchObject({ flags: 'SA', ack: 4 })
    expect((t.iss - iss) | 0).toBeGreaterThan(65_536)
    expect(t.stack.tcp.counters.timeWaitReused).toBe(1)
    t.send({ flags: 'A', seq: 4, ack: 1 }).silence()
    expect(t.state).toBe('ESTABLISHED')
  })

  it('MAY-2 a SYN at or before its end is an old duplicate', () => {
    for (const seq of [2, 1, -70_000]) {
      const t = inState('TIME-WAIT', origin)
      t.send({ flags: 'S', seq }).expect({ flags: 'A', seq: 2, ack: 2 }).silence()
      expect(stateOf(t)).toBe('TIME-WAIT')
    }
  })

  it('without a listener a new SYN is answered as any other segment', () => {
    const t = inState('TIME-WAIT', origin)
    t.listener.close()
    t.send({ flags: 'S', seq: 3 }).expect({ flags: 'A', seq: 2, ack: 2 }).silence()
    expect(stateOf(t)).toBe('TIME-WAIT')
  })

  it('R7323-12 the ACK of the record carries timestamps, the window is scaled', () => {
    const t = after(origin)
    t.send({ flags: 'FA', seq: 1, ack: 2 })
    const ack = t.next()
    expect(ack.options.some((o) => o.name === 'timestamps')).toBe(true)
    expect(ack.win).toBeLessThan(2000)
  })
})

describe('SHLD-4 a new SYN in TIME-WAIT, by timestamps (RFC 6191)', () => {
  const cases = [
    { id: 'R6191-01', old: true, ts: 2, seq: -5, opens: true, text: 'newer timestamp, lower number' },
    { id: 'R6191-01', old: true, ts: 1, seq: 3, opens: true, text: 'same timestamp, higher number' },
    { id: 'R6191-01', old: true, ts: 1, seq: 2, opens: false, text: 'same timestamp, same number' },
    { id: 'R6191-04', old: true, ts: 0, seq: 1000, opens: false, text: 'older timestamp, higher number' },
    { id: 'R6191-02', old: true, ts: null, seq: 3, opens: true, text: 'no timestamp, higher number' },
    { id: 'R6191-02', old: true, ts: null, seq: 2, opens: false, text: 'no timestamp, same number' },
    { id: 'R6191-03', old: false, ts: 1, seq: -5, opens: true, text: 'the old had none, lower number' },
    { id: 'R6191-03', old: false, ts: null, seq: 3, opens: true, text: 'neither has, higher number' },
    { id: 'R6191-03', old: false, ts: null, seq: 1, opens: false, text: 'neither has, lower number' },
  ]
  it.each(cases)('$id $text: opens $opens', ({ old, ts, seq, opens }) => {
    const t = after({}, old ? MODERN : [])
    const options = ts === null ? [] : [timestamps(ts)]
    t.send({ flags: 'S', seq, options })
    t.expect(opens ? { flags: 'SA', ack: seq + 1 } : { flags: 'A', seq: 2, ack: 2 }).silence()
  })
})

describe('R7323-20 R6191-04 the last timestamp of the old incarnation', () => {
  it('is also that of an ACK that came in TIME-WAIT: a SYN from before it is an old one', () => {
    const t = after({})
    t.send({ flags: 'A', seq: 2, ack: 2, options: [timestamps(50)] }).silence()
    t.send({ flags: 'S', seq: 1000, options: [timestamps(49)] }).expect({ flags: 'A', seq: 2, ack: 2 })
    t.send({ flags: 'S', seq: 1000, options: [timestamps(51)] }).expect({ flags: 'SA', ack: 1001 })
  })

  it.each([
    ['an ACK of what was never sent', { flags: 'A', seq: 2, ack: 3 }],
    ['no ACK', { flags: '', seq: 2 }],
    ['a RST', { flags: 'R', seq: 2 }],
    ['an older timestamp', { flags: 'A', seq: 2, ack: 2, options: [timestamps(0)] }],
  ])('is not that of a segment with %s', (_, segment) => {
    const t = after({})
    t.send({ options: [timestamps(50)], ...segment }).skip()
    t.send({ flags: 'S', seq: 1000, options: [timestamps(2)] }).expect({ flags: 'SA', ack: 1001 })
  })
})

describe('the TIME-WAIT queue', () => {
  /** Connections in TIME-WAIT from these ports of T, `apart` milliseconds one after the other. */
  function many(ports: readonly number[], apart: number, options: ScriptOptions): Script {
    const t = new Script(options)
    for (const port of ports) {
      t.remotePort = port
      t.localPort = 7
      if (t.listener === undefined) t.listen()
      t.send({ flags: 'S' })
      t.next()
      t.send({ flags: 'A', seq: 1, ack: 1 })
      t.connection.shutdown()
      t.send({ flags: 'FA', seq: 1, ack: 2 })
      t.skip().wait(apart)
    }
    return t
  }
  const present = (t: Script, port: number): boolean => {
    t.remotePort = port
    t.send({ flags: 'R', seq: 0 })
    const { context } = t.stack.tcp
    let found = false
    context.timeWait.each((record) => {
      if (record.remotePort === port) found = true
    })
    return found
  }

  it('is bounded: the oldest makes room, and is counted', () => {
    const ports = [5000, 5001, 5002, 5003, 5004]
    const t = many(ports, 10, { limits: { timeWait: 3 } })
    expect(t.stack.tcp.sizes.timeWait).toBe(3)
    expect(t.stack.tcp.counters).toMatchObject({ timeWaits: 5, timeWaitOverflow: 2 })
    expect(ports.map((port) => present(t, port))).toEqual([false, false, true, true, true])
  })

  it('a limit of 0 keeps none', () => {
    const t = many([5000], 0, { limits: { timeWait: 0 } })
    expect(t.stack.tcp.sizes.timeWait).toBe(0)
  })

  it('each expires at its own time, renewed ones too, whatever their order', () => {
    const ports = [5000, 5001, 5002, 5003]
    // They came at 0, 1000, 2000, 3000; now it is 4000.
    const t = many(ports, 1000, { tcp: { timeWait: 10_000 } })
    // At 5000 the second, at 6000 the first one is renewed.
    for (const port of [5001, 5000]) {
      t.wait(1000)
      t.remotePort = port
      let iss = 0
      t.stack.tcp.context.timeWait.each((record) => {
        if (record.remotePort === port) iss = (record.sndNxt - 2) >>> 0
      })
      t.iss = iss
      t.send({ flags: 'FA', seq: 1, ack: 2 }).expect({ flags: 'A', seq: 2, ack: 2 })
    }
    const left = () => ports.filter((port) => present(t, port))
    const at = (ms: number) => t.wait(ms - t.clock.now() / 1000 + start)
    const start = t.clock.now() / 1000 - 6000
    at(11_990)
    expect(left()).toEqual([5000, 5001, 5002, 5003])
    at(12_010)
    expect(left()).toEqual([5000, 5001, 5003])
    at(13_010)
    expect(left()).toEqual([5000, 5001])
    at(15_010)
    expect(left()).toEqual([5000])
    at(16_010)
    expect(left()).toEqual([])
    expect(t.stack.engine.timers.size).toBe(0)
  })

  it('reuse leaves nothing behind in the queue', () => {
    const t = inState('TIME-WAIT')
    for (let i = 0; i < 100; i++) {
      t.send({ flags: 'S', seq: 1_000_000 * (i + 1) })
      const { ack } = t.next()
      t.send({ flags: 'A', seq: ack, ack: 1 })
      t.connection.shutdown()
      t.next()
      t.send({ flags: 'FA', seq: ack, ack: 2 }).skip()
      expect(t.stack.tcp.sizes.timeWait).toBe(1)
    }
    t.wait(60_001)
    expect(t.stack.tcp.sizes.timeWait).toBe(0)
  })

  it('a tuple in TIME-WAIT is not chosen for a new connection', () => {
    const t = inState('TIME-WAIT')
    expect(() => t.connect()).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
  })
})
