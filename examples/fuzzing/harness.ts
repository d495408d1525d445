import { Dice, type Harness, playScenario, Recorder, type Scenario, type World } from '@tapwire/fuzz'
import { createSwitch, requireAddress, SeededRandom, Stack, VirtualClock } from '@tapwire/stack'

/** Hosts on a switch that ping each other, come and go. Every ping of a host that is there is answered. */
class Pings implements Scenario, World {
  readonly world = this
  readonly recorder = new Recorder('ethernet', ['switch'])
  readonly #dice: Dice
  readonly #clock = new VirtualClock()
  readonly #lan = createSwitch({ clock: this.#clock })
  readonly #hosts: Stack[] = []
  #sent = 0
  #answered = 0

  constructor(seed: number) {
    this.#dice = new Dice(seed)
  }

  step(): void {
    const dice = this.#dice
    if (this.#hosts.length < 2 || dice.one(10)) this.#arrive()
    const [from, to] = [dice.pick(this.#hosts), dice.below(this.#hosts.length)]
    this.#sent++
    from.icmp.ping(requireAddress(`10.0.0.${to + 1}`), {}, ({ kind }) => {
      if (kind === 'reply') this.#answered++
    })
    this.#clock.advance(dice.below(100))
  }

  #arrive(): void {
    const stack = new Stack({ clock: this.#clock, random: new SeededRandom(this.#hosts.length) })
    stack.addInterface(this.#lan.port(), { addresses: [`10.0.0.${this.#hosts.length + 1}/24`] })
    this.#hosts.push(stack)
  }

  /** After every step. */
  check(): void {
    for (const host of this.#hosts) host.debugInvariants()
  }

  /** In the end. */
  async finish(): Promise<void> {
    this.#clock.advance(10_000)
    if (this.#answered !== this.#sent) throw new Error(`${this.#sent} pings, ${this.#answered} answers`)
    for (const host of this.#hosts) await host.close()
  }

  figures() {
    return { hosts: this.#hosts.length, answered: this.#answered }
  }
}

const harness: Harness = {
  name: 'pings',
  about: 'Hosts come and ping.',
  steps: 300,
  begin: (seed) => new Pings(seed),
}
for (const seed of [1, 2, 3]) {
  const { steps, figures, failure } = await playScenario(harness, seed)
  if (failure !== null) throw failure.error // failure.seed plays it again
  console.log(seed, steps, figures)
}
