import type { Harness, Scenario } from './scenario.ts'
import { TwoStacks } from './two-stacks.ts'

const SOMETIMES = [0, 0, 50, 10] as const
const SELDOM = [0, 0, 200, 40] as const

/** Two stacks exchange data while the cable between them damages, loses, repeats and reorders packets, and somebody forges others. */
class Cable implements Scenario {
  readonly world: TwoStacks

  constructor(seed: number) {
    this.world = new TwoStacks(seed)
    this.#worsen()
    for (let i = 0; i < 4; i++) this.world.connect()
  }

  step(): void {
    const world = this.world
    const { dice } = world
    const which = dice.below(24)
    if (which === 0) this.#worsen()
    else if (which < 3 && world.ends.size < 16) world.connect()
    else if (which < 12) world.someEnd()?.write(dice.pick([1, 100, 1460, 5000, 20_000]))
    else if (which === 12) world.someEnd()?.shutdown()
    else if (which === 13) this.#toggle()
    else if (which === 14) world.tidy()
    else world.clock.advance(dice.one(40) ? dice.pick([1000, 70_000]) : dice.below(40))
  }

  /** Somebody stops reading, or goes on. */
  #toggle(): void {
    const end = this.world.someEnd()
    if (end === null) return
    end.eager = !end.eager
    if (end.eager) end.read(Number.POSITIVE_INFINITY)
  }

  #worsen(): void {
    const { dice, link, attacker } = this.world
    link.set({
      latency: dice.pick([1, 5, 50]),
      jitter: dice.pick([0, 3]),
      loss: dice.pick([0, 0, 0.02, 0.2]),
      duplicate: dice.pick([0, 0, 0.1]),
      reorder: dice.pick([0, 0, 0.1]),
      corrupt: dice.pick([0, 0, 0.05]),
      bandwidth: dice.pick([1e6, 1e8, Number.POSITIVE_INFINITY]),
    })
    attacker.malice = {
      flip: dice.pick(SOMETIMES),
      cut: dice.pick(SOMETIMES),
      forge: dice.pick(SELDOM),
      forgeData: dice.pick([0, 0, 0, 200]),
      complain: dice.pick(SELDOM),
    }
  }
}

export const cableHarness: Harness = {
  name: 'cable',
  about:
    'Two stacks exchange data; the cable flips, cuts, loses, repeats and reorders, and somebody on it forges segments.',
  steps: 500,
  begin: (seed) => new Cable(seed),
}
