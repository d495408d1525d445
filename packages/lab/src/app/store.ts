import type { Recording } from '../model/recording.ts'
import type { Simulation } from '../model/simulation.ts'

/** What is looked at. Every view shows this moment and this segment. */
export interface Cursor {
  /** Milliseconds of virtual time. */
  readonly time: number
  /** The number of the selected segment in the recording of `run`, or null. */
  readonly segment: number | null
  /** In which of the runs: 0, or 1 for the one that it is compared with. */
  readonly run: 0 | 1
}

/** One run: simulated here, or told by a live stack. */
export interface Run {
  readonly recording: Recording
  readonly simulation: Simulation | null
}

/** A second run, and what the two are called. */
export interface Compared {
  readonly run: Run
  readonly first: string
  readonly second: string
}

/** Milliseconds of virtual time in one of real time. */
export const SPEEDS: readonly number[] = [
  1 / 1000,
  1 / 300,
  1 / 100,
  1 / 30,
  1 / 10,
  1 / 3,
  1,
  10,
  100,
  Number.POSITIVE_INFINITY,
]
export type Speed = number

export const PANELS = [
  'lesson',
  'ladder',
  'segment',
  'states',
  'variables',
  'buffers',
  'break',
  'plots',
] as const
/** The parts of the page; a phone shows one at a time. */
export type PanelName = (typeof PANELS)[number]

export interface LabState {
  readonly run: Run
  /** The same seed with one setting changed, or null. */
  readonly compared: Compared | null
  readonly cursor: Cursor
  /** Until when the run has been shown; what was simulated ahead of it stays hidden. */
  readonly horizon: number
  /** Nothing later is to be seen yet: a lesson waits for a prediction. */
  readonly limit: number
  /** Counts up whenever a recording has grown. */
  readonly revision: number
  readonly playing: boolean
  readonly speed: Speed
  /** Whose connection the variables, states and plots are of. */
  readonly flow: number
  readonly panel: PanelName
  /** Bytes of the selected segment's frame that are lit, from `start` to before `end`. */
  readonly lit: { readonly start: number; readonly end: number } | null
}

export interface View {
  readonly element: HTMLElement
  /** @param before what was shown last, or null the first time */
  update(state: LabState, before: LabState | null): void
}

/** Holds the state, and tells the views at most once a frame. */
export class Store {
  state: LabState
  private shown: LabState | null = null
  private frame = 0
  private readonly views: View[] = []

  constructor(state: LabState) {
    this.state = state
  }

  set(patch: Partial<LabState>): void {
    this.state = { ...this.state, ...patch }
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.show())
  }

  add(view: View): void {
    this.views.push(view)
    if (this.shown !== null) view.update(this.shown, null)
  }

  /** Shows the state at once, without waiting for a frame. */
  show(): void {
    cancelAnimationFrame(this.frame)
    this.frame = 0
    const { state, shown } = this
    if (state === shown) return
    this.shown = state
    for (const view of this.views) view.update(state, shown)
  }
}

/** The run that the cursor is in. */
export function runOf(state: LabState): Run {
  return state.cursor.run === 1 && state.compared !== null ? state.compared.run : state.run
}

export function selectedSegment(state: LabState) {
  const { segment } = state.cursor
  return segment === null ? null : (runOf(state).recording.segments[segment] ?? null)
}
