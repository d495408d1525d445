import type { Micros } from '../../../core/timer.ts'

const INFINITY = Number.POSITIVE_INFINITY

/** The states of draft-ietf-ccwg-bbr-06 section 5.1.1. */
export const Phase = { Startup: 0, Drain: 1, Down: 2, Cruise: 3, Refill: 4, Up: 5, ProbeRtt: 6 } as const
export type Phase = (typeof Phase)[keyof typeof Phase]

/** Which ACKs are coming in: those of data sent while probing, before it or after it (section 2.14). */
export const AckPhase = {
  Init: 0,
  Refilling: 1,
  ProbeStarting: 2,
  ProbeFeedback: 3,
  ProbeStopping: 4,
} as const
export type AckPhase = (typeof AckPhase)[keyof typeof AckPhase]

/** BBR's model of the path and where it is in its cycle (section 2). Bytes, bytes a second, microseconds. */
export class BbrState {
  phase: Phase = Phase.Startup
  pacingGain = 1
  cwndGain = 2
  /** There was a round-trip sample to derive the first pacing rate from. */
  hasSeenRtt = false

  // Rounds (section 5.5.1).
  // NaN until the constructor has set them to 0, so that the fields are made for floats: see `TcpCounters`.
  nextRoundDelivered = Number.NaN
  roundStart = false
  roundCount = 0

  // The model: rates (section 2.9.1).
  maxBw = 0
  /** The filter of two cycles: the one before, and this one. */
  bwPrevious = 0
  bwCurrent = 0
  bw = 0
  bwShortterm = INFINITY
  // Volumes (section 2.9.2).
  inflightLongterm = INFINITY
  inflightShortterm = INFINITY
  maxInflight = 0

  // What ACKs run ahead of the bandwidth by (section 2.12): the most of lately, and the episode at hand.
  extraAcked = 0
  extraAckedStart: Micros = 0
  extraAckedDelivered = 0
  /** The halves of its filter, and the round in which the present one began. */
  extraPrevious = 0
  extraCurrent = 0
  extraSince = 0

  // Congestion signals (section 2.10).
  lossInRound = false
  lossRoundDelivered = Number.NaN
  lossRoundStart = false
  bwLatest = 0
  inflightLatest = 0
  /** Discontiguous ranges lost in this round, and where the last ended. */
  lossRanges = 0
  lossEnd = 0

  // Startup (section 2.13).
  fullBw = 0
  fullBwCount = 0
  fullBwNow = false
  fullBwReached = false
  drainStartRound = 0

  // ProbeBW (section 2.14).
  ackPhase: AckPhase = AckPhase.Init
  cycleStamp: Micros = 0
  bwProbeWait: Micros = 0
  roundsSinceProbe = 0
  /** Losses now are those of data sent while probing, and nothing has been done about them yet. */
  isProbeSample = false
  probeUpAckedPerInc = INFINITY
  probeUpAcked = 0
  probeUpRounds = 0
  prevProbeTooHigh = false
  prevProbePrecautionary = false

  // Round-trip time (section 2.16).
  /** The sample of the ACK at hand, -1 for none. */
  rtt: Micros = -1
  /** The round of the last sample of something that arrived in order. */
  inOrderRound = 0
  minRtt = INFINITY
  minRttStamp: Micros = 0
  probeRttMinDelay = INFINITY
  probeRttMinStamp: Micros = 0
  probeRttExpired = false
  probeRttDoneStamp: Micros = 0
  probeRttRoundDone = false
  idleRestart = false

  // Loss recovery and its undoing (section 2.15).
  inRecovery = false
  priorCwnd = 0
  /** The state below is that before this recovery. */
  undoSaved = false
  /** The phase to begin again: Startup, if loss came in it, or the Up that loss has ended; -1 for none. */
  undoPhase = -1
  undoBwShortterm = INFINITY
  undoInflightShortterm = INFINITY
  undoInflightLongterm = INFINITY

  constructor() {
    this.nextRoundDelivered = 0
    this.lossRoundDelivered = 0
  }
}

/** IsInAProbeBWState(). */
export function isInProbeBw(bbr: BbrState): boolean {
  return bbr.phase >= Phase.Down && bbr.phase <= Phase.Up
}

/** IsProbingBW(). */
export function isProbingBw(bbr: BbrState): boolean {
  return bbr.phase === Phase.Startup || bbr.phase === Phase.Refill || bbr.phase === Phase.Up
}
