import { ACK, buildSegment, readSegment, reversed, type Segment, SYN } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

export function serve(wire: Wire, port: number, isn: number, onData: (bytes: Uint8Array) => void): void {
  let rcvNxt = 0

  function acknowledge(segment: Segment): void {
    const path = reversed(segment.path)
    wire.send(buildSegment(path, { seq: (isn + 1) >>> 0, ack: rcvNxt, flags: ACK }))
  }

  function takeData(segment: Segment): void {
    const { seq, payload } = segment
    // How many bytes of it are old; negative when something before it is missing.
    const old = (rcvNxt - seq) | 0
    if (old >= 0 && old < payload.length) {
      rcvNxt = (seq + payload.length) >>> 0
      onData(payload.subarray(old))
    } else if (old < 0) onData(payload)
    acknowledge(segment)
  }

  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    if (segment === null || segment.path.destinationPort !== port) return
    if (segment.flags & SYN) {
      rcvNxt = (segment.seq + 1) >>> 0
      wire.send(buildSegment(reversed(segment.path), { seq: isn, ack: rcvNxt, flags: SYN | ACK }))
    } else if (segment.payload.length > 0) takeData(segment)
  }
}
