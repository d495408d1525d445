import { Timer } from '../core/timer.ts'
import type { IpAddress } from '../ip/address.ts'
import type { Path } from '../ip/network.ts'
import { TcpFlag } from '../wire/tcp.ts'
import type { TcpContext } from './context.ts'
import type { TcpListenerImpl } from './listener.ts'
import { type Agreement, sendSyn } from './syn.ts'

/**
 * A connection in SYN-RECEIVED that came from a listener: a record a fraction of a TCB's size, so that half-open
 * connections are cheap to hold and to forget. It becomes a TCB when the handshake's last ACK arrives.
 */
export class HalfOpen {
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
  retries = 0
  hash = 0
  hashNext: HalfOpen | null = null
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
    expire: (record: HalfOpen) => void,
  ) {
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
    this.timer = new Timer(() => expire(this))
  }
}

/** `<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>`: each option only if the SYN had it (R7323-04, R7323-13, R2018-02). */
export function sendSynAck(tcp: TcpContext, record: HalfOpen): void {
  const { agreement } = record
  sendSyn(tcp, {
    path: record.path,
    localPort: record.localPort,
    remotePort: record.remotePort,
    seq: record.iss,
    ack: (record.irs + 1) | 0,
    flags: TcpFlag.Syn | TcpFlag.Ack,
    windowScale: agreement.peerScale >= 0,
    sack: agreement.sack,
    timestamps: agreement.timestamps,
    tsOffset: record.tsOffset,
    tsEcr: agreement.tsRecent,
    trafficClass: tcp.config.trafficClass,
  })
}

/** Takes the record out of every table and stops its timer. */
export function forgetHalfOpen(tcp: TcpContext, record: HalfOpen): void {
  tcp.engine.timers.clear(record.timer)
  tcp.halfOpen.remove(record)
  record.listener.halfOpenCount--
}
