import type { TcpContext } from './context.ts'
import type { Tcb } from './tcb.ts'

/*
 * Connections whose device was full. They wait until a device says that it has room; one that is over meanwhile stays on the list,
 * because taking it out of the middle would cost a search, and is dropped when the list is next looked through.
 */

/** So many connections that are over may stand on the list, besides as many as are alive. */
const SLACK = 64

export function waitForDevice(tcb: Tcb): void {
  if (tcb.blockedQueued) return
  const { blocked, connections } = tcb.tcp
  tcb.blockedQueued = true
  blocked.push(tcb)
  // A device that never has room again must not collect everybody who ever wanted something of it.
  if (blocked.size > 2 * connections.size + SLACK) forgetFinished(tcb.tcp)
}

/** There is room again: all of them try. */
export function wakeBlocked(tcp: TcpContext): void {
  const { blocked, output } = tcp
  for (let tcb = blocked.shift(); tcb !== null; tcb = blocked.shift()) {
    tcb.blockedQueued = false
    if (tcb.outputQueued || tcb.closeReason !== undefined) continue
    tcb.outputQueued = true
    output.push(tcb)
  }
}

/** Takes those off the list that are over: after their interface has gone nothing else would. */
export function forgetFinished(tcp: TcpContext): void {
  const { blocked } = tcp
  for (let left = blocked.size; left > 0; left--) {
    const tcb = blocked.shift() as Tcb
    if (tcb.closeReason === undefined) blocked.push(tcb)
    else tcb.blockedQueued = false
  }
}
