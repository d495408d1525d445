import type { IpAddress } from '../ip/address.ts'
import type { CongestionName } from './congestion/controller.ts'
import type { TcpInspection } from './inspect.ts'

export type { CongestionName } from './congestion/controller.ts'
export type { SequenceRange, TcpInspection } from './inspect.ts'

/** The states of RFC 9293 section 3.3.2. */
export const TcpState = {
  Closed: 0,
  Listen: 1,
  SynSent: 2,
  SynReceived: 3,
  Established: 4,
  FinWait1: 5,
  FinWait2: 6,
  CloseWait: 7,
  Closing: 8,
  LastAck: 9,
  TimeWait: 10,
} as const
export type TcpState = (typeof TcpState)[keyof typeof TcpState]

/** The names in RFC 9293's spelling, by state. */
export const TCP_STATE_NAMES: readonly string[] = [
  'CLOSED',
  'LISTEN',
  'SYN-SENT',
  'SYN-RECEIVED',
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
]

/**
 * Why a connection ended: null after both sides sent FIN and all data was acknowledged (or after the
 * application's own `abort`), else the errno name that Node would report.
 */
export type CloseReason =
  | null
  | 'ECONNRESET'
  | 'ECONNREFUSED'
  | 'ETIMEDOUT'
  | 'EHOSTUNREACH'
  | 'ENETUNREACH'
  | 'ENETDOWN'
  | 'ENOBUFS'

/**
 * What an application is told of its connection. Calls come at the end of a burst: from a device or a timer,
 * or, for what a call of the application itself has caused (on loopback, all of it), as the last thing before that call
 * returns. Each may call any method of the connection.
 */
export interface ConnectionHandler {
  /**
   * Whether it acts on what it is told after the call, in a turn of the host's loop that it has asked for (`Clock.soon`): an ACK that
   * need not leave at once then waits for that turn, so that an answer takes it along.
   */
  readonly answersLater?: boolean
  /** The handshake is done (active opens only; accepted connections have it behind them). */
  onConnect?(connection: TcpConnection): void
  /** There is something to read that was not there before: bytes, or the end (`readable === 0 && ended`). */
  onReadable?(connection: TcpConnection): void
  /** After a `write` that took less than it was given: there is room again. */
  onWritable?(connection: TcpConnection): void
  /**
   * The peer has marked data as urgent, or moved the mark on (RFC 6093): `urgentLeft` says how far it reaches. The data
   * itself comes in the stream, in its place. New protocols should not use this (SHLD-13, R6093-02).
   */
  onUrgent?(connection: TcpConnection): void
  /** All that was written, and the FIN, has been acknowledged. */
  onFinAcked?(connection: TcpConnection): void
  /**
   * News that may mean trouble, while the connection goes on: an ICMP error, or three retransmissions in a row without
   * an answer ('ETIMEDOUT'). Leaving it out is the way not to be told.
   */
  onSoftError?(connection: TcpConnection, reason: CloseReason): void
  /**
   * The connection is over; the last call. Not made when the application called `abort` itself. Data that has arrived can still
   * be read, and takes up the stack's memory until it has been, or `close()` is called: always call that in the end.
   */
  onClose?(connection: TcpConnection, reason: CloseReason): void
}

export interface ListenerHandler {
  /** As with connections: it accepts in a turn of its own, and whoever it gives them to answers in the next. */
  readonly answersLater?: boolean
  /**
   * Connections wait in the accept queue. Called once for all that came in a burst: take them with `listener.accept()` until it
   * gives null. Those that are left wait, and this is called again only when another one comes.
   */
  onConnection(listener: TcpListener): void
  /** The listener is gone without `close()`: its interface or the stack went away. */
  onClose?(listener: TcpListener, reason: CloseReason): void
}

/** Linux's IP_MTU_DISCOVER: 'want' (its 1 and 2), 'never' without DF (0), 'probe' with DF and deaf to ICMP (3). */
export type PathMtuDiscovery = 'want' | 'never' | 'probe'

