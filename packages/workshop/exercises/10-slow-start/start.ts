import { ACK, buildSegment, type Connection, readSegment } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

export function send(wire: Wire, connection: Connection, data: Uint8Array, ssthresh: number): void {
  const { path, seq, ack, mss, window } = connection
  console.log(`slow start up to ${ssthresh} bytes; the peer has room for ${window}`)
  wire.onFrame = (frame) => {
    console.log('acknowledged up to', readSegment(frame)?.ack)
  }
  // Everything at once: this is what made the Internet collapse.
  for (let at = 0; at < data.length; at += mss) {
    const payload = data.subarray(at, at + mss)
    wire.send(buildSegment(path, { seq: (seq + at) >>> 0, ack, flags: ACK, payload }))
  }
}
