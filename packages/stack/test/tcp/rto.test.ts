import { describe, expect, it } from 'vitest'
import { ORIGINS, pattern, Script } from './script.ts'
import { SenderScript, SIZE, TraceKind } from './sender-script.ts'

/** Times between the segments sent from now on, while T says nothing. */
function gaps(t: SenderScript, count: number): number[] {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    while (t.pending === 0) t.wait(1)
    times.push(t.next().at)
  }
  return times.slice(1).map((at, i) => Math.round(at - times[i]))
}

describe.each(ORIGINS)('the retransmission timer, $name', (origin) => {
  it('R6298-01 a SYN waits 1 s, then twice as long each time', () => {
    const t = new SenderScript({ ...origin })
    t.connection.abort()
    t.skip()
    t.localPort = 8
    t.connect()
    expect(gaps(t, 5)).toEqual([1000, 2000, 4000, 8000])
  })

  it('R6298-02 R6298-04 the first sample: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR, not less than 200 ms of room', () => {
    const slow = new SenderScript({ ...origin, kind: 'plain', rtt: 400 })
    expect(slow.info).toMatchObject({ srtt: 400, rttvar: 200, rto: 1200 })
    slow.write(1).expectSegments(0)
    slow.silence(1199).wait(2).expectSegments(0)
    const fast = new SenderScript({ ...origin, kind: 'plain', rtt: 5 })
    expect(fast.info).toMatchObject({ srtt: 5, rttvar: 2.5, rto: 205 })
  })

  it('R6298-02 R6298-06 the last ACK of a handshake is the first sample of a passive open; of a SYN-ACK that was sent twice it is none', () => {
    const once = new Script(origin).listen()
    once.send({ flags: 'S', seq: 0 }).next()
    once.wait(100).send({ flags: 'A', seq: 1, ack: 1 })
    expect(once.connection.info()).toMatchObject({ srtt: 100, rttvar: 50, rto: 300 })
    const repeated = new Script(origin).listen()
    repeated.send({ flags: 'S', seq: 0 }).next()
    repeated.wait(100).send({ flags: 'S', seq: 0 }).next()
    repeated.wait(100).send({ flags: 'A', seq: 1, ack: 1 })
    expect(repeated.connection.info()).toMatchObject({ srtt: 0, rto: 1000 })
    const late = new Script(origin).listen()
    late.send({ flags: 'S', seq: 0 }).next()
    late.wait(1001).next()
    late.send({ flags: 'A', seq: 1, ack: 1 })
    expect(late.connection.info()).toMatchObject({ srtt: 0, rto: 3000 })
  })

  it('MUST-61 SEG-26 what is sent again has PSH and FIN where it had them the first time', () => {
    const t = new SenderScript({ ...origin, kind: 'plain' })
    t.write(2)
    t.expect({ flags: 'A', length: SIZE }).expect({ flags: 'PA', length: SIZE })
    t.wait(301).expect({ flags: 'A', length: SIZE })
    t.wait(5).ack(1)
    t.expect({ flags: 'PA', length: SIZE })
    t.wait(5).ack(2)
    t.connection.shutdown()
    t.expect({ flags: 'FA', length: 0 })
    t.wait(1201).expect({ flags: 'FA', length: 0 })
  })

  it('R6298-03 R6298-08 later samples move RTTVAR first, then SRTT; a constant RTT leaves the lower bound', () => {
    const t = new SenderScript({ ...origin, kind: 'plain' })
    t.write(1).expectSegments(0)
    t.wait(180).ack(1)
    // RTTVAR = 3/4 50 + 1/4 |100 - 180|, SRTT = 7/8 100 + 1/8 180.
    expect(t.info).toMatchObject({ rttvar: 57.5, srtt: 110, rto: 340 })
    for (let n = 1; n < 60; n++) {
      t.write(1).expectSegments(n)
      t.wait(100).ack(n + 1)
    }
    expect(t.info.srtt).toBeCloseTo(100, 0)
    expect(t.info.rto).toBeCloseTo(300, 0)
  })

  it('MUST-18 R6298-06 Karn: without timestamps the ACK of what was sent twice says nothing about time', () => {
    const t = new SenderScript({ ...origin, kind: 'plain' })
    t.write(1).expectSegments(0)
    t.wait(301).expectSegments(0)
    t.wait(5).ack(1)
    expect(t.info.srtt).toBe(100)
    // The backoff stands until there is a valid sample (R6298-11).
    expect(t.info.rto).toBe(600)
    t.write(1).expectSegments(1)
    t.wait(100).ack(2)
    expect(t.info.rto).toBe(300)
  })

  it('R6298-06 R7323-23 with timestamps it does: the echo tells which copy was acknowledged', () => {
    const t = new SenderScript({ ...origin, kind: 'timestamps' })
    t.write(1).expectSegments(0)
    // The probe takes its place here, at the time of the RTO.
    t.wait(300).expectSegments(0)
    t.wait(60).ack(1)
    // RTTVAR = 3/4 50 + 1/4 |100 - 60|, SRTT = 7/8 100 + 1/8 60.
    expect(t.info).toMatchObject({ srtt: 95, rttvar: 47.5 })
  })

  it('R6298-07 SRTT follows a step of the RTT within a few round trips', () => {
    const t = new SenderScript({ ...origin, kind: 'plain' })
    for (let n = 0; n < 25; n++) {
      t.write(1).skip()
      t.wait(250).ack(n + 1)
    }
    expect(t.info.srtt).toBeGreaterThan(235)
    expect(t.count(TraceKind.Rtt)).toBe(26)
  })

  it('MUST-19 R6298-05 R6298-11 the gaps double, up to a bound of at least 60 s', () => {
    const t = new SenderScript({ ...origin, kind: 'plain', tcp: { maxRto: 60_000 } })
    t.write(1)
    expect(gaps(t, 11)).toEqual([300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400, 60_000, 60_000])
  })

  it('R6298-09 a retransmission waits a full RTO, counted from when it was sent', () => {
    const t = new SenderScript({ ...origin, kind: 'plain' })
    t.write(5).expectSegments(0, 1, 2, 3, 4)
    t.wait(250).ack(0).ack(0).ack(0)
    t.expectSegments(0)
    t.silence(299).wait(2).expectSegments(0)
  })

  it('R6298-10 R6928-04 the timer starts with the first segment, starts anew with each ACK of new data, stops with the last', () => {
    const t = new SenderScript({ ...origin, kind: 'plain' })
    t.write(3).expectSegments(0, 1, 2)
    t.wait(100).ack(1)
    const { rto } = t.info
    t.silence(Math.floor(rto) - 1)
      .wait(2)
      .expectSegments(1)
    t.wait(50).ack(3).silence(5000)
    expect(t.counters.timeouts).toBe(1)
  })

  it('R6298-12 R5681-10 on expiry exactly the first segment goes out, and the window is one segment', () => {
    const t = new SenderScript({ ...origin, kind: 'plain' })
    t.write(10).expectSegments(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    t.wait(301).expectSegments(0)
    expect(t.info).toMatchObject({ cwnd: SIZE, ssthresh: 5 * SIZE })
    // A second timeout of the same segment does not halve again.
    t.wait(600).expectSegments(0)
    expect(t.info).toMatchObject({ cwnd: SIZE, ssthresh: 5 * SIZE })
    // Slow start over what is lost.
    t.wait(100).ack(1).expectSegments(1, 2)
    t.wait(100).ack(3)
    expect(t.pending).toBeLessThanOrEqual(4)
    t.expect({ seq: 1 + 3 * SIZE }, { seq: 1 + 4 * SIZE }, { seq: 1 + 5 * SIZE }).skip()
    t.wait(100).ack(10).silence(2000)
  })

  it('R6298-13 after a SYN timeout without a sample data waits 3 s', () => {
    const t = new SenderScript({ ...origin, kind: 'plain', rtt: 100 })
    t.connection.abort()
    t.skip()
    t.localPort = 8
    t.connect().expect({ flags: 'S' })
    t.wait(1001).expect({ flags: 'S' })
    t.send({ flags: 'SA', seq: 0, ack: 1, options: [{ name: 'mss', value: SIZE }] }).expect({ flags: 'A' })
    t.write(1).expectSegments(0)
    t.silence(2999).wait(2).expectSegments(0)
  })

  it('R2018-08 R6675-09 R2018-09 a receiver that takes back what it SACKed gets it again', () => {
    const t = new SenderScript({ ...origin })
    t.write(10).expectSegments(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    t.wait(100).ack(0, [1, 10]).expectSegments(0)
    // It has the first now, and nothing else any more.
    t.wait(100).ack(1)
    t.wait(1000)
    t.expect({ seq: 1 + SIZE, length: SIZE })
    expect(t.counters.sackReneges).toBe(1)
    t.skip()
    t.ack(2)
    for (let n = 2; n < 10; ) {
      while (t.pending > 0) n = Math.max(n, (t.next().seq - 1) / SIZE + 1)
      t.wait(50).ack(n)
    }
    expect(t.info.unsent).toBe(0)
    expect(t.info.inFlight).toBe(0)
  })

  it('R6429-01 R6429-02 retransmissions into a shut window that is answered end nothing', () => {
    const t = new SenderScript({ ...origin, kind: 'plain', tcp: { retries: 3, maxRto: 60_000 } })
    t.write(2).expectSegments(0, 1)
    t.wait(100).ackWith({ n: 0, win: 0 })
    for (let i = 0; i < 200; i++) t.wait(30_000).ackWith({ n: 0, win: 0 }).skip()
    expect(t.state).toBe('ESTABLISHED')
    t.ackWith({ n: 2, win: 65_535 })
    expect(t.info.inFlight).toBe(0)
    t.connection.abort()
  })
})

describe('R2 when the peer answers and acknowledges nothing', () => {
  /** It says of each segment that comes that it has it already, and takes none of them. */
  function denies(t: Script): void {
    for (let second = 0; second < 7200 && t.stack.tcp.sizes.connections > 0; second++) {
      t.wait(1000)
      if (t.pending === 0) continue
      t.skip()
      if (t.stack.tcp.sizes.connections === 0) return
      const blocks: [number, number][] = [
        [t.iss + 1, t.iss + 1001],
        [t.iss + 1, t.iss + 2001],
      ]
      t.send({ flags: 'A', seq: 1, ack: 1, options: [{ name: 'sack', blocks }] })
    }
  }

  it.each(['shutdown', 'close'] as const)(
    'MUST-20 D-SACKs alone keep no connection for ever, after %s',
    (how) => {
      const t = new Script().established([{ name: 'mss', value: 1000 }, { name: 'sackPermitted' }])
      t.connection.write(pattern(1, 2000))
      t.connection[how]()
      t.skip()
      denies(t)
      expect(t.stack.tcp.sizes.connections).toBe(0)
      expect(t.stack.tcp.counters.undos).toBeGreaterThan(0)
      expect(t.stack.tcp.counters.abortedOnTimeout).toBe(1)
    },
  )
})