/**
 * What a connection may be told for itself; for what is left out, the stack's settings hold. On a listener it is for the
 * connections that come from it, from their SYN-ACK on.
 */
export interface ConnectionSettings {
  /** TTL or hop limit, 1 to 255; 0 gives it back to the stack. */
  readonly ttl?: number
  /** As `trafficClass` of a connection, but from the SYN on; -1 gives it back. */
  readonly trafficClass?: number
  /** The MSS to advertise, and the most that is sent in one segment (TCP_MAXSEG); 0 for none. Handshakes only. */
  readonly maxSegment?: number
  /** Bytes that may be queued for sending, from then on fixed; 0 lets them grow. */
  readonly sendBuffer?: number
  /** Bytes that may wait to be read, from then on fixed; 0 lets them grow. */
  readonly receiveBuffer?: number
  /** The largest window to offer (TCP_WINDOW_CLAMP); 0 for none. */
  readonly windowClamp?: number
  /** How often a SYN is sent again (TCP_SYNCNT); -1 gives it back. */
  readonly synRetries?: number
  /** How long it waits in FIN-WAIT-2 once closed, in milliseconds; 0 gives it back, -1 is not at all (TCP_LINGER2). */
  readonly finWait2?: number
  /** Default 'want'. */
  readonly pathMtuDiscovery?: PathMtuDiscovery
}

export interface ListenOptions {
  /** The address to listen on: null is every address of both versions (dual-stack `::`). */
  readonly address?: IpAddress | null
  /** 0 (default) takes a free ephemeral port. */
  readonly port?: number
  /** With `::`: do not accept IPv4. Default false. */
  readonly ipv6Only?: boolean
  /** Established connections that may wait to be accepted, 1 to 65,535; default 511 (Node's). */
  readonly backlog?: number
  /**
   * Fast Open (RFC 7413): how many connections may be there because of the data on their SYN, before their handshake is done;
   * 0 to 65,535. Such data may arrive twice: only for servers that can bear that. Default: the stack's `fastOpenServer`.
   */
  readonly fastOpen?: number
  /**
   * Let others listen on the same address and port, if they say so too: each connection goes to one of them, which a keyed hash
   * of its two ends chooses (SO_REUSEPORT). Default false.
   */
  readonly reusePort?: boolean
  /** For the connections that come. */
  readonly settings?: ConnectionSettings
  /**
   * Leave a finished handshake half open until data comes, or so many timeouts of its SYN-ACK have passed (TCP_DEFER_ACCEPT), 0 to
   * 255. Default 0: a connection is there at once.
   */
  readonly deferAccept?: number
}

export interface ConnectOptions {
  readonly address: IpAddress
  readonly port: number
  /** Source address; null (default) lets the routes choose. */
  readonly localAddress?: IpAddress | null
  /** Source port; 0 (default) takes an ephemeral one. */
  readonly localPort?: number
  /**
   * Fast Open (RFC 7413): the first connection to a server asks it for a cookie; with that the SYN of further ones takes
   * `initialData` along, as much as fits. Such data may arrive twice: only for requests that can bear that. Default false.
   */
  readonly fastOpen?: boolean
  /** What is written before anything else; its bytes are copied. At most the stack's `sendBuffer`. */
  readonly initialData?: Uint8Array
  /** Take no more of it than the SYN takes along: `unacknowledged` says how much that is. Default false. */
  readonly initialDataOnSyn?: boolean
  readonly settings?: ConnectionSettings
}

