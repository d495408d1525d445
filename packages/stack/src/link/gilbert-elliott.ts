import type { SeededRandom } from '../core/random.ts'
import { happens } from './chance.ts'

/**
 * Losses in bursts (Gilbert 1960, Elliott 1963): the link is good or bad, and each state loses frames with a
 * probability of its own. In the long run it is bad for toBad / (toBad + toGood) of all frames, and for 1 / toGood
 * frames at a time.
 */
export interface GilbertElliott {
  /** Probability, at each frame, that a good link turns bad, 0 to 1. */
  readonly toBad: number
  /** Probability, at each frame, that a bad link turns good, 0 to 1. */
  readonly toGood: number
  /** Probability that a frame is lost while the link is bad, 0 to 1; default 1 (Gilbert's simple model). */
  readonly lossBad?: number
  /** Probability that a frame is lost while the link is good, 0 to 1; default 0. */
  readonly lossGood?: number
}

/** The link's state; good at first. */
export class BurstLoss {
  readonly #model: Required<GilbertElliott>
  #bad = false

  constructor(model: Required<GilbertElliott>) {
    this.#model = model
  }

  /** Moves on by one frame. @returns whether it is lost */
  next(random: SeededRandom): boolean {
    const { toBad, toGood, lossBad, lossGood } = this.#model
    if (happens(random, this.#bad ? toGood : toBad)) this.#bad = !this.#bad
    return happens(random, this.#bad ? lossBad : lossGood)
  }
}
