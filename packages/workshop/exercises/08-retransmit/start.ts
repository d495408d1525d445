import { ACK, buildSegment, type Connection, readSegment } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

export function send(wire: Wire, connection: Connection, data: Uint8Array): void {
  const { path, seq, ack, mss } = connection
  wire.onFrame = (frame) => {
    console.log('acknowledged up to', readSegment(frame)?.ack)
  }
  // The first segment goes out, and then?
  wire.send(buildSegment(path, { seq, ack, flags: ACK, payload: data.subarray(0, mss) }))
}
