import type { TcpInfo, TraceEvent } from '@tapwire/stack'
import type { HostName, Scenario, Way } from './scenario.ts'

/**
 * All that a run has shown so far: everything in the page is drawn from it, and nothing in it changes once it is there (but
 * for the end of what is still on its way). Times are milliseconds of virtual time since the start, with fractions.
 * A simulation makes one, and so does a live stack that tells of itself.
 */
export interface Recording {
  /** Null for a live stack. */
  readonly scenario: Scenario | null
  /** In order of `sentAt`; the index is `number`. */
  readonly segments: readonly SegmentRecord[]
  /** What the stacks decided, in order of time. */
  readonly events: readonly EventRecord[]
  /** A connection's variables whenever one of them changed, in order of time, per end. */
  readonly ends: readonly EndRecord[]
  /** The bottleneck's queue, whenever it changed, per way. */
  readonly queues: Readonly<Record<Way, readonly QueueSample[]>>
  /** What applications asked of their stacks, in order of time; a live stack does not tell of it. */
  readonly calls?: readonly CallRecord[]
  /** Until when the run has come. */
  readonly time: number
  /** Nothing more will happen. */
  readonly over: boolean
  /** Why it ended before its time: it has as many segments as a recording may have. Null or left out: it did not. */
  readonly stopped?: 'tooManySegments' | null
}

/** One packet on its way: TCP, or what goes with it (ICMP errors). Nothing of ARP and ND, which `Recording` leaves out. */
export interface SegmentRecord {
  readonly number: number
  readonly way: Way
  /** The host that sent it, or 'router', or 'forger'. */
  readonly from: HostName | 'router' | 'forger'
  readonly flow: number
  readonly sentAt: number
  /** When it came, or null: lost, or still on its way. A duplicate is a record of its own. */
  arrivedAt: number | null
  /** When and why it was lost, or null. */
  lost: { readonly at: number; readonly why: LossCause } | null
  /** It came damaged. */
  readonly damaged: boolean
  readonly kind: SegmentKind
  /** Why it was sent again, or null. */
  readonly again: RetransmissionCause | null
  /** Relative to the ISNs, as people write them; `ack` is null without ACK flag. */
  readonly seq: number
  readonly ack: number | null
  readonly length: number
  /** Letters of SFRPAUEW. */
  readonly flags: string
  /** In bytes, scaled. */
  readonly window: number
  /** Relative, too. */
  readonly sack: readonly (readonly [left: number, right: number])[]
  /** The link-layer frame, as it was sent. */
  readonly frame: Uint8Array
  /** One line for the ladder: `SYN`, `seq 1:1461 ack 1 win 64240`. */
  readonly label: string
  /** CE was put on it on its way. */
  readonly marked: boolean
  /** Bytes of the frame; `frame` is cut short where a recording grew large (`RunLimits`). */
  readonly frameLength?: number
  /** What brought its sender to send it; null where that is not known (a live peer). */
  readonly prompt?: Prompt | null
  /** The number of the segment that the link has delivered twice, where this is the second copy. */
  readonly copyOf?: number | null
}

/** A segment that came, a timer, the sender's application, or a person: who forged it. */
export type Prompt =
  /** The last one of what came at the same moment. */
  { readonly by: 'segment'; readonly segment: number } | { readonly by: 'timer' | 'application' | 'person' }

export type SegmentKind = 'syn' | 'data' | 'ack' | 'fin' | 'rst' | 'probe' | 'icmp'
export type RetransmissionCause = 'rto' | 'rack' | 'fast' | 'tlp' | 'syn' | 'probe'
export type LossCause = 'loss' | 'queue' | 'codel' | 'mtu' | 'damaged' | 'dropped' | 'policer' | 'gone'

/** A decision of a stack. */
export interface EventRecord {
  readonly time: number
  readonly host: HostName
  readonly flow: number
  readonly event: TraceEvent
  /** The segment that it was about, where there is one. */
  readonly segment: number | null
}

/** A call of an application. */
export interface CallRecord {
  readonly time: number
  readonly host: HostName
  readonly flow: number
  readonly call: 'connect' | 'accept' | 'write' | 'read' | 'shutdown' | 'close' | 'abort'
  /** That were written or read. */
  readonly bytes: number
  /** The last event before it: an index of `Recording.events`. */
  readonly event: number
}

/** One end of one connection over time. */
export interface EndRecord {
  readonly host: HostName
  readonly flow: number
  readonly address: string
  readonly samples: readonly EndSample[]
}

export interface EndSample {
  readonly time: number
  /** The event that it comes after: an index of `Recording.events`. */
  readonly event: number
  /** In RFC 9293's spelling. */
  readonly state: string
  /** Relative to the ISNs. */
  readonly sndUna: number
  readonly sndNxt: number
  readonly rcvNxt: number
  readonly sndWnd: number
  readonly rcvWnd: number
  /** Ranges (relative) for the tapes: written and not sent, SACKed, lost; received out of order, received and not read. */
  readonly sndEnd: number
  readonly sacked: readonly (readonly [number, number])[]
  readonly lost: readonly (readonly [number, number])[]
  readonly outOfOrder: readonly (readonly [number, number])[]
  readonly rcvRead: number
  readonly info: Pick<
    TcpInfo,
    | 'cwnd'
    | 'ssthresh'
    | 'inFlight'
    | 'srtt'
    | 'rttvar'
    | 'rto'
    | 'minRtt'
    | 'congestionState'
    | 'recovery'
    | 'backoff'
    | 'sndMss'
    | 'pacingRate'
    | 'rcvBuffer'
    | 'sndBuffer'
    | 'retransmits'
    | 'unsent'
  >
}

export interface QueueSample {
  readonly time: number
  readonly packets: number
  readonly bytes: number
}
