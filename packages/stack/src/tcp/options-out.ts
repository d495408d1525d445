import {
  sackLength,
  TIMESTAMPS_LENGTH,
  writeSackBlocks,
  writeTimestamps,
  writeUserTimeout,
} from '../wire/tcp.ts'
import { hasDuplicate } from './dsack-block.ts'
import { optionsStart } from './segment-out.ts'
import type { Tcb } from './tcb.ts'
import { timestampNow } from './timestamps.ts'
import { advertisedSeconds, USER_TIMEOUT_LENGTH } from './user-timeout-option.ts'

/** RFC 9293 section 3.1: the data offset leaves so many bytes. */
const MOST_OPTIONS = 40

const index = new Int32Array(4)
const left = new Int32Array(4)
const right = new Int32Array(4)

/** What `writeOptions` has put into a segment: it counts as told once the device took the segment. Reused record. */
export const optionsOut = {
  length: 0,
  /** The acknowledgement is complete: out-of-order data is told, or there is none. */
  complete: true,
  duplicateTold: false,
  timeoutTold: false,
}

/**
 * Writes the options of a segment in a synchronized state: timestamps on every one (R7323-12), with TS.Recent as the echo
 * (R7323-18); SACK blocks on every one that has room for them (R2018-03): a full-sized segment that is sent again has none.
 *
 * @param payload bytes of data per segment
 */
export function writeOptions(tcb: Tcb, payload: number, now: number): void {
  const most = payload > 0 ? Math.min(MOST_OPTIONS, tcb.sndMss - payload) : MOST_OPTIONS
  const stamp = tcb.timestamps ? TIMESTAMPS_LENGTH : 0
  const timeout = tcb.uto.pending && most >= stamp + USER_TIMEOUT_LENGTH
  const fixed = stamp + (timeout ? USER_TIMEOUT_LENGTH : 0)
  const room = most - fixed
  const count = chooseBlocks(tcb, room)
  const { network } = tcb.tcp
  const length = fixed + (count > 0 ? sackLength(count) : 0)
  let at = optionsStart(tcb.tcp, length)
  const { view } = network.memory
  if (stamp > 0) at = writeTimestamps(view, at, timestampNow(now, tcb.tsOffset), tcb.tsRecent)
  if (timeout) at = writeUserTimeout(view, at, advertisedSeconds(tcb))
  if (count > 0) writeSackBlocks(view, at, left, right, count)
  optionsOut.length = length
  optionsOut.complete = count > 0 || !hasBlocks(tcb)
  optionsOut.duplicateTold = count > 0 && hasDuplicate(tcb)
  optionsOut.timeoutTold = timeout
}

/** A RST has timestamps too (R7323-19), and nothing else to tell. @returns the options' length */
export function writeResetOptions(tcb: Tcb, now: number): number {
  if (!tcb.timestamps) return 0
  const { view } = tcb.tcp.network.memory
  const at = optionsStart(tcb.tcp, TIMESTAMPS_LENGTH)
  writeTimestamps(view, at, timestampNow(now, tcb.tsOffset), tcb.tsRecent)
  return TIMESTAMPS_LENGTH
}

/** Bytes that options beside timestamps will take of the next data segments (Linux gives SACK blocks the same room). */
export function extraOptions(tcb: Tcb): number {
  const timeout = tcb.uto.pending ? USER_TIMEOUT_LENGTH : 0
  if (!hasBlocks(tcb)) return timeout
  const ranges = tcb.outOfOrder === null ? 0 : tcb.outOfOrder.count
  return timeout + sackLength(Math.min(mostBlocks(tcb), ranges + (hasDuplicate(tcb) ? 1 : 0)))
}

function hasBlocks(tcb: Tcb): boolean {
  return tcb.sackPermitted && (tcb.outOfOrder !== null || hasDuplicate(tcb))
}

/** R2018-05. */
function mostBlocks(tcb: Tcb): number {
  const fixed = (tcb.timestamps ? TIMESTAMPS_LENGTH : 0) + (tcb.uto.pending ? USER_TIMEOUT_LENGTH : 0)
  return (MOST_OPTIONS - fixed - 4) >> 3
}

/**
 * R2883-01: a duplicate first; then the out-of-order ranges, the latest changed first (R2018-04, R2018-05), so that the
 * island a duplicate lies in follows it (R2883-02).
 */
function chooseBlocks(tcb: Tcb, room: number): number {
  if (!hasBlocks(tcb)) return 0
  const most = Math.min(mostBlocks(tcb), (room - 4) >> 3)
  if (most <= 0) return 0
  let count = 0
  if (hasDuplicate(tcb)) {
    left[0] = tcb.dsackLeft
    right[0] = tcb.dsackRight
    count = 1
  }
  const ranges = tcb.outOfOrder
  if (ranges === null) return count
  const chosen = ranges.newest(index, most - count)
  for (let i = 0; i < chosen; i++) {
    left[count] = ranges.left[index[i]]
    right[count] = ranges.right[index[i]]
    count++
  }
  return count
}
