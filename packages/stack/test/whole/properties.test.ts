import type { StreamEnd } from '@tapwire/fuzz'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CongestionName } from '../../src/index.ts'
import type { Impairment } from '../../src/link/impair-options.ts'
import { debugInvariants } from './invariants.ts'
import { Pair } from './pair.ts'

const PORTS = [7, 8] as const
const RUNS = 150
/** Milliseconds in which even a connection whose peer says nothing any more is given up. */
const LONG = 3_600_000

/** What the application does at one end of a connection. */
type Act =
  | { readonly do: 'write' | 'read'; readonly who: number; readonly length: number }
  | { readonly do: 'shutdown' | 'close' | 'abort'; readonly who: number }
  | { readonly do: 'congestion'; readonly who: number; readonly name: CongestionName }
  | { readonly do: 'eager' | 'noDelay' | 'cork' | 'keepAlive'; readonly who: number; readonly on: boolean }

type Step =
  | Act
  | { readonly do: 'connect'; readonly side: 0 | 1; readonly port: number; readonly family: 4 | 6 }
  | { readonly do: 'wait'; readonly milliseconds: number }
  | { readonly do: 'link'; readonly impairment: Impairment }
  | { readonly do: 'unlisten' | 'listen' }

const who = fc.nat(15)
const chance = (most: number): fc.Arbitrary<number> => fc.constantFrom(0, 0, most / 4, most)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('connect' as const),
      side: fc.constantFrom(0 as const, 1 as const),
      port: fc.constantFrom(...PORTS),
      family: fc.constantFrom(4 as const, 6 as const),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      who,
      length: fc.constantFrom(1, 100, 1460, 20_000, 200_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('read' as const), who, length: fc.constantFrom(1, 700, 50_000) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('shutdown' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('close' as const, 'abort' as const), who }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('eager' as const, 'noDelay' as const, 'cork' as const, 'keepAlive' as const),
      who,
      on: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('congestion' as const),
      who,
      name: fc.constantFrom('cubic' as const, 'newreno' as const, 'bbr' as const, 'bbr' as const),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      milliseconds: fc.constantFrom(1, 6, 40, 250, 3000, 70_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('link' as const),
      impairment: fc.record({
        latency: fc.constantFrom(1, 5, 100),
        jitter: fc.constantFrom(0, 3),
        loss: fc.constantFrom(0, 0, 0.02, 0.2, 1),
        duplicate: chance(0.2),
        reorder: chance(0.2),
        corrupt: chance(0.1),
        bandwidth: fc.constantFrom(1e6, 1e8, Number.POSITIVE_INFINITY),
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('unlisten' as const, 'listen' as const) }) },
)

function listenAll(pair: Pair): void {
  for (const side of [0, 1] as const) for (const port of PORTS) pair.listen(side, port)
}

function unlistenAll(pair: Pair): void {
  for (const listener of pair.listeners.splice(0)) listener.close()
}

class Course {
  readonly pair: Pair
  #nextPort = 20_000

  constructor(seed: number) {
    // In a third of them memory is soon used up.
    this.pair = new Pair({
      seed,
      limits: { memory: seed % 3 === 0 ? 1 << 20 : 32 << 20 },
      tcp: { pacing: seed % 4 === 0, congestion: seed % 5 === 0 ? 'bbr' : 'cubic' },
    })
    listenAll(this.pair)
  }

  take(next: Step): void {
    const { pair } = this
    if (next.do === 'connect') pair.connect(next.side, this.#nextPort++, next.port, next.family)
    else if (next.do === 'wait') pair.clock.advance(next.milliseconds)
    else if (next.do === 'link') pair.link.set(next.impairment)
    else if ('who' in next) this.#pick(next)
    else {
      unlistenAll(pair)
      if (next.do === 'listen') listenAll(pair)
    }
  }

  #pick(next: Act): void {
    const ends = [...this.pair.ends.values()]
    if (ends.length > 0) this.#act(ends[next.who % ends.length], next)
  }

  #act(end: StreamEnd, next: Act): void {
    const { connection } = end
    switch (next.do) {
      case 'write':
      case 'read':
        end[next.do](next.length)
        return
      case 'shutdown':
      case 'close':
      case 'abort':
        end[next.do]()
        return
      case 'eager':
        end.eager = next.on
        if (next.on) end.read(Number.POSITIVE_INFINITY)
        return
      case 'congestion':
        connection.congestion = next.name
        return
      case 'keepAlive':
        connection.setKeepAlive(next.on, { idle: 500, interval: 100, count: 3 })
        return
      default:
        connection[next.do] = next.on
    }
  }

  check(): void {
    for (const stack of this.pair.stacks) debugInvariants(stack)
    for (const end of this.pair.ends.values()) expect(end.problem()).toBeNull()
    expect(this.pair.faults).toEqual([])
  }

  /** The link is mended, and everybody finishes: what was written arrives, and nothing stays behind. */
  finish(): void {
    const { pair } = this
    pair.link.set({
      latency: 5,
      jitter: 0,
      loss: 0,
      duplicate: 0,
      reorder: 0,
      corrupt: 0,
      bandwidth: Number.POSITIVE_INFINITY,
    })
    for (const end of pair.ends.values()) {
      end.eager = true
      end.read(Number.POSITIVE_INFINITY)
      end.shutdown()
      // Whoever has lost the other side without knowing finds out.
      end.connection.setKeepAlive(true, { idle: 60_000, interval: 1000, count: 3 })
    }
    pair.clock.runUntil(
      () => [...pair.ends.values()].every((end) => end.connection.closeReason !== undefined),
      LONG,
    )
    this.check()
    for (const end of pair.ends.values()) this.#checkDelivery(end)
    for (const end of pair.ends.values()) end.close()
    unlistenAll(pair)
    pair.clock.advance(400_000)
    expect(pair.leftovers()).toEqual([])
  }

  #checkDelivery(end: StreamEnd): void {
    const { connection, other } = end
    if (connection.closeReason !== null || end.gone || other === undefined || other.gone) return
    if (other.connection.closeReason !== null) return
    expect(end.received).toBe(other.sent)
  }
}

describe('two stacks on a bad cable, whatever applications do', () => {
  it.each([1, 2, 3])(`${RUNS} courses of events, seed %i`, { timeout: 300_000 }, (seed) => {
    let delivered = 0
    let connections = 0
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
        fc.nat(1000),
        (steps, linkSeed) => {
          const course = new Course(linkSeed)
          for (const next of steps) {
            course.take(next)
            course.check()
          }
          course.finish()
          for (const end of course.pair.ends.values()) delivered += end.received
          connections += course.pair.ends.size
        },
      ),
      { seed, numRuns: RUNS },
    )
    // It was not all in vain.
    expect(connections).toBeGreaterThan(RUNS)
    expect(delivered).toBeGreaterThan(RUNS * 10_000)
  })
})
