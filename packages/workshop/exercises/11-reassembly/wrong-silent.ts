import { type Connection, readSegment, type Segment } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

const WINDOW = 0xffff

export function receive(wire: Wire, connection: Connection, onData: (bytes: Uint8Array) => void): void {
  const { path } = connection
  let rcvNxt = connection.ack
  /** What came early, each piece once by its sequence number. */
  const kept = new Map<number, Uint8Array>()

  function keep({ seq: first, payload }: Segment): void {
    const ahead = (first - rcvNxt) | 0
    if (ahead + payload.length <= 0 || ahead + payload.length > WINDOW) return
    const before = kept.get(first)
    if (before === undefined || before.length < payload.length) kept.set(first, payload)
  }

  /** Gives away what now begins at RCV.NXT or before, as often as there is something. */
  function deliver(): void {
    for (let found = true; found; ) {
      found = false
      for (const [first, payload] of kept) {
        const old = (rcvNxt - first) | 0
        if (old < 0) continue
        kept.delete(first)
        if (old >= payload.length) continue
        rcvNxt = (first + payload.length) >>> 0
        onData(payload.subarray(old))
        found = true
      }
    }
  }

  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    if (segment === null || segment.path.destinationPort !== path.sourcePort) return
    if (segment.payload.length === 0) return
    keep(segment)
    deliver()
  }
}
