import { describe, expect, it } from 'vitest'
import { rateSample } from '../../src/tcp/delivery-rate.ts'
import { SentLog } from '../../src/tcp/sent-log.ts'
import { SentRecordPool } from '../../src/tcp/sent-record.ts'
import type { Tcb } from '../../src/tcp/tcb.ts'
import { SenderScript, SIZE } from './sender-script.ts'

/** A script whose window holds 60 segments, with everything acknowledged. @returns it, and the number of the next segment */
function ready(): [SenderScript, number] {
  const t = new SenderScript({})
  return [t, t.open(60)]
}

function tcbOf(t: SenderScript): Tcb {
  let found: Tcb | null = null
  t.stack.tcp.context.connections.each((tcb) => {
    found = tcb
  })
  if (found === null) throw new Error('No connection')
  return found
}

describe('delivery rate samples (draft-ietf-ccwg-bbr section 4.1)', () => {
  it('GenerateRateSample: ten segments in a round trip of 100 ms are 100,000 bytes a second', () => {
    const t = new SenderScript({})
    expect(t.info.deliveryRate).toBe(0)
    t.write(10).skip().wait(100).ack(10)
    expect(t.info.deliveryRate).toBeCloseTo((10 * SIZE) / 0.1, 6)
  })

  it('UpdateRateSample: the newest record that an ACK covers is what counts', () => {
    const [t, n] = ready()
    t.write(4).skip().wait(50)
    t.write(4).skip().wait(50)
    // From the sending of the second four, before which nothing was delivered: 8 segments since the pause ended.
    t.ack(n + 8)
    expect(rateSample.ackElapsed).toBe(100_000)
    expect(rateSample.sendElapsed).toBe(50_000)
    expect(rateSample.delivered).toBe(8 * SIZE)
    expect(rateSample.deliveryRate).toBeCloseTo((8 * SIZE) / 0.1, 6)
  })

  it('GenerateRateSample: ACKs that come all at once do not pretend more than was sent', () => {
    const [t, n] = ready()
    t.write(1)
      .skip()
      .wait(100)
      .ack(n + 1)
    for (let i = 0; i < 10; i++) t.write(1).skip().wait(20)
    t.ack(n + 11)
    expect(rateSample.interval).toBe(200_000)
    expect(t.info.deliveryRate).toBeLessThanOrEqual(60 * SIZE * 10)
    expect(rateSample.deliveryRate).toBeCloseTo((10 * SIZE) / 0.2, 6)
  })

  it('GenerateRateSample: an interval below the least round trip gives no rate', () => {
    const [t, n] = ready()
    const before = t.info.deliveryRate
    t.write(5).skip()
    // The tail loss probe leaves after 202 ms; what is acknowledged 10 ms later was the original.
    t.wait(205)
      .skip()
      .wait(5)
      .ack(n + 5)
    expect(rateSample.hasData).toBe(true)
    expect(rateSample.interval).toBeGreaterThanOrEqual(100_000)
    t.write(1)
      .skip()
      .wait(400)
      .skip()
      .wait(10)
      .ack(n + 6)
    expect(t.info.deliveryRate).toBeLessThanOrEqual(before)
    expect(rateSample.deliveryRate === 0 || rateSample.interval >= 100_000).toBe(true)
  })

  it('GenerateRateSample: a copy that is acknowledged at once is not timed', () => {
    const [t, n] = ready()
    t.write(1).skip().wait(1000).skip()
    expect(t.counters.timeouts).toBeGreaterThan(0)
    const tcb = tcbOf(t)
    const record = tcb.sent.head
    expect(record?.retransmissions).toBeGreaterThan(0)
    if (record === null) return
    // As after other data that was delivered just now.
    record.firstSentAt = record.sentAt
    record.deliveredAt = t.clock.now() - 10_000
    t.ack(n + 1)
    expect(rateSample.interval).toBeLessThan(tcb.minRtt.value)
    expect(rateSample.deliveryRate).toBe(0)
  })

  it('OnPacketSent: after a pause the interval begins with what is sent', () => {
    const [t, n] = ready()
    t.wait(10_000)
    t.write(10)
      .skip()
      .wait(100)
      .ack(n + 10)
    expect(rateSample.interval).toBe(100_000)
  })

  it('UpdateRateSample: what SACK tells counts when it is told, and once', () => {
    const [t, n] = ready()
    const tcb = tcbOf(t)
    const before = tcb.rate.delivered
    t.write(10).skip().wait(100)
    t.ack(n, [n + 2, n + 6])
    expect(tcb.rate.delivered - before).toBe(4 * SIZE)
    t.ack(n, [n + 2, n + 6])
    expect(tcb.rate.delivered - before).toBe(4 * SIZE)
    t.skip()
      .wait(20)
      .ack(n + 10)
    expect(tcb.rate.delivered - before).toBe(10 * SIZE)
  })

  it('MarkConnectionAppLimited: samples of what follows a gap are marked until the gap is acknowledged', () => {
    const [t, n] = ready()
    // Everything written leaves, and the window is not full: the application has no more.
    t.write(5).skip().wait(50)
    t.write(5).skip().wait(50)
    t.ack(n + 5)
    t.ack(n + 10)
    expect(rateSample.isAppLimited).toBe(true)
    // A window and more: the first round trip of it is still marked, the next is not.
    // What T's receive window lets go, and less than the congestion window.
    const window = 65
    t.write(window + 30)
      .skip()
      .wait(100)
    t.ack(n + 10 + window).skip()
    t.wait(100).ack(n + 10 + window + 20)
    expect(rateSample.isAppLimited).toBe(false)
    expect(t.info.deliveryRateAppLimited).toBe(false)
  })

  it('info(): a rate that only shows the pace of the application does not replace a higher one', () => {
    const [t, n] = ready()
    const high = t.info.deliveryRate
    expect(high).toBeGreaterThan(20 * SIZE * 10)
    for (let i = 0; i < 5; i++)
      t.write(1)
        .skip()
        .wait(100)
        .ack(n + 1 + i)
    expect(t.info.deliveryRate).toBe(high)
  })

  it('a super-frame that an ACK cuts keeps what was known when it was sent; its front had less in flight', () => {
    const log = new SentLog(new SentRecordPool())
    const record = log.append(0, 10 * SIZE, 1000)
    record.delivered = 77
    record.deliveredAt = 900
    record.firstSentAt = 800
    record.appLimited = true
    record.lostBefore = 5
    record.txInFlight = 30 * SIZE
    log.split(record, 4 * SIZE)
    const rest = record.next
    expect(record.txInFlight).toBe(24 * SIZE)
    expect(rest).toMatchObject({
      delivered: 77,
      deliveredAt: 900,
      firstSentAt: 800,
      appLimited: true,
      lostBefore: 5,
      txInFlight: 30 * SIZE,
    })
  })

  it('C.lost counts what is marked lost, and again when its copy is', () => {
    const log = new SentLog(new SentRecordPool())
    const record = log.append(0, SIZE, 1000)
    log.markLost(record)
    log.markLost(record)
    expect(log.lostEver).toBe(SIZE)
    log.markRetransmitted(record, 2000)
    log.markLost(record)
    expect(log.lostEver).toBe(2 * SIZE)
  })
})
