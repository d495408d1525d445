import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pcapng } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'
import {
  HARNESSES,
  type Harness,
  playScenario,
  type RunReport,
  runFuzz,
  type Scenario,
} from '../src/index.ts'
import { reportFailure } from '../src/run/artifacts.ts'
import { temporaryFolder } from './folder.ts'

/** Steps of each harness, with each seed. */
const STEPS = 12_000
const FIXED = 1
const FRESH = randomInt(0xffff_ffff)

/** What has to have happened for a run to mean something. */
const MUST_HAPPEN: Readonly<Record<string, readonly string[]>> = {
  frames: ['established', 'retransmitted', 'challengeAcks', 'resets', 'errors', 'datagrams', 'reassembled'],
  options: ['established', 'malformedOptions', 'retransmitted'],
  cable: ['connections', 'delivered', 'recoveries', 'badChecksums', 'forged', 'flipped'],
  model: ['connections', 'delivered', 'recoveries', 'badChecksums'],
}

describe.each(HARNESSES)('the harness $name', (harness) => {
  it.each([
    ['fixed', FIXED],
    ['fresh', FRESH],
  ])(`${STEPS} steps, the %s seed %i`, { timeout: 240_000 }, async (_, seed) => {
    const failures: string[] = []
    const report = await runFuzz({
      harnesses: [harness],
      seed,
      steps: STEPS,
      onFailure: (failure) => failures.push(reportFailure(failure, 'fuzz-failures')),
    })
    expect(failures.join('\n')).toBe('')
    expect(report.steps).toBeGreaterThanOrEqual(STEPS)
    const { figures } = report.harnesses[harness.name]
    for (const name of MUST_HAPPEN[harness.name]) expect(figures[name], name).toBeGreaterThan(0)
  })

  it('plays the same scenario for the same seed', { timeout: 60_000 }, async () => {
    const once = async (): Promise<unknown> => {
      const scenario = harness.begin(77)
      for (let i = 0; i < 100; i++) scenario.step()
      const { world } = scenario
      await world.finish()
      return [world.figures(), world.recorder.frames]
    }
    expect(await once()).toEqual(await once())
  })
})

/** A scenario in which the stack is broken after some steps. */
function sabotaged(at: number): Harness {
  const [harness] = HARNESSES
  return {
    ...harness,
    begin(seed): Scenario {
      const scenario = harness.begin(seed)
      const { world } = scenario
      let step = 0
      const check = (): void => {
        world.check()
        if (++step > at) throw new Error('What must hold does not')
      }
      const { recorder } = world
      const broken = { recorder, check, finish: () => world.finish(), figures: () => world.figures() }
      return { world: broken, step: () => scenario.step() }
    },
  }
}

describe('a failure', () => {
  it('is told with its seed and step, and has a capture that can be read', async () => {
    const folder = temporaryFolder()
    const { failure } = await playScenario(sabotaged(20), 5)
    expect(failure).toMatchObject({ harness: 'frames', seed: 5, step: 20 })
    if (failure === null) return
    const text = reportFailure(failure, folder)
    expect(text).toContain('pnpm fuzz -- --harness frames --scenario 5')
    const file = pcapng.readPcapng(new Uint8Array(readFileSync(`${folder}/frames-5.pcapng`)))
    expect(file?.packets.length).toBe(failure.frames.length)
    expect(failure.frames.length).toBeGreaterThan(5)
  })

  it('does not stop a run, unless that is asked for', async () => {
    const run = (bail: boolean): Promise<RunReport> =>
      runFuzz({ harnesses: [sabotaged(2)], seed: 1, steps: 10, bail })
    expect((await run(false)).failures).toBeGreaterThan(2)
    expect((await run(true)).failures).toBe(1)
  })

  it('keeps no memory of past scenarios', { timeout: 60_000 }, async () => {
    const { arrayBuffers } = process.memoryUsage()
    let most = 0
    const onProgress = (): void => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - arrayBuffers)
    }
    await runFuzz({ harnesses: [brief('cable')], seed: 1, steps: 300 * BRIEF, onProgress })
    // It was 50 to 215 MB; without a turn of the event loop between scenarios, above 1 GB after half as many.
    expect(most).toBeLessThan(500e6)
  })
})

const BRIEF = 20

/** Scenarios of so few steps that beginning and ending them is most of the work. */
function brief(name: string): Harness {
  const harness = HARNESSES.find((one) => one.name === name)
  if (harness === undefined) throw new Error(`there is no harness ${name}`)
  return { ...harness, steps: BRIEF }
}
