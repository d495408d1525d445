import { seqDiff, seqGeq, seqGt } from '../../src/core/seq.ts'
import type { Stack } from '../../src/index.ts'
import { TcpState } from '../../src/tcp/api.ts'
import type { ByteRing } from '../../src/tcp/byte-ring.ts'
import type { Tcb } from '../../src/tcp/tcb.ts'
import { earliestDeadline } from '../../src/tcp/timers.ts'
import { checkConservation } from './conservation.ts'

/**
 * What must hold of a stack whenever it is left alone: between two bursts, whatever came before.
 * @throws Error that names the connection and what does not hold
 */
export function debugInvariants(stack: Stack): void {
  const { context } = stack.tcp
  const { limits } = stack
  const { sizes } = stack.tcp
  check(sizes.connections <= limits.connections, 'connections within their limit')
  check(sizes.halfOpen <= limits.halfOpen, 'half-open connections within their limit')
  check(sizes.timeWait <= limits.timeWait, 'TIME-WAIT within its limit')
  check(sizes.listeners <= limits.listeners, 'listeners within their limit')
  check(context.notify.size === 0, 'everybody was told')
  check(context.output.size === 0, 'everything owed was sent or waits for the device')
  check(stack.memory.allocated <= stack.memory.size, 'memory within memory')
  const { earliest } = stack.engine.timers
  check(earliest === stack.nextDeadline(), 'the one alarm is the earliest timer')
  let counted = 0
  context.connections.each((tcb) => {
    counted++
    checkTcb(tcb)
  })
  check(counted === sizes.connections, 'as many connections as counted')
  checkConservation(stack)
}

function checkTcb(tcb: Tcb): void {
  const name = `connection ${tcb.id} in state ${tcb.state}`
  check(tcb.closeReason === undefined, `${name}: in the table, so not over`)
  check(tcb.state !== TcpState.Closed && tcb.state !== TcpState.TimeWait, `${name}: a state of the living`)
  check(context(tcb, tcb.localPort, tcb.remotePort) === tcb, `${name}: is found by its tuple`)
  checkSend(tcb, name)
  checkReceive(tcb, name)
  checkTimers(tcb, name)
}

function context(tcb: Tcb, localPort: number, remotePort: number): Tcb | null {
  return tcb.tcp.connections.get(tcb.local, localPort, tcb.remote, remotePort)
}

function checkRing(ring: ByteRing, used: number, name: string): void {
  check(ring.block >= 0 === ring.capacity > 0, `${name}: a block or no capacity`)
  check((ring.capacity & (ring.capacity - 1)) === 0, `${name}: a power of two`)
  check(used >= 0 && used <= ring.capacity, `${name}: ${used} bytes used of ${ring.capacity}`)
  check(ring.start >= 0 && ring.start <= Math.max(0, ring.capacity - 1), `${name}: starts inside`)
}

function checkSend(tcb: Tcb, name: string): void {
  const flight = seqDiff(tcb.sndNxt, tcb.sndUna)
  check(flight >= 0, `${name}: SND.UNA at most SND.NXT`)
  check(tcb.sendQueued >= 0, `${name}: bytes to send are not negative`)
  checkRing(tcb.sendRing, tcb.sendQueued, `${name}, send ring`)
  check(!tcb.finSent || tcb.finQueued, `${name}: a FIN that was sent was asked for`)
  check(!tcb.finAcked || tcb.finSent, `${name}: a FIN that was acknowledged was sent`)
  if (tcb.state < TcpState.Established) return
  check(tcb.unsent >= 0, `${name}: unsent bytes are not negative`)
  const fin = tcb.finSent && !tcb.finAcked ? 1 : 0
  check(flight - fin <= tcb.sendQueued, `${name}: what is in flight is still in the ring`)
  checkSentLog(tcb, flight, name)
}

