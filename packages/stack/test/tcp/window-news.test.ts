import { describe, expect, it } from 'vitest'
import { ORIGINS, Script } from './script.ts'

describe.each(ORIGINS)('which segment sets the send window, $name', (origin) => {
  const window = (t: Script): number => t.connection.info().sndWnd

  it('SEG-19 data that was overtaken (an older SEG.SEQ) does not: not down, and not up', () => {
    const t = new Script(origin).established()
    t.send({ flags: 'PA', seq: 101, ack: 1, win: 40_000, data: 100 }).skip()
    expect(window(t)).toBe(40_000)
    t.send({ flags: 'PA', seq: 1, ack: 1, win: 500, data: 50 }).skip()
    expect(window(t)).toBe(40_000)
    t.send({ flags: 'PA', seq: 51, ack: 1, win: 60_000, data: 50 }).skip()
    expect(window(t)).toBe(40_000)
    t.send({ flags: 'A', seq: 201, ack: 1, win: 600 }).silence()
    expect(window(t)).toBe(600)
  })

  it('SEG-19 an ACK that was overtaken (an older SEG.ACK) does not', () => {
    const t = new Script(origin).established()
    t.connection.write(new Uint8Array(2 * 1460))
    t.skip()
    t.send({ flags: 'A', seq: 1, ack: 2921, win: 40_000 })
    t.send({ flags: 'A', seq: 1, ack: 1461, win: 0 }).silence(100)
    expect(window(t)).toBe(40_000)
    t.connection.write(new Uint8Array(1460))
    t.expect({ seq: 2921, length: 1460 })
  })

  it('SEG-19 the same SEG.SEQ and SEG.ACK do: a window update', () => {
    const t = new Script(origin).established()
    t.send({ flags: 'A', seq: 1, ack: 1, win: 1000 }).silence()
    expect(window(t)).toBe(1000)
    t.send({ flags: 'A', seq: 1, ack: 1, win: 2000 }).silence()
    expect(window(t)).toBe(2000)
  })
})

describe.each(ORIGINS)('the smaller of both windows, $name', (origin) => {
  /** Bytes that leave before anything is acknowledged. */
  function flight(segments: number, win: number): number {
    const t = new Script({ ...origin, tcp: { initialWindow: segments } }).established(undefined, win)
    t.connection.write(new Uint8Array(60_000))
    let end = 1
    while (t.pending > 0) {
      const { seq, length } = t.next()
      end = Math.max(end, seq + length)
    }
    return end - 1
  }

  it('R5681-01 the congestion window', () => {
    expect(flight(10, 65_535)).toBe(10 * 1460)
  })

  it('R5681-01 the peer’s window', () => {
    expect(flight(40, 5 * 1460)).toBe(5 * 1460)
  })
})
