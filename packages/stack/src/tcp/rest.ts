import { MILLISECOND, type Micros, NEVER } from '../core/timer.ts'
import { TcpState } from './api.ts'
import { Holdup } from './busy-time.ts'
import type { TcpContext } from './context.ts'
import { FrtoState } from './f-rto.ts'
import { NO_SETTINGS } from './own-settings.ts'
import { RecoveryState } from './recovery-state.ts'
import { DOUBLES, loadFlags, RARE, saveFlags, WORDS } from './rest-plan.ts'
import { RestingConnection } from './resting.ts'
import { freshTcb, takeTcb } from './spare-tcb.ts'
import type { Tcb } from './tcb.ts'
import { earliestDeadline } from './timers.ts'

/*
 * A TCB is large: it holds what is needed while something is in flight. A connection on which nothing happens needs a sixth of it,
 * as numbers in a row, and waits as such until a segment comes in or the application does something with it. So the memory of a
 * server with many connections is that of those that are busy.
 */

/** So long nothing was sent or received: less would be the pause between two requests. */
const IDLE: Micros = 20 * MILLISECOND

/**
 * Nor for so many round trips, up to a second: of a thousand that receive at once each has its turn only every 30 ms and more, and
 * would be put away and woken for each of them (a fifth of the processor's time, measured).
 */
const IDLE_ROUND_TRIPS = 4
const LONGEST_IDLE: Micros = 1000 * MILLISECOND

/** Buckets of the table that are looked through at the end of a burst: a hand that goes round, however many there are. */
const LOOKS = 32

/** So many TCBs wait to be used again; more would only be waited for by the garbage collector. */
const SPARE = 64

/** At the end of a burst, when nobody is in the middle of anything. */
export function restIdle(tcp: TcpContext): void {
  const { connections, resting, config } = tcp
  if (connections.size <= config.restAbove) return
  for (let looks = LOOKS; looks > 0; looks--)
    resting.hand = connections.eachOfBucket(resting.hand, restIfIdle)
}

function restIfIdle(tcb: Tcb): void {
  const { now } = tcb.tcp.engine
  if (now - tcb.lastDataAt < IDLE || now - tcb.lastSendAt < IDLE) return
  if (now - tcb.lastDataAt < LONGEST_IDLE && isBetweenRounds(tcb, now)) return
  if (mayRest(tcb)) rest(tcb)
}

/** A receiver may know the round trip by its own samples, by the echoes of its timestamps, or by neither. */
function isBetweenRounds(tcb: Tcb, now: Micros): boolean {
  const rounds = (now - tcb.lastDataAt) / IDLE_ROUND_TRIPS
  return rounds < tcb.srtt || rounds < tcb.rcvRtt.time
}

/** Nothing is under way, and nothing has ever been out of the ordinary that a row of numbers does not tell. */
export function mayRest(tcb: Tcb): boolean {
  return (
    tcb.state === TcpState.Established &&
    tcb.listener === null &&
    tcb.connection !== null &&
    !tcb.rcvFinSeen &&
    !tcb.finQueued &&
    !tcb.orphaned &&
    !tcb.deaf &&
    !tcb.wasReset &&
    nothingMoves(tcb) &&
    nothingIsOwed(tcb) &&
    nothingIsRepaired(tcb) &&
    isOrdinary(tcb)
  )
}

function nothingMoves(tcb: Tcb): boolean {
  return (
    tcb.sndNxt === tcb.sndUna &&
    tcb.sendQueued === 0 &&
    tcb.sendRing.block < 0 &&
    tcb.readable === 0 &&
    tcb.receiveRing.block < 0 &&
    tcb.outOfOrder === null &&
    tcb.sent.count === 0 &&
    tcb.busyTime.holdup === Holdup.Idle &&
    earliestDeadline(tcb) === NEVER
  )
}

