import { TcpState } from '@tapwire/stack'
import type { Bench } from '../../src/judge/bench.ts'
import { numbered } from '../../src/judge/bytes.ts'
import type { Judge } from '../../src/judge/exercise.ts'
import { describe, Flag, has, type SegmentRecord } from '../../src/judge/frame-log.ts'
import { openConnection } from '../../src/judge/opened.ts'
import type { PeerApp } from '../../src/judge/peer.ts'
import { differs, type Wanted, wantedText } from '../../src/judge/wanted.ts'
import type { World, WorldOptions } from '../../src/judge/world.ts'
import { buildSegment, type Connection, reversed } from '../../src/learner/segments.ts'
import type { mistakes } from './hints.ts'
import type * as solution from './solution.ts'

type Learner = typeof solution
type Mistake = keyof typeof mistakes
const FIN_ACK = Flag.Fin | Flag.Ack

function reject(
  world: World,
  mistake: Mistake,
  what: string,
  wanted: Wanted | string,
  frame?: SegmentRecord,
): never {
  const expected = typeof wanted === 'string' ? wanted : wantedText(wanted)
  world.fail(mistake, { what, expected, actual: frame === undefined ? 'nothing' : describe(frame), frame })
}

interface Scene {
  readonly world: World
  readonly connection: Connection
  readonly app: PeerApp
  readonly you: { close(): void }
}

function scene(learner: Learner, bench: Bench, options?: WorldOptions): Scene {
  const world = bench.world(options)
  const { connection, app } = openConnection(world)
  return { world, connection, app, you: learner.handle(world.wire, connection) }
}

const yourFins = (world: World): SegmentRecord[] =>
  world.log.segments('you').filter((frame) => has(frame, Flag.Fin))

/** The first FIN of the learner's, and nothing that must not be there. @param missing what it is when there is none */
function checkFin({ world, connection }: Scene, ack: number, missing: Mistake): void {
  const wanted = { flags: FIN_ACK, seq: connection.seq, ack, length: 0 }
  const rst = world.log.segments('you').find((frame) => has(frame, Flag.Rst))
  if (rst !== undefined) reject(world, 'sends-rst', 'The connection was broken off.', wanted, rst)
  const [fin] = yourFins(world)
  if (fin === undefined) reject(world, missing, 'There is no FIN of yours.', wanted)
  const difference = differs(fin, wanted)
  if (difference === null) return
  if (difference === 'seq') reject(world, 'wrong-number', 'Your FIN is not right.', wanted, fin)
  const counted = missing === 'never-closes' && fin.tcp.ack === (ack - 1) >>> 0
  reject(world, counted ? 'fin-not-counted' : 'fin-without-ack', 'Your FIN is not right.', wanted, fin)
}

/** The last word of the learner's must acknowledge the peer's FIN. */
function checkLastAck({ world, connection }: Scene, missing: Mistake): void {
  const story = world.log.story()
  const at = story.findLastIndex((frame) => frame.from === 'peer' && has(frame, Flag.Fin))
  if (at < 0) throw new Error('the peer has sent no FIN')
  const { tcp } = story[at]
  const ack = (tcp.seq + tcp.payload.length + 1) >>> 0
  const wanted = { flags: Flag.Ack, seq: (connection.seq + 1) >>> 0, ack }
  const answer = story.slice(at + 1).find(({ from }) => from === 'you')
  const what = "The peer's FIN has arrived."
  if (answer === undefined) reject(world, missing, what, wanted)
  if (has(answer, Flag.Rst))
    reject(world, missing === 'no-time-wait' ? missing : 'sends-rst', what, wanted, answer)
  if (answer.tcp.ack === (ack - 1) >>> 0) reject(world, 'fin-not-counted', what, wanted, answer)
  if (answer.tcp.ack !== ack) reject(world, missing, what, wanted, answer)
  const ofFin = has(answer, Flag.Fin) ? connection.seq : wanted.seq
  if (answer.tcp.seq !== ofFin) reject(world, 'after-fin-number', what, wanted, answer)
}

/** The FIN went out once and no more. */
function checkOnce({ world }: Scene, times: number): void {
  const again = yourFins(world)[times]
  if (again !== undefined) reject(world, 'fin-again', 'Your FIN has arrived already.', 'nothing', again)
}

/** Loses segments that the learner sends, so many times, among those that `which` means. */
function loseYours(times: number, which: (flags: number, length: number) => boolean): WorldOptions {
  let left = times
  return {
    lose: ({ tcp }, from) => {
      if (left === 0 || from !== 'you' || tcp === undefined || tcp.flags & Flag.Syn) return false
      if (!which(tcp.flags, tcp.payload.length)) return false
      left--
      return true
    },
  }
}

function youCloseFirst(learner: Learner, bench: Bench): void {
  const all = scene(learner, bench)
  const { world, connection, app, you } = all
  you.close()
  world.run(200)
  checkFin(all, connection.ack, 'silent')
  app.shutdown()
  world.run(200)
  checkLastAck(all, 'fin-not-acked')
  world.run(10_000)
  checkOnce(all, 1)
}

