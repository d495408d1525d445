import { describe, expect, it } from 'vitest'
import { Stack } from '../../src/index.ts'
import { MODERN, pattern, SACK_ONLY, Script } from './script.ts'

describe('how a connection says that its sequence space stands', () => {
  it('sending: acknowledged, sent, written, SACKed and lost', () => {
    const t = new Script().established(SACK_ONLY)
    t.connection.write(pattern(1, 20_000))
    const at = t.connection.inspect()
    const una = at.sndUna
    expect(una).toBe((at.iss + 1) >>> 0)
    expect(at).toMatchObject({ sacked: [], lost: [], sndWnd: t.connection.info().sndWnd })
    expect((at.sndNxt - una) >>> 0).toBe(14_600)
    expect((at.sndEnd - una) >>> 0).toBe(20_000)
    t.wait(30)
    const blocks: [number, number][] = [[una + 2920, una + 14_600].map((n) => n >>> 0) as [number, number]]
    t.send({ flags: 'A', seq: 1, ack: 1461, options: [{ name: 'sack', blocks }] })
    const later = t.connection.inspect()
    const range = ([left, right]: readonly [number, number]) => [(left - una) >>> 0, (right - una) >>> 0]
    expect((later.sndUna - una) >>> 0).toBe(1460)
    expect(later.sacked.map(range)).toEqual([[2920, 14_600]])
    expect(later.lost.map(range)).toEqual([])
    t.wait(100)
    // It was lost, and has been sent again: it is on its way.
    expect(t.connection.info().retransmits).toBe(1)
    expect(t.connection.inspect().lost).toEqual([])
    expect((later.sndEnd - una) >>> 0).toBe(20_000)
  })

  it('receiving: in order and not read, and out of order', () => {
    const t = new Script().established(SACK_ONLY)
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 })
    t.send({ flags: 'A', seq: 201, ack: 1, data: 100 })
    t.send({ flags: 'A', seq: 401, ack: 1, data: 100 })
    const at = t.connection.inspect()
    const irs = at.irs
    expect((at.rcvNxt - irs) >>> 0).toBe(101)
    expect((at.rcvRead - irs) >>> 0).toBe(1)
    expect(at.rcvWnd).toBe(t.connection.info().rcvWnd)
    expect(at.outOfOrder.map(([l, r]) => [(l - irs) >>> 0, (r - irs) >>> 0])).toEqual([
      [201, 301],
      [401, 501],
    ])
    t.connection.consume(40)
    expect((t.connection.inspect().rcvRead - irs) >>> 0).toBe(41)
  })

  it('a FIN takes a number and is no byte to read', () => {
    const t = new Script().established(MODERN)
    t.send({ flags: 'FA', seq: 1, ack: 1, data: 10 })
    const { irs, rcvNxt, rcvRead } = t.connection.inspect()
    expect((rcvNxt - irs) >>> 0).toBe(12)
    expect((rcvRead - irs) >>> 0).toBe(1)
  })

  it('it is found by the number that traces give it', () => {
    const t = new Script().established(MODERN)
    expect(t.stack.tcp.connectionById(t.connection.id)).toBe(t.connection)
    expect(t.stack.tcp.connectionById(99)).toBeNull()
  })
})

describe('an initial sequence number that was set', () => {
  it('is that of both openers and listeners', () => {
    const t = new Script({ tcp: { initialSequence: 0xffff_ff00 } }).established(MODERN)
    expect(t.connection.inspect().iss).toBe(0xffff_ff00)
  })

  it('is refused out of its range', () => {
    for (const initialSequence of [-1, 0.5, 2 ** 32]) {
      expect(() => new Stack({ tcp: { initialSequence } })).toThrow(/initialSequence/)
    }
  })
})
