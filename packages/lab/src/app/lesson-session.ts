import type { Lesson, Moment, Runs, Step } from '../lessons/lesson.ts'
import type { Recording } from '../model/recording.ts'
import type { Simulation } from '../model/simulation.ts'
import type { Lab, MakeSimulation } from './lab.ts'

const NOTHING: Recording = {
  scenario: null,
  segments: [],
  events: [],
  ends: [],
  queues: { 'A→B': [], 'B→A': [] },
  time: 0,
  over: true,
}

/** One lesson while it is being taken: its runs are made whole, and shown as far as the learner has come. */
export class LessonSession {
  readonly lesson: Lesson
  readonly runs: Runs
  /** Index of the choice that was made, or null. */
  chosen: number | null = null
  /** Index of the step that is shown; -1 before the first. */
  step = -1
  private readonly lab: Lab
  private readonly first: Simulation

  constructor(lab: Lab, make: MakeSimulation, lesson: Lesson) {
    this.lab = lab
    this.lesson = lesson
    this.first = whole(make, lesson.scenario)
    const { compareWith } = lesson
    const second = compareWith === undefined ? null : whole(make, compareWith.scenario)
    this.runs = { first: this.first.recording, second: second?.recording ?? NOTHING }
    const compared =
      compareWith === undefined || second === null
        ? null
        : {
            run: { recording: second.recording, simulation: second },
            first: compareWith.first,
            second: compareWith.second,
          }
    lab.present(this.first, compared, this.predictAt)
    lab.seek(this.predictAt)
  }

  /** Where the run stops until the learner has made up their mind. */
  get predictAt(): number {
    return this.timeOf(this.lesson.predict.at) ?? 0
  }

  /** Whether the learner is still looking at the lesson's own run: not after something was changed. */
  get isUntouched(): boolean {
    return this.lab.state.run.recording === this.first.recording
  }

  timeOf(moment: Moment): number | null {
    return typeof moment === 'number' ? moment : moment(this.runs)
  }

  choose(index: number): void {
    this.chosen = index
    this.lab.release()
  }

  /** @returns the step, now shown */
  goTo(index: number): Step {
    this.step = Math.max(0, Math.min(index, this.lesson.steps.length - 1))
    const step = this.lesson.steps[this.step]
    this.lab.pause()
    const time = this.timeOf(step.at)
    if (time !== null) this.lab.seek(time)
    const named = step.focus.segments?.[0]
    const segment = named === undefined ? null : (this.lesson.marks[named]?.(this.runs) ?? null)
    this.lab.select(segment?.number ?? null, step.focus.run === 'second' ? 1 : 0)
    return step
  }

  /** Numbers of the segments that a step speaks of. */
  marked(step: Step): Set<number> {
    const numbers = (step.focus.segments ?? []).map((name) => this.lesson.marks[name]?.(this.runs)?.number)
    return new Set(numbers.filter((number) => number !== undefined))
  }
}

function whole(make: MakeSimulation, scenario: Simulation['scenario']): Simulation {
  const simulation = make(scenario)
  simulation.runTo(scenario.duration)
  return simulation
}
