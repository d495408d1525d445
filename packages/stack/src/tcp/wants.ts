import { TcpState } from './api.ts'
import type { Tcb } from './tcb.ts'

/*
 * What a connection asks of the end of the burst: to send, to acknowledge, to tell its application. Each puts it on a list
 * of the stack's, once.
 */

/** What the application still has to be told: bits of `Tcb.events`. */
export const ConnectionEvent = {
  Connect: 1,
  Readable: 2,
  Writable: 4,
  FinAcked: 8,
  Close: 16,
  SoftError: 32,
  Urgent: 64,
} as const

/**
 * While something this side has said is unanswered, the process stays: a kernel would go on sending it after the program
 * has ended. Called wherever that may have changed.
 */
export function holdWhileUnanswered(tcb: Tcb): void {
  const opening = tcb.state === TcpState.SynSent || tcb.state === TcpState.SynReceived
  const unanswered = opening || tcb.sendQueued > 0 || (tcb.finQueued && !tcb.finAcked)
  const hold = unanswered && tcb.closeReason === undefined
  if (hold === tcb.holding) return
  tcb.holding = hold
  if (hold) tcb.tcp.engine.hold()
  else tcb.tcp.engine.release()
}

/** Puts the connection on the list of those that owe output; the end of the burst sends it. */
export function wantOutput(tcb: Tcb): void {
  if (tcb.outputQueued) return
  tcb.outputQueued = true
  tcb.tcp.output.push(tcb)
}

/** Asks for an ACK at the end of this burst. */
export function wantAck(tcb: Tcb): void {
  tcb.ackNow = true
  wantOutput(tcb)
}

/** Tells the application, at the end of this burst. */
export function notify(tcb: Tcb, event: number): void {
  tcb.events |= event
  if (tcb.notifyQueued) return
  tcb.notifyQueued = true
  tcb.tcp.notify.push(tcb)
}
