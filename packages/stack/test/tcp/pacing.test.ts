import { describe, expect, it } from 'vitest'
import { sendQuantum } from '../../src/tcp/pacing.ts'
import { RecoveryState } from '../../src/tcp/recovery-state.ts'
import type { Tcb } from '../../src/tcp/tcb.ts'
import { Netsim } from './netsim.ts'
import { SenderScript, SIZE } from './sender-script.ts'
import { transfer } from './transfer.ts'

const MBIT = 1e6

/** A sender with 100 ms of round trip whose window is so many segments. @returns it, and the number of the next one */
function paced(window: number, ssthresh?: number): [SenderScript, number, Tcb] {
  const t = new SenderScript({ tcp: { pacing: true } })
  t.write(10).wait(50).skip().wait(100).ack(10)
  const tcb = tcbOf(t)
  tcb.cwnd = window * SIZE
  if (ssthresh !== undefined) tcb.ssthresh = ssthresh * SIZE
  t.wait(150)
  return [t, 10, tcb]
}

function tcbOf(t: { stack: SenderScript['stack'] }): Tcb {
  let found: Tcb | null = null
  t.stack.tcp.context.connections.each((tcb) => {
    found = tcb
  })
  if (found === null) throw new Error('No connection')
  return found
}

describe('pacing', () => {
  it('is off unless asked for: a window leaves at once', () => {
    const t = new SenderScript({})
    expect(t.info.pacingRate).toBe(Number.POSITIVE_INFINITY)
    t.write(10)
    expect(t.pending).toBe(10)
  })

  it('slow start is paced at twice cwnd / srtt, congestion avoidance at 1.2 times', () => {
    const [slow, , tcb] = paced(20)
    expect(slow.info.pacingRate).toBeCloseTo((2 * 20 * SIZE) / (tcb.srtt / 1e6), 3)
    const [avoiding, , other] = paced(20, 20)
    expect(avoiding.info.pacingRate).toBeCloseTo((1.2 * 20 * SIZE) / (other.srtt / 1e6), 3)
  })

  it('a window of 20 segments at 1.2 cwnd / srtt takes a round trip / 1.2, two by two', () => {
    const [t, , tcb] = paced(20, 20)
    t.write(20)
    expect(t.pending).toBe(2)
    const times: number[] = []
    const start = t.clock.now() / 1000
    for (let ms = 0; ms <= 120; ms++) {
      while (t.pending > 0) {
        t.next()
        times.push(t.clock.now() / 1000 - start)
      }
      t.wait(1)
    }
    expect(times.length).toBe(20)
    const whole = tcb.srtt / 1000 / 1.2
    expect(times[19]).toBeGreaterThan(0.85 * whole)
    expect(times[19]).toBeLessThan(whole)
    for (let i = 2; i < 20; i++) expect(times[i] - times[i - 2]).toBeLessThan(0.13 * whole)
  })

  it('SetSendQuantum: a millisecond of the rate, at least two segments, at most 64 KiB', () => {
    expect(sendQuantum(10_000, 1448)).toBe(2896)
    expect(sendQuantum(12_500_000, 1448)).toBe(12_500)
    expect(sendQuantum(1e10, 1448)).toBe(65_536)
  })

  it('what is left of a quantum never makes a short segment longer', () => {
    const [t, n, tcb] = paced(20, 20)
    t.connection.noDelay = true
    // 1,000 bytes of a quantum of 2,000 are left, less 400.
    t.write(1)
    t.connection.write(new Uint8Array(400))
    t.connection.write(new Uint8Array(700))
    t.wait(50).expect({ seq: 1 + n * SIZE, length: SIZE })
    t.expect({ length: 400 }).expect({ length: 700 }).silence()
    expect(tcb.unsent).toBe(0)
  })

  it('nothing is armed while nothing waits: neither idle nor when the window is what holds back', () => {
    const [t, n, tcb] = paced(4, 4)
    expect(tcb.pacingAt).toBe(Number.POSITIVE_INFINITY)
    t.write(4).wait(90).skip()
    expect(tcb.pacingAt).toBe(Number.POSITIVE_INFINITY)
    t.write(10)
    // The window is full: an ACK is what it waits for.
    expect(tcb.pacingAt).toBe(Number.POSITIVE_INFINITY)
    t.ack(n + 4).skip()
    expect(tcb.pacingAt).toBeLessThan(Number.POSITIVE_INFINITY)
    t.wait(300).skip()
    expect(tcb.pacingAt).toBe(Number.POSITIVE_INFINITY)
  })

  it('an idle connection saves nothing up', () => {
    const [t, , tcb] = paced(20, 20)
    t.wait(150)
    t.write(20)
    expect(t.pending).toBe(2)
    expect(tcb.pacer.held).toBe(true)
  })

  it('a retransmission is paced, and the data behind it', () => {
    const [t, n, tcb] = paced(20, 20)
    t.write(20).wait(120).skip()
    t.ack(n, [n + 6, n + 20])
    const first = t.pending
    expect(first).toBeLessThanOrEqual(2)
    expect(tcb.sent.nextLost()).not.toBeNull()
    t.wait(100)
    expect(t.pending).toBeGreaterThan(first)
    expect(tcb.sent.nextLost()).toBeNull()
  })

  it('a connection that ends while it waits leaves no timer', () => {
    const [t, , tcb] = paced(20, 20)
    t.write(20)
    expect(tcb.pacingAt).toBeLessThan(Number.POSITIVE_INFINITY)
    t.connection.abort()
    expect(tcb.pacingAt).toBe(Number.POSITIVE_INFINITY)
    expect(tcb.timer.armed).toBe(false)
  })

  it('a window that recovery has brought down to nothing is no rate of nothing', () => {
    const [t, n, tcb] = paced(20, 20)
    t.write(8).wait(60).skip()
    // PRR leaves room for one segment; whatever takes that as well must not stop the pacer for good.
    tcb.recovery = RecoveryState.Recovery
    tcb.recoveryPoint = tcb.sndNxt
    for (let record = tcb.sent.head; record !== null; record = record.next) tcb.sent.markLost(record)
    tcb.prr.out = SIZE
    tcb.prr.delivered = SIZE
    tcb.cwnd = 0
    t.connection.write(new Uint8Array(SIZE))
    t.wait(60)
      .expect({ seq: 1 + n * SIZE })
      .wait(40)
    t.ack(n + 8).wait(120)
    t.expect({ seq: 1 + (n + 8) * SIZE, length: SIZE })
  })

  it('however low a rate may have been measured, the next segment leaves within a second', () => {
    const t = new SenderScript({ tcp: { congestion: 'bbr' } })
    const tcb = tcbOf(t)
    t.write(2).skip().wait(100).ack(2)
    tcb.pacer.rate = 0.01
    t.write(6).wait(100).skip().ack(4).skip()
    tcb.pacer.rate = 0.01
    t.wait(1100)
    expect(t.pending).toBeGreaterThan(0)
  })

  it('a device that was full does not stop it', () => {
    const [t, n, tcb] = paced(20, 20)
    t.device.full = true
    t.write(20)
    expect(tcb.blockedQueued).toBe(true)
    t.device.writable()
    t.wait(120)
    let end = 0
    while (t.pending > 0) end = (t.next().seq - 1) / SIZE + 1
    expect(end).toBe(n + 20)
  })

  it('a paced CUBIC needs less of a queue: the link stays busier where it is shallow', () => {
    const rates = [false, true].map((pacing) => {
      const sim = new Netsim({ bandwidth: 50 * MBIT, rtt: 40, queue: 15_000, tcp: { pacing } })
      sim.add()
      sim.run(2)
      const [bytes] = sim.run(10)
      return (bytes * 8) / 10 / MBIT
    })
    expect(rates[1]).toBeGreaterThan(rates[0])
  })

  it.each(['bbr', 'cubic'] as const)(
    '%s with a clock that moves in steps of 15 ms fills the link',
    (congestion) => {
      const { goodput, connection } = transfer({
        bytes: 20e6,
        rtt: 40,
        tick: 15,
        tcp: { congestion, pacing: true },
        impairment: { bandwidth: 20 * MBIT, queue: 200_000, direction: 'out' },
      })
      expect(connection.info().congestion).toBe(congestion)
      expect(goodput * 8).toBeGreaterThan(0.85 * 20 * MBIT)
    },
  )

  it('timers that ring up to 15 ms late cost nothing either, and the queue stays small', () => {
    const { goodput, counters } = transfer({
      bytes: 20e6,
      rtt: 40,
      lateAlarms: 15,
      tcp: { congestion: 'bbr' },
      impairment: { bandwidth: 20 * MBIT, queue: 100_000, direction: 'out' },
    })
    expect(goodput * 8).toBeGreaterThan(0.85 * 20 * MBIT)
    expect(counters.timeouts).toBe(0)
  })

  it('super-frames are no larger than the quantum', () => {
    const sizes: number[] = []
    const { goodput, dropped } = transfer({
      bytes: 10e6,
      rtt: 20,
      offload: true,
      tcp: { congestion: 'bbr' },
      impairment: { bandwidth: 40 * MBIT, queue: 100_000, direction: 'in' },
      watch: (stack) => {
        stack.tcp.context.connections.each((tcb) => {
          const { head, tail } = tcb.sent
          if (head === null || tail === null || tcb.pacer.rate === Number.POSITIVE_INFINITY) return
          const quantum = sendQuantum(tcb.pacer.rate, 1448)
          sizes.push(tail.length / quantum)
        })
      },
    })
    expect(sizes.length).toBeGreaterThan(100)
    // The quantum may have shrunk since the record was sent: from Up (1.25) or Startup (2.77) on down.
    expect(Math.max(...sizes.slice(sizes.length / 2))).toBeLessThan(2)
    expect(goodput * 8).toBeGreaterThan(0.8 * 40 * MBIT)
    expect(dropped).toBeLessThan(500)
  })
})
