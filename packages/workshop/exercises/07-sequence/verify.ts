import type { packets } from '@tapwire/stack'
import type { Bench } from '../../src/judge/bench.ts'
import { concat, firstDifference, numbered } from '../../src/judge/bytes.ts'
import type { Judge } from '../../src/judge/exercise.ts'
import { describe, Flag, has, type SegmentRecord } from '../../src/judge/frame-log.ts'
import { PATH } from '../../src/judge/opened.ts'
import { connectTo, PeerApp } from '../../src/judge/peer.ts'
import { differs, distance, endOf, type Wanted, wantedText } from '../../src/judge/wanted.ts'
import type { Line, World, WorldOptions } from '../../src/judge/world.ts'
import { buildSegment, reversed } from '../../src/learner/segments.ts'
import type { mistakes } from './hints.ts'
import type * as solution from './solution.ts'

type Learner = typeof solution
type Mistake = keyof typeof mistakes

const PORT = 80

function reject(
  line: Line,
  mistake: Mistake,
  what: string,
  wanted: Wanted | string,
  frame?: SegmentRecord,
): never {
  const expected = typeof wanted === 'string' ? wanted : wantedText(wanted)
  line.fail(mistake, { what, expected, actual: frame === undefined ? 'nothing' : describe(frame), frame })
}

/** What the learner gives to its application. */
class Delivered {
  bytes: Uint8Array = new Uint8Array(0)
  readonly take = (piece: Uint8Array): void => {
    this.bytes = concat(this.bytes, piece)
  }
}

function checkSynAck(line: Line, isn: number): void {
  const syn = line.log.segments('peer')[0]
  const wanted = { flags: Flag.Syn | Flag.Ack, seq: isn, ack: endOf(syn), length: 0 }
  const answer = line.log.segments('you')[0]
  const what = 'The SYN,ACK is not right.'
  if (answer === undefined) reject(line, 'no-syn-ack', 'The SYN was not answered.', wanted)
  const difference = differs(answer, wanted)
  if (difference === 'ack') reject(line, 'syn-not-counted', what, wanted, answer)
  if (difference === 'seq') reject(line, 'wrong-isn', what, wanted, answer)
  if (difference !== null) reject(line, 'no-syn-ack', what, wanted, answer)
}

/**
 * Goes through the story as the learner saw it: each segment with data must be followed by an ACK of RCV.NXT. Who keeps what comes
 * early may say so.
 */
function checkAcks(line: Line, isn: number, special: Mistake | null): void {
  const kept: SegmentRecord[] = []
  let rcvNxt = 0
  let question: SegmentRecord | null = null
  const wantedAck = (ack: number): Wanted => ({ flags: Flag.Ack, seq: (isn + 1) >>> 0, ack })
  for (const frame of line.log.story()) {
    if (frame.from === 'you') {
      if (!has(frame, Flag.Syn)) checkAck(line, frame, wantedAck(rcvNxt), kept, special)
      question = null
      continue
    }
    if (question !== null) break
    if (has(frame, Flag.Syn)) rcvNxt = endOf(frame)
    if (frame.tcp.payload.length === 0) continue
    question = frame
    const old = distance(rcvNxt, frame.tcp.seq)
    if (old < 0) kept.push(frame)
    else if (old < frame.tcp.payload.length) rcvNxt = endOf(frame)
  }
  if (question === null) return
  const what = `${describe(question)} was not acknowledged.`
  reject(line, special === 'no-duplicate-ack' ? special : 'no-ack', what, wantedAck(rcvNxt))
}

function checkAck(
  line: Line,
  frame: SegmentRecord,
  wanted: Wanted,
  kept: readonly SegmentRecord[],
  special: Mistake | null,
): void {
  const difference = differs(frame, wanted)
  if (difference === null) return
  const what = 'This ACK is not right.'
  if (difference === 'ack') {
    const beyond = distance(frame.tcp.ack, wanted.ack ?? 0) > 0
    // All that lies between has come: it was kept.
    if (beyond && covered(wanted.ack ?? 0, frame.tcp.ack, kept)) return
    if (beyond && kept.length > 0) reject(line, 'acks-holes', what, wanted, frame)
  }
  if (special !== null) reject(line, special, what, wanted, frame)
  reject(line, difference === 'seq' ? 'wrong-isn' : 'acks-length', what, wanted, frame)
}

