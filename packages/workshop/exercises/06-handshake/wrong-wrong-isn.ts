import { ACK, buildSegment, type Path, RST, readSegment, SYN } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

export function connect(wire: Wire, path: Path, isn: number): void {
  const next = (isn + 1) >>> 0
  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    if (segment === null) return
    const { sourcePort, destinationPort } = segment.path
    if (sourcePort !== path.destinationPort || destinationPort !== path.sourcePort) return
    if (segment.flags & RST || (segment.flags & (SYN | ACK)) !== (SYN | ACK)) return
    if (segment.ack !== next) {
      wire.send(buildSegment(path, { seq: segment.ack, flags: RST }))
      return
    }
    wire.send(buildSegment(path, { seq: next, ack: (segment.seq + 1) >>> 0, flags: ACK }))
  }
  wire.send(buildSegment(path, { seq: next, flags: SYN }))
}
