import type { Harness, Scenario } from './scenario.ts'
import type { StreamEnd } from './stream.ts'
import { TwoStacks } from './two-stacks.ts'

const CONGESTION = ['cubic', 'newreno', 'bbr'] as const

/** Any calls of applications at both ends, any events of the network; and a model of what each stream must be. */
class Model implements Scenario {
  readonly world: TwoStacks

  constructor(seed: number) {
    this.world = new TwoStacks(seed)
    this.world.connect()
  }

  step(): void {
    const world = this.world
    const { dice } = world
    const which = dice.below(20)
    if (which < 2 && world.ends.size < 24) world.connect()
    else if (which === 2) this.#network()
    else if (which === 3 && dice.one(8)) this.#relisten()
    else if (which === 4) world.tidy()
    else if (which < 10) world.clock.advance(dice.pick([0, 1, 6, 40, 250, dice.one(8) ? 70_000 : 3000]))
    else {
      const end = world.someEnd()
      if (end !== null) this.#call(end)
    }
  }

  #call(end: StreamEnd): void {
    const { dice } = this.world
    const { connection } = end
    const which = dice.below(24)
    if (which < 8) end.write(dice.pick([0, 1, 100, 1460, 20_000, 200_000]))
    else if (which < 11) end.read(dice.pick([0, 1, 700, 50_000]))
    else if (which === 11) this.#eager(end)
    else if (which === 12) end.shutdown()
    else if (which === 13 && dice.one(2)) end.close()
    else if (which === 14 && dice.one(2)) end.abort()
    else if (which === 15) connection.noDelay = !connection.noDelay
    else if (which === 16) connection.cork = !connection.cork
    else if (which === 17) connection.congestion = dice.pick(CONGESTION)
    else if (which === 18) connection.setKeepAlive(dice.one(2), { idle: 500, interval: 100, count: 3 })
    else if (which === 19) connection.userTimeout = dice.pick([0, 0, 0, 3000])
    else if (which === 20) connection.notSentLowWater = dice.pick([Number.POSITIVE_INFINITY, 1, 10_000])
    else if (which === 21) connection.trafficClass = dice.below(256)
    else if (which === 22) connection.info()
    else end.read(dice.below(3000))
  }

  #eager(end: StreamEnd): void {
    end.eager = !end.eager
    if (end.eager) end.read(Number.POSITIVE_INFINITY)
  }

  #relisten(): void {
    this.world.unlistenAll()
    this.world.listenAll()
  }

  #network(): void {
    const { dice, link } = this.world
    const seldom = (most: number): number => dice.pick([0, 0, most / 4, most])
    link.set({
      latency: dice.pick([1, 5, 100]),
      jitter: dice.pick([0, 3]),
      loss: dice.pick([0, 0, 0.02, 0.2, 1]),
      duplicate: seldom(0.2),
      reorder: seldom(0.2),
      corrupt: seldom(0.1),
      bandwidth: dice.pick([1e6, 1e8, Number.POSITIVE_INFINITY]),
    })
  }
}

export const modelHarness: Harness = {
  name: 'model',
  about:
    'Any calls of applications at both ends of a bad network, held against a model of the streams of bytes.',
  steps: 500,
  begin: (seed) => new Model(seed),
}
