import type { Bench } from '../../src/judge/bench.ts'
import { firstDifference, numbered } from '../../src/judge/bytes.ts'
import type { Judge } from '../../src/judge/exercise.ts'
import { describe, Flag, type SegmentRecord } from '../../src/judge/frame-log.ts'
import { openConnection, PATH } from '../../src/judge/opened.ts'
import { differs, type Wanted, wantedText } from '../../src/judge/wanted.ts'
import type { Line, WorldOptions } from '../../src/judge/world.ts'
import { buildSegment, type Connection, reversed } from '../../src/learner/segments.ts'
import type { mistakes } from './hints.ts'
import type * as solution from './solution.ts'

type Learner = typeof solution
type Mistake = keyof typeof mistakes

/** How far a timeout may be from what it should be, in milliseconds. */
const SLACK = 60
const ISN = 999

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

/** Everything that holds for each segment, whatever is lost. */
function checkSegments(line: Line, { seq, ack, mss }: Connection, data: Uint8Array): void {
  let acked = 0
  const story = line.log.story()
  const first = story.find(({ from }) => from === 'you')
  const length = Math.min(mss, data.length)
  const wanted = { flags: Flag.Ack, seq, ack, length }
  if (first === undefined) reject(line, 'silent', 'Nothing was sent.', wanted)
  if (differs(first, { ...wanted, length: first.tcp.payload.length }) !== null) {
    reject(
      line,
      first.tcp.seq === seq ? 'wrong-ack' : 'wrong-number',
      'The first segment is not right.',
      wanted,
      first,
    )
  }
  for (const frame of story) {
    if (frame.from === 'peer') {
      acked = Math.max(acked, (frame.tcp.ack - seq) >>> 0)
      continue
    }
    const from = (frame.tcp.seq - seq) >>> 0
    const { length } = frame.tcp.payload
    const right = {
      flags: Flag.Ack,
      seq: (seq + acked) >>> 0,
      ack,
      length: Math.min(mss, data.length - acked),
    }
    if (length > mss) reject(line, 'too-large', `The peer takes ${mss} bytes at most.`, right, frame)
    if (from < acked || acked >= data.length)
      reject(line, 'timer-left', 'This was acknowledged before.', 'nothing', frame)
    if (from > acked) {
      const early = from > data.length ? 'new-number' : newNumber(story, frame)
      reject(line, early, `Bytes are acknowledged up to ${right.seq}: that is the one to send.`, right, frame)
    }
  }
}

/** A segment beyond the one that is due: after a pause it stands for that one, else it is one more. */
function newNumber(story: readonly SegmentRecord[], frame: SegmentRecord): Mistake {
  const before = story.filter(({ from, at }) => from === 'you' && at <= frame.at).at(-2)
  return before !== undefined && frame.at - before.at >= 500 ? 'new-number' : 'two-at-once'
}

/** The gaps between sendings of the same segment. */
function checkTimeouts(line: Line, { seq }: Connection, wanted: readonly number[]): void {
  const first = line.log.data('you')[0]
  const copies = line.log.data('you').filter(({ tcp }) => tcp.seq === first.tcp.seq)
  for (const [at, gap] of wanted.entries()) {
    const next = copies[at + 1]
    const what = `Sending number ${at + 2} of the segment that begins at ${seq}.`
    const expected = `the same segment again, ${gap / 1000} s after the one before`
    if (next === undefined) {
      const other = line.log.segments('you').find((frame) => frame.at >= first.at + 500)
      if (other !== undefined && at === 0) reject(line, 'new-number', what, expected, other)
      reject(line, at === 0 ? 'no-retransmission' : 'no-backoff', what, expected)
    }
    const actual = next.at - copies[at].at
    if (Math.abs(actual - gap) <= SLACK) continue
    const mistake: Mistake = at > 0 ? 'no-backoff' : actual < gap ? 'too-early' : 'too-late'
    line.fail(mistake, { what, expected, actual: `again after ${(actual / 1000).toFixed(2)} s`, frame: next })
  }
}

interface Story {
  readonly bytes: number
  readonly isn?: number
  /** How often the first segment is lost, or the ACK of it. */
  readonly lost?: number
  readonly lose?: 'data' | 'ack'
  readonly gaps?: readonly number[]
}