function nothingIsOwed(tcb: Tcb): boolean {
  return (
    !tcb.ackNow &&
    tcb.unackedBytes === 0 &&
    tcb.answerTurns === 0 &&
    tcb.dsackLeft === tcb.dsackRight &&
    tcb.events === 0 &&
    !tcb.notifyQueued &&
    !tcb.outputQueued &&
    !tcb.blockedQueued &&
    !tcb.wantsWritable &&
    !tcb.holding &&
    !tcb.override &&
    !tcb.more &&
    tcb.fastOpenPending === null
  )
}

function nothingIsRepaired(tcb: Tcb): boolean {
  return (
    tcb.recovery === RecoveryState.Open &&
    tcb.duplicateAcks === 0 &&
    !tcb.fastRetransmit &&
    tcb.frto === FrtoState.Off &&
    !tcb.undo.active &&
    !tcb.tlp.outstanding &&
    tcb.tlp.sampled &&
    tcb.backoff === 0 &&
    tcb.timeouts === 0 &&
    tcb.timeoutsUnacked === 0 &&
    tcb.probes === 0 &&
    tcb.softError === null &&
    tcb.rate.sampledDelivered === tcb.rate.delivered &&
    tcb.rate.sampledLost === tcb.sent.lostEver
  )
}

/** What few connections have: these stay as they are. */
function isOrdinary(tcb: Tcb): boolean {
  const { rack, urgent, uto, pacer } = tcb
  return (
    tcb.own === NO_SETTINGS &&
    tcb.keepalive === null &&
    tcb.unansweredProbes === 0 &&
    !tcb.cwndLimited &&
    !tcb.ecn.on &&
    !rack.reorderingSeen &&
    rack.steps === 1 &&
    !rack.inDsackRound &&
    rack.reorderAt === NEVER &&
    tcb.pmtu.claimed === 0 &&
    tcb.mtuSearch.size === 0 &&
    tcb.mtuSearch.probe === 0 &&
    !urgent.receiving &&
    !urgent.sending &&
    uto.changeable &&
    uto.advertised === 0 &&
    !uto.pending &&
    pacer.rate === Number.POSITIVE_INFINITY &&
    !pacer.held &&
    tcb.fastOpen === null &&
    !tcb.fastOpenTaken &&
    tcb.fastOpenFailure === null
  )
}

/** Puts it away, if its numbers fit. */
export function rest(tcb: Tcb): void {
  const { tcp, connection } = tcb
  const { rows, table, spare } = tcp.resting
  if (connection === null) return
  const row = rows.take()
  const at = rows.wordsAt(row)
  rows.words(row)[at] = saveFlags(tcb)
  const exact =
    WORDS.save(tcb, rows.words(row), at + 1) && DOUBLES.save(tcb, rows.doubles(row), rows.doublesAt(row))
  if (!exact) {
    rows.give(row)
    return
  }
  const resting = new RestingConnection(tcb, connection, row, RARE.differing(tcb, freshTcb(tcb)))
  // The timer may still stand for a deadline that has gone.
  tcp.engine.timers.clear(tcb.timer)
  tcp.connections.remove(tcb)
  table.add(resting)
  connection.rest(resting)
  tcb.id = 0
  tcb.connection = null
  tcb.handler = null
  if (spare.length < SPARE) spare.push(tcb)
}

/** Something happens with it. */
export function wake(tcp: TcpContext, resting: RestingConnection): Tcb {
  const { path, localPort, remotePort, connection, row, rare } = resting
  const { rows, table } = tcp.resting
  const at = rows.wordsAt(row)
  const words = rows.words(row)
  const tcb = takeTcb(tcp, path, localPort, remotePort, 0, resting.congestion)
  tcb.state = TcpState.Established
  loadFlags(tcb, words[at])
  WORDS.load(tcb, words, at + 1)
  DOUBLES.load(tcb, rows.doubles(row), rows.doublesAt(row))
  if (rare !== null) RARE.load(tcb, rare, 0)
  tcb.rate.sampledDelivered = tcb.rate.delivered
  tcb.rate.sampledLost = tcb.sent.lostEver
  tcb.windowUse.end = tcb.sndUna
  tcb.handler = resting.handler
  tcb.connection = connection
  rows.give(row)
  table.remove(resting)
  tcp.connections.add(tcb)
  connection.wake(tcb)
  return tcb
}
