import { describe, expect, it } from 'vitest'
import type { CongestionName, TcpConnection } from '../../src/index.ts'
import type { Bbr } from '../../src/tcp/congestion/bbr/bbr.ts'
import { type BbrState, Phase } from '../../src/tcp/congestion/bbr/state.ts'
import type { Tcb } from '../../src/tcp/tcb.ts'
import { type Bottleneck, type FlowOptions, jain, Netsim } from './netsim.ts'
import { transfer } from './transfer.ts'

const MBIT = 1e6
/** The share of a link's bits that is payload. */
const PAYLOAD = 1448 / 1500

/** Bytes of a bandwidth (bit/s) and a round-trip time (ms). */
function bdp(bandwidth: number, rtt: number): number {
  return (bandwidth / 8000) * rtt
}

/** A bottleneck with one BBR flow that never ends, and what BBR thinks. */
class Path extends Netsim {
  readonly bandwidth: number
  readonly connection: TcpConnection

  constructor(options: Bottleneck, flow: FlowOptions = { congestion: 'bbr' }) {
    super(options)
    this.bandwidth = options.bandwidth
    this.connection = this.add(flow).connection
  }

  get tcb(): Tcb {
    let found: Tcb | null = null
    this.sender.tcp.context.connections.each((tcb) => {
      found = tcb
    })
    if (found === null) throw new Error('No connection')
    return found
  }

  get model(): BbrState {
    return (this.tcb.congestion as Bbr).state
  }

  /** The share of the link that the flow has in so many seconds. */
  share(seconds: number): number {
    const [bytes] = this.run(seconds)
    return (bytes * 8) / seconds / (this.bandwidth * PAYLOAD)
  }

  /** Looks every 5 ms. */
  watch(seconds: number, look: () => void): void {
    for (let i = 0; i < seconds * 200; i++) {
      this.run(0.005)
      look()
    }
  }

  /** When each state that is not the one before was first seen, in seconds. */
  phases(seconds: number): [Phase, number][] {
    const seen: [Phase, number][] = []
    this.watch(seconds, () => {
      const { phase } = this.model
      if (seen.at(-1)?.[0] !== phase) seen.push([phase, this.clock.now() / 1e6])
    })
    return seen
  }

  get drops(): number {
    return this.link.stats.out.queueDropped
  }

  get timeouts(): number {
    return this.sender.tcp.counters.timeouts
  }
}

describe('one flow fills the link', () => {
  const cases = [10, 100].flatMap((mbit) =>
    [1, 20, 100, 300].flatMap((rtt) => [0.25, 4].map((queue) => [mbit, rtt, queue] as const)),
  )
  it.each(cases)('%i Mbit/s × %i ms, a queue of %f BDP', (mbit, rtt, queue) => {
    const bandwidth = mbit * MBIT
    const room = Math.max(4500, queue * bdp(bandwidth, rtt))
    const path = new Path({ bandwidth, rtt, queue: Math.round(room) })
    path.run(rtt === 300 ? 12 : 3)
    let longest = 0
    let bytes = 0
    for (let i = 0; i < 50; i++) {
      bytes += path.run(0.2)[0]
      longest = Math.max(longest, path.connection.info().srtt)
    }
    expect((bytes * 8) / 10 / (bandwidth * PAYLOAD)).toBeGreaterThan(0.9)
    expect(path.timeouts).toBe(0)
    // Three quanta of a millisecond are always allowed, six segments at least, and two more to probe (section 5.5.8).
    const least = rtt + Math.max(3, 10 * ((1500 * 8) / (bandwidth / 1000)))
    expect(longest).toBeLessThan(Math.max(2.5 * rtt, least))
  })

  it('bufferbloat: with 20 BDP of queue it uses one at most, half of one on average; CUBIC fills it', () => {
    const delays = (['bbr', 'cubic'] as const).map((congestion) => {
      const path = new Path({ bandwidth: 20 * MBIT, rtt: 40, queue: 2_000_000 }, { congestion })
      path.run(2)
      let sum = 0
      path.watch(20, () => {
        sum += path.connection.info().srtt
      })
      return sum / 4000
    })
    expect(delays[0]).toBeLessThan(60)
    expect(delays[1]).toBeGreaterThan(200)
  })
})

