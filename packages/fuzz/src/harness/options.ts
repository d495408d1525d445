import fc from 'fast-check'
import { arbitraryTcpOptions } from '../arbitraries/packets.ts'
import { subSeed } from '../dice.ts'
import { LoneStack } from './lone-stack.ts'
import type { Harness, Scenario } from './scenario.ts'
import { segmentFor } from './segments.ts'

const SAMPLES = 64

/** Segments of live connections, and SYNs, with any options. */
class Options implements Scenario {
  readonly world: LoneStack
  readonly #lists: ReturnType<typeof fc.sample<OptionList>>

  constructor(seed: number) {
    this.world = new LoneStack('ip', seed)
    this.#lists = fc.sample(arbitraryTcpOptions(), { seed: subSeed(seed, 3) | 0, numRuns: SAMPLES })
  }

  step(): void {
    const world = this.world
    const { dice } = world
    const which = dice.below(12)
    if (which < 7) this.#segment()
    else if (which < 9) world.open()
    else if (which === 9) world.talk(100)
    else if (which === 10) world.applicationsAct()
    else world.pass()
  }

  /** As the connection expects it, but for its options. */
  #segment(): void {
    const world = this.world
    const { dice } = world
    const flow = world.flows.pick(dice)
    if (flow === null) {
      world.open()
      return
    }
    const fields = segmentFor(dice, flow)
    const raw = dice.one(3)
    const options: OptionList = raw
      ? [{ name: 'raw', bytes: dice.bytes(4 * dice.below(11)) }]
      : dice.pick(this.#lists)
    world.segment(
      flow,
      { ...fields, seq: flow.expects, ack: flow.next, flags: dice.pick([0x10, 0x18, 0x02, 0x12]), options },
      false,
    )
  }
}

type OptionList = NonNullable<ReturnType<typeof segmentFor>['options']>

export const optionsHarness: Harness = {
  name: 'options',
  about: 'Segments of live connections and SYNs, with any options in any order and length.',
  steps: 1000,
  begin: (seed) => new Options(seed),
}
