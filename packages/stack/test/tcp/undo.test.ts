import { describe, expect, it } from 'vitest'
import { ORIGINS } from './script.ts'
import { SenderScript, SIZE } from './sender-script.ts'

describe.each(ORIGINS)('F-RTO, $name', (origin) => {
  /** Ten segments in flight, and the first of them again after the RTO; the probe has been used up before. */
  function timedOut(kind: 'plain' | 'timestamps' = 'plain', queued = 20): SenderScript {
    const t = new SenderScript({ ...origin, kind })
    t.write(queued).skip()
    t.wait(kind === 'plain' ? 301 : 510)
    while (t.pending > 1) t.next()
    t.expectSegments(0)
    expect(t.counters.timeouts).toBe(1)
    return t
  }

  it('R5682-03 R5682-04 R5682-05 the ACKs were only late: new data, then nothing again, and the window is back', () => {
    const t = timedOut()
    t.wait(20).ack(1).expectSegments(10, 11)
    t.wait(5).ack(2)
    expect(t.counters.spuriousTimeouts).toBe(1)
    while (t.pending > 0) expect(t.next().seq).toBeGreaterThan(10 * SIZE)
    expect(t.info.cwnd).toBeGreaterThanOrEqual(10 * SIZE)
    for (let n = 3; n <= 12; n++) t.wait(5).ack(n)
    while (t.pending > 0) expect(t.next().seq).toBeGreaterThan(11 * SIZE)
    expect(t.counters.retransmitted).toBe(1)
  })

  it('R5682-02 a duplicate ACK first: conventional recovery', () => {
    const t = timedOut()
    t.wait(20).ack(0).silence()
    t.wait(20).ack(1).expectSegments(1, 2)
  })

  it('R5682-04 a duplicate ACK second: the loss was real, at most three segments of window, and go-back', () => {
    const t = timedOut()
    t.wait(100).ack(1).expectSegments(10, 11)
    t.wait(100).ack(1)
    expect(t.info.cwnd).toBeLessThanOrEqual(3 * SIZE)
    expect(t.next().seq).toBe(1 + SIZE)
    expect(t.counters.spuriousTimeouts).toBe(0)
  })

  it('R5682-03 without anything new to send: conventional recovery', () => {
    const t = timedOut('plain', 10)
    t.wait(20).ack(1).expectSegments(1, 2)
  })

  it('R5682-02 the first ACK covers everything: nothing to decide', () => {
    const t = timedOut()
    t.wait(100).ack(10).skip()
    expect(t.counters).toMatchObject({ spuriousTimeouts: 0, undos: 0 })
    expect(t.info.cwnd).toBeLessThanOrEqual(11 * SIZE)
    expect(t.info.ssthresh).toBe(5 * SIZE)
  })

  it('R5682-01 a second timeout in a row is no longer asked about', () => {
    const t = timedOut()
    t.wait(600).expectSegments(0)
    t.wait(20).ack(1).expectSegments(1, 2)
  })

  it('R5682-06 with SACK: the SACK of something sent once only is the proof', () => {
    const t = new SenderScript({ ...origin, kind: 'sack' })
    t.write(20).skip()
    // The probe, then the RTO.
    t.wait(510)
    expect(t.counters).toMatchObject({ tailProbes: 1, timeouts: 1 })
    t.skip()
    t.wait(20).ack(1)
    t.skip()
    t.wait(5).ack(1, [3, 4])
    expect(t.counters.spuriousTimeouts).toBe(1)
  })
})

