import { seqAdd } from '../core/seq.ts'
import { type Micros, Timer } from '../core/timer.ts'
import type { IpAddress } from '../ip/address.ts'
import type { Path } from '../ip/network.ts'
import { TcpFlag } from '../wire/tcp.ts'
import type { AckSource } from './bare-ack.ts'
import type { TcpContext } from './context.ts'
import type { TcpListenerImpl } from './listener.ts'
import { firstWindow, largestWindow, type OwnSettings } from './own-settings.ts'
import { windowShift } from './receive-window.ts'
import { type Agreement, sendSyn } from './syn.ts'

/**
 * A connection in SYN-RECEIVED that came from a listener: a record a fraction of a TCB's size (R4987-03), so that half-open
 * connections are cheap to hold and to forget. It becomes a TCB when the handshake's last ACK arrives.
 */
export class HalfOpen implements AckSource {
  readonly listener: TcpListenerImpl
  readonly path: Path
  readonly local: IpAddress
  readonly remote: IpAddress
  readonly localPort: number
  readonly remotePort: number
  readonly iss: number
  readonly irs: number
  readonly tsOffset: number
  readonly agreement: Agreement
  readonly trafficClass: number
  readonly own: OwnSettings
  /** For segments after the SYN-ACK: scaled. */
  readonly windowField: number
  /** When its SYN-ACK was sent, for a round-trip sample; -1 once that was sent again (R6298-06). */
  sentAt: Micros = -1
  /** The SYN-ACK, sent again; timeouts of it, those among them that sent nothing. */
  retries = 0
  timeouts = 0
  /** The handshake is done, and its listener waits for data. */
  deferred = false
  lastOutOfWindowAck: Micros = Number.NEGATIVE_INFINITY
  hash = 0
  hashNext: HalfOpen | null = null
  /** Neighbours in the listener's queue. */
  older: HalfOpen | null = null
  newer: HalfOpen | null = null
  readonly timer: Timer

  constructor(
    listener: TcpListenerImpl,
    path: Path,
    localPort: number,
    remotePort: number,
    iss: number,
    irs: number,
    tsOffset: number,
    agreement: Agreement,
    tcp: TcpContext,
    expire: (tcp: TcpContext, record: HalfOpen) => void,
  ) {
    const { config } = tcp
    const { own } = listener
    this.listener = listener
    this.path = path
    this.local = path.local
    this.remote = path.remote
    this.localPort = localPort
    this.remotePort = remotePort
    this.iss = iss
    this.irs = irs
    this.tsOffset = tsOffset
    this.agreement = agreement
    this.own = own
    this.trafficClass = own.trafficClass >= 0 ? own.trafficClass : config.trafficClass
    const shift = agreement.peerScale >= 0 ? windowShift(largestWindow(config, own)) : 0
    this.windowField = firstWindow(config, own) >>> shift
    this.timer = new Timer(() => expire(tcp, this))
  }

  get sndNxt(): number {
    return seqAdd(this.iss, 1)
  }

  get rcvNxt(): number {
    return seqAdd(this.irs, 1)
  }

  get timestamps(): boolean {
    return this.agreement.timestamps
  }

  get tsRecent(): number {
    return this.agreement.tsRecent
  }
}

/**
 * `<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>`: each option only if the SYN had it (R7323-04, R7323-13, R2018-02).
 * @param cookie for Fast Open: on the first one only (R7413-05)
 */
export function sendSynAck(tcp: TcpContext, record: HalfOpen, cookie: Uint8Array | null = null): void {
  const { agreement } = record
  sendSyn(tcp, {
    path: record.path,
    localPort: record.localPort,
    remotePort: record.remotePort,
    seq: record.iss,
    ack: record.rcvNxt,
    flags: TcpFlag.Syn | TcpFlag.Ack | (agreement.ecn ? TcpFlag.Ece : 0),
    windowScale: agreement.peerScale >= 0,
    sack: agreement.sack,
    timestamps: agreement.timestamps,
    tsOffset: record.tsOffset,
    tsEcr: agreement.tsRecent,
    trafficClass: record.trafficClass,
    own: record.own,
    cookie,
    ring: null,
    length: 0,
  })
}

/** Puts the record into every table. */
export function rememberHalfOpen(tcp: TcpContext, record: HalfOpen): void {
  tcp.halfOpen.add(record)
  record.listener.synQueue.add(record)
}

/** Takes the record out of every table and stops its timer. */
export function forgetHalfOpen(tcp: TcpContext, record: HalfOpen): void {
  tcp.engine.timers.clear(record.timer)
  tcp.halfOpen.remove(record)
  record.listener.synQueue.remove(record)
}
