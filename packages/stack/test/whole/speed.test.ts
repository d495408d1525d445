import { afterAll, describe, expect, it } from 'vitest'
import { ChildProgram } from '../child-program.ts'
import type { Speed, SpeedOrder } from './speed.child.ts'

const program = new ChildProgram(new URL('./speed.child.ts', import.meta.url))
afterAll(() => program.remove())

async function speedOf(order: Partial<SpeedOrder>): Promise<Speed> {
  const usual: SpeedOrder = {
    traffic: 'bulk',
    family: 4,
    offloads: false,
    loseOneIn: 0,
    litterOneIn: 0,
    segments: 20_000,
    repetitions: 10,
    slowBy: 0,
  }
  return (await program.run({ ...usual, ...order })) as Speed
}

interface Bounds {
  readonly traffic: SpeedOrder['traffic']
  readonly offloads: boolean
  /** Calibration loops that a segment took when this was written. Changed on purpose, it is changed here. */
  readonly loops: number
  /** Bytes that it may leave in the heap; of 100,000 segments, so that what is made once counts, too. */
  readonly garbage: number
}

/**
 * A machine that does other things moves the ratio by 5 % (measured, with a load of twelve on two processors), another processor
 * by more; what is half as slow again is neither.
 */
const TOO_SLOW = 1.5

const GUARDED: readonly Bounds[] = [
  { traffic: 'bulk', offloads: false, loops: 3.9, garbage: 4 },
  { traffic: 'bulk', offloads: true, loops: 2.9, garbage: 6 },
  { traffic: 'many', offloads: false, loops: 5, garbage: 4 },
  { traffic: 'echo', offloads: false, loops: 4.1, garbage: 24 },
]

/** What is wrong with a speed; nothing, if it is as it was. */
function regressions(speed: Speed, { loops, garbage }: Bounds): string[] {
  const found: string[] = []
  const slower = speed.loops / loops
  if (!(slower <= TOO_SLOW)) found.push(`a segment takes ${slower.toFixed(2)} times the time it took`)
  if (!(speed.garbage <= garbage)) found.push(`a segment leaves ${speed.garbage.toFixed(1)} bytes`)
  return found
}

describe('segments of the core in virtual time are as fast as they were, and leave as little', () => {
  it.each(GUARDED)('$traffic, offloads: $offloads', { timeout: 300_000 }, async (bounds) => {
    const { traffic, offloads } = bounds
    const speed = await speedOf({ traffic, offloads })
    expect(regressions(speed, bounds), JSON.stringify(speed)).toEqual([])
  })

  it('a device that dawdles over every frame is noticed', { timeout: 300_000 }, async () => {
    const speed = await speedOf({ slowBy: 2000 })
    expect(regressions(speed, GUARDED[0]), JSON.stringify(speed)).toEqual([
      expect.stringMatching(/^a segment takes \d+\.\d\d times the time it took$/),
    ])
  })

  it('an object for every second segment is noticed', { timeout: 300_000 }, async () => {
    const speed = await speedOf({ litterOneIn: 2 })
    expect(regressions(speed, GUARDED[0]), JSON.stringify(speed)).toEqual([
      expect.stringMatching(/^a segment leaves \d+\.\d bytes$/),
    ])
  })
})
