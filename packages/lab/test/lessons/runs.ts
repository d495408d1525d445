import { createSimulation } from '../../src/index.ts'
import type { Lesson, Runs } from '../../src/lessons/index.ts'
import type { Recording } from '../../src/model/recording.ts'
import type { Scenario } from '../../src/model/scenario.ts'

export const NOTHING: Recording = {
  scenario: null,
  segments: [],
  events: [],
  ends: [],
  queues: { 'A→B': [], 'B→A': [] },
  time: 0,
  over: true,
}

export function record(scenario: Scenario): Recording {
  const simulation = createSimulation(scenario)
  simulation.runTo(scenario.duration)
  return simulation.recording
}

const made = new Map<string, Runs>()

/** The recordings of a lesson, made once. */
export function runsOf({ id, scenario, compareWith }: Lesson): Runs {
  let runs = made.get(id)
  if (runs === undefined) {
    const second = compareWith === undefined ? NOTHING : record(compareWith.scenario)
    runs = { first: record(scenario), second }
    made.set(id, runs)
  }
  return runs
}
