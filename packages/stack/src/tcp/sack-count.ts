import { smss } from './congestion/window.ts'
import { dupThresh, markLost } from './loss-marks.ts'
import type { Tcb } from './tcb.ts'

/**
 * IsLost() of RFC 6675 (R6675-02), for stacks whose `rack` is off: what has DupThresh SACKed stretches above it, or more than
 * DupThresh - 1 full segments of SACKed bytes, is lost. Retransmissions are left to the timer.
 * @returns 1 when something was found lost (`Found.Lost` of RACK), else 0
 */
export function countLoss(tcb: Tcb): number {
  const threshold = dupThresh(tcb)
  const most = (threshold - 1) * smss(tcb)
  let bytes = 0
  let stretches = 0
  let found = 0
  for (let record = tcb.sent.tail; record !== null; record = record.previous) {
    if (record.sacked) {
      bytes += record.length
      stretches++
    } else if ((bytes > most || stretches >= threshold) && !record.lost && record.retransmissions === 0) {
      markLost(tcb, record)
      found = 1
    }
  }
  return found
}