function transfer(
  learner: Learner,
  bench: Bench,
  { bytes, isn = ISN, lost = 0, lose = 'data', gaps = [] }: Story,
): void {
  let left = 0
  const options: WorldOptions = {
    lose: ({ tcp }, from) => {
      if (left === 0 || tcp === undefined) return false
      if (lose === 'data' ? from !== 'you' || tcp.payload.length === 0 : from !== 'peer') return false
      left--
      return true
    },
  }
  const world = bench.world(options)
  const { connection, app } = openConnection(world, { isn })
  left = lost
  const data = numbered(bytes)
  learner.send(world.wire, connection, data)
  world.runUntil(() => app.receivedLength >= bytes, 60_000)
  // A timer that was left running shows itself now.
  world.run(20_000)
  if (lost > 0) checkTimeouts(world, connection, gaps)
  checkSegments(world, connection, data)
  const at = firstDifference(app.received, data)
  if (at < 0) return
  world.fail('incomplete' satisfies Mistake, {
    what: 'The peer has not got what you were given.',
    expected: `${bytes} bytes`,
    actual: `${app.receivedLength} bytes, the first wrong or missing one at ${at}`,
  })
}

/** A peer that says what the judge wants it to. */
function scripted(learner: Learner, bench: Bench) {
  const line = bench.scripted()
  const data = numbered(3000)
  const connection: Connection = { path: PATH, seq: 1000, ack: 7000, mss: 1000, window: 65_535 }
  const acknowledge = (ack: number): void =>
    line.say(buildSegment(reversed(PATH), { seq: 7000, ack, flags: Flag.Ack }))
  learner.send(line.wire, connection, data)
  line.run(20)
  return { line, acknowledge }
}

export const judge: Judge<Learner> = {
  exports: ['send'],
  cases: [
    {
      name: 'nothing is lost, nothing is sent twice',
      run: (learner, bench) => transfer(learner, bench, { bytes: 2500 }),
    },
    {
      name: 'the first segment is lost',
      run: (learner, bench) => transfer(learner, bench, { bytes: 2500, lost: 1, gaps: [1000] }),
    },
    {
      name: 'its acknowledgement is lost',
      run: (learner, bench) => transfer(learner, bench, { bytes: 2500, lost: 1, lose: 'ack', gaps: [1000] }),
    },
    {
      name: 'it is lost four times in a row',
      run: (learner, bench) =>
        transfer(learner, bench, { bytes: 1500, lost: 4, gaps: [1000, 2000, 4000, 8000] }),
    },
    {
      name: 'numbers that wrap around',
      run: (learner, bench) =>
        transfer(learner, bench, { bytes: 2500, isn: 0xffff_fc00, lost: 1, gaps: [1000] }),
    },
    {
      name: 'a part of a segment is acknowledged',
      run: (learner, bench) => {
        const { line, acknowledge } = scripted(learner, bench)
        acknowledge(1400)
        line.run(100)
        const wanted = { flags: Flag.Ack, seq: 1400 }
        const next = line.log.data('you')[1]
        const what = '400 of 1000 bytes were acknowledged.'
        if (next === undefined || next.tcp.seq !== 1400) reject(line, 'partial-ack', what, wanted, next)
      },
    },
    {
      name: 'an old acknowledgement comes again',
      run: (learner, bench) => {
        const { line, acknowledge } = scripted(learner, bench)
        acknowledge(2000)
        acknowledge(2000)
        acknowledge(1000)
        const sent = line.log.data('you')
        const wanted = { flags: Flag.Ack, seq: 2000, length: 1000 }
        if (sent.length < 2) reject(line, 'stops', 'The first segment was acknowledged.', wanted)
        const what =
          'Bytes are acknowledged up to 2000, and that was said three times, once with an older number.'
        if (sent.length > 2) reject(line, 'any-ack', what, 'nothing more', sent[2])
      },
    },
    {
      name: 'an acknowledgement of what was never sent',
      run: (learner, bench) => {
        const { line, acknowledge } = scripted(learner, bench)
        acknowledge(3500)
        line.run(1500)
        const sent = line.log.data('you').slice(1)
        const wanted = { flags: Flag.Ack, seq: 1000, length: 1000 }
        const what = 'One segment was sent, up to 2000; the peer acknowledged up to 3500.'
        if (sent.length === 0 || sent[0].tcp.seq !== 1000) reject(line, 'future-ack', what, wanted, sent[0])
      },
    },
  ],
}