describe('random loss', () => {
  it.each([20, 100])(
    'a percent at 100 Mbit/s × %i ms: eight times what CUBIC gets, and most of the link',
    (rtt) => {
      const [bbr, cubic] = (['bbr', 'cubic'] as const).map((congestion) => {
        const path = new Path(
          { bandwidth: 100 * MBIT, rtt, queue: bdp(100 * MBIT, rtt), loss: 0.01 },
          { congestion },
        )
        path.run(3)
        return path.share(12)
      })
      expect(bbr).toBeGreaterThan(0.7)
      expect(bbr / cubic).toBeGreaterThan(8)
    },
  )

  it('5 %, beyond what it takes for chance: it slows down, and goes on', () => {
    const path = new Path({ bandwidth: 20 * MBIT, rtt: 40, queue: 100_000, loss: 0.05 })
    path.run(3)
    const share = path.share(10)
    expect(share).toBeGreaterThan(0.02)
    expect(share).toBeLessThan(0.8)
  })
})

describe('reordering', () => {
  it.each([
    [10, 20, 1],
    [100, 100, 1],
    // With this seed needless recoveries slow Startup down for three rounds.
    [100, 300, 6],
  ])('%i Mbit/s × %i ms: the time of what overtakes is not that of the path', (mbit, rtt, seed) => {
    const bandwidth = mbit * MBIT
    const path = new Path({ bandwidth, rtt, queue: bdp(bandwidth, rtt), reorder: 0.01, seed })
    path.run(0.04 * rtt)
    expect(path.connection.info().minRtt).toBeLessThan(0.7 * rtt)
    expect(path.model.minRtt).toBeGreaterThanOrEqual(1000 * rtt)
    expect(path.model.fullBwReached).toBe(true)
    expect((path.model.maxBw * 8) / (bandwidth * PAYLOAD)).toBeGreaterThan(0.95)
    expect(path.share(0.06 * rtt)).toBeGreaterThan(0.85)
    expect(path.timeouts).toBe(0)
  })

  it('one in a hundred comes 40 ms late', () => {
    const more = { reorder: 0.01, reorderDelay: 40 }
    const path = new Path({ bandwidth: 50 * MBIT, rtt: 100, queue: 625_000, more })
    path.run(4)
    expect(path.model.minRtt).toBeGreaterThanOrEqual(100_000)
    expect(path.share(8)).toBeGreaterThan(0.9)
  })

  it('with a percent of loss as well', () => {
    const path = new Path({ bandwidth: 50 * MBIT, rtt: 100, queue: 625_000, reorder: 0.01, loss: 0.01 })
    path.run(4)
    expect(path.model.minRtt).toBeGreaterThanOrEqual(100_000)
    expect(path.share(12)).toBeGreaterThan(0.6)
  })

  it('with two percent of loss, and a path that becomes longer', () => {
    const path = new Path({ bandwidth: 50 * MBIT, rtt: 40, queue: 500_000, reorder: 0.02, loss: 0.02 })
    path.run(6)
    path.link.set({ latency: 100 }, 'in')
    path.run(16)
    expect(path.model.minRtt).toBeGreaterThan(110_000)
  })
})