function halfClosed(learner: Learner, bench: Bench): void {
  const all = scene(learner, bench)
  const { world, connection, app, you } = all
  you.close()
  world.run(100)
  app.write(numbered(2500))
  world.run(1000)
  const wanted = { flags: Flag.Ack, seq: (connection.seq + 1) >>> 0, ack: (connection.ack + 2500) >>> 0 }
  const last = world.log.segments('you').at(-1)
  const what = 'After your FIN 2500 bytes came from the peer.'
  if (last === undefined || has(last, Flag.Fin)) reject(world, 'deaf-after-fin', what, wanted)
  const difference = differs(last, wanted)
  if (difference === 'seq') reject(world, 'after-fin-number', what, wanted, last)
  if (difference !== null) reject(world, 'data-not-acked', what, wanted, last)
  app.shutdown()
  world.run(200)
  checkLastAck(all, 'fin-not-acked')
}

function peerClosesFirst(learner: Learner, bench: Bench): void {
  const all = scene(learner, bench)
  const { world, connection, app } = all
  app.write(numbered(700))
  app.shutdown()
  world.run(500)
  const ack = (connection.ack + 701) >>> 0
  const answers = world.log.segments('you')
  const wanted = { flags: Flag.Ack, seq: connection.seq, ack }
  if (answers.length === 0) reject(world, 'data-not-acked', 'Data and FIN have arrived.', wanted)
  if (!answers.some(({ tcp }) => tcp.ack === ack)) {
    const short = answers.find(({ tcp }) => tcp.ack === (ack - 1) >>> 0)
    const mistake: Mistake = short === undefined ? 'data-not-acked' : 'fin-not-counted'
    reject(world, mistake, "The peer's FIN has arrived.", wanted, answers.at(-1))
  }
  checkFin(all, ack, 'never-closes')
  world.run(5000)
  checkOnce(all, 1)
}

function finIsLost(learner: Learner, bench: Bench): void {
  const all = scene(
    learner,
    bench,
    loseYours(2, (flags) => (flags & Flag.Fin) !== 0),
  )
  const { world, connection, app, you } = all
  you.close()
  world.run(4000)
  checkFin(all, connection.ack, 'silent')
  const fins = yourFins(world)
  const wanted = { flags: FIN_ACK, seq: connection.seq, ack: connection.ack }
  const what = 'Your FIN was lost twice.'
  if (fins.length < 3) reject(world, 'fin-not-resent', `${what} Expected 1 s and 3 s later:`, wanted)
  app.shutdown()
  world.run(200)
  checkLastAck(all, 'fin-not-acked')
  checkOnce(all, 3)
}

function lastAckIsLost(learner: Learner, bench: Bench): void {
  let closing = false
  const options = loseYours(1, (flags) => closing && (flags & Flag.Fin) === 0)
  const all = scene(learner, bench, options)
  const { world, app, you } = all
  you.close()
  world.run(200)
  closing = true
  app.shutdown()
  world.run(3000)
  checkLastAck(all, 'no-time-wait')
}

function timeWaitEnds(learner: Learner, bench: Bench): void {
  const all = scene(learner, bench)
  const { world, connection, app, you } = all
  you.close()
  world.run(200)
  app.shutdown()
  world.run(200)
  checkLastAck(all, 'fin-not-acked')
  world.run(61_000)
  const before = world.log.segments('you').length
  const fin = { seq: connection.ack, ack: (connection.seq + 1) >>> 0, flags: FIN_ACK }
  world.deliver(buildSegment(reversed(connection.path), fin))
  world.run(100)
  const answer = world.log.segments('you')[before]
  const what = 'A FIN came 61 s after the first one.'
  if (answer !== undefined && !has(answer, Flag.Rst)) reject(world, 'waits-for-ever', what, 'nothing', answer)
}

function bothClose(learner: Learner, bench: Bench): void {
  const all = scene(learner, bench)
  const { world, connection, app, you } = all
  you.close()
  app.shutdown()
  world.run(60)
  checkFin(all, connection.ack, 'silent')
  checkLastAck(all, 'simultaneous')
  world.run(1000)
  if (app.connection?.state !== TcpState.TimeWait && app.closed?.reason !== null) {
    reject(world, 'simultaneous', 'The peer has not got what it needs to end.', 'both FINs acknowledged')
  }
}

export const judge: Judge<Learner> = {
  exports: ['handle'],
  cases: [
    { name: 'you close first, then the peer', run: youCloseFirst },
    { name: 'the peer closes first', run: peerClosesFirst },
    { name: 'data comes after your FIN', run: halfClosed },
    { name: 'your FIN is lost', run: finIsLost },
    { name: 'your last ACK is lost', run: lastAckIsLost },
    { name: 'both close at once', run: bothClose },
    { name: 'after a minute it is over', run: timeWaitEnds },
  ],
}
