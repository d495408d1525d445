import { probeInterval } from './persist.ts'
import type { Tcb } from './tcb.ts'

/*
 * Orphans: connections whose application has closed them and that still have something to finish. Nobody but their peer decides
 * how long that takes, so their number is bounded, and so is the patience with each (Linux's tcp_max_orphans and
 * tcp_orphan_retries). FIN-WAIT-2 has its own timer (`close.ts`).
 */

/** The application has let go of it: no handler is called any more. */
export function orphan(tcb: Tcb): void {
  if (tcb.orphaned) return
  tcb.orphaned = true
  tcb.handler = null
  // What the application was willing to wait for is another matter.
  tcb.probes = 0
  tcb.unansweredProbes = 0
  if (tcb.closeReason === undefined) tcb.tcp.orphans++
}

/** Whether one more may be left to finish by itself. What is refused is counted. */
export function hasRoomForOrphan(tcb: Tcb): boolean {
  const { tcp } = tcb
  if (tcp.orphans < tcp.limits.orphans) return true
  tcp.counters.orphansRefused++
  return false
}

/** How often something is sent again without an answer: R2 for a connection that the application has, fewer for an orphan. */
export function retriesOf(tcb: Tcb): number {
  const { retries, orphanRetries } = tcb.tcp.config
  return tcb.orphaned ? Math.min(retries, orphanRetries) : retries
}

/**
 * An orphan that has asked in vain makes room when the stack's memory runs short, before those suffer who have an application
 * (Linux's tcp_out_of_resources): many small windows that are kept shut would otherwise hold all of it.
 */
export function makesWay(tcb: Tcb): boolean {
  const { memory } = tcb.tcp.engine
  return tcb.orphaned && tcb.timeouts + tcb.probes > 0 && memory.allocated > memory.size - memory.size / 8
}

/**
 * Answered probes keep a connection alive for as long as somebody waits for it (MUST-37). For an orphan nobody does: when the
 * interval between probes has grown to its limit, after some four minutes, the peer has had its time (as in Linux).
 */
export function outstaysWelcome(tcb: Tcb): boolean {
  return makesWay(tcb) || (tcb.orphaned && probeInterval(tcb) >= tcb.tcp.config.maxRto)
}
