import { ACK, buildSegment, type Connection, PSH, readSegment } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

const FIRST_RTO = 1000

export function send(wire: Wire, connection: Connection, data: Uint8Array): void {
  const { path, seq, ack, mss } = connection
  /** How many bytes are acknowledged, and how many were sent. */
  let acked = 0
  let sent = 0
  let rto = FIRST_RTO
  let stopTimer = (): void => {}

  function transmit(): void {
    const payload = data.subarray(acked, acked + mss)
    sent = acked + payload.length
    wire.send(buildSegment(path, { seq: (seq + acked) >>> 0, ack, flags: ACK | PSH, payload }))
    stopTimer = wire.after(rto, timeout)
    if (sent === mss && acked === 0) {
      const second = data.subarray(sent, sent + mss)
      wire.send(buildSegment(path, { seq: (seq + sent) >>> 0, ack, flags: ACK, payload: second }))
    }
  }

  function timeout(): void {
    rto *= 2
    transmit()
  }

  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    if (segment === null || segment.path.destinationPort !== path.sourcePort || !(segment.flags & ACK)) return
    const count = (segment.ack - seq) >>> 0
    if (count <= acked || count > sent) return
    acked = count
    stopTimer()
    rto = FIRST_RTO
    if (acked < data.length) transmit()
  }
  if (data.length > 0) transmit()
}
