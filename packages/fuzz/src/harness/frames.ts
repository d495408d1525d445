import fc from 'fast-check'
import { arbitraryEthernetFrame, arbitraryIpPacket } from '../arbitraries/packets.ts'
import { subSeed } from '../dice.ts'
import { fragmentBadly } from '../mutators/fragments.ts'
import { mutatePacket } from '../mutators/mutate.ts'
import { LoneStack } from './lone-stack.ts'
import { ipPacket } from './peer-packets.ts'
import type { Harness, Scenario } from './scenario.ts'

/** Frames that the generators make for one scenario; mutations make others of them. */
const SAMPLES = 48

/** Any frame at the door of a stack that is at work. */
class Frames implements Scenario {
  readonly world: LoneStack
  readonly #samples: Uint8Array[]

  constructor(seed: number) {
    const medium = (seed & 1) === 0 ? 'ethernet' : 'ip'
    this.world = new LoneStack(medium, seed)
    const { towards, macs } = this.world
    const ours = fc.oneof(...towards.map((pair) => arbitraryIpPacket({ ...pair, destinationPort: 7 })))
    const anybodys = arbitraryEthernetFrame({ towards, ...macs })
    this.#samples =
      medium === 'ethernet'
        ? fc.sample(anybodys, { seed: subSeed(seed, 3) | 0, numRuns: SAMPLES })
        : fc.sample(ours, { seed: subSeed(seed, 3) | 0, numRuns: SAMPLES })
  }

  step(): void {
    const world = this.world
    const { dice } = world
    const which = dice.below(16)
    if (which < 4) this.#sample()
    else if (which < 9) world.talk(2)
    else if (which === 9) world.open()
    else if (which === 10) this.#fragments()
    else if (which === 11) world.again()
    else if (which === 12) {
      const flow = world.flows.pick(dice)
      if (flow !== null) world.complain(flow)
    } else if (which === 13) world.deliverFrame(dice.bytes(dice.below(100)))
    else if (which === 14) world.applicationsAct()
    else world.pass()
  }

  #sample(): void {
    const world = this.world
    const { dice } = world
    const bytes = dice.pick(this.#samples)
    const frame = dice.one(2) ? bytes : mutatePacket(dice, bytes, world.header)
    if (frame.length > 0) world.deliverFrame(frame)
  }

  #fragments(): void {
    const world = this.world
    const { dice } = world
    const { source, destination } = dice.pick(world.towards)
    const payload = dice.bytes(dice.pick([40, 400, 1500, 4000]))
    const udp = { sourcePort: 5353, destinationPort: dice.pick([9, 11]), payload }
    for (const piece of fragmentBadly(dice, ipPacket(source, destination, { udp })))
      world.deliverPacket(piece)
  }
}

export const framesHarness: Harness = {
  name: 'frames',
  about: 'Any frame, generated, damaged, repeated or cut up, at the door of a stack that is at work.',
  steps: 1000,
  begin: (seed) => new Frames(seed),
}