function checkSentLog(tcb: Tcb, flight: number, name: string): void {
  const log = tcb.sent
  let count = 0
  let bytes = 0
  let sacked = 0
  let next = tcb.sndUna
  for (let record = log.head; record !== null; record = record.next) {
    check(record.start === next, `${name}: the sent log has no gaps`)
    check(record.length > 0, `${name}: no empty record`)
    check(record.next !== null || log.tail === record, `${name}: the tail is the last record`)
    next = record.end
    count++
    bytes += record.length
    if (record.sacked) sacked += record.length
  }
  check(next === tcb.sndNxt, `${name}: the sent log ends at SND.NXT`)
  check(count === log.count, `${name}: ${log.count} records counted, ${count} there`)
  check(bytes === log.bytes && bytes === flight, `${name}: ${flight} bytes in flight, ${bytes} in the log`)
  check(sacked === log.sackedBytes, `${name}: ${log.sackedBytes} SACKed bytes counted, ${sacked} there`)
  check(log.lostBytes >= 0 && log.lostBytes <= bytes - sacked, `${name}: lost bytes ${log.lostBytes}`)
  const { retransmittedBytes } = log
  check(
    retransmittedBytes >= 0 && retransmittedBytes <= bytes,
    `${name}: retransmitted ${retransmittedBytes}`,
  )
  check(log.pipe >= 0, `${name}: pipe ${log.pipe}`)
}

function checkReceive(tcb: Tcb, name: string): void {
  const ranges = tcb.outOfOrder
  let reach = tcb.readable
  check(tcb.readable >= 0, `${name}: readable bytes are not negative`)
  if (ranges !== null) {
    check(ranges.count > 0, `${name}: no empty set of ranges`)
    // A large ring may have one for each KiB of it.
    const most = Math.max(tcb.tcp.limits.outOfOrderRanges, tcb.receiveRing.capacity >>> 10)
    check(ranges.count <= most, `${name}: ranges within their limit`)
    let edge = tcb.rcvNxt
    for (let i = 0; i < ranges.count; i++) {
      check(seqGt(ranges.left[i], edge), `${name}: ranges are sorted and apart`)
      check(seqGt(ranges.right[i], ranges.left[i]), `${name}: no empty range`)
      edge = ranges.right[i]
    }
    reach += seqDiff(edge, tcb.rcvNxt)
  }
  checkRing(tcb.receiveRing, reach, `${name}, receive ring`)
  if (tcb.state < TcpState.Established) return
  check(seqGeq(tcb.rcvAdv, tcb.rcvNxt) || tcb.rcvFinSeen, `${name}: the window is not negative`)
}

function checkTimers(tcb: Tcb, name: string): void {
  const earliest = earliestDeadline(tcb)
  if (earliest !== Number.POSITIVE_INFINITY) {
    check(tcb.timer.armed, `${name}: has a deadline and no timer`)
    check(tcb.timer.deadline <= earliest, `${name}: the timer comes after the deadline`)
  }
  const inFlight = seqDiff(tcb.sndNxt, tcb.sndUna) > 0
  if (inFlight) check(tcb.retransmitAt !== Number.POSITIVE_INFINITY, `${name}: in flight and no timer for it`)
  const stuck = tcb.unsent > 0 && !inFlight && !tcb.blockedQueued && tcb.state >= TcpState.Established
  if (stuck) {
    const waits = Math.min(tcb.persistAt, tcb.corkAt, tcb.pacingAt) !== Number.POSITIVE_INFINITY
    check(waits, `${name}: ${tcb.unsent} bytes wait for nothing; ${dump(tcb)}`)
  }
}

function dump(tcb: Tcb): string {
  const { sndWnd, cwnd, corked, finQueued, outputQueued, rto, sndMss, noDelay, maxSndWnd, sndSmall, sndUna } =
    tcb
  const facts = {
    sndWnd,
    cwnd,
    corked,
    finQueued,
    outputQueued,
    rto,
    sndMss,
    noDelay,
    maxSndWnd,
    sndSmall,
    sndUna,
  }
  return JSON.stringify(facts)
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`This does not hold: ${what}`)
}
