import { ScenarioError } from '../model/scenario/checks.ts'
import type { Action, Scenario } from '../model/scenario.ts'
import type { Simulation } from '../model/simulation.ts'
import { countShown } from '../view/ladder/time-axis.ts'
import { isAnythingOnTheWay, lastMoment, nextMoment, previousMoment } from './moments.ts'
import { type LabState, type Run, runOf, type Speed, Store } from './store.ts'

export type MakeSimulation = (scenario: Scenario) => Simulation

/** What an action is without its time: the page adds the cursor's. */
export type ActionNow = Action extends infer A ? (A extends Action ? Omit<A, 'at'> : never) : never

/** Milliseconds of a frame that may go into simulating. */
const BUDGET = 9
/** A stretch in which nothing is on its way is played in no more than so many milliseconds of real time. */
const QUIET_TIME = 500

/** What can be done on the page: every button, key and panel calls one of these. */
export class Lab {
  readonly store: Store
  private readonly make: MakeSimulation
  private frame = 0
  private lastFrame = 0

  constructor(make: MakeSimulation, run: Run, speed: Speed) {
    this.make = make
    this.store = new Store({
      run,
      compared: null,
      cursor: { time: 0, segment: null, run: 0 },
      horizon: 0,
      limit: Number.POSITIVE_INFINITY,
      revision: 0,
      playing: false,
      speed,
      flow: 0,
      panel: 'ladder',
      lit: null,
    })
  }

  get state(): LabState {
    return this.store.state
  }

  get scenario(): Scenario | null {
    return this.state.run.recording.scenario
  }

  // Time

  play(): void {
    if (this.state.playing) return
    const { cursor, run } = this.state
    // A live stack goes on by itself: playing is to look at the newest.
    if (run.recording.scenario === null) {
      this.store.set({ playing: true, cursor: { ...cursor, time: run.recording.time } })
      return
    }
    // At the end playing begins anew, as with any player.
    if (run.recording.over && cursor.time >= this.endTime()) this.seek(0)
    this.store.set({ playing: true })
    this.lastFrame = 0
    this.frame = requestAnimationFrame((now) => this.tick(now))
  }

  pause(): void {
    cancelAnimationFrame(this.frame)
    if (this.state.playing) this.store.set({ playing: false })
  }

  togglePlay(): void {
    if (this.state.playing) this.pause()
    else this.play()
  }

  setSpeed(speed: Speed): void {
    this.store.set({ speed })
  }

  /** Goes to a moment; runs the simulation that far where it has not been yet. */
  seek(time: number): void {
    if (this.scenario === null) this.pause()
    const to = Math.max(0, Math.min(time, this.latest()))
    this.runAllTo(to)
    const end = Math.min(to, this.latest())
    this.moveTo(end)
  }

  /** To the next segment that is sent or arrives, or the next decision. False at the end. */
  step(): boolean {
    this.pause()
    const next = this.findNext(this.state.cursor.time)
    if (next === null || next > this.state.limit) return false
    this.moveTo(next)
    return true
  }

  stepBack(): void {
    this.pause()
    this.moveTo(previousMoment(runOf(this.state).recording, this.state.cursor.time))
  }

  /** Runs as far as it goes, and shows all of it. */
  toEnd(): void {
    this.pause()
    this.runAllTo(this.latest())
    this.moveTo(Math.min(this.latest(), this.endTime()))
  }

  /** The time of the last thing that happened, as far as it is known. */
  endTime(): number {
    const { run, compared } = this.state
    const end = ({ recording }: Run): number => (recording.over ? lastMoment(recording) : recording.time)
    return Math.max(end(run), compared === null ? 0 : end(compared.run))
  }

  private latest(): number {
    return Math.min(this.state.limit, this.scenario?.duration ?? this.endTime())
  }

  private moveTo(time: number): void {
    const { state } = this
    this.store.set({
      cursor: { ...state.cursor, time },
      horizon: Math.max(state.horizon, time),
      revision: state.revision + 1,
    })
  }

  private runAllTo(time: number): void {
    for (const run of this.runs()) {
      const { simulation, recording } = run
      if (simulation === null || recording.over || recording.time >= time) continue
      simulation.runTo(Math.min(time, simulation.scenario.duration))
    }
  }

