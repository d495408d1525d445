import { seqMax } from '../core/seq.ts'
import { NEVER } from '../core/timer.ts'
import { TransmitResult } from '../link/device.ts'
import { sackLength, TcpFlag, TIMESTAMPS_LENGTH, writeSackBlocks, writeTimestamps } from '../wire/tcp.ts'
import { TcpState } from './api.ts'
import { commitWindow, windowField } from './receive-window.ts'
import { optionsStart, sendSegment } from './segment-out.ts'
import { optionsLength } from './segment-size.ts'
import type { Tcb } from './tcb.ts'
import { timestampNow } from './timestamps.ts'

const sackIndex = new Int32Array(4)
const sackLeft = new Int32Array(4)
const sackRight = new Int32Array(4)

/**
 * Sends one segment of a connection: options, window and acknowledgement are those of now. Sequence state is the
 * caller's to move, after the device took it; what the acknowledgement promises is committed here.
 *
 * @returns false when the device was full: nothing has happened
 */
export function emit(
  tcb: Tcb,
  seq: number,
  flags: number,
  position: number,
  length: number,
  mss: number,
): boolean {
  const tcp = tcb.tcp
  const now = tcp.engine.now
  const window = windowField(tcb)
  const options = length > 0 ? writeDataOptions(tcb, now) : writeAckOptions(tcb, now)
  const result = sendSegment(
    tcp,
    tcb.path,
    tcb.localPort,
    tcb.remotePort,
    seq,
    tcb.rcvNxt,
    flags,
    window,
    options,
    tcb.trafficClass,
    length > 0 ? tcb.sendRing : null,
    position,
    length,
    mss,
  )
  if (result === TransmitResult.Full) {
    waitForDevice(tcb)
    return false
  }
  tcb.segmentsOut += length > mss ? Math.ceil(length / mss) : 1
  if ((flags & TcpFlag.Ack) !== 0) ackSent(tcb, window)
  return true
}

/** A segment without data: `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`. */
export function sendAck(tcb: Tcb): boolean {
  return emit(tcb, tcb.sndNxt, TcpFlag.Ack, 0, 0, 1)
}

/** The reset of an abort: `<SEQ=SND.NXT><CTL=RST,ACK>` (SEG-27). Lost if the device is full: the peer will ask. */
export function sendReset(tcb: Tcb): void {
  const options = tcb.state >= TcpState.SynReceived ? writeDataOptions(tcb, tcb.tcp.engine.now) : 0
  const flags = TcpFlag.Rst | TcpFlag.Ack
  const { tcp, path, localPort, remotePort, sndNxt, rcvNxt, trafficClass } = tcb
  sendSegment(
    tcp,
    path,
    localPort,
    remotePort,
    sndNxt,
    rcvNxt,
    flags,
    0,
    options,
    trafficClass,
    null,
    0,
    0,
    1,
  )
}

/** R7323-12: timestamps on every segment. @returns the options' length */
function writeDataOptions(tcb: Tcb, now: number): number {
  const length = optionsLength(tcb)
  if (length > 0) writeTs(tcb, optionsStart(tcb.tcp, length), now)
  return length
}

/** Timestamps and what is known of out-of-order data (R2018-03 to R2018-05). @returns the options' length */
function writeAckOptions(tcb: Tcb, now: number): number {
  const ranges = tcb.sackPermitted ? tcb.outOfOrder : null
  if (ranges === null || ranges.count === 0) return writeDataOptions(tcb, now)
  const count = ranges.newest(sackIndex, tcb.timestamps ? 3 : 4)
  for (let i = 0; i < count; i++) {
    sackLeft[i] = ranges.left[sackIndex[i]]
    sackRight[i] = ranges.right[sackIndex[i]]
  }
  const length = optionsLength(tcb) + sackLength(count)
  let at = optionsStart(tcb.tcp, length)
  if (tcb.timestamps) at = writeTs(tcb, at, now)
  writeSackBlocks(tcb.tcp.network.memory.view, at, sackLeft, sackRight, count)
  return length
}

function writeTs(tcb: Tcb, at: number, now: number): number {
  writeTimestamps(tcb.tcp.network.memory.view, at, timestampNow(now, tcb.tsOffset), tcb.tsRecent)
  return at + TIMESTAMPS_LENGTH
}

function ackSent(tcb: Tcb, window: number): void {
  commitWindow(tcb, window)
  tcb.lastAckSent = seqMax(tcb.lastAckSent, tcb.rcvNxt)
  tcb.ackNow = false
  tcb.unackedBytes = 0
  tcb.delayedAckAt = NEVER
  if (tcb.quickAcks > 0) tcb.quickAcks--
}

function waitForDevice(tcb: Tcb): void {
  if (tcb.blockedQueued) return
  tcb.blockedQueued = true
  tcb.tcp.blocked.push(tcb)
}
