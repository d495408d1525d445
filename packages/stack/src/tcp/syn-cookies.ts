import { seqAdd } from '../core/seq.ts'
import { MILLISECOND, type Micros, SECOND } from '../core/timer.ts'
import type { IpAddress } from '../ip/address.ts'
import type { Path } from '../ip/network.ts'
import { TcpFlag } from '../wire/tcp.ts'
import type { TcpContext } from './context.ts'
import { HalfOpen } from './half-open.ts'
import { timestampOffset, tupleHash } from './isn.ts'
import type { TcpListenerImpl } from './listener.ts'
import { isPathError, localOf, remoteOf } from './reset.ts'
import type { SegmentIn } from './segment-in.ts'
import { type Agreement, agree, sendSyn } from './syn.ts'
import { timestampNow } from './timestamps.ts'

/*
 * SYN cookies (RFC 4987 section 3.6; R4987-04). While the SYN queue is full nothing is kept of a SYN: the SYN-ACK's sequence
 * number is a cookie that says all there is to know when the handshake's last ACK brings it back.
 *
 *   cookie = F(tuple) + (slot << 24 | (MAC(tuple, IRS, slot) + MSS index) mod 2^24)
 *
 * `slot` counts minutes, and this one and the one before are good. A guess is right once in 2^28. Options that no sequence
 * number has room for travel in the low bits of the timestamp, as in Linux, and come back in its echo; a peer without
 * timestamps does without them. A SYN-ACK that is lost is not sent again: the peer's SYN is. Data may
 * bring the cookie back as well as the ACK before it (R4987-05).
 *
 * A cookie is no ticket that its first use cancels: nothing is kept, so whoever has seen one on the way can bring it back
 * from the same address and port within its two minutes (as long as Linux's), and gets a connection once the first one is gone.
 * Who sees a path's packets could as well open one by an ordinary handshake; nobody else can.
 */

/** Off; when the SYN queue is full; or for every SYN. */
export type SynCookieSetting = boolean | 'always'

const SLOT: Micros = 60 * SECOND
const SLOTS = 2

/** The largest that is not above the peer's stands for it (MUST-16): common paths, and one for the very small. */
const MSS_TABLE: readonly number[] = [48, 536, 1220, 1380, 1440, 1460, 8940, 65_475]

/** What the low bits of the timestamp say. */
const StampBits = { Scale: 15, NoScale: 15, Sack: 16, Ecn: 32, All: 63 } as const

/** Answers a SYN, and forgets it. */
export function sendSynCookie(
  tcp: TcpContext,
  listener: TcpListenerImpl,
  segment: SegmentIn,
  path: Path,
): void {
  const { now } = tcp.engine
  const { localPort, remotePort, seq } = segment
  const agreement = withoutTimestamps(agree(tcp, path, segment.options, segment.flags))
  const slot = Math.floor(now / SLOT)
  const index = mssIndex(agreement.peerMss)
  const mac = cookieMac(tcp, path.local, localPort, path.remote, remotePort, seq, slot)
  const body = (slot << 24) | ((mac + index) & 0xff_ffff)
  const behind = (timestampNow(now, 0) - stampBits(agreement)) & StampBits.All
  listener.lastCookieAt = now
  tcp.counters.synCookiesSent++
  sendSyn(tcp, {
    path,
    localPort,
    remotePort,
    seq: seqAdd(body, tupleHash(tcp, path.local, localPort, path.remote, remotePort, 5)),
    ack: seqAdd(seq, 1),
    flags: TcpFlag.Syn | TcpFlag.Ack | (agreement.ecn ? TcpFlag.Ece : 0),
    windowScale: agreement.peerScale >= 0,
    sack: agreement.sack,
    timestamps: agreement.timestamps,
    tsOffset: timestampOffset(tcp, path.local, path.remote) - behind,
    tsEcr: agreement.tsRecent,
    trafficClass: listener.own.trafficClass >= 0 ? listener.own.trafficClass : tcp.config.trafficClass,
    own: listener.own,
    cookie: null,
    ring: null,
    length: 0,
  })
}

/**
 * An ACK for a listener that knows nothing of it: the last one of a handshake that began with a cookie? Only after a cookie
 * was sent lately, so that there is nothing to guess at other times (as in Linux).
 * @returns what a half-open record would have kept, in no table; or null
 */
