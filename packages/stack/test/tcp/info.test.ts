import { describe, expect, it } from 'vitest'
import { MODERN, pattern, SACK_ONLY, Script } from './script.ts'

describe('what a connection says of itself', () => {
  it('sending: what was sent, what is queued, in flight, and sent again', () => {
    const t = new Script().established(MODERN)
    t.connection.write(pattern(1, 20_000))
    const sent = t.connection.info()
    expect(sent).toMatchObject({
      state: 'ESTABLISHED',
      bytesSent: 14_480,
      inFlight: 14_480,
      unsent: 20_000 - 14_480,
      sndQueued: 20_000,
      sndBuffer: 131_072,
      recovery: 'open',
      sinceSent: 0,
      bytesRetransmitted: 0,
      congestion: 'cubic',
    })
    t.wait(5000)
    const late = t.connection.info()
    expect(late.recovery).toBe('loss')
    expect(late.backoff).toBeGreaterThan(0)
    expect(late.lost).toBeGreaterThan(0)
    expect(late.bytesRetransmitted).toBeGreaterThan(0)
    // A tail loss probe may have been new data.
    expect(late.bytesSent - late.bytesRetransmitted).toBeGreaterThanOrEqual(14_480)
    expect(late.sinceReceived).toBe(5000)
  })

  it('round trips: smoothed, least, and as the receiver sees them', () => {
    const t = new Script().established(MODERN)
    t.connection.write(pattern(1, 100))
    const data = t.next()
    t.wait(30)
    t.noteTimestamps(data)
    t.send({ flags: 'A', seq: 1, ack: 101 })
    const info = t.connection.info()
    expect(info.srtt).toBeGreaterThan(0)
    expect(info.minRtt).toBeLessThanOrEqual(30)
    t.send({ flags: 'A', seq: 1, ack: 101, data: 1000 })
    expect(t.connection.info().rcvRtt).toBe(30)
  })

  it('receiving: what waits, in order and not', () => {
    const t = new Script().established(SACK_ONLY)
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 })
    t.send({ flags: 'A', seq: 201, ack: 1, data: 100 })
    t.send({ flags: 'A', seq: 401, ack: 1, data: 100 })
    t.wait(70)
    expect(t.connection.info()).toMatchObject({
      readable: 100,
      rcvBuffer: 65_535,
      outOfOrderIn: 2,
      outOfOrderRanges: 2,
      bytesReceived: 100,
      sinceData: 70,
    })
  })

  it('probes are counted until they are answered', () => {
    const t = new Script().established()
    t.connection.write(pattern(1, 10))
    t.send({ flags: 'A', seq: 1, ack: 11, win: 0 })
    t.connection.write(pattern(1, 10))
    t.wait(20_000)
    expect(t.connection.info().probes).toBeGreaterThan(2)
    t.send({ flags: 'A', seq: 1, ack: 11, win: 1000 })
    expect(t.connection.info().probes).toBe(0)
  })
})
