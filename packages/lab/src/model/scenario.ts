import type { CongestionName } from '@tapwire/stack'

/** The two hosts: A is at the left and opens the connection, unless its application says otherwise. */
export type HostName = 'A' | 'B'
/** Which way a segment goes. */
export type Way = 'A→B' | 'B→A'

/** All that decides a run. Plain JSON: it stands in the address of the page, and the same scenario gives the same run. */
export interface Scenario {
  /** Of the format; an address of an older version is brought up to date, one of a newer one refused. */
  readonly version: 1
  readonly title: string
  /** Decides losses, ISNs and ports. An integer, 0 to 2^32 - 1. */
  readonly seed: number
  readonly ip: 4 | 6
  /** Milliseconds of virtual time after which the run ends at the latest, 1 to 3,600,000. */
  readonly duration: number
  readonly hosts: Readonly<Record<HostName, HostSettings>>
  readonly link: Readonly<Record<Way, LinkSettings>>
  /** A router between the hosts, or a cable. */
  readonly router: boolean
  /** What the applications do; each is one connection (or its attempt). 1 to 8. */
  readonly flows: readonly FlowSettings[]
  /** What the person at the page did, and when: in order of time. */
  readonly actions: readonly Action[]
}

/** What is left out has the stack's default. Sizes in bytes, times in milliseconds. */
export interface HostSettings {
  readonly congestion?: CongestionName
  readonly sack?: boolean
  readonly rack?: boolean
  readonly tailLossProbe?: boolean
  readonly timestamps?: boolean
  readonly windowScaling?: boolean
  readonly ecn?: boolean
  readonly delayedAck?: number
  readonly quickAck?: boolean
  readonly initialWindow?: number
  /** Fixed; left out, it tunes itself. */
  readonly sendBuffer?: number
  readonly receiveBuffer?: number
  readonly maxSegment?: number
  readonly slowStartAfterIdle?: boolean
  readonly synCookies?: boolean
  readonly mtuProbing?: 'blackHole' | 'always' | false
  readonly minRto?: number
  readonly initialRto?: number
  /** The first sequence number, for lessons about wrap-around; left out, it is drawn (RFC 6528). */
  readonly isn?: number
}

/** One way of the link. */
export interface LinkSettings {
  /** Milliseconds that a frame is on its way, 0 to 10,000. */
  readonly latency: number
  readonly jitter?: number
  /** Bits a second, 1,000 to 10^10; left out, no bottleneck. */
  readonly bandwidth?: number
  /** Packets that may wait at the bottleneck; default 100. */
  readonly queue?: number
  readonly codel?: boolean
  /** Mark instead of drop, where the packet allows it. */
  readonly ecn?: boolean
  /** Probabilities, 0 to 1. */
  readonly loss?: number
  readonly reorder?: number
  /** Milliseconds by which a reordered frame comes later, so that others overtake it; default a quarter of the latency, 1 at least. */
  readonly reorderBy?: number
  readonly duplicate?: number
  readonly corrupt?: number
  /** Bytes of the largest packet that passes. */
  readonly mtu?: number
  /** Whether the sender of one that is too large is told. Default true. */
  readonly icmp?: boolean
  /** Segments with these numbers, counted from 0 among those with data that this way has seen, are lost. */
  readonly dropData?: readonly number[]
  /** The same, counted among all segments. */
  readonly dropAny?: readonly number[]
}

/** What the two ends of one connection do. Bytes and milliseconds. */
export type FlowSettings = {
  /** When it begins; default 0. */
  readonly start?: number
  readonly nagle?: boolean
  /** Congestion control of this flow's sender alone. */
  readonly congestion?: CongestionName
  /** Keepalive of the opener: idle time before the first probe; 0 or left out: none. */
  readonly keepAlive?: number
} & (
  | { readonly app: 'bulk'; readonly from: HostName; readonly bytes: number }
  /** A asks, B answers, a number of times. */
  | {
      readonly app: 'requests'
      readonly request: number
      /** In how many writes it is written, one right after the other; default 1. */
      readonly pieces?: number
      readonly response: number
      readonly times: number
      readonly pause: number
    }
  /** A writes a few bytes at a time, and does not wait. */
  | { readonly app: 'typing'; readonly bytes: number; readonly times: number; readonly pause: number }
  /** A sends in bulk, and B reads so many bytes each so many milliseconds; nothing before `readFrom`. */
  | {
      readonly app: 'slowReader'
      readonly bytes: number
      readonly read: number
      readonly every: number
      readonly readFrom: number
    }
  /** A sends and shuts its side; B, having read all, sends its own and shuts. */
  | { readonly app: 'halfClose'; readonly bytes: number; readonly answer: number }
  /** Both connect to each other at the same moment. */
  | { readonly app: 'simultaneousOpen'; readonly bytes: number }
  /**
   * Connects, sends, and then `who` is gone without a word, as if the power had failed; `back`: the time at which it is there again,
   * with the same address and remembering nothing.
   */
  | {
      readonly app: 'vanish'
      readonly bytes: number
      readonly who: HostName
      readonly at: number
      readonly back?: number
    }
  /** SYNs from addresses that do not exist, and an honest connection among them. */
  | { readonly app: 'synFlood'; readonly syns: number; readonly backlog: number }
  /** Connects and does nothing. */
  | { readonly app: 'idle' }
)

/** What somebody does to a run at one moment of it. */
export type Action = {
  readonly at: number
} /** The next segment of this way (with data only, if so said) is lost. */ & (
  | { readonly do: 'dropNext'; readonly way: Way; readonly data?: boolean }
  /** The segment with this number in the recording is lost: its fate is decided when it is sent. `at`: when it is sent. */
  | { readonly do: 'drop'; readonly segment: number }
  /** A bit of it comes wrong: counted from the first of the frame. */
  | { readonly do: 'flip'; readonly segment: number; readonly bit: number }
  /** Somebody in the middle sends a segment in `way`; numbers are relative to the ISNs, of flow 0 unless said otherwise. */
  | {
      readonly do: 'forge'
      readonly way: Way
      readonly flow?: number
      readonly flags: string
      readonly seq: number
      readonly ack: number
      readonly bytes: number
    }
  /** The link changes. */
  | { readonly do: 'link'; readonly way: Way; readonly set: Partial<LinkSettings> }
  /** An end of a flow closes, or aborts with a RST. */
  | { readonly do: 'close' | 'abort'; readonly host: HostName; readonly flow: number }
)
