import { type Micros, NEVER, Timer } from '../core/timer.ts'
import type { IpAddress } from '../ip/address.ts'
import type { Path } from '../ip/network.ts'
import { type CloseReason, type ConnectionHandler, type FastOpenFailure, TcpState } from './api.ts'
import { BusyTime } from './busy-time.ts'
import { ByteRing } from './byte-ring.ts'
import { ANY_UNSENT } from './config.ts'
import type { CongestionControl } from './congestion/controller.ts'
import { WindowUse } from './congestion/window.ts'
import type { Connection } from './connection.ts'
import type { TcpContext } from './context.ts'
import { DeliveryRate } from './delivery-rate.ts'
import { EcnState } from './ecn.ts'
import { FrtoState } from './f-rto.ts'
import type { FastOpenAttempt } from './fast-open/client.ts'
import type { FastOpenPending } from './fast-open/queue.ts'
import type { TcpListenerImpl } from './listener.ts'
import { MinRtt } from './min-rtt.ts'
import { firstReceiveBuffer, NO_SETTINGS, type OwnSettings } from './own-settings.ts'
import { Pacer } from './pacing.ts'
import { PathMtuTrust } from './path-mtu.ts'
import { PathMtuSearch } from './path-mtu-search.ts'
import { PrrState } from './prr.ts'
import { RackState } from './rack.ts'
import type { SeqRanges } from './ranges.ts'
import { ReceiveRtt } from './receive-rtt.ts'
import { INFINITE_SSTHRESH, RecoveryState } from './recovery-state.ts'
import { SentLog } from './sent-log.ts'
import { LossTimer } from './timers.ts'
import { TlpState } from './tlp.ts'
import { UndoState } from './undo.ts'
import { Urgent } from './urgent.ts'
import { UserTimeoutOption } from './user-timeout-option.ts'

/**
 * The transmission control block: everything one connection knows (RFC 9293 section 3.3.1, names as there). Plain
 * data; the files beside this one each hold one thing that is done with it. Sequence numbers are int32.
 */
export class Tcb {
  readonly tcp: TcpContext
  /** From 1 on; 0 while it is nobody's (`spare-tcb.ts`). */
  id: number
  local: IpAddress
  remote: IpAddress
  localPort: number
  remotePort: number
  /** Its local address is the connection's for good (MUST-45). */
  path: Path
  hash = 0
  hashNext: Tcb | null = null

  state: TcpState = TcpState.Closed
  /** Came from a listener (MUST-11). */
  passive: boolean
  /** Its listener, until the application has accepted it. */
  listener: TcpListenerImpl | null = null

  // Send sequence space.
  iss = 0
  sndUna = 0
  sndNxt = 0
  /** The peer's window in bytes, scaled: up to 2^30 (REC-1). */
  sndWnd = 0
  sndWl1 = 0
  sndWl2 = 0
  /** The largest window the peer ever offered: for SWS avoidance (MUST-38). */
  maxSndWnd = 0
  /** Snd.Wind.Shift: the peer's shift, for its windows. */
  sndScale = 0
  /** The end of the last segment that was smaller than full: Nagle's question (SEG-34). */
  sndSmall = 0
  /** Payload bytes per segment, options not yet subtracted. */
  sndMss = 536
  /** The peer's MSS option, or the default (MUST-15). */
  peerMss = 536

  // Receive sequence space.
  irs = 0
  rcvNxt = 0
  /** The right edge of the largest window ever advertised: it never moves left (SHLD-14, R7323-09). */
  rcvAdv = 0
  /** Rcv.Wind.Shift: our shift, for the windows we send. */
  rcvScale = 0
  /** Last.ACK.sent of RFC 7323. */
  lastAckSent = 0
  /** An estimate of the peer's segment size, from what it sends. */
  rcvMss = 536
  /** The size of the last segment with data. */
  lastUnit = 0
  /** Largest window we would offer: grows by auto-tuning. */
  rcvBuf: number
  /** The sequence number of the peer's FIN, once seen. */
  rcvFin = 0
  rcvFinSeen = false

  // Options agreed on.
  windowScaling = true
  timestamps = false
  sackPermitted = false
  tsRecent = 0
  tsRecentAt: Micros = 0
  /** Added to the clock for TSval, so that uptime is not told (R7323-30). */
  tsOffset = 0

