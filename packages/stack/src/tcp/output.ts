import { seqMax } from '../core/seq.ts'
import { NEVER } from '../core/timer.ts'
import { TransmitResult } from '../link/device.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { TcpState } from './api.ts'
import { waitForDevice } from './blocked.ts'
import { forgetDuplicate } from './dsack-block.ts'
import { cwrSent, ecnFlags, ecnTrafficClass } from './ecn.ts'
import { optionsOut, writeOptions, writeResetOptions } from './options-out.ts'
import { commitWindow, windowField } from './receive-window.ts'
import { sendSegment } from './segment-out.ts'
import { segmentCount } from './segment-size.ts'
import type { Tcb } from './tcb.ts'
import { TraceKind, trace, WindowSide } from './trace.ts'
import { urgentPointer } from './urgent.ts'

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
  if (length > 0) tcp.engine.onFrame()
  const window = windowField(tcb)
  const fresh = length > 0 && seq === tcb.sndNxt
  const urgent = urgentPointer(tcb, seq)
  writeOptions(tcb, Math.min(length, mss), tcp.engine.now)
  const result = sendSegment(
    tcp,
    tcb.path,
    tcb.localPort,
    tcb.remotePort,
    seq,
    tcb.rcvNxt,
    flags | ecnFlags(tcb, fresh) | (urgent > 0 ? TcpFlag.Urg : 0),
    window,
    optionsOut.length,
    ecnTrafficClass(tcb, fresh),
    length > 0 ? tcb.sendRing : null,
    position,
    length,
    mss,
    urgent,
    tcb.id,
    tcb.own,
  )
  if (result === TransmitResult.Full) {
    waitForDevice(tcb)
    return false
  }
  if (fresh && tcb.ecn.cwr) cwrSent(tcb)
  tcb.bytesSent += length
  const count = segmentCount(length, mss)
  tcb.segmentsOut += count
  if (length > 0) tcb.dataSegmentsOut += count
  if ((flags & TcpFlag.Ack) !== 0) ackSent(tcb, window)
  return true
}

/** A segment without data: `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`. */
export function sendAck(tcb: Tcb): boolean {
  return emit(tcb, tcb.sndNxt, TcpFlag.Ack, 0, 0, 1)
}

/** The reset of an abort: `<SEQ=SND.NXT><CTL=RST,ACK>` (SEG-27). Lost if the device is full: the peer will ask. */
export function sendReset(tcb: Tcb): void {
  const options = tcb.state >= TcpState.SynReceived ? writeResetOptions(tcb, tcb.tcp.engine.now) : 0
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
    0,
    tcb.id,
    tcb.own,
  )
}

function ackSent(tcb: Tcb, window: number): void {
  commitWindow(tcb, window)
  if ((window === 0) !== tcb.zeroWindowTold) toldWindow(tcb, window)
  tcb.lastAckSent = seqMax(tcb.lastAckSent, tcb.rcvNxt)
  if (optionsOut.duplicateTold) {
    forgetDuplicate(tcb)
    tcb.tcp.counters.dsacksOut++
  }
  if (optionsOut.timeoutTold) tcb.uto.pending = false
  // What a full-sized segment had no room to tell gets an ACK of its own.
  tcb.ackNow = tcb.ackNow && !optionsOut.complete
  tcb.unackedBytes = 0
  tcb.delayedAckAt = NEVER
  if (tcb.quickAcks > 0) tcb.quickAcks--
}

/** Our window is shut, as the peer knows now, or open again. */
function toldWindow(tcb: Tcb, field: number): void {
  const { tcp, id } = tcb
  tcb.zeroWindowTold = field === 0
  if (field > 0) {
    trace(tcp, id, TraceKind.WindowOpen, WindowSide.Own, field << tcb.rcvScale)
    return
  }
  tcp.counters.zeroWindowsOut++
  trace(tcp, id, TraceKind.ZeroWindow, WindowSide.Own)
}
