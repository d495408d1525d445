import { ACK, buildSegment, type Connection, PSH, readSegment } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

const PROBE_INTERVAL = 1000

export function send(wire: Wire, connection: Connection, data: Uint8Array): void {
  const { path, seq, ack, mss } = connection
  /** All three count bytes of `data`: acknowledged, sent, and where the window ends. */
  let una = 0
  let nxt = 0
  let edge = connection.window
  let stopProbes = (): void => {}

  function transmit(from: number, to: number): void {
    const payload = data.subarray(from, to)
    wire.send(buildSegment(path, { seq: (seq + from) >>> 0, ack, flags: ACK | PSH, payload }))
  }

  function sendWhatFits(): void {
    while (nxt < Math.min(edge, data.length)) {
      const end = Math.min(nxt + mss, edge, data.length)
      transmit(nxt, end)
      nxt = end
    }
  }

  function probe(): void {
    transmit(una, una + mss)
    stopProbes = wire.after(PROBE_INTERVAL, probe)
  }

  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    if (segment === null || segment.path.destinationPort !== path.sourcePort || !(segment.flags & ACK)) return
    const acked = (segment.ack - seq) >>> 0
    if (acked < una || acked > nxt + 1) return
    una = acked
    nxt = Math.max(nxt, una)
    edge = una + segment.window
    stopProbes()
    sendWhatFits()
    if (segment.window === 0 && una < data.length) stopProbes = wire.after(PROBE_INTERVAL, probe)
  }
  sendWhatFits()
}