describe('the states of one flow', () => {
  it('Startup ends when the pipe is full, without a loss where the queue holds a BDP and a half', () => {
    const path = new Path({ bandwidth: 50 * MBIT, rtt: 40, queue: 400_000 })
    const seen = path.phases(2)
    expect(seen.slice(0, 2).map(([phase]) => phase)).toEqual([Phase.Startup, Phase.Drain])
    // Eight doublings from 10 segments to 180, three rounds to be sure, and the handshake.
    expect(seen[1][1]).toBeLessThan(0.6)
    expect(path.drops).toBe(0)
    expect(path.model.fullBwReached).toBe(true)
    expect((path.model.maxBw * 8) / (50 * MBIT * PAYLOAD)).toBeGreaterThan(0.97)
    expect((path.model.maxBw * 8) / (50 * MBIT * PAYLOAD)).toBeLessThan(1.03)
    expect(path.connection.info().ssthresh).toBeLessThan(400_000)
  })

  it('Startup ends by loss where the queue is shallow, with a bound on what is in flight', () => {
    const path = new Path({ bandwidth: 50 * MBIT, rtt: 100, queue: 30_000 })
    const seen = path.phases(3)
    expect(seen.slice(0, 3).map(([phase]) => phase)).toEqual([Phase.Startup, Phase.Drain, Phase.Down])
    expect(path.model.inflightLongterm).toBeLessThan(2 * bdp(50 * MBIT, 100))
    expect(path.drops).toBeGreaterThan(0)
  })

  it('ProbeRTT comes every five seconds and takes a quarter of one, while a bulk transfer lasts', () => {
    const path = new Path({ bandwidth: 10 * MBIT, rtt: 20, queue: 100_000 })
    const seen = path.phases(31)
    const times = seen.filter(([phase]) => phase === Phase.ProbeRtt).map(([, at]) => at)
    expect(times.length).toBeGreaterThanOrEqual(4)
    expect(times.length).toBeLessThanOrEqual(6)
    for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBeGreaterThan(5)
    const after = seen[seen.findIndex(([phase]) => phase === Phase.ProbeRtt) + 1]
    expect(after[1] - times[0]).toBeGreaterThan(0.2)
    expect(after[1] - times[0]).toBeLessThan(0.4)
    expect(path.model.minRtt).toBeLessThan(24_000)
  })

  it('Down, Cruise, Refill and Up follow each other, every two to three seconds at most', () => {
    const path = new Path({ bandwidth: 50 * MBIT, rtt: 100, queue: 1_000_000 })
    path.run(3)
    const seen = path.phases(15).map(([phase]) => phase)
    const next: { readonly [phase: number]: Phase[] } = {
      [Phase.Down]: [Phase.Cruise, Phase.Refill, Phase.ProbeRtt],
      [Phase.Cruise]: [Phase.Refill, Phase.ProbeRtt],
      [Phase.Refill]: [Phase.Up, Phase.ProbeRtt],
      [Phase.Up]: [Phase.Down, Phase.ProbeRtt],
      [Phase.ProbeRtt]: [Phase.Cruise, Phase.Down],
    }
    for (let i = 1; i < seen.length; i++) expect(next[seen[i - 1]]).toContain(seen[i])
    expect(seen.filter((phase) => phase === Phase.Up).length).toBeGreaterThanOrEqual(3)
  })

  it('an application that sends little does not make the model forget the bandwidth', () => {
    const path = new Path({ bandwidth: 20 * MBIT, rtt: 40, queue: 200_000 })
    path.run(4)
    const { maxBw } = path.model
    path.connection.handler = {}
    path.run(1)
    const little = new Uint8Array(4000)
    for (let i = 0; i < 200; i++) {
      expect(path.connection.write(little)).toBe(little.length)
      path.run(0.05)
    }
    expect(path.tcb.rate.appLimited).toBeGreaterThan(0)
    expect(path.model.maxBw).toBe(maxBw)
  })

  it('idle restart: after ten seconds of silence it sends at the old rate at once, and the queue stays short', () => {
    const path = new Path({ bandwidth: 20 * MBIT, rtt: 40, queue: 200_000 })
    path.run(4)
    const fill = path.connection.handler
    path.connection.handler = {}
    path.run(10)
    expect(path.connection.info().inFlight).toBe(0)
    expect(path.tcb.pacingAt).toBe(Number.POSITIVE_INFINITY)
    path.connection.handler = fill
    fill?.onWritable?.(path.connection)
    expect(path.model.idleRestart).toBe(true)
    let longest = 0
    path.watch(0.1, () => {
      longest = Math.max(longest, path.connection.info().srtt)
    })
    expect(path.model.idleRestart).toBe(false)
    expect(longest).toBeLessThan(50)
    expect(path.share(0.5)).toBeGreaterThan(0.9)
  })
})

describe('the path changes', () => {
  it('from 10 to 2 Mbit/s: the rate follows within three seconds, the queue after the next cycles', () => {
    const path = new Path({ bandwidth: 10 * MBIT, rtt: 40, queue: 50_000 })
    path.run(8)
    path.link.set({ bandwidth: 2 * MBIT }, 'out')
    path.run(3)
    expect(path.share(5)).toBeGreaterThan(0.9 / 5)
    path.run(4)
    expect((path.model.maxBw * 8) / (2 * MBIT)).toBeLessThan(1.1)
    expect(path.connection.info().srtt).toBeLessThan(120)
    expect(path.timeouts).toBe(0)
  })

  it('from 2 to 10 Mbit/s: so it does upwards', () => {
    const path = new Path({ bandwidth: 2 * MBIT, rtt: 40, queue: 50_000 })
    path.run(8)
    path.link.set({ bandwidth: 10 * MBIT }, 'out')
    path.run(4)
    expect(path.share(4)).toBeGreaterThan(0.9 * 5)
  })

  it('from 20 to 80 ms: the new round-trip time is believed after ten seconds', () => {
    const path = new Path({ bandwidth: 10 * MBIT, rtt: 20, queue: 200_000 })
    path.run(6)
    path.link.set({ latency: 80 }, 'in')
    path.run(16)
    expect(path.model.minRtt).toBeGreaterThan(80_000)
    expect(path.share(5)).toBeGreaterThan(0.9)
  })

  it('a second of silence: a timeout, and the rate is back within three seconds', () => {
    const path = new Path({ bandwidth: 20 * MBIT, rtt: 40, queue: 100_000 })
    path.run(4)
    path.link.set({ filter: () => 'drop' }, 'out')
    path.run(1)
    expect(path.timeouts).toBeGreaterThan(0)
    path.link.set({ filter: null }, 'out')
    path.run(3)
    expect(path.share(4)).toBeGreaterThan(0.85)
  })

  it('half a second of delay: what was taken for lost was not, and is undone', () => {
    const path = new Path({ bandwidth: 20 * MBIT, rtt: 40, queue: 400_000 })
    path.run(4)
    path.link.set({ latency: 540 }, 'in')
    path.run(0.02)
    path.link.set({ latency: 40 }, 'in')
    path.run(1)
    expect(path.sender.tcp.counters.undos).toBeGreaterThan(0)
    expect(path.model.inRecovery).toBe(false)
    expect(path.share(3)).toBeGreaterThan(0.9)
  })

  it('a policer: its rate is found and kept, and little is lost', () => {
    const path = new Path({
      bandwidth: 100 * MBIT,
      rtt: 40,
      queue: 500_000,
      more: { policer: { rate: 10 * MBIT, burst: 100_000 } },
    })
    path.run(10)
    const before = path.connection.info()
    const share = path.share(20)
    const { bytesSent, bytesRetransmitted } = path.connection.info()
    expect(share).toBeGreaterThan(0.8 / 10)
    expect(bytesRetransmitted - before.bytesRetransmitted).toBeLessThan(0.08 * (bytesSent - before.bytesSent))
  })
})

