import { TcpState } from './api.ts'
import { discardReceived, finish } from './finish.ts'
import { hasRoomForOrphan, orphan } from './orphan.ts'
import { sendReset } from './output.ts'
import type { Tcb } from './tcb.ts'
import { textEnd } from './text-end.ts'
import { armFinWait2 } from './timers.ts'
import { holdWhileUnanswered, wantOutput } from './wants.ts'

/** CLOSE as half-close (RFC 9293 section 3.10.4): FIN after everything queued; reading goes on. */
export function shutdownTcb(tcb: Tcb): void {
  if (tcb.finQueued || tcb.closeReason !== undefined) return
  tcb.finQueued = true
  holdWhileUnanswered(tcb)
  tcb.corked = false
  tcb.more = false
  wantOutput(tcb)
}

/**
 * The application lets go (MAY-1). Data it has not read is lost, and the peer must learn of it: RST (SHLD-3, RFC 2525
 * section 2.17). A handshake that is not done is simply forgotten (RFC 9293 section 3.10.4, SYN-SENT).
 */
export function closeTcb(tcb: Tcb): void {
  if (tcb.orphaned) return
  const over = tcb.closeReason !== undefined
  if (!over && (tcb.readable > 0 || textEnd(tcb) !== tcb.rcvNxt)) {
    tcb.tcp.counters.abortedUnread++
    abortTcb(tcb)
    return
  }
  if (!over && tcb.state > TcpState.SynSent && !hasRoomForOrphan(tcb)) {
    abortTcb(tcb)
    return
  }
  orphan(tcb)
  discardReceived(tcb)
  if (over) return
  if (tcb.state === TcpState.SynSent) {
    finish(tcb, null)
    return
  }
  shutdownTcb(tcb)
  if (tcb.state === TcpState.FinWait2) startFinWait2Timer(tcb)
}

/** ABORT (RFC 9293 section 3.10.5; SEG-27): RST where the peer knows of the connection, and nothing is left. */
export function abortTcb(tcb: Tcb): void {
  orphan(tcb)
  if (tcb.closeReason !== undefined) {
    discardReceived(tcb)
    return
  }
  if (tcb.state >= TcpState.SynReceived) sendReset(tcb)
  finish(tcb, null)
}

/**
 * Nobody reads any more: the peer gets a bounded time to send its FIN (Linux's tcp_fin_timeout, or TCP_LINGER2: a negative one gives
 * it none, and a RST).
 */
export function startFinWait2Timer(tcb: Tcb): void {
  const { engine, config } = tcb.tcp
  const { finWait2 } = tcb.own
  if (finWait2 < 0) {
    sendReset(tcb)
    finish(tcb, null)
    return
  }
  armFinWait2(tcb, engine.now + (finWait2 > 0 ? finWait2 : config.finWait2))
}