/** Whether segments that came early fill everything from one number to another. */
function covered(from: number, to: number, kept: readonly SegmentRecord[]): boolean {
  let at = from
  for (const frame of [...kept].sort((a, b) => distance(a.tcp.seq, b.tcp.seq))) {
    if (distance(at, frame.tcp.seq) >= 0 && distance(endOf(frame), at) > 0) at = endOf(frame)
  }
  return distance(at, to) >= 0
}

function checkData(line: Line, delivered: Delivered, bytes: Uint8Array, special: Mistake): void {
  const at = firstDifference(delivered.bytes, bytes)
  if (at < 0) return
  line.fail(special, {
    what: 'What came to onData is not what was sent.',
    expected: `${bytes.length} bytes, every one once and in order`,
    actual: `${delivered.bytes.length} bytes, the first wrong one at ${at}`,
  })
}

interface Story {
  readonly isn?: number
  readonly bytes: number
  /** What it most likely is if something goes wrong. */
  readonly ack: Mistake | null
  readonly data: Mistake
  readonly options?: WorldOptions
  /** The peer's first sequence number; left out, any. */
  readonly peerIsn?: number
}

function receive(learner: Learner, bench: Bench, story: Story): void {
  const { isn = 3000, peerIsn } = story
  const bytes = numbered(story.bytes)
  let app = new PeerApp()
  const connect = (world: World): void => {
    app = new PeerApp()
    connectTo(world.stack, PORT, app)
  }
  const world =
    peerIsn === undefined ? bench.world(story.options) : bench.worldWithIsn(peerIsn, connect, story.options)
  const delivered = new Delivered()
  learner.serve(world.wire, PORT, isn, delivered.take)
  if (peerIsn === undefined) connect(world)
  world.run(100)
  checkSynAck(world, isn)
  app.write(bytes)
  world.runUntil(() => delivered.bytes.length >= bytes.length || app.closed !== null, 20_000)
  world.run(500)
  checkAcks(world, isn, story.ack)
  checkData(world, delivered, bytes, story.data)
}

/** Loses the first segment with data of one side that `which` picks. */
function loseOnce(from: 'you' | 'peer', which: (tcp: packets.TcpSegment, nth: number) => boolean) {
  let lost = false
  let count = 0
  const lose: WorldOptions['lose'] = ({ tcp }, side) => {
    if (lost || side !== from || tcp === undefined || tcp.flags & Flag.Syn) return false
    lost = which(tcp, count++)
    return lost
  }
  return lose
}

export const judge: Judge<Learner> = {
  exports: ['serve'],
  cases: [
    {
      name: 'a few bytes come in',
      run: (learner, bench) => receive(learner, bench, { bytes: 11, ack: null, data: 'wrong-data' }),
    },
    {
      name: 'and some thousand, in order',
      run: (learner, bench) => receive(learner, bench, { bytes: 4500, ack: null, data: 'wrong-data' }),
    },
    {
      name: 'both sides begin at the top of the numbers',
      run: (learner, bench) =>
        receive(learner, bench, {
          isn: 0xffff_ffff,
          bytes: 4500,
          ack: 'wrap',
          data: 'wrap',
          peerIsn: 0xffff_ffff - 1500,
        }),
    },
    {
      name: 'a segment is lost, others come before it does',
      run: (learner, bench) =>
        receive(learner, bench, {
          bytes: 6000,
          ack: null,
          data: 'delivers-holes',
          options: { lose: loseOnce('peer', ({ payload }, nth) => payload.length > 0 && nth >= 2) },
        }),
    },
    {
      name: 'an ACK is lost, a segment comes twice',
      run: (learner, bench) =>
        receive(learner, bench, {
          bytes: 500,
          ack: 'no-duplicate-ack',
          data: 'delivers-twice',
          options: { lose: loseOnce('you', () => true) },
        }),
    },
    {
      name: 'half of a segment is old',
      run: (learner, bench) => {
        const line = bench.scripted()
        const delivered = new Delivered()
        const bytes = numbered(1500)
        const path = { ...reversed(PATH), destinationPort: PORT, sourcePort: 40_000 }
        const say = (from: number, to: number): void =>
          line.say(
            buildSegment(path, {
              seq: 7001 + from,
              ack: 3001,
              flags: Flag.Ack,
              payload: bytes.subarray(from, to),
            }),
          )
        learner.serve(line.wire, PORT, 3000, delivered.take)
        line.say(buildSegment(path, { seq: 7000, flags: Flag.Syn }))
        line.say(buildSegment(path, { seq: 7001, ack: 3001, flags: Flag.Ack }))
        say(0, 1000)
        say(500, 1500)
        checkAcks(line, 3000, 'overlap')
        checkData(line, delivered, bytes, 'overlap')
      },
    },
  ],
}
