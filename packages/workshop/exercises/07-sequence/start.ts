import { ACK, buildSegment, readSegment, reversed, SYN } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

export function serve(wire: Wire, port: number, isn: number, onData: (bytes: Uint8Array) => void): void {
  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    if (segment === null || segment.path.destinationPort !== port) return
    const path = reversed(segment.path)
    if (segment.flags & SYN) {
      // What does it acknowledge?
      wire.send(buildSegment(path, { seq: isn, ack: 0, flags: SYN | ACK }))
      return
    }
    onData(segment.payload)
  }
}
