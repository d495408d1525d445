import { describe, expect, it } from 'vitest'
import { inState, stateOf } from './in-state.ts'
import { MODERN, ORIGINS, pattern, Script } from './script.ts'

const MINUTE = 60_000

/** The peer's window is shut, more is queued than fits, and the application has closed. */
function shutOut(options = {}): Script {
  const t = new Script(options).established([{ name: 'mss', value: 1000 }], 1000)
  t.connection.write(pattern(1, 3000))
  t.expect({ flags: 'A', seq: 1, length: 1000 })
  t.send({ flags: 'A', seq: 1, ack: 1001, win: 0 }).silence()
  t.connection.close()
  return t.skip()
}

/** For so long every probe is answered: the window is still shut. @returns how many there were */
function answerProbes(t: Script, milliseconds: number): number {
  let probes = 0
  for (let waited = 0; waited < milliseconds; waited += 100) {
    t.wait(100)
    while (t.pending > 0) {
      const got = t.next()
      if (got.flags.includes('R')) return probes
      expect(got).toMatchObject({ flags: 'A', length: 0 })
      probes++
      t.send({ flags: 'A', seq: 1, ack: 1001, win: 0 })
    }
  }
  return probes
}

describe.each([...ORIGINS, { name: 'IPv6', isn: 1000, family: 6 as const }])('orphans, $name', (origin) => {
  it('a peer that answers every probe with a shut window keeps a closed connection for minutes, not for ever', () => {
    const t = shutOut(origin)
    answerProbes(t, 2 * MINUTE)
    expect(t.state).toBe('ESTABLISHED')
    const probes = answerProbes(t, 8 * MINUTE)
    expect(probes).toBeLessThan(5)
    expect(stateOf(t)).toBe('CLOSED')
    expect(t.stack.tcp.counters).toMatchObject({ orphansGivenUp: 1, resetsIn: 0 })
    expect(t.stack.engine.timers.size).toBe(0)
    expect(t.stack.tcp.sizes).toMatchObject({ connections: 0, orphans: 0 })
    expect(t.events).not.toContain('close ETIMEDOUT')
  })

  it('MUST-37 the same connection lives on as long as the application has it', () => {
    const t = new Script(origin).established([{ name: 'mss', value: 1000 }], 1000)
    t.connection.write(pattern(1, 3000))
    t.expect({ flags: 'A', seq: 1, length: 1000 })
    t.send({ flags: 'A', seq: 1, ack: 1001, win: 0 }).silence()
    t.connection.shutdown()
    expect(answerProbes(t, 60 * MINUTE)).toBeGreaterThan(30)
    expect(t.state).toBe('ESTABLISHED')
    // Closed now, it has its minutes from now on: what the application waited before does not count.
    t.connection.close()
    answerProbes(t, 2 * MINUTE)
    expect(t.state).toBe('ESTABLISHED')
    answerProbes(t, 8 * MINUTE)
    expect(stateOf(t)).toBe('CLOSED')
  })

  it('a window that opens in time gets everything, and the FIN', () => {
    const t = shutOut(origin)
    answerProbes(t, 2 * MINUTE)
    t.send({ flags: 'A', seq: 1, ack: 1001, win: 5000 })
    t.expect({ seq: 1001, length: 1000 }, { flags: 'FPA', seq: 2001, length: 1000 })
    t.send({ flags: 'FA', seq: 1, ack: 3002 }).expect({ flags: 'A', ack: 2 })
    expect(stateOf(t)).toBe('TIME-WAIT')
    expect(t.stack.tcp.sizes.orphans).toBe(0)
    expect(t.stack.tcp.counters.orphansGivenUp).toBe(0)
  })

  it('data that nobody acknowledges is sent eight times more, not fifteen', () => {
    const t = new Script(origin).established()
    t.connection.write(pattern(1, 100))
    t.connection.close()
    t.skip().wait(30 * MINUTE)
    expect(t.stack.tcp.counters.timeouts).toBe(8)
    expect(stateOf(t)).toBe('CLOSED')
    expect(t.stack.engine.timers.size).toBe(0)
  })

  it('the setting says how often', () => {
    const t = new Script({ ...origin, tcp: { orphanRetries: 3 } }).established()
    t.connection.write(pattern(1, 100))
    t.connection.close()
    t.skip().wait(30 * MINUTE)
    expect(t.stack.tcp.counters.timeouts).toBe(3)
  })

  it('a window that shuts over what is in flight does not save it', () => {
    const t = new Script(origin).established()
    t.connection.write(pattern(1, 100))
    t.connection.close()
    t.skip()
    for (let i = 0; i < 600 && t.stack.tcp.sizes.connections > 0; i++) {
      t.wait(1000)
      if (t.pending > 0) t.skip().send({ flags: 'A', seq: 1, ack: 1, win: 0 })
    }
    expect(stateOf(t)).toBe('CLOSED')
  })

  it.each(['ESTABLISHED', 'CLOSE-WAIT', 'FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSING', 'LAST-ACK'] as const)(
    'a connection that is closed in %s counts as an orphan until it is over',
    (state) => {
      const t = inState(state, origin)
      expect(t.stack.tcp.sizes.orphans).toBe(0)
      t.connection.close()
      expect(t.stack.tcp.sizes.orphans).toBe(1)
      t.connection.close()
      expect(t.stack.tcp.sizes.orphans).toBe(1)
      t.wait(30 * MINUTE)
      expect(t.stack.tcp.sizes).toMatchObject({ orphans: 0, connections: 0 })
      t.connection.abort()
      expect(t.stack.tcp.sizes.orphans).toBe(0)
    },
  )

  it('an abort, before or after the close, leaves no orphan', () => {
    const aborted = inState('ESTABLISHED', origin)
    aborted.connection.abort()
    expect(aborted.stack.tcp.sizes.orphans).toBe(0)
    const closed = inState('ESTABLISHED', origin)
    closed.connection.close()
    closed.connection.abort()
    expect(closed.stack.tcp.sizes.orphans).toBe(0)
  })
})

