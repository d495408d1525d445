import { buildSegment, type Path, readSegment, SYN } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

export function connect(wire: Wire, path: Path, isn: number): void {
  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    console.log('came in:', segment)
  }
  // A SYN with a sequence number of its own goes out first. Which?
  wire.send(buildSegment(path, { seq: isn - isn, flags: SYN }))
}
