import { ACK, buildSegment, readSegment, reversed, SYN } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

export function serve(wire: Wire, port: number, page: string): void {
  const body = new TextEncoder().encode(page)
  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    if (segment === null || segment.path.destinationPort !== port) return
    console.log(`${segment.payload.length} bytes for a server of ${body.length}`)
    if (!(segment.flags & SYN)) return
    const ack = (segment.seq + 1) >>> 0
    wire.send(buildSegment(reversed(segment.path), { seq: 1000, ack, flags: SYN | ACK }))
  }
}
