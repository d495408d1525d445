import { MILLISECOND, type Micros, SECOND } from '../../../core/timer.ts'

/*
 * The constants of BBRv3 (draft-ietf-ccwg-bbr-06 section 2.8 and where each is used). Names are the draft's.
 */

export const STARTUP_PACING_GAIN = 2.77
export const DEFAULT_CWND_GAIN = 2
/** Section 5.3.2. */
export const DRAIN_PACING_GAIN = 0.5
/** Sections 5.3.3.1 to 5.3.3.5. */
export const DOWN_PACING_GAIN = 0.9
export const CRUISE_PACING_GAIN = 1
export const UP_PACING_GAIN = 1.25
export const UP_CWND_GAIN = 2.25
/** BBR.ProbeRTTCwndGain, section 5.3.4. */
export const PROBE_RTT_CWND_GAIN = 0.5
/** BBR.PacingMarginPercent: 1 % below the bandwidth, so that queues shrink (section 5.6.2). */
export const PACING_MARGIN = 0.99
/** BBR.LossThresh: more than this of a flight lost means that the flight was too large. */
export const LOSS_THRESH = 0.02
/** BBR.Beta: what a round with too much loss leaves at least. */
export const BETA = 0.7
/** BBR.Headroom: what is left free of `inflightLongterm` for others. */
export const HEADROOM = 0.15
/** What an ECN mark leaves: an early signal asks for less than a loss (RFC 8511 section 3). */
export const BETA_ECN = 0.85
/** BBR.MinPipeCwnd, in segments. */
export const MIN_PIPE_SEGMENTS = 4
/** A rate that grows by less than this has not grown (section 5.3.1.2); so often in a row, and the pipe is full. */
export const FULL_BW_GROWTH = 1.25
export const FULL_BW_ROUNDS = 3
/** BBRStartupFullLossCnt (section 5.3.1.3). */
export const STARTUP_FULL_LOSS_COUNT = 6
/** Rounds after which Drain ends in any case (section 5.3.2). */
export const MOST_DRAIN_ROUNDS = 3
/** BBR.ExtraAckedFilterLen in rounds; two halves of it forget after 5 to 10. */
export const EXTRA_ACKED_FILTER_LEN = 10
/** BBR.ProbeRTTInterval, BBR.ProbeRTTDuration, BBR.MinRTTFilterLen. */
export const PROBE_RTT_INTERVAL: Micros = 5 * SECOND
export const PROBE_RTT_DURATION: Micros = 200 * MILLISECOND
export const MIN_RTT_FILTER_LEN: Micros = 10 * SECOND
/** Section 5.3.3.8: bandwidth is probed every 2 to 3 s, or after so many round trips as Reno would need, at most 62 to 63. */
export const PROBE_WAIT: Micros = 2 * SECOND
export const PROBE_WAIT_SPREAD: Micros = SECOND
export const MOST_RENO_ROUNDS = 63
/** The nominal round trip before there is a sample (section 5.6.2). */
export const NOMINAL_RTT: Micros = MILLISECOND
