import { randomUnit, type SeededRandom } from '../core/random.ts'

/** Whether something of this probability happens. Draws only where there is something to decide. */
export function happens(random: SeededRandom, probability: number): boolean {
  return probability > 0 && randomUnit(random) < probability
}
