import type { FateRule } from '@tapwire/stack'
import type { Bench } from '../../src/judge/bench.ts'
import { concat, firstDifference, numbered } from '../../src/judge/bytes.ts'
import type { Judge } from '../../src/judge/exercise.ts'
import { describe, Flag, type SegmentRecord } from '../../src/judge/frame-log.ts'
import { openConnection, PATH } from '../../src/judge/opened.ts'
import { differs, distance, endOf, type Wanted, wantedText } from '../../src/judge/wanted.ts'
import type { Line, WorldOptions } from '../../src/judge/world.ts'
import { buildSegment, type Connection, reversed } from '../../src/learner/segments.ts'
import type { mistakes } from './hints.ts'
import type * as solution from './solution.ts'

type Learner = typeof solution
type Mistake = keyof typeof mistakes

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

/** What a receiver has that keeps everything. */
class Received {
  rcvNxt: number
  #kept: SegmentRecord[] = []

  constructor(rcvNxt: number) {
    this.rcvNxt = rcvNxt
  }

  take(frame: SegmentRecord): void {
    this.#kept.push(frame)
    for (let moved = true; moved; ) {
      const next = this.#kept.find(
        (one) => distance(this.rcvNxt, one.tcp.seq) >= 0 && distance(endOf(one), this.rcvNxt) > 0,
      )
      moved = next !== undefined
      if (next !== undefined) this.rcvNxt = endOf(next)
    }
    this.#kept = this.#kept.filter((one) => distance(endOf(one), this.rcvNxt) > 0)
  }

  get waiting(): boolean {
    return this.#kept.length > 0
  }
}

/** Each segment with data must be followed by one ACK, and that must say RCV.NXT. */
function checkAcks(line: Line, { seq, ack }: Connection, special: Mistake | null): void {
  const received = new Received(ack)
  let hadHole = false
  let question: SegmentRecord | null = null
  for (const frame of line.log.story()) {
    const wanted = { flags: Flag.Ack, seq, ack: received.rcvNxt }
    if (frame.from === 'peer') {
      if (question !== null) missing(line, question, wanted, hadHole, special)
      if (frame.tcp.payload.length === 0) continue
      question = frame
      hadHole = received.waiting || distance(frame.tcp.seq, received.rcvNxt) !== 0
      received.take(frame)
      continue
    }
    question = null
    if (differs(frame, wanted) === null) continue
    const what = 'This ACK is not right.'
    if (special !== null) reject(line, special, what, wanted, frame)
    const less = distance(frame.tcp.ack, received.rcvNxt) < 0
    reject(line, less ? 'throws-away' : 'acks-holes', what, wanted, frame)
  }
  if (question !== null)
    missing(line, question, { flags: Flag.Ack, seq, ack: received.rcvNxt }, hadHole, special)
}

function missing(
  line: Line,
  question: SegmentRecord,
  wanted: Wanted,
  hadHole: boolean,
  special: Mistake | null,
): never {
  const what = `${describe(question)} was not answered.`
  reject(line, hadHole ? 'no-duplicate-ack' : (special ?? 'silent'), what, wanted)
}

function checkData(line: Line, delivered: Uint8Array, bytes: Uint8Array, mistake: Mistake): void {
  const at = firstDifference(delivered, bytes)
  if (at < 0) return
  line.fail(mistake, {
    what: 'What came to onData is not what was sent.',
    expected: `${bytes.length} bytes, every one once and in order`,
    actual: `${delivered.length} bytes, the first wrong one at ${at}`,
  })
}

interface Story {
  readonly bytes: number
  readonly data: Mistake
  readonly options?: WorldOptions
}

