import { ACK, buildSegment, type Connection, readSegment } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

export function send(wire: Wire, connection: Connection, data: Uint8Array): void {
  const { path, seq, ack, mss } = connection
  let sent = 0

  function sendOne(): void {
    const payload = data.subarray(sent, sent + mss)
    if (payload.length === 0) return
    wire.send(buildSegment(path, { seq: (seq + sent) >>> 0, ack, flags: ACK, payload }))
    sent += payload.length
  }

  // One at a time, for each acknowledgement one more. Can you do better?
  wire.onFrame = (frame) => {
    if (readSegment(frame) !== null) sendOne()
  }
  sendOne()
}