  private runs(): Run[] {
    const { run, compared } = this.state
    return compared === null ? [run] : [run, compared.run]
  }

  /** The next moment in any of the runs; simulates ahead where need be. What is ahead of the horizon is not shown. */
  private findNext(time: number): number | null {
    let next: number | null = null
    for (const { recording, simulation } of this.runs()) {
      let own = nextMoment(recording, time)
      while (own === null && simulation !== null && simulation.step()) own = nextMoment(recording, time)
      if (own !== null && (next === null || own < next)) next = own
    }
    return next
  }

  private tick(now: number): void {
    if (!this.state.playing) return
    const elapsed = this.lastFrame === 0 ? 16 : Math.min(100, now - this.lastFrame)
    this.lastFrame = now
    const time = this.advance(elapsed)
    this.moveTo(time)
    const over = this.runs().every(({ recording }) => recording.over)
    if (time >= this.state.limit || (over && time >= this.endTime())) {
      this.pause()
      return
    }
    this.frame = requestAnimationFrame((next) => this.tick(next))
  }

  /** @returns the cursor's new time after that much real time */
  private advance(elapsed: number): number {
    const { speed, cursor } = this.state
    if (speed === Number.POSITIVE_INFINITY) return this.rush(cursor.time)
    const most = this.latest()
    let pace = speed
    const quiet = this.runs().every(({ recording }) => !isAnythingOnTheWay(recording, cursor.time))
    if (quiet) {
      const next = this.findNext(cursor.time)
      if (next === null) {
        this.runAllTo(Number.POSITIVE_INFINITY)
        return Math.min(most, this.endTime())
      }
      if (next - this.quietSince > pace * QUIET_TIME) pace = (next - this.quietSince) / QUIET_TIME
      const time = Math.min(most, next, cursor.time + elapsed * pace)
      if (time === next) this.quietSince = next
      this.runAllTo(time)
      return time
    }
    const time = Math.min(most, cursor.time + elapsed * pace)
    this.quietSince = time
    this.runAllTo(time)
    return Math.min(time, Math.max(this.endTime(), cursor.time))
  }

  /** When the quiet stretch that is being played began. */
  private quietSince = 0

  /** As fast as it goes: simulates for as long as a frame can spare. */
  private rush(from: number): number {
    const start = performance.now()
    let time = from
    let stride = 1
    const most = this.latest()
    while (performance.now() - start < BUDGET && time < most) {
      time = Math.min(most, time + stride)
      this.runAllTo(time)
      if (this.runs().every(({ recording }) => recording.over)) return Math.min(most, this.endTime())
      stride *= 1.3
    }
    return time
  }

  // Selection

  select(segment: number | null, run: 0 | 1 = this.state.cursor.run): void {
    const { cursor } = this.state
    if (cursor.segment === segment && cursor.run === run) return
    this.store.set({ cursor: { ...cursor, segment, run }, lit: null })
  }

  /** The next (or, with -1, the previous) segment of those shown. */
  selectNext(by: 1 | -1): void {
    const { cursor, horizon } = this.state
    const { segments } = runOf(this.state).recording
    const last = countShown(segments, horizon, this.state.limit) - 1
    if (last < 0) return
    const from = cursor.segment ?? (by === 1 ? -1 : last + 1)
    this.select(Math.max(0, Math.min(last, from + by)))
  }

  light(lit: LabState['lit']): void {
    const before = this.state.lit
    if (before?.start === lit?.start && before?.end === lit?.end) return
    this.store.set({ lit })
  }

  // Runs

  /** Puts another run in the place of this one. @param until shows it as far as that */
  open(scenario: Scenario, until = 0): void {
    this.pause()
    this.store.set({ limit: Number.POSITIVE_INFINITY, compared: null })
    this.replace(this.make(scenario), until)
  }

  /** The same run with other settings, as far as it had come. What was done to single segments is left out: they are others now. */
  change(scenario: Scenario): void {
    const { playing, horizon } = this.state
    this.pause()
    const actions = scenario.actions.filter((action) => action.do !== 'drop' && action.do !== 'flip')
    this.attempt(() => this.replace(this.make({ ...scenario, actions }), horizon))
    if (playing) this.play()
  }

