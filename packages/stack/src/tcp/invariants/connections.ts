import type { Audit } from '../../core/audit.ts'
import { formatAddress } from '../../ip/address-text.ts'
import { TCP_STATE_NAMES, TcpState } from '../api.ts'
import type { TcpContext } from '../context.ts'
import type { Tcb } from '../tcb.ts'
import { auditRings } from './rings.ts'
import { auditSentLog } from './sent-log.ts'
import { auditProgress, auditSequence, Edges } from './sequence.ts'
import { auditFinished, auditTimers } from './timers.ts'

/** Connections as they were at the last look, so that what goes backwards is noticed, and what ended is looked at once more. */
export class ConnectionAudit {
  readonly #known = new Map<Tcb, Edges>()

  look(tcp: TcpContext, audit: Audit): void {
    tcp.connections.each((tcb) => {
      audit.subject = new Name(tcb)
      let edges = this.#known.get(tcb)
      // One that rested has left it to another.
      if (edges === undefined || edges.id !== tcb.id) {
        edges = new Edges(tcb)
        this.#known.set(tcb, edges)
      }
      auditConnection(tcb, audit)
      auditProgress(edges, audit)
    })
    for (const tcb of this.#known.keys()) {
      if (tcb.closeReason === undefined && isListed(tcp, tcb)) continue
      this.#known.delete(tcb)
      if (tcb.id === 0) continue
      audit.subject = new Name(tcb)
      auditFinished(tcb, audit)
    }
  }
}

function isListed(tcp: TcpContext, tcb: Tcb): boolean {
  return tcp.connections.get(tcb.local, tcb.localPort, tcb.remote, tcb.remotePort) === tcb
}

function auditConnection(tcb: Tcb, audit: Audit): void {
  audit.check(tcb.closeReason === undefined, 'it is over and in the table')
  audit.check(
    tcb.state !== TcpState.Closed && tcb.state !== TcpState.TimeWait,
    'it is in a state of the dead',
    tcb.state,
  )
  auditSequence(tcb, audit)
  auditRings(tcb, audit)
  // Before that the SYN is in flight, which is on no record.
  if (tcb.state >= TcpState.Established) auditSentLog(tcb, audit)
  auditTimers(tcb, audit)
}

class Name {
  readonly #tcb: Tcb

  constructor(tcb: Tcb) {
    this.#tcb = tcb
  }

  describe(): string {
    const { id, local, localPort, remote, remotePort, state } = this.#tcb
    const ends = `${formatAddress(local)} port ${localPort} to ${formatAddress(remote)} port ${remotePort}`
    return `connection ${id} (${ends}, ${TCP_STATE_NAMES[state]})`
  }
}
