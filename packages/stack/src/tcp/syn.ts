import { seqAdd } from '../core/seq.ts'
import type { Path } from '../ip/network.ts'
import type { TransmitResult } from '../link/device.ts'
import {
  padTcpOptions,
  TcpFlag,
  type TcpOptions,
  writeFastOpen,
  writeMssOption,
  writeSackPermitted,
  writeSackPermittedTimestamps,
  writeTimestamps,
  writeWindowScale,
} from '../wire/tcp.ts'
import type { ByteRing } from './byte-ring.ts'
import type { TcpContext } from './context.ts'
import { ecnOffered, ecnSynFlags } from './ecn.ts'
import type { FastOpenAttempt } from './fast-open/client.ts'
import { firstWindow, largestWindow, type OwnSettings } from './own-settings.ts'
import { windowShift } from './receive-window.ts'
import { optionsStart, sendSegment } from './segment-out.ts'
import { advertisedMss, defaultMss, updateSndMss } from './segment-size.ts'
import type { Tcb } from './tcb.ts'
import { timestampNow } from './timestamps.ts'

/** What a SYN or SYN-ACK carries. */
export interface SynContents {
  readonly path: Path
  readonly localPort: number
  readonly remotePort: number
  readonly seq: number
  readonly ack: number
  /** `Syn`, or `Syn | Ack`. */
  readonly flags: number
  readonly windowScale: boolean
  readonly sack: boolean
  readonly timestamps: boolean
  readonly tsOffset: number
  /** 0 without an ACK (R7323-17). */
  readonly tsEcr: number
  readonly trafficClass: number
  readonly own: OwnSettings
  /** A Fast Open cookie, or a request for one when its length is 0 (R7413-02); null for neither. */
  readonly cookie: Uint8Array | null
  /** Data on the SYN: the first `length` bytes of the ring. */
  readonly ring: ByteRing | null
  readonly length: number
}

/**
 * Sends a SYN or SYN-ACK: MSS, always (SHLD-5, MAY-3, MUST-14), SACK-permitted, timestamps, window scale, in Linux's order
 * (R7323-33). No other segment has MSS (MUST-65), SACK-permitted (R2018-01) or window scale.
 */
export function sendSyn(tcp: TcpContext, syn: SynContents, connection = 0): TransmitResult {
  const { view } = tcp.network.memory
  const { cookie } = syn
  const fixed = 4 + (syn.timestamps ? 12 : syn.sack ? 4 : 0) + (syn.windowScale ? 4 : 0)
  const length = fixed + (cookie === null ? 0 : (cookie.length + 5) & ~3)
  const tsVal = timestampNow(tcp.engine.now, syn.tsOffset)
  let at = optionsStart(tcp, length)
  at = writeMssOption(view, at, advertisedMss(syn.path, syn.own))
  if (syn.sack && syn.timestamps) at = writeSackPermittedTimestamps(view, at, tsVal, syn.tsEcr)
  else if (syn.timestamps) at = writeTimestamps(view, at, tsVal, syn.tsEcr)
  else if (syn.sack) at = writeSackPermitted(view, at)
  if (syn.windowScale) at = writeWindowScale(view, at, windowShift(largestWindow(tcp.config, syn.own)))
  if (cookie !== null) padTcpOptions(view, at, writeFastOpen(view, at, cookie, cookie.length))
  return sendSegment(
    tcp,
    syn.path,
    syn.localPort,
    syn.remotePort,
    syn.seq,
    syn.ack,
    syn.flags,
    firstWindow(tcp.config, syn.own),
    length,
    syn.trafficClass,
    syn.ring,
    0,
    syn.length,
    Math.max(1, syn.length),
    0,
    connection,
    syn.own,
  )
}

/** Sends the SYN of an active open, or the SYN-ACK of a connection that exists already (simultaneous or fast open). */
export function sendTcbSyn(tcb: Tcb, flags: number, fastOpen: FastOpenAttempt | null = null): TransmitResult {
  const { config } = tcb.tcp
  const answer = (flags & TcpFlag.Ack) !== 0
  tcb.segmentsOut++
  return sendSyn(
    tcb.tcp,
    {
      path: tcb.path,
      localPort: tcb.localPort,
      remotePort: tcb.remotePort,
      seq: tcb.iss,
      ack: answer ? tcb.rcvNxt : 0,
      flags: flags | ecnSynFlags(tcb, flags),
      // R7323-08.
      windowScale: config.windowScaling && (!answer || tcb.windowScaling),
      sack: config.sack && (!answer || tcb.sackPermitted),
      // R7323-32.
      timestamps: config.timestamps && (!answer || tcb.timestamps),
      tsOffset: tcb.tsOffset,
      tsEcr: answer ? tcb.tsRecent : 0,
      trafficClass: tcb.trafficClass,
      own: tcb.own,
      cookie: fastOpen === null ? null : fastOpen.cookie,
      ring: tcb.sendRing,
      length: fastOpen === null ? 0 : fastOpen.data,
    },
    tcb.id,
  )
}

/** What the two SYNs agreed on. */
export interface Agreement {
  readonly peerMss: number
  /** The peer's shift, or -1 when it offered none (R7323-01). */
  readonly peerScale: number
  readonly sack: boolean
  readonly timestamps: boolean
  readonly tsRecent: number
  /** An ECN-setup SYN, or the SYN-ACK to one (R3168-01). */
  readonly ecn: boolean
}

/**
 * Reads the options and flags of the peer's SYN against what we offer (MUST-14); options of no other segment come here
 * (R7323-03). An MSS of 0 counts as none (MUST-15).
 */
export function agree(tcp: TcpContext, path: Path, options: TcpOptions, flags: number): Agreement {
  const { config } = tcp
  return {
    peerMss: options.mss > 0 ? options.mss : defaultMss(path),
    peerScale: config.windowScaling ? options.windowScale : -1,
    sack: config.sack && options.sackPermitted,
    timestamps: config.timestamps && options.hasTimestamps,
    tsRecent: options.hasTimestamps ? options.tsVal : 0,
    ecn: ecnOffered(config.ecn, flags),
  }
}

/** Puts the agreement into the connection, before it sends anything else. */
export function adopt(tcb: Tcb, agreement: Agreement, irs: number, iss: number): void {
  const { config, engine } = tcb.tcp
  const { own } = tcb
  const scaled = agreement.peerScale >= 0
  tcb.irs = irs
  tcb.rcvNxt = seqAdd(irs, 1)
  tcb.lastAckSent = tcb.rcvNxt
  tcb.rcvAdv = seqAdd(tcb.rcvNxt, firstWindow(config, own))
  tcb.iss = iss
  tcb.peerMss = own.maxSegment > 0 ? Math.min(own.maxSegment, agreement.peerMss) : agreement.peerMss
  tcb.windowScaling = scaled
  tcb.sndScale = scaled ? agreement.peerScale : 0
  tcb.rcvScale = scaled ? windowShift(largestWindow(config, own)) : 0
  if (!scaled) tcb.rcvBuf = Math.min(tcb.rcvBuf, 0xffff)
  tcb.sackPermitted = agreement.sack
  tcb.timestamps = agreement.timestamps
  tcb.tsRecent = agreement.tsRecent
  tcb.tsRecentAt = engine.now
  tcb.ecn.on = agreement.ecn && (tcb.passive || tcb.ecn.asked)
  tcb.ecn.reducedTo = iss
  updateSndMss(tcb)
}
