import { ACK, buildSegment, type Connection, readSegment } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

export function receive(wire: Wire, connection: Connection, onData: (bytes: Uint8Array) => void): void {
  const { path, seq } = connection
  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    if (segment === null || segment.payload.length === 0) return
    // In the order in which it comes?
    onData(segment.payload)
    wire.send(buildSegment(path, { seq, ack: (segment.seq + segment.payload.length) >>> 0, flags: ACK }))
  }
}
