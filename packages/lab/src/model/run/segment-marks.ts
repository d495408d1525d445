import type { TraceEvent } from '@tapwire/stack'
import type { RetransmissionCause } from '../recording.ts'
import type { HostName, Scenario } from '../scenario.ts'
import { labelOf, type Segment } from './segment.ts'

/** Marks on segments what only their sender's trace can tell: that they were sent again, and why; that they are probes. */
export class SegmentMarks {
  /** The algorithm of the recovery that a connection is in. */
  readonly #recovery = new Map<string, 'newreno' | 'rack' | 'timeout'>()
  readonly #scenario: Scenario | null

  constructor(scenario: Scenario | null) {
    this.#scenario = scenario
  }

  note(host: HostName, event: TraceEvent, segment: Segment | null): void {
    switch (event.kind) {
      case 'retransmit':
        if (segment !== null) segment.again = this.#causeOf(host, event)
        return
      case 'windowProbe':
      case 'keepaliveProbe':
        if (segment === null) return
        segment.kind = 'probe'
        segment.label = labelOf(segment)
        if (event.number > 1) segment.again = 'probe'
        return
      case 'recoveryEnter':
        this.#recovery.set(`${host}${event.connection}`, event.algorithm)
        return
      case 'recoveryExit':
        this.#recovery.delete(`${host}${event.connection}`)
        return
      default:
    }
  }

  #causeOf(host: HostName, event: TraceEvent & { kind: 'retransmit' }): RetransmissionCause {
    if (event.cause === 'timeout') return 'rto'
    if (event.cause === 'syn') return 'syn'
    if (event.cause === 'probe') return 'tlp'
    const algorithm = this.#recovery.get(`${host}${event.connection}`)
    if (algorithm === 'timeout') return 'rto'
    // The trace says 'rack' for all recoveries with SACK; without RACK losses are found by counting there, too.
    return algorithm === 'newreno' || this.#scenario?.hosts[host].rack === false ? 'fast' : 'rack'
  }
}