/** One TCP connection, as the stack's own API has it: bytes in, bytes out, no streams. */
export interface TcpConnection {
  /** The number that traces give it. */
  readonly id: number
  /** May be replaced at any time, e.g. right after `accept`. Null drops notifications; data stays in the ring. */
  handler: ConnectionHandler | null
  /** Free for the owner of the handler. */
  owner: unknown
  readonly state: TcpState
  readonly localAddress: IpAddress
  readonly localPort: number
  readonly remoteAddress: IpAddress
  readonly remotePort: number
  /** Bytes in order that wait to be read. */
  readonly readable: number
  /** The peer sent FIN, and everything before it is in the ring or has been read. */
  readonly ended: boolean
  /** Bytes that `write` would take now. */
  readonly writable: number
  /**
   * Whether it is worth writing: a third of the buffer is free, and little enough of it unsent (as `poll` of Linux tells it). When
   * not, `onWritable` follows, as after a write that took too little.
   */
  hasRoom(): boolean
  /** Bytes written that the peer has not acknowledged yet. */
  readonly unacknowledged: number
  /** Why it is over; undefined while it is not. */
  readonly closeReason: CloseReason | undefined
  /** It ended by a RST of the peer's, which is no reason where both sides had sent their FIN. */
  readonly wasReset: boolean
  /** Moves up to `target.length` bytes out of the ring. @returns how many; 0 when there are none */
  read(target: Uint8Array): number
  /**
   * Where the next readable bytes lie in the stack's memory, without moving them: up to the ring's wrap.
   * Valid until the next call into the stack. @param from passes over so many; default 0
   * @returns the length; the offset is in `peekOffset`
   */
  peek(from?: number): number
  readonly peekOffset: number
  /** Drops `length` bytes from the ring, after `peek`. @throws ERR_OUT_OF_RANGE beyond `readable` */
  consume(length: number): void
  /**
   * Copies bytes into the send ring, from `start` on. @returns how many were taken; less than offered means that
   * the ring is full and `onWritable` will be called. Before the handshake is done bytes are kept.
   * @param more what follows at once is to share segments with it (MSG_MORE): a short one waits for the next write, for anything
   * that arrives, or 200 ms; default false
   * @throws EPIPE after `shutdown`, or when the connection is over
   */
  write(bytes: Uint8Array, start?: number, more?: boolean): number
  /**
   * As `write`; all that is queued then is urgent: segments carry the mark until its end is acknowledged. For old
   * protocols such as Telnet only (R6093-02).
   */
  writeUrgent(bytes: Uint8Array, start?: number): number
  /** Bytes to be read until the peer's urgent data ends, also if they have not arrived yet; 0 when nothing is urgent. */
  readonly urgentLeft: number
  /** Sends FIN after everything written. Reading goes on. Calling it again does nothing. */
  shutdown(): void
  /**
   * Nothing more will be read: once our FIN has left, data that arrives ends the connection with a RST (Linux's SHUT_RD; SHLD-3). What
   * is here stays readable. There is no way back.
   */
  refuseData(): void
  /**
   * The application is done with it: as `shutdown`, and what arrives from now on is refused. With unread data in
   * the ring a RST is sent (RFC 9293 section 3.6.1, SHLD-3). No handler is called after it.
   */
  close(): void
  /** Sends RST (when the peer knows of the connection) and forgets everything at once. No handler is called after it. */
  abort(): void
  /** Nagle's algorithm off (true) or on (false, default). */
  noDelay: boolean
  /** Hold partial segments back while true, up to 200 ms; setting false sends them. */
  cork: boolean
  /**
   * Keepalive probes after `idle` ms (default two hours), every `interval` ms, `count` times: or, where there is a `userTimeout`, until
   * the peer has been silent for that long.
   */
  setKeepAlive(enabled: boolean, options?: { idle?: number; interval?: number; count?: number }): void
  /**
   * Most bytes that may wait unsent: `write` takes no more, and `onWritable` comes when half of them have left. Small
   * values keep what is queued fresh (TCP_NOTSENT_LOWAT). Default Infinity. @throws ERR_OUT_OF_RANGE below 1
   */
  notSentLowWater: number
  /** The DSCP byte of outgoing packets, 0 to 255. Its two low bits are ECN's: they are TCP's to set, and ignored. */
  trafficClass: number
  /** The congestion control algorithm; it can be changed at any time. @throws ERR_INVALID_ARG_VALUE */
  congestion: CongestionName
  /**
   * How many milliseconds what was sent may go unanswered before the connection fails with ETIMEDOUT; 0 (default)
   * leaves that to the stack's `retries`. @throws ERR_OUT_OF_RANGE below 0 or above 2^31 - 1
   */
  userTimeout: number
  /** Sets what is given, and leaves the rest as it is. @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE */
  configure(settings: ConnectionSettings): void
  /** The next ACKs go out at once, one that waits among them (true), or wait for data or the timer (false) (TCP_QUICKACK). */
  setQuickAck(on: boolean): void
  /** What is known of the connection's health. */
  info(): TcpInfo
  /** How its sequence space stands: an object for a look now and then, as `info`'s. */
  inspect(): TcpInspection
}