  // Data.
  readonly sendRing: ByteRing
  /** Bytes in the send ring: unacknowledged and unsent. */
  sendQueued = 0
  readonly receiveRing: ByteRing
  /** Bytes in order that the application has not read. */
  readable = 0
  // These three are set by the constructor. V8 compiles what has never changed as a constant, and the first hole that a process sees
  // would have it throw away all that receives; now they have changed once: from undefined.
  /** Out-of-order ranges beyond rcvNxt, or null while there are none. */
  outOfOrder!: SeqRanges | null
  /** Bytes that came twice and are still to be told by D-SACK; none while both are equal. */
  dsackLeft!: number
  dsackRight!: number

  // What has been asked of the connection.
  /** FIN follows the last queued byte. */
  finQueued = false
  finSent = false
  finAcked = false
  /** The application called `close`: nobody reads any more. */
  orphaned = false
  /** It will not read what comes after our FIN. */
  deaf = false
  /** The peer has sent a RST, if only after both FINs. */
  wasReset = false
  noDelay = false
  corked = false
  /** The last write has said that more comes at once: a short segment waits for that, or for anything to arrive. */
  more = false
  /** A short segment has waited long enough: the next one goes whatever its size. */
  override = false
  trafficClass: number
  /** What has been asked of this connection alone. */
  own: OwnSettings = NO_SETTINGS

  // Acknowledging.
  /** An ACK is owed: one at the end of the burst, however many segments were in it (R5681-24). */
  ackNow = false
  /** Payload bytes received since the last ACK went out. */
  unackedBytes = 0
  /** ACKs that will still go out at once although they could wait (start of a connection, after idling). */
  quickAcks = 0
  /** Turns of the host's loop for which the ACK that is owed waits for an answer to carry it. */
  answerTurns = 0

  // Round-trip time, in microseconds; srtt 0 means no sample yet.
  srtt = 0
  rttvar = 0
  readonly minRtt = new MinRtt()
  rto: Micros
  /** Doublings of the RTO since the last sample. */
  backoff = 0
  /** Timeouts in a row without progress: what R1 and R2 count. */
  timeouts = 0
  /** Those since SND.UNA last moved: what R2 counts, for a D-SACK alone is no progress. */
  timeoutsUnacked = 0
  synRetransmitted = 0
  /** What our first SYN said of Fast Open, or null for nothing (RFC 7413). */
  fastOpen: FastOpenAttempt | null = null
  fastOpenTaken = false
  fastOpenFailure: FastOpenFailure | null = null
  /** While the SYN-ACK of a connection that came by Fast Open is not acknowledged. */
  fastOpenPending: FastOpenPending | null = null

  // Loss recovery and congestion control.
  readonly sent: SentLog
  recovery: RecoveryState = RecoveryState.Open
  recoveryPoint = 0
  /** When the last reduction was made: what was sent before it is part of the same loss. */
  reducedAt: Micros = Number.NEGATIVE_INFINITY
  readonly rack = new RackState()
  readonly tlp = new TlpState()
  readonly prr = new PrrState()
  readonly undo = new UndoState()
  frto: FrtoState = FrtoState.Off
  /** The retransmission that opens a recovery is still owed. */
  fastRetransmit = false
  duplicateAcks = 0
  cwnd = 0
  ssthresh = INFINITE_SSTHRESH
  congestion: CongestionControl
  readonly windowUse = new WindowUse()
  readonly rate = new DeliveryRate()
  readonly pacer = new Pacer()
  /** The congestion window, and nothing else, stopped the sender just now. */
  cwndLimited = false
  readonly ecn = new EcnState()
  lastSendAt: Micros = 0
  /** An ICMP error seen lately: reported if the connection then fails (MUST-47). */
  softError: CloseReason = null
  /** What the application is to be told of next by `onSoftError`. */
  softNews: CloseReason = null
  readonly pmtu = new PathMtuTrust()
  /** The application's limit for what goes unanswered, 0 for none (MUST-21); and since when something does. */
  userTimeout: Micros = 0
  stalledSince: Micros = 0

  // Deadlines. One entry in the stack's queue stands for the earliest of them.
  /** The next of RTO, tail loss probe and reordering timer; `lossTimer` says which. */
  retransmitAt: Micros = NEVER
  lossTimer: LossTimer = LossTimer.Rto
  /** When the RTO is due, while `retransmitAt` stands for something that comes before it. */
  rtoAt: Micros = NEVER
  persistAt: Micros = NEVER
  delayedAckAt: Micros = NEVER
  keepaliveAt: Micros = NEVER
  finWait2At: Micros = NEVER
  corkAt: Micros = NEVER
  starvedAt: Micros = NEVER
  /** When the pacer lets go what it holds back. */
  pacingAt: Micros = NEVER
  readonly timer: Timer
  /** Zero-window probes since the window shut, answered or not: they come ever more seldom. */
  probes = 0
  keepalive: KeepaliveSettings | null = null
  /** Window and keepalive probes since anything acceptable came in. */
  unansweredProbes = 0
  /** When anything acceptable last came in. */
  lastReceiveAt: Micros = 0
  /** When data last came in. */
  lastDataAt: Micros = 0

