import { ACK, buildSegment, type Connection, readSegment } from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

const RTO = 1000

export function send(wire: Wire, connection: Connection, data: Uint8Array, threshold: number): void {
  const { path, seq, ack, mss } = connection
  let una = 0
  let nxt = 0
  /** The highest byte sent so far: after a timeout nxt goes back, this does not. */
  let max = 0
  let { window } = connection
  let cwnd = 2 * mss
  let ssthresh = threshold
  let stopTimer = (): void => {}

  function sendWhatFits(): void {
    const edge = Math.min(una + Math.min(cwnd, window), data.length)
    while (nxt < edge) {
      const end = Math.min(nxt + mss, data.length)
      // No segment in parts because of a window that has room for a half of one.
      if (end > edge) break
      const payload = data.subarray(nxt, end)
      wire.send(buildSegment(path, { seq: (seq + nxt) >>> 0, ack, flags: ACK, payload }))
      nxt = end
      max = Math.max(max, nxt)
    }
  }

  function startTimer(): void {
    stopTimer()
    if (una > data.length) stopTimer = wire.after(RTO, timeout)
  }

  function timeout(): void {
    ssthresh = Math.max((max - una) / 2, 2 * mss)
    cwnd = mss
    nxt = una
    sendWhatFits()
    startTimer()
  }

  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    if (segment === null || segment.path.destinationPort !== path.sourcePort || !(segment.flags & ACK)) return
    const acked = (segment.ack - seq) >>> 0
    if (acked > max) return
    window = segment.window
    if (acked > una) {
      cwnd += cwnd < ssthresh ? Math.min(acked - una, mss) : (mss * mss) / cwnd
      una = acked
      nxt = Math.max(nxt, una)
      startTimer()
    }
    sendWhatFits()
  }
  sendWhatFits()
  startTimer()
}