describe('limits.orphans', () => {
  /** Connections that are closed while their peer keeps the window shut. */
  function closeMany(count: number, orphans: number): { t: Script; resets: number } {
    const t = new Script({ limits: { orphans } }).listen()
    let resets = 0
    for (let i = 0; i < count; i++) {
      t.remotePort = 5000 + i
      t.ts = null
      t.send({ flags: 'S', options: MODERN, win: 1000 })
      t.noteTimestamps(t.next())
      t.send({ flags: 'A', seq: 1, ack: 1, win: 0 })
      t.connection.write(pattern(1, 100))
      t.connection.close()
      for (; t.pending > 0; resets++) t.expect({ flags: 'RA', seq: 1 })
    }
    return { t, resets }
  }

  it('one more than there may be is reset instead, and counted', () => {
    const { t, resets } = closeMany(5, 3)
    expect(t.stack.tcp.sizes).toMatchObject({ orphans: 3, connections: 3 })
    expect(t.stack.tcp.counters).toMatchObject({ orphansRefused: 2 })
    expect(resets).toBe(2)
  })

  it('0: every close of an open connection is an abort', () => {
    const { t, resets } = closeMany(1, 0)
    expect(resets).toBe(1)
    expect(t.stack.tcp.sizes).toMatchObject({ orphans: 0, connections: 0 })
  })

  it('orphans that ask in vain make room when memory runs short, and only as many as have to', () => {
    const t = new Script({ limits: { memory: 1 << 20 } }).listen()
    const { memory, tcp } = t.stack
    for (let i = 0; i < 60; i++) {
      t.remotePort = 5000 + i
      t.send({ flags: 'S', options: [{ name: 'mss', value: 1460 }], win: 1000 })
      t.next()
      t.send({ flags: 'A', seq: 1, ack: 1, win: 0 })
      t.connection.write(pattern(1, 16_384))
      t.connection.close()
      t.skip()
    }
    const before = tcp.sizes.orphans
    expect(before).toBeGreaterThan(40)
    expect(memory.allocated).toBeGreaterThan((memory.size * 7) / 8)
    t.wait(10_000)
    expect(memory.allocated).toBeLessThanOrEqual((memory.size * 7) / 8)
    expect(memory.allocated).toBeGreaterThan((memory.size * 6) / 8)
    expect(tcp.counters.orphansGivenUp).toBe(before - tcp.sizes.orphans)
  })

  it('those that end make room', () => {
    const { t } = closeMany(3, 3)
    t.send({ flags: 'R', seq: 1 })
    expect(t.stack.tcp.sizes.orphans).toBe(2)
  })
})
