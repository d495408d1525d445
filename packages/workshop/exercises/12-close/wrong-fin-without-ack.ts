import {
  ACK,
  buildSegment,
  type Connection,
  FIN,
  RST,
  readSegment,
  type Segment,
} from '../../src/learner/segments.ts'
import type { Wire } from '../../src/learner/wire.ts'

const FIRST_RTO = 1000
const TIME_WAIT = 60_000

type State = 'ESTABLISHED' | 'FIN-WAIT-1' | 'FIN-WAIT-2' | 'CLOSING' | 'TIME-WAIT' | 'LAST-ACK' | 'CLOSED'

export function handle(wire: Wire, connection: Connection): { close(): void } {
  const { path, seq } = connection
  let rcvNxt = connection.ack
  let state: State = 'ESTABLISHED'
  let rto = FIRST_RTO
  let stopTimer = (): void => {}

  function sendFin(): void {
    wire.send(buildSegment(path, { seq, flags: FIN }))
    stopTimer = wire.after(rto, sendFin)
    rto *= 2
  }

  function sendAck(): void {
    const sent = state === 'ESTABLISHED' ? 0 : 1
    wire.send(buildSegment(path, { seq: (seq + sent) >>> 0, ack: rcvNxt, flags: ACK }))
  }

  function timeWait(): void {
    state = 'TIME-WAIT'
    stopTimer()
    stopTimer = wire.after(TIME_WAIT, () => {
      state = 'CLOSED'
    })
  }

  function finAcknowledged(): void {
    if (state === 'CLOSING') {
      timeWait()
      return
    }
    if (state === 'FIN-WAIT-1') state = 'FIN-WAIT-2'
    else if (state === 'LAST-ACK') state = 'CLOSED'
    else return
    stopTimer()
  }

  function finReceived(): void {
    rcvNxt = (rcvNxt + 1) >>> 0
    if (state === 'ESTABLISHED') {
      state = 'LAST-ACK'
      sendFin()
      return
    }
    if (state === 'FIN-WAIT-1') state = 'CLOSING'
    else if (state === 'FIN-WAIT-2') timeWait()
    sendAck()
  }

  /** Takes the text of a segment, and its FIN, if they are next. */
  function take(segment: Segment): void {
    const { payload } = segment
    const fin = (segment.flags & FIN) !== 0
    if (payload.length === 0 && !fin) return
    if (segment.seq !== rcvNxt) {
      sendAck()
      return
    }
    rcvNxt = (rcvNxt + payload.length) >>> 0
    if (fin) finReceived()
    else sendAck()
  }

  wire.onFrame = (frame) => {
    const segment = readSegment(frame)
    if (segment === null || segment.path.destinationPort !== path.sourcePort || state === 'CLOSED') return
    if (segment.flags & RST) {
      state = 'CLOSED'
      stopTimer()
      return
    }
    if (segment.ack === (seq + 1) >>> 0) finAcknowledged()
    take(segment)
  }
  return {
    close: () => {
      if (state !== 'ESTABLISHED') return
      state = 'FIN-WAIT-1'
      sendFin()
    },
  }
}