function transfer(learner: Learner, bench: Bench, story: Story): void {
  const world = bench.world(story.options)
  const { connection, app } = openConnection(world)
  const bytes = numbered(story.bytes)
  let delivered: Uint8Array = new Uint8Array(0)
  learner.receive(world.wire, connection, (piece) => {
    delivered = concat(delivered, piece)
  })
  app.write(bytes)
  world.runUntil(() => delivered.length >= bytes.length || app.closed !== null, 30_000)
  world.run(500)
  const first = firstDifference(delivered, bytes)
  const early = first >= 0 && first < delivered.length
  if (early) checkData(world, delivered, bytes, story.data)
  checkAcks(world, connection, null)
  checkData(world, delivered, bytes, story.data)
}

/** The first of these comes `delay` milliseconds later, which others overtake. */
const late = (nth: number, delay: number): FateRule[] => [{ match: 'data', nth, do: 'delay', delay }]

/** A peer that cuts its bytes as the judge wants it. */
function cutting(learner: Learner, bench: Bench, ack: number, bytes: Uint8Array) {
  const line = bench.scripted()
  const connection: Connection = { path: PATH, seq: 1000, ack, mss: 1000, window: 65_535 }
  const got = { bytes: new Uint8Array(0) as Uint8Array }
  learner.receive(line.wire, connection, (piece) => {
    got.bytes = concat(got.bytes, piece)
  })
  const say = (from: number, to: number, payload = bytes.subarray(from, to)): void =>
    line.say(buildSegment(reversed(PATH), { seq: (ack + from) >>> 0, ack: 1000, flags: Flag.Ack, payload }))
  return { line, connection, got, say }
}

export const judge: Judge<Learner> = {
  exports: ['receive'],
  cases: [
    {
      name: 'everything comes in order',
      run: (learner, bench) => transfer(learner, bench, { bytes: 3500, data: 'wrong-data' }),
    },
    {
      name: 'two segments change places',
      run: (learner, bench) =>
        transfer(learner, bench, {
          bytes: 4000,
          data: 'as-it-comes',
          options: { impairment: { script: late(2, 5), bandwidth: 10_000_000 } },
        }),
    },
    {
      name: 'a segment is lost, and all that follows comes early',
      run: (learner, bench) =>
        transfer(learner, bench, {
          bytes: 9000,
          data: 'as-it-comes',
          options: { impairment: { script: [{ match: 'data', nth: 2, do: 'drop' }], bandwidth: 10_000_000 } },
        }),
    },
    {
      name: 'pieces overlap',
      run: (learner, bench) => {
        const bytes = numbered(3000)
        const { line, connection, got, say } = cutting(learner, bench, 7000, bytes)
        say(0, 500)
        say(1000, 2000)
        say(1500, 2500)
        say(250, 1250)
        say(2000, 3000)
        checkAcks(line, connection, 'overlap')
        checkData(line, got.bytes, bytes, 'overlap')
      },
    },
    {
      name: 'numbers that wrap around',
      run: (learner, bench) => {
        const bytes = numbered(3000)
        const { line, connection, got, say } = cutting(learner, bench, 0xffff_fc00, bytes)
        say(2000, 3000)
        say(1000, 2000)
        say(0, 1000)
        checkAcks(line, connection, 'wrap')
        checkData(line, got.bytes, bytes, 'wrap')
      },
    },
    {
      name: 'what lies beyond the window is not kept',
      run: (learner, bench) => {
        const bytes = numbered(66_500)
        const { line, got, say } = cutting(learner, bench, 7000, bytes)
        // False bytes, where right ones come later.
        say(65_600, 66_100, new Uint8Array(500).fill(0xee))
        for (let at = 0; at < bytes.length; at += 500) say(at, at + 500)
        checkData(line, got.bytes, bytes, 'beyond-window')
      },
    },
    {
      name: 'a network that loses and mixes',
      run: (learner, bench) =>
        transfer(learner, bench, {
          bytes: 60_000,
          data: 'wrong-data',
          options: {
            impairment: { bandwidth: 10_000_000, loss: 0.05, reorder: 0.2, duplicate: 0.05 },
            seed: 4,
          },
        }),
    },
  ],
}