describe('sharing', () => {
  /** Each flow's share of a 20 Mbit/s × 40 ms link in the last of 60 seconds. */
  function share(flows: CongestionName[], queue: number, begin = 10): number[] {
    const sim = new Netsim({ bandwidth: 20 * MBIT, rtt: 40, queue })
    flows.forEach((congestion, i) => {
      sim.add({ congestion, start: i * 0.3 })
    })
    sim.run(begin)
    const bytes = sim.run(60 - begin)
    const sum = bytes.reduce((a, b) => a + b, 0)
    expect((sum * 8) / (60 - begin) / (20 * MBIT * PAYLOAD)).toBeGreaterThan(0.9)
    return bytes.map((b) => b / sum)
  }

  it.each([
    [2, 0.5],
    [2, 1],
    [2, 4],
    [8, 0.5],
    [8, 1],
    [8, 4],
  ])('%i BBR flows, a queue of %f BDP: Jain’s index is 0.9', (count, queue) => {
    const flows: CongestionName[] = Array.from({ length: count }, () => 'bbr')
    expect(jain(share(flows, queue * 100_000))).toBeGreaterThan(0.9)
  })

  it.each([1, 4])('CUBIC and BBR: neither starves the other, a queue of %i BDP', (queue) => {
    for (const flows of [
      ['bbr', 'cubic'],
      ['cubic', 'bbr'],
    ] as CongestionName[][]) {
      expect(Math.min(...share(flows, queue * 100_000, 0))).toBeGreaterThan(0.25)
    }
  })
})

describe('the choice', () => {
  it('taken over in the middle of a transfer with loss, it brings the rate up; CUBIC takes it back', () => {
    const path = new Path(
      { bandwidth: 20 * MBIT, rtt: 60, queue: 150_000, loss: 0.01 },
      { congestion: 'cubic' },
    )
    path.run(3)
    const before = path.share(4)
    path.connection.congestion = 'bbr'
    expect(path.model.phase).toBe(Phase.Startup)
    path.run(2)
    const during = path.share(5)
    expect(during).toBeGreaterThan(3 * before)
    expect(during).toBeGreaterThan(0.7)
    path.connection.congestion = 'newreno'
    expect(path.connection.info().pacingRate).toBe(Number.POSITIVE_INFINITY)
    path.run(3)
    expect(path.share(5)).toBeLessThan(0.5 * during)
  })

  it.each([
    ['SACK and timestamps', {}],
    ['no SACK', { sack: false }],
    ['no timestamps', { timestamps: false }],
    ['neither', { sack: false, timestamps: false }],
  ])('what arrives is what was sent: loss, reordering, duplicates; %s', (_, tcp) => {
    const { connection } = transfer({
      bytes: 2e6,
      rtt: 30,
      tcp: { congestion: 'bbr', ...tcp },
      impairment: { loss: 0.01, duplicate: 0.01, bandwidth: 20 * MBIT, queue: 60_000 },
    })
    expect(connection.info().congestion).toBe('bbr')
  })

  it('super-frames under loss', () => {
    const { goodput } = transfer({
      bytes: 10e6,
      rtt: 20,
      offload: true,
      tcp: { congestion: 'bbr' },
      impairment: { bandwidth: 100 * MBIT, queue: 250_000, loss: 0.005, direction: 'in' },
    })
    expect(goodput * 8).toBeGreaterThan(0.6 * 100 * MBIT)
  })
})
