import { describe, expect, it } from 'vitest'
import { keepReducing } from '../../src/tcp/prr.ts'
import type { Tcb } from '../../src/tcp/tcb.ts'
import { ORIGINS } from './script.ts'
import { SenderScript, SIZE, TraceKind } from './sender-script.ts'

/** A window of 20 segments in flight, the first of them lost, with plenty more to send. */
function flight(origin: object): [SenderScript, number] {
  const t = new SenderScript({ ...origin })
  const n = t.open(20)
  t.write(60).skip()
  expect(t.info.inFlight).toBe(t.info.cwnd - (t.info.cwnd % SIZE))
  t.wait(100)
  return [t, n]
}

describe.each(ORIGINS)('R9937-01 proportional rate reduction, $name', (origin) => {
  it('R9937-02 R9937-06 the retransmission leaves on the ACK that enters recovery', () => {
    const [t, n] = flight(origin)
    t.ack(n, [n + 1, n + 4])
    expect(t.next().seq).toBe(1 + n * SIZE)
    expect(t.info.ssthresh).toBe(10 * SIZE)
  })

  it('R9937-04 about half a segment for every one that arrives, from the beginning, without a pause', () => {
    const [t, n] = flight(origin)
    t.ack(n, [n + 1, n + 4]).skip()
    const sent: number[] = []
    for (let i = 5; i <= 20; i++) {
      t.ack(n, [n + 1, n + i])
      sent.push(t.pending)
      t.skip()
    }
    const total = sent.reduce((a, b) => a + b, 0)
    // 19 were delivered, so that 10 may go out; one is the retransmission.
    expect(total).toBeGreaterThanOrEqual(7)
    expect(total).toBeLessThanOrEqual(9)
    expect(Math.max(...sent)).toBeLessThanOrEqual(1)
    // No half of a round trip of silence.
    expect(sent.slice(0, 6).reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(2)
    expect(t.info.inFlight).toBeLessThanOrEqual(11 * SIZE)
  })

  it('R9937-03 an ACK that delivers nothing sends nothing', () => {
    const [t, n] = flight(origin)
    t.ack(n, [n + 1, n + 8]).skip()
    for (let i = 0; i < 10; i++) t.ack(n, [n + 1, n + 8])
    t.silence()
  })

  it('R9937-05 after heavy loss one segment for each that arrives, and one more on an ACK that moves on', () => {
    const [t, n] = flight(origin)
    // Only the last two of 20 arrive, and a little later it is certain that the rest is lost.
    t.ack(n, [n + 17, n + 20])
    const first = t.pending
    expect(first).toBeLessThanOrEqual(3)
    t.skip()
    // Each ACK brings one: two go out (SSRB), until the window is ssthresh.
    t.wait(100).ack(n + 1, [n + 17, n + 20])
    expect(t.pending).toBeGreaterThanOrEqual(1)
    expect(t.pending).toBeLessThanOrEqual(2)
    t.skip()
    expect(t.info.inFlight).toBeLessThanOrEqual(10 * SIZE)
  })

  it('R9937-07 at the end the window is ssthresh, and what is in flight near it: no burst', () => {
    const [t, n] = flight(origin)
    t.ack(n, [n + 1, n + 4]).skip()
    let end = n + 20
    for (let i = 5; i <= 20; i++) {
      t.ack(n, [n + 1, n + i])
      while (t.pending > 0) end = Math.max(end, (t.next().seq - 1) / SIZE + 1)
    }
    t.wait(100).ack(n + 20)
    expect(t.count(TraceKind.RecoveryExit)).toBe(1)
    expect(t.info.cwnd).toBe(10 * SIZE)
    expect(t.pending).toBeLessThanOrEqual(3)
    expect(end).toBeGreaterThan(n + 20)
  })

  it('R9937-05 a timer that finds all of the flight lost leaves room for a segment: no ACK will give any', () => {
    const [t, n] = flight(origin)
    t.ack(n, [n + 1, n + 4]).skip()
    const tcbs: Tcb[] = []
    t.stack.tcp.context.connections.each((tcb) => tcbs.push(tcb))
    const [tcb] = tcbs
    for (let record = tcb.sent.head; record !== null; record = record.next) tcb.sent.markLost(record)
    tcb.prr.out += tcb.prr.delivered
    expect(tcb.sent.pipe).toBe(0)
    keepReducing(tcb)
    expect(t.info.cwnd).toBe(SIZE)
  })
})