  /**
   * Shows a run that has been made already, with another beside it.
   * @param limit nothing later is shown until `release`
   */
  present(simulation: Simulation, compared: LabState['compared'], limit: number): void {
    this.pause()
    this.store.set({ limit })
    this.replace(simulation, 0)
    this.store.set({ compared })
  }

  release(): void {
    this.store.set({ limit: Number.POSITIVE_INFINITY })
  }

  /** Shows what somebody else records: a live stack. */
  watch(run: Run): void {
    this.pause()
    this.store.set({
      run,
      compared: null,
      cursor: { time: 0, segment: null, run: 0 },
      horizon: 0,
      limit: Number.POSITIVE_INFINITY,
      flow: 0,
    })
  }

  /**
   * A live recording has grown; while it plays, the cursor follows.
   * @param gone segments that it has forgotten since: the others have moved up
   */
  grown(gone: number): void {
    const { cursor, playing, revision, run } = this.state
    const { time } = run.recording
    const segment = cursor.segment === null || cursor.segment < gone ? null : cursor.segment - gone
    this.store.set({
      cursor: { ...cursor, segment, time: playing ? time : cursor.time },
      horizon: time,
      revision: revision + 1,
    })
  }

  /** Does something at the cursor's time. What came after it comes otherwise now. */
  act(action: ActionNow): void {
    this.actAt({ ...action, at: this.state.cursor.time } as Action)
  }

  /** A segment's fate is decided when it is sent. */
  actOn(
    segment: number,
    action: { readonly do: 'drop' } | { readonly do: 'flip'; readonly bit: number },
  ): void {
    const { sentAt } = this.state.run.recording.segments[segment]
    this.actAt({ ...action, segment, at: sentAt } as Action)
  }

  private actAt(action: Action): void {
    const { simulation } = this.state.run
    if (simulation === null) return
    const { playing } = this.state
    this.pause()
    const { time } = this.state.cursor
    // A segment that is dropped is dropped before the eyes: time goes back to where it can be seen.
    this.attempt(() => this.replace(simulation.withAction(action), time))
    if (playing) this.play()
  }

  /** What the model refuses leaves everything as it is, and is said. */
  private attempt(change: () => void): void {
    try {
      change()
    } catch (error) {
      if (!(error instanceof ScenarioError)) throw error
      this.onRefused(error.message)
      // Forms show again what holds.
      this.store.set({ revision: this.state.revision + 1 })
    }
  }

  private replace(simulation: Simulation, until: number): void {
    const { cursor, flow, compared, revision } = this.state
    const time = Math.min(until, simulation.scenario.duration)
    if (simulation.recording.time < time) simulation.runTo(time)
    const { recording } = simulation
    const shown = Math.min(time, Math.max(recording.time, 0))
    const keeps =
      cursor.run === 0 && cursor.segment !== null && cursor.segment < recording.segments.length && until > 0
    this.quietSince = 0
    this.store.set({
      run: { recording, simulation },
      compared: until > 0 ? compared : null,
      cursor: { time: shown, segment: keeps ? cursor.segment : null, run: 0 },
      horizon: shown,
      flow: Math.min(flow, simulation.scenario.flows.length - 1),
      revision: revision + 1,
      lit: null,
    })
    this.onRunChanged()
  }

  /** Called when another scenario is being shown: the address of the page goes with it. */
  onRunChanged: () => void = () => {}
  /** Called with a sentence when a setting or an action is not possible. */
  onRefused: (why: string) => void = () => {}

  /** Shows a second run beside the first: `first` and `second` say what differs. */
  compare(scenario: Scenario, first: string, second: string): void {
    const simulation = this.make(scenario)
    simulation.runTo(Math.min(this.state.horizon, scenario.duration))
    this.store.set({
      compared: { run: { recording: simulation.recording, simulation }, first, second },
      revision: this.state.revision + 1,
    })
  }

  compareNoMore(): void {
    const { cursor } = this.state
    this.store.set({
      compared: null,
      cursor: cursor.run === 1 ? { ...cursor, segment: null, run: 0 } : cursor,
    })
  }
}
