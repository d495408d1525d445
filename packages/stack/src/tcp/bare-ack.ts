import type { Micros } from '../core/timer.ts'
import type { Path } from '../ip/network.ts'
import { TcpFlag, TIMESTAMPS_LENGTH, writeTimestamps } from '../wire/tcp.ts'
import { pacedAck } from './challenge-ack.ts'
import type { TcpContext } from './context.ts'
import type { OwnSettings } from './own-settings.ts'
import { optionsStart, sendSegment } from './segment-out.ts'
import { timestampNow } from './timestamps.ts'

/** A connection without a TCB, not yet or not any more: what an ACK of its own needs. */
export interface AckSource {
  readonly path: Path
  readonly localPort: number
  readonly remotePort: number
  readonly timestamps: boolean
  readonly tsOffset: number
  readonly tsRecent: number
  readonly trafficClass: number
  readonly own: OwnSettings
  /** The next sequence number to send, and the one expected. */
  readonly sndNxt: number
  readonly rcvNxt: number
  /** The window as in the header, scaled. */
  readonly windowField: number
  lastOutOfWindowAck: Micros
}

/** `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>` (SEG-13). */
export function sendBareAck(tcp: TcpContext, source: AckSource): void {
  const length = source.timestamps ? TIMESTAMPS_LENGTH : 0
  if (length > 0) {
    const tsVal = timestampNow(tcp.engine.now, source.tsOffset)
    writeTimestamps(tcp.network.memory.view, optionsStart(tcp, length), tsVal, source.tsRecent)
  }
  const { path, localPort, remotePort, sndNxt, rcvNxt, windowField, trafficClass, own } = source
  sendSegment(
    tcp,
    path,
    localPort,
    remotePort,
    sndNxt,
    rcvNxt,
    TcpFlag.Ack,
    windowField,
    length,
    trafficClass,
    null,
    0,
    0,
    1,
    0,
    0,
    own,
  )
}

/** The same to what should not have come: once per 500 ms and record, so that it cannot be made to fight (R5961-09). */
export function sendPacedBareAck(tcp: TcpContext, source: AckSource): void {
  if (pacedAck(tcp, source)) sendBareAck(tcp, source)
}