export function readSynCookie(
  tcp: TcpContext,
  listener: TcpListenerImpl,
  segment: SegmentIn,
): HalfOpen | null {
  if (tcp.engine.now - listener.lastCookieAt > SLOTS * SLOT) return null
  if ((segment.flags & TcpFlag.Syn) !== 0) return null
  const half = verified(tcp, listener, segment)
  if (half === null) tcp.counters.synCookiesFailed++
  else tcp.counters.synCookiesAccepted++
  return half
}

function verified(tcp: TcpContext, listener: TcpListenerImpl, segment: SegmentIn): HalfOpen | null {
  const local = localOf(segment.packet)
  const remote = remoteOf(segment.packet)
  const { localPort, remotePort } = segment
  const irs = seqAdd(segment.seq, -1)
  const iss = seqAdd(segment.ack, -1)
  const mss = mssOfCookie(tcp, local, localPort, remote, remotePort, irs, iss)
  if (mss === 0) return null
  const tsOffset = timestampOffset(tcp, local, remote)
  const agreement = agreementOf(tcp, segment, mss, tsOffset)
  if (agreement === null) return null
  const path = tcp.network.path(remote, local)
  if (isPathError(path)) return null
  return new HalfOpen(
    listener,
    path,
    localPort,
    remotePort,
    iss,
    irs,
    tsOffset,
    agreement,
    tcp,
    () => undefined,
  )
}

/** @returns 0 for what is no cookie of ours, or too old */
function mssOfCookie(
  tcp: TcpContext,
  local: IpAddress,
  localPort: number,
  remote: IpAddress,
  remotePort: number,
  irs: number,
  iss: number,
): number {
  const body = seqAdd(iss, -tupleHash(tcp, local, localPort, remote, remotePort, 5))
  const slot = Math.floor(tcp.engine.now / SLOT)
  const age = (slot - (body >>> 24)) & 0xff
  if (age >= SLOTS) return 0
  const mac = cookieMac(tcp, local, localPort, remote, remotePort, irs, slot - age)
  const index = (body - mac) & 0xff_ffff
  return index < MSS_TABLE.length ? MSS_TABLE[index] : 0
}

/** What the timestamp's echo has kept; null for an echo of nothing we can have sent. */
function agreementOf(
  tcp: TcpContext,
  segment: SegmentIn,
  peerMss: number,
  tsOffset: number,
): Agreement | null {
  const { options } = segment
  const timestamps = tcp.config.timestamps && options.hasTimestamps
  if (!timestamps) return { peerMss, peerScale: -1, sack: false, timestamps, tsRecent: 0, ecn: false }
  const stamp = seqAdd(options.tsEcr, -tsOffset)
  const age = seqAdd(timestampNow(tcp.engine.now, 0), -stamp)
  if (age < 0 || age > (SLOTS * SLOT) / MILLISECOND + StampBits.All) return null
  const scale = stamp & StampBits.Scale
  return {
    peerMss,
    peerScale: scale === StampBits.NoScale ? -1 : scale,
    sack: (stamp & StampBits.Sack) !== 0,
    timestamps,
    tsRecent: options.tsVal,
    ecn: (stamp & StampBits.Ecn) !== 0,
  }
}

/** Without a timestamp there is no place to keep the other options. */
function withoutTimestamps(agreement: Agreement): Agreement {
  return agreement.timestamps ? agreement : { ...agreement, peerScale: -1, sack: false, ecn: false }
}

function stampBits(agreement: Agreement): number {
  const { peerScale, sack, ecn } = agreement
  return (
    (peerScale < 0 ? StampBits.NoScale : peerScale) | (sack ? StampBits.Sack : 0) | (ecn ? StampBits.Ecn : 0)
  )
}

function mssIndex(mss: number): number {
  let index = MSS_TABLE.length - 1
  while (index > 0 && MSS_TABLE[index] > mss) index--
  return index
}

/** 24 bits that nobody else can compute, and that change with the minute. */
function cookieMac(
  tcp: TcpContext,
  local: IpAddress,
  localPort: number,
  remote: IpAddress,
  remotePort: number,
  irs: number,
  slot: number,
): number {
  const tuple = tupleHash(tcp, local, localPort, remote, remotePort, 6)
  return tcp.secretHash.start().word(tuple).word(irs).word(slot).end() & 0xff_ffff
}
