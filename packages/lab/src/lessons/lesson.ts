import type { Recording, SegmentRecord } from '../model/recording.ts'
import type { HostName, Scenario } from '../model/scenario.ts'

/**
 * A text for people: plain words, in which only this counts (`inline.ts` takes it apart; no HTML, no other Markdown):
 * `` `cwnd` `` is a name or number of the protocol, `*word*` is stressed, `{name}` is a segment that the lesson's `marks` find
 * and reads as its number ("segment 4"), `{name.time}` is when that was sent; "RFC 9293 section 3.5" is a link by itself.
 */
export type Text = string

/**
 * One idea about TCP: a run of the real stack, with what to expect of it, what to look at, and why it went that way. All that finds
 * something (`marks`, `at`, `holds`) is given the recording of the *whole* run, which the page makes first: the cursor moves in it.
 */
export interface Lesson {
  /** In the address of the page: small letters and dashes. */
  readonly id: string
  readonly title: string
  readonly topic: Topic
  /** What the learner can do afterwards; one sentence. */
  readonly goal: string
  /** How long it takes, about. */
  readonly minutes: number
  /** Ids of lessons that it builds on. */
  readonly needs: readonly string[]
  readonly scenario: Scenario
  /** A second run, where two are compared: before and after, with and without. */
  readonly compareWith?: Comparison
  /** What we look at and what is set up, before anything runs. Paragraphs. */
  readonly intro: readonly Text[]
  readonly predict: Prediction
  /** Segments that texts speak of; null where the run has none (after the learner changed it). */
  readonly marks: Readonly<Record<string, Finder>>
  /** What to see, in order of time. */
  readonly steps: readonly Step[]
  /** Why: the rule behind what was seen. Paragraphs. */
  readonly explain: readonly Text[]
  /** The same for those who read on. */
  readonly sources: readonly Source[]
  readonly tryThis: readonly Suggestion[]
  /** What the texts say of the run, checkable. All hold for the lesson's scenarios. */
  readonly claims: readonly Claim[]
}

export type Topic =
  | 'Connections'
  | 'Numbers and windows'
  | 'Congestion control'
  | 'Loss and recovery'
  | 'The path'
  | 'Endings'
  | 'Attacks'

/** Which of the runs: the lesson's `scenario`, or that of `compareWith`. */
export type Run = 'first' | 'second'

export interface Comparison {
  /** Short names of the two runs: what differs. */
  readonly first: string
  readonly second: string
  readonly scenario: Scenario
}

/** The runs of a lesson. `second` is an empty recording where there is no comparison. */
export interface Runs {
  readonly first: Recording
  readonly second: Recording
}

export type Finder = (runs: Runs) => SegmentRecord | null
/** Milliseconds of virtual time; null where the run has no such moment. */
export type Moment = number | ((runs: Runs) => number | null)

export interface Prediction {
  /** The run stops there, and nothing later is to be seen until a choice is made. */
  readonly at: Moment
  readonly question: Text
  readonly choices: readonly Choice[]
  /** Index of the right one. */
  readonly answer: number
}

export interface Choice {
  readonly text: Text
  /** Said after it was chosen, behind “Right.” or “Not quite.”: why it is right, or what thought is missing. */
  readonly reply: Text
}

export interface Step {
  /** The cursor goes there. */
  readonly at: Moment
  readonly text: Text
  readonly focus: Focus
}

/** What is highlighted, all of it at once. */
export interface Focus {
  /** Default 'first'. */
  readonly run?: Run
  /** Names of `marks`; the ladder scrolls to the first one. */
  readonly segments?: readonly string[]
  /** Rows of the table of variables. */
  readonly variables?: readonly Variable[]
  readonly plot?: PlotName
  /** Whose variables, state and tapes. */
  readonly host?: HostName
  readonly view?: 'states' | 'tapes' | 'bytes'
}

export type Variable =
  | 'state'
  | 'snd.una'
  | 'snd.nxt'
  | 'snd.wnd'
  | 'rcv.nxt'
  | 'rcv.wnd'
  | 'cwnd'
  | 'ssthresh'
  | 'inFlight'
  | 'srtt'
  | 'rttvar'
  | 'rto'
  | 'recovery'
  | 'backoff'
  | 'sndMss'

/** `window`: cwnd, ssthresh, in flight, receive window; `rtt`: samples, SRTT, RTO. */
export type PlotName = 'window' | 'rtt' | 'goodput' | 'queue' | 'sequence'

export interface Source {
  /** `RFC 9293 section 3.5`. */
  readonly where: string
  readonly what: string
}

export interface Suggestion {
  readonly text: Text
  /** The lesson's scenario with that done, for a button; left out where the learner does it by hand. */
  readonly scenario?: Scenario
}

export interface Claim {
  readonly text: string
  holds(runs: Runs): boolean
}
