import type { TcpContext } from './context.ts'
import { DropReason, drop } from './count.ts'
import { establish } from './establish.ts'
import type { HalfOpen } from './half-open.ts'
import type { TcpListenerImpl } from './listener.ts'
import { sampleHandshake } from './rtt.ts'
import type { SegmentIn } from './segment-in.ts'
import { takeTcb } from './spare-tcb.ts'
import { adopt } from './syn.ts'
import { type Tcb, takeSettings } from './tcb.ts'

/** Whether a finished handshake may become a connection now. What is refused is counted. */
export function hasRoomForConnection(
  tcp: TcpContext,
  listener: TcpListenerImpl,
  segment: SegmentIn,
): boolean {
  if (listener.full) {
    // The peer believes it is connected: its data will ask again, and so will our SYN-ACK timer.
    drop(tcp, 0, segment, DropReason.AcceptQueue)
    return false
  }
  if (tcp.connectionCount >= tcp.limits.connections) {
    drop(tcp, 0, segment, DropReason.ConnectionLimit)
    return false
  }
  return true
}

/** The handshake's last ACK has come: what was half open is a connection in ESTABLISHED, and waits to be accepted. */
export function promote(tcp: TcpContext, half: HalfOpen, segment: SegmentIn): Tcb {
  const tcb = takeTcb(
    tcp,
    half.path,
    half.localPort,
    half.remotePort,
    tcp.nextId++,
    tcp.newCongestionControl(),
  )
  takeSettings(tcb, half.own)
  tcb.tsOffset = half.tsOffset
  tcb.synRetransmitted = half.retries
  adopt(tcb, half.agreement, half.irs, half.iss)
  tcb.sndUna = segment.ack
  tcb.sndNxt = segment.ack
  tcb.sndWnd = segment.window << tcb.sndScale
  tcb.maxSndWnd = tcb.sndWnd
  tcb.sndWl1 = segment.seq
  tcb.sndWl2 = segment.ack
  tcp.connections.add(tcb)
  tcp.counters.passiveOpens++
  // R6298-02, R6298-06: as the SYN of an active open does.
  const { now } = tcp.engine
  if (half.sentAt >= 0) sampleHandshake(tcb, now - half.sentAt, now)
  establish(tcb)
  half.listener.push(tcb)
  return tcb
}
