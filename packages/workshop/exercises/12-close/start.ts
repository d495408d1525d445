import { ACK, buildSegment, type Connection, FIN, readSegment } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

export function handle(wire: Wire, connection: Connection): { close(): void } {
  const { path, seq, ack } = connection
  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    console.log('came in:', segment)
  }
  return {
    close: () => {
      // It says what was received, too, and something must happen when it is lost.
      wire.send(buildSegment(path, { seq, ack: ack - ack, flags: FIN | ACK }))
    },
  }
}