describe.each(ORIGINS)('taking back what was not needed, $name', (origin) => {
  /** Reordering that looks like a loss: 0 is late, 1 to 6 arrive, 0 is sent again. */
  function reordered(kind: 'sack' | 'timestamps'): [SenderScript, number, number] {
    const t = new SenderScript({ ...origin, kind })
    t.write(10)
    let echo = 0
    while (t.pending > 0) {
      t.next()
      echo = t.ts?.ecr ?? 0
    }
    t.wait(100)
    const { cwnd } = t.info
    t.ackWith({ n: 0, runs: [[1, 7]], echo }).expectSegments(0)
    expect(t.info.ssthresh).toBe(5 * SIZE)
    return [t, cwnd, echo]
  }

  it('RFC 3522 RFC 4015 Eifel: the echo is older than the retransmission', () => {
    const [t, cwnd, echo] = reordered('timestamps')
    t.wait(5).ackWith({ n: 10, echo })
    expect(t.counters.undos).toBe(1)
    expect(t.info.cwnd).toBeGreaterThanOrEqual(cwnd)
    expect(t.info.ssthresh).toBeGreaterThan(1_000_000)
  })

  it('RFC 4015 one burst of ACKs shows a hole and fills it: nothing was sent again, nothing is reduced', () => {
    const t = new SenderScript({ ...origin, kind: 'sack' })
    t.write(10).skip().wait(100)
    const { cwnd } = t.info
    t.device.receive(t.buildAck({ n: 0, runs: [[1, 7]] }), t.buildAck({ n: 10 }))
    expect(t.counters).toMatchObject({ fastRecoveries: 1, retransmitted: 0, undos: 1 })
    expect(t.info.cwnd).toBeGreaterThanOrEqual(cwnd)
    expect(t.info.ssthresh).toBeGreaterThan(1_000_000)
    t.silence()
  })

  it('RFC 3708 a duplicate that the network has made of something else proves nothing', () => {
    const t = new SenderScript({ ...origin, kind: 'sack' })
    t.write(10).skip().wait(100)
    t.ack(0, [1, 7]).expectSegments(0)
    const { cwnd } = t.info
    t.wait(5).ack(0, [2, 3], [1, 7])
    expect(t.counters).toMatchObject({ dsacksIn: 1, undos: 0 })
    expect(t.info.recovery).toBe('recovery')
    expect(t.info.cwnd).toBeLessThanOrEqual(cwnd + SIZE)
  })

  it('RFC 4015 something was sent again, and nothing proves that it was needless', () => {
    const t = new SenderScript({ ...origin, kind: 'sack' })
    t.write(10).skip().wait(100)
    t.ack(0, [1, 7]).expectSegments(0)
    t.wait(100).ack(10)
    expect(t.counters).toMatchObject({ fastRecoveries: 1, undos: 0 })
    expect(t.info.ssthresh).toBe(5 * SIZE)
  })

  it('RFC 3522 an echo of the retransmission proves nothing', () => {
    const [t] = reordered('timestamps')
    t.wait(100).ack(10)
    expect(t.counters.undos).toBe(0)
    expect(t.info.cwnd).toBe(5 * SIZE)
  })

  it('RFC 3708 D-SACK: everything sent again had arrived, in recovery', () => {
    const [t, cwnd] = reordered('sack')
    t.wait(5).ack(7)
    expect(t.counters.undos).toBe(0)
    t.wait(5).ack(7, [0, 1])
    expect(t.counters.undos).toBe(1)
    expect(t.info.cwnd).toBeGreaterThanOrEqual(cwnd)
  })

  it('RFC 3708 D-SACK, after recovery', () => {
    const [t, cwnd] = reordered('sack')
    t.wait(5).ack(10)
    expect(t.info.cwnd).toBe(5 * SIZE)
    t.wait(100).ack(10, [0, 1])
    expect(t.counters.undos).toBe(1)
    expect(t.info.cwnd).toBeGreaterThanOrEqual(cwnd)
    // Only once.
    t.ack(10, [0, 1])
    expect(t.counters.undos).toBe(1)
  })

  it('RFC 3708 one D-SACK of two retransmissions is not enough', () => {
    const t = new SenderScript({ ...origin })
    const n = t.open(20)
    t.write(20).skip()
    t.wait(100).ack(n, [n + 2, n + 9])
    t.wait(1)
    t.skip()
    t.ack(n, [n + 2, n + 15]).skip()
    t.wait(5).ack(n + 20, [n, n + 1])
    expect(t.counters.undos).toBe(0)
    t.wait(5).ack(n + 20, [n + 1, n + 2])
    expect(t.counters.undos).toBe(1)
  })

  it('R2883-04 D-SACK for something else than what was sent again takes nothing back', () => {
    const t = new SenderScript({ ...origin })
    const n = t.open(20)
    t.write(20).skip()
    t.wait(100)
      .ack(n, [n + 1, n + 9])
      .skip()
    t.ack(n, [n - 4, n - 3])
    expect(t.counters.dsacksIn).toBe(1)
    expect(t.counters.undos).toBe(0)
  })

  it('RFC 4015 a timeout that was spurious by its echo: the window is back, and nothing more is repeated', () => {
    const t = new SenderScript({ ...origin, kind: 'timestamps' })
    t.write(10)
    let echo = 0
    while (t.pending > 0) {
      t.next()
      echo = t.ts?.ecr ?? 0
    }
    const { cwnd } = t.info
    t.wait(520).skip()
    expect(t.counters.timeouts).toBe(1)
    t.ackWith({ n: 3, echo })
    expect(t.counters.undos).toBe(1)
    expect(t.info.cwnd).toBeGreaterThanOrEqual(cwnd)
    t.silence(50)
    t.ackWith({ n: 10, echo }).silence(1000)
  })
})
