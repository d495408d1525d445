import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type Outcome, replay, same } from './linux/replay.ts'
import { randomScenario } from './linux/scenarios.ts'

/*
 * What Linux 6.18 gave for each call of random sequences on its loopback (`linux/compare.ts` records it), replayed in virtual time.
 */

interface Recorded {
  readonly seed: number
  readonly results: readonly Outcome[]
}

const recorded = JSON.parse(
  readFileSync(new URL('linux/recorded.json', import.meta.url), 'utf8'),
) as Recorded[]

/** Where the two differ, and why that stays so. */
const DIFFERENT = new Map([
  [1, 'urgent data that a socket refuses leaves POLLPRI behind on Linux, and nothing here'],
  [31, 'the same'],
  [101, 'the same'],
  [78, 'Linux lets an accepted socket, disconnected, listen beside its listener'],
  [200, 'data held back by MSG_MORE: Linux does not push it when plain data comes in on its fast path'],
])

it('calls, errors, poll bits and states are those of Linux', async () => {
  expect(recorded.length).toBeGreaterThanOrEqual(250)
  const different: string[] = []
  for (const { seed, results } of recorded) {
    if (DIFFERENT.has(seed)) continue
    const steps = randomScenario(seed)
    const ours = await replay(steps)
    const at = ours.findIndex((outcome, i) => !same(outcome, results[i], steps[i]))
    if (at >= 0)
      different.push(`seed ${seed}, step ${at}, ${steps[at]?.join(' ')}: ${ours[at]} for ${results[at]}`)
  }
  expect(different).toEqual([])
})