  // Receive auto-tuning (dynamic right-sizing).
  /** Bytes the application read in this measuring interval. */
  tuneCopied = 0
  tuneSince: Micros = 0
  tuneSpace = 0
  readonly rcvRtt = new ReceiveRtt()

  readonly mtuSearch = new PathMtuSearch()
  readonly urgent = new Urgent()
  readonly uto = new UserTimeoutOption()

  // The application's side.
  events = 0
  /** Keeps the process running: see `holdWhileUnanswered`. */
  holding = false
  notifyQueued = false
  outputQueued = false
  blockedQueued = false
  wantsWritable = false
  /** `onWritable` is due when fewer than half of so many bytes are unsent. */
  notSentLowWater = Number.POSITIVE_INFINITY
  handler: ConnectionHandler | null = null
  connection: Connection | null = null
  closeReason: CloseReason | undefined = undefined
  /** When an out-of-window segment was last answered: once per 500 ms is enough (Linux; R5961-07). */
  lastOutOfWindowAck: Micros = Number.NEGATIVE_INFINITY

  // Figures.
  // NaN until the constructor has set them to 0: see `TcpCounters`.
  bytesReceived = Number.NaN
  /** Payload bytes, those sent again included. */
  bytesSent = Number.NaN
  bytesRetransmitted = 0
  outOfOrderIn = 0
  bytesAcked = Number.NaN
  segmentsIn = 0
  segmentsOut = 0
  /** Those of them that had data, those sent again included. */
  dataSegmentsIn = 0
  dataSegmentsOut = 0
  dsacksIn = 0
  /** Bytes delivered by ACKs that told of a router's mark (ECE), and data segments that came with one. */
  deliveredCe = 0
  congestionMarksIn = 0
  /** Our last segment has said that there is no room. */
  zeroWindowTold = false
  readonly busyTime = new BusyTime()
  /** Retransmission timeouts, SYNs included; the rows they came in; how long the rows have lasted, and when this one began. */
  rtoCount = 0
  rtoRows = 0
  rtoTime: Micros = Number.NaN
  rtoSince: Micros = Number.NaN
  retransmits = 0

  constructor(
    tcp: TcpContext,
    path: Path,
    localPort: number,
    remotePort: number,
    passive: boolean,
    id = tcp.nextId++,
    congestion: CongestionControl = tcp.newCongestionControl(),
  ) {
    this.tcp = tcp
    this.id = id
    this.path = path
    this.local = path.local
    this.remote = path.remote
    this.localPort = localPort
    this.remotePort = remotePort
    this.passive = passive
    this.outOfOrder = null
    this.dsackLeft = 0
    this.dsackRight = 0
    this.bytesReceived = 0
    this.bytesSent = 0
    this.bytesAcked = 0
    this.rtoTime = 0
    this.rtoSince = 0
    this.rcvBuf = tcp.config.receiveBuffer
    this.rto = tcp.config.initialRto
    this.trafficClass = tcp.config.trafficClass
    const unsent = tcp.config.notSentLowWater
    if (unsent < ANY_UNSENT) this.notSentLowWater = unsent
    this.congestion = congestion
    this.sendRing = new ByteRing(tcp.engine.memory)
    this.receiveRing = new ByteRing(tcp.engine.memory)
    this.sent = new SentLog(tcp.records)
    this.timer = new Timer((now) => tcp.expire(this, now))
  }

  /** Bytes in flight by sequence number, FIN and SYN included. */
  get flightSize(): number {
    return (this.sndNxt - this.sndUna) | 0
  }

  /** Data bytes queued and never sent. */
  get unsent(): number {
    const sentData = this.finSent ? this.flightSize - 1 : this.flightSize
    return this.sendQueued - (this.state >= TcpState.Established ? Math.max(0, sentData) : 0)
  }
}

/** What was asked for the connection before it began. */
export function takeSettings(tcb: Tcb, own: OwnSettings): void {
  if (own === NO_SETTINGS) return
  tcb.own = own
  tcb.rcvBuf = firstReceiveBuffer(tcb.tcp.config, own)
  if (own.trafficClass >= 0) tcb.trafficClass = own.trafficClass
}

export type TcbTimeout = (tcb: Tcb, now: Micros) => void

export interface KeepaliveSettings {
  readonly idle: Micros
  readonly interval: Micros
  readonly count: number
}
