import type { Bench } from '../../src/judge/bench.ts'
import type { Judge } from '../../src/judge/exercise.ts'
import { describe, Flag, has, type SegmentRecord } from '../../src/judge/frame-log.ts'
import { PATH } from '../../src/judge/opened.ts'
import { listenOn, PeerApp } from '../../src/judge/peer.ts'
import { differs, type Wanted, wantedText } from '../../src/judge/wanted.ts'
import type { Line } from '../../src/judge/world.ts'
import { buildSegment, reversed } from '../../src/learner/segments.ts'
import type { mistakes } from './hints.ts'
import type * as solution from './solution.ts'

type Learner = typeof solution
type Mistake = keyof typeof mistakes
const SYN_ACK = Flag.Syn | Flag.Ack

function reject(
  line: Line,
  mistake: Mistake,
  what: string,
  wanted: Wanted | null,
  frame?: SegmentRecord,
): never {
  line.fail(mistake, {
    what,
    expected: wanted === null ? 'nothing' : wantedText(wanted),
    actual: frame === undefined ? 'nothing' : describe(frame),
    frame,
  })
}

function checkSyn(line: Line, isn: number): void {
  const wanted = { flags: Flag.Syn, seq: isn }
  const [syn] = line.log.segments('you')
  if (syn === undefined)
    reject(line, line.log.frames.length > 0 ? 'malformed' : 'silent', 'There is no SYN.', wanted)
  const what = 'The first segment is not right.'
  if (syn.decoded.problems.length > 0) reject(line, 'malformed', what, wanted, syn)
  const difference = differs(syn, wanted)
  if (difference === 'flags') reject(line, 'syn-with-more', what, wanted, syn)
  if (difference !== null) reject(line, 'wrong-isn', what, wanted, syn)
}

/** The ACK of the SYN,ACK that came last. @param missing what it is when there is none */
function checkAck(line: Line, isn: number, missing: Mistake): void {
  const frames = line.log.segments()
  const at = frames.findLastIndex((frame) => frame.from === 'peer' && has(frame, Flag.Syn))
  const question = frames[at]
  const wanted = { flags: Flag.Ack, seq: (isn + 1) >>> 0, ack: (question.tcp.seq + 1) >>> 0, length: 0 }
  const answer = frames.slice(at + 1).find(({ from }) => from === 'you')
  if (answer === undefined) reject(line, missing, 'The SYN,ACK was not acknowledged.', wanted)
  const difference = differs(answer, wanted)
  if (difference === null) return
  reject(line, ackMistake(answer, wanted, isn, missing), 'The ACK is not right.', wanted, answer)
}

function ackMistake(
  { tcp }: SegmentRecord,
  wanted: Required<Wanted>,
  isn: number,
  missing: Mistake,
): Mistake {
  if (tcp.flags & Flag.Rst) return missing === 'wrap' ? 'wrap' : 'malformed'
  if (tcp.flags & Flag.Syn) return 'syn-again'
  if (tcp.seq === wanted.ack && tcp.ack === wanted.seq) return 'swapped'
  if (tcp.seq === isn) return 'syn-not-counted'
  if (tcp.ack === (wanted.ack - 1) >>> 0) return 'ack-not-plus-one'
  return missing === 'no-ack' ? 'malformed' : missing
}

function open(learner: Learner, bench: Bench, isn: number, missing: Mistake, loseFirst = false): void {
  let lost = !loseFirst
  const world = bench.world({
    lose: ({ tcp }, from) => {
      if (lost || from !== 'you' || tcp === undefined || tcp.flags & Flag.Syn) return false
      lost = true
      return true
    },
  })
  const app = new PeerApp()
  listenOn(world.stack, PATH.destinationPort, app)
  learner.connect(world.wire, PATH, isn)
  world.run(500)
  checkSyn(world, isn)
  checkAck(world, isn, missing === 'acks-once' ? 'no-ack' : missing)
  if (!app.open) {
    world.run(3000)
    checkAck(world, isn, missing)
  }
}

export const judge: Judge<Learner> = {
  exports: ['connect'],
  cases: [
    { name: 'a connection is opened', run: (learner, bench) => open(learner, bench, 1000, 'no-ack') },
    {
      name: 'and one whose numbers begin at the top',
      run: (learner, bench) => open(learner, bench, 0xffff_ffff, 'wrap'),
    },
    {
      name: 'the ACK is lost, the SYN,ACK comes again',
      run: (learner, bench) => open(learner, bench, 5000, 'acks-once', true),
    },
    {
      name: 'nobody listens there',
      run: (learner, bench) => {
        const world = bench.world()
        learner.connect(world.wire, PATH, 1000)
        world.run(2000)
        checkSyn(world, 1000)
        const frames = world.log.segments()
        const rst = frames.findIndex((frame) => frame.from === 'peer' && has(frame, Flag.Rst))
        const answer = frames.slice(rst + 1).find(({ from }) => from === 'you')
        if (answer !== undefined) reject(world, 'answers-rst', 'The RST was answered.', null, answer)
      },
    },
    {
      name: 'an answer to something that was not said',
      run: (learner, bench) => {
        const line = bench.scripted()
        learner.connect(line.wire, PATH, 1000)
        line.say(buildSegment(reversed(PATH), { seq: 7000, ack: 555, flags: SYN_ACK }))
        const wanted = { flags: Flag.Rst, seq: 555 }
        const answer = line.log.segments('you')[1]
        const what = 'The SYN,ACK acknowledged 555; your SYN had the number 1000.'
        if (answer === undefined) reject(line, 'no-reset', what, wanted)
        if (!has(answer, Flag.Rst)) reject(line, 'believes-any-ack', what, wanted, answer)
        if (answer.tcp.seq !== 555) reject(line, 'no-reset', what, wanted, answer)
      },
    },
    {
      name: "somebody else's segment",
      run: (learner, bench) => {
        const line = bench.scripted()
        learner.connect(line.wire, PATH, 1000)
        const path = { ...reversed(PATH), destinationPort: PATH.sourcePort + 1 }
        line.say(buildSegment(path, { seq: 7000, ack: 1001, flags: SYN_ACK }))
        const answer = line.log.segments('you')[1]
        const what = `Your port is ${PATH.sourcePort}; a segment for ${path.destinationPort} was answered.`
        if (answer !== undefined) reject(line, 'not-ours', what, null, answer)
      },
    },
  ],
}
