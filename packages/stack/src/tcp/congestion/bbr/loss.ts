import type { Micros } from '../../../core/timer.ts'
import type { SentRecord } from '../../sent-record.ts'
import type { Tcb } from '../../tcb.ts'
import { BETA, LOSS_THRESH } from './parameters.ts'
import { startDown } from './phases.ts'
import { type BbrState, Phase } from './state.ts'
import { saveStateUponLoss } from './undo.ts'
import { targetInflight } from './volume.ts'

/* What losses say of the volume that the path holds (draft-ietf-ccwg-bbr-06 section 5.5.10). */

/** NoteLoss(). */
export function noteLoss(tcb: Tcb, bbr: BbrState): void {
  if (!bbr.lossInRound) {
    bbr.lossRoundDelivered = tcb.rate.delivered
    saveStateUponLoss(tcb, bbr)
  }
  bbr.lossInRound = true
}

/** HandleLostPacket(): only what was sent while probing says that the flight was too large. */
export function handleLostPacket(tcb: Tcb, bbr: BbrState, record: SentRecord, now: Micros): void {
  noteLoss(tcb, bbr)
  noteRange(bbr, record)
  if (!bbr.isProbeSample) return
  const lost = tcb.sent.lostEver - record.lostBefore
  if (!isInflightTooHigh(tcb, lost, record.txInFlight)) return
  const atLoss = inflightAtLoss(record.txInFlight, lost, record.length)
  handleInflightTooHigh(tcb, bbr, atLoss, record.appLimited, now)
}

/** Counts discontiguous ranges: what RACK finds comes in the order of sending, which mostly is that of the numbers. */
function noteRange(bbr: BbrState, record: SentRecord): void {
  if (record.start !== bbr.lossEnd || bbr.lossRanges === 0) bbr.lossRanges++
  bbr.lossEnd = record.end
}

/** IsInflightTooHigh(). Without SACK one loss in a round trip is all there is to see. */
export function isInflightTooHigh(tcb: Tcb, lost: number, txInFlight: number): boolean {
  return lost > txInFlight * LOSS_THRESH || (lost > 0 && !tcb.sackPermitted)
}

/** InflightAtLoss(): at which prefix of a lost super-frame the losses became too many. */
export function inflightAtLoss(txInFlight: number, lost: number, size: number): number {
  const inflightPrevious = txInFlight - size
  const lostPrevious = lost - size
  const lostPrefix = (LOSS_THRESH * inflightPrevious - lostPrevious) / (1 - LOSS_THRESH)
  return inflightPrevious + lostPrefix
}

/** HandleInflightTooHigh(): once for each time of probing. */
export function handleInflightTooHigh(
  tcb: Tcb,
  bbr: BbrState,
  txInFlight: number,
  appLimited: boolean,
  now: Micros,
): void {
  bbr.prevProbeTooHigh = true
  bbr.isProbeSample = false
  if (!appLimited) bbr.inflightLongterm = Math.max(txInFlight, BETA * targetInflight(tcb, bbr))
  if (bbr.phase !== Phase.Up) return
  bbr.undoPhase = Phase.Up
  startDown(tcb, bbr, now)
}