export interface TcpListener {
  /** The address given, or `::` / 0.0.0.0. */
  readonly localAddress: IpAddress
  readonly localPort: number
  /** Connections waiting to be accepted. */
  readonly pending: number
  /** How many may wait, from 1 on; it can be changed at any time. */
  backlog: number
  /** See `ListenOptions`; both can be changed at any time, the second one is its `fastOpen`. */
  deferAccept: number
  fastOpenLimit: number
  /** For connections that come from now on. @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE */
  configure(settings: ConnectionSettings): void
  handler: ListenerHandler | null
  /**
   * Takes the oldest waiting connection, or null. Set its `handler` at once: what has arrived meanwhile is told to it at the end of
   * the burst; soon, where this is called outside of the stack's callbacks.
   */
  accept(): TcpConnection | null
  /** Stops accepting; connections that wait are reset, those that were accepted go on. */
  close(): void
}

/** Figures of one connection; times in milliseconds, sizes in bytes. */
export interface TcpInfo {
  readonly state: string
  readonly srtt: number
  readonly rttvar: number
  readonly rto: number
  readonly cwnd: number
  readonly ssthresh: number
  readonly sndWnd: number
  readonly rcvWnd: number
  readonly sndMss: number
  readonly rcvMss: number
  readonly sndWscale: number
  readonly rcvWscale: number
  readonly timestamps: boolean
  readonly sackPermitted: boolean
  readonly inFlight: number
  readonly unsent: number
  readonly bytesReceived: number
  readonly bytesAcked: number
  readonly segmentsIn: number
  readonly segmentsOut: number
  readonly retransmits: number
  /** The congestion control algorithm. */
  readonly congestion: CongestionName
  /** Both sides use explicit congestion notification. */
  readonly ecn: boolean
  /** A data segment has come that was sent as ECN-capable. */
  readonly ecnSeen: boolean
  /** Data went on the SYN and was taken (RFC 7413), whichever side we were. */
  readonly fastOpen: boolean
  /** Why a client's Fast Open brought nothing: see `FastOpenFailure`; null when it did, or was not tried. */
  readonly fastOpenFailure: FastOpenFailure | null
  readonly pathMtu: number
  /** 'open', 'recovery' (fast) or 'loss' (after a timeout). */
  readonly recovery: 'open' | 'recovery' | 'loss'
  /**
   * The same in Linux's words: open may be 'disorder' (something came out of order, or twice) or 'cwr' (the window was
   * reduced because a router marked a packet, and what was in flight then still is).
   */
  readonly congestionState: 'open' | 'disorder' | 'cwr' | 'recovery' | 'loss'
  /** Doublings of the RTO since the last sample. */
  readonly backoff: number
  /** Window or keepalive probes that wait for an answer. */
  readonly probes: number
  /** The least round-trip time lately; 0 while none is known. */
  readonly minRtt: number
  /** Bytes a second at which it may send (tcpi_pacing_rate); Infinity while nothing paces it. */
  readonly pacingRate: number
  /** Bytes a second that the path has delivered lately (tcpi_delivery_rate), 0 before the first sample. */
  readonly deliveryRate: number
  /** That rate was the application's, which gave no more (tcpi_delivery_rate_app_limited). */
  readonly deliveryRateAppLimited: boolean
  /** The round-trip time as the receiver sees it; 0 while none is known. */
  readonly rcvRtt: number
  /** What the receive buffer may hold now, and what of it waits to be read. */
  readonly rcvBuffer: number
  readonly readable: number
  /** What the send buffer may hold now, and what of it is in use. */
  readonly sndBuffer: number
  readonly sndQueued: number
  /** Bytes in flight that are SACKed, taken for lost, and on their way again. */
  readonly sacked: number
  readonly lost: number
  readonly retransmitting: number
  /** Payload bytes sent, those sent again among them. */
  readonly bytesSent: number
  readonly bytesRetransmitted: number
  /** Segments that arrived out of order; the ranges of such data that wait now. */
  readonly outOfOrderIn: number
  readonly outOfOrderRanges: number
  /** Since data was last sent, and last received, and anything at all was. */
  readonly sinceSent: number
  readonly sinceData: number
  readonly sinceReceived: number
  /** Bytes sent and not acknowledged, SYN and FIN included: SND.NXT - SND.UNA. */
  readonly unacked: number
  /** Payload bytes of a full segment now, options subtracted (Linux's mss_cache). */
  readonly segmentSize: number
  /** What is in flight, SACKed, taken for lost and on its way again, in segments as they were sent. */
  readonly unackedSegments: number
  readonly sackedSegments: number
  readonly lostSegments: number
  readonly retransmittingSegments: number
  /** How long a received segment may wait for its ACK. */
  readonly ackTimeout: number
  /** Both sides scale their windows. */
  readonly windowScaling: boolean
  /** The MSS option that we send. */
  readonly advertisedMss: number
  /** What the application took in the last measured round trip: what auto-tuning goes by. */
  readonly rcvSpace: number
  /** Data segments received and sent, those sent again among them; super-frames count as the segments they are made of. */
  readonly dataSegmentsIn: number
  readonly dataSegmentsOut: number
  /** Bytes known to have arrived, SACKed ones included; and as far as ACKs said so that told of congestion (ECE). */
  readonly delivered: number
  readonly deliveredCe: number
  /** Data segments that came with a router's mark (CE). */
  readonly congestionMarksIn: number
  /** D-SACKs received. */
  readonly dsacksIn: number
  /** Segments that arrived after what was sent later, and the farthest that one came behind, in bytes. */
  readonly reorderedOut: number
  readonly reorderingDistance: number
  /** Retransmission timeouts since the peer last answered; and altogether: how many, in how many rows, and how long they lasted. */
  readonly timeouts: number
  readonly totalTimeouts: number
  readonly timeoutRows: number
  readonly timeoutTime: number
  /** How long there was something to send or to be acknowledged; and the parts of that time that the peer's window, and our send buffer, held it up. */
  readonly busyTime: number
  readonly windowLimitedTime: number
  readonly bufferLimitedTime: number
}

/**
 * There was no cookie yet, so that the SYN asked for one; its data was not acknowledged; or the SYN had to be sent again without
 * any of it.
 */
export type FastOpenFailure = 'cookieUnavailable' | 'dataNotAcked' | 'synRetransmitted'

/** The TCP of a stack: `stack.tcp`. */
export interface TcpApi {
  /** @throws EADDRINUSE, EADDRNOTAVAIL, ENOBUFS (limit reached), ERR_OUT_OF_RANGE */
  listen(options: ListenOptions, handler: ListenerHandler): TcpListener
  /**
   * Starts an active open.
   * @throws ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL (also when no ephemeral port is left), EADDRINUSE, ENOBUFS,
   * ERR_OUT_OF_RANGE at once; later failures
   * arrive as `onClose`
   */
  connect(options: ConnectOptions, handler: ConnectionHandler): TcpConnection
  /** Whether a connection to this peer could take data along with its SYN: its Fast Open cookie is known. */
  hasFastOpenCookie(address: IpAddress): boolean
}
