import type { Bench } from '../../src/judge/bench.ts'
import { firstDifference, numbered } from '../../src/judge/bytes.ts'
import type { Judge } from '../../src/judge/exercise.ts'
import { describe, type SegmentRecord } from '../../src/judge/frame-log.ts'
import { openConnection } from '../../src/judge/opened.ts'
import type { PeerApp } from '../../src/judge/peer.ts'
import type { World, WorldOptions } from '../../src/judge/world.ts'
import type { Connection } from '../../src/learner/segments.ts'
import type { mistakes } from './hints.ts'
import type * as solution from './solution.ts'

type Learner = typeof solution
type Mistake = keyof typeof mistakes

const LATENCY = 50
const BUFFER = 8000
/** Bits a second: segments arrive a little apart, and are acknowledged so. */
const BANDWIDTH = 10_000_000

/** Where somebody stands who sends, in bytes of what is sent. */
interface Position {
  una: number
  nxt: number
  /** The first byte beyond the window. */
  edge: number
}

/** Follows the story and looks at each segment of the learner's when it is sent. */
function checkWindow(world: World, { seq, mss, window }: Connection, total: number): void {
  const at: Position = { una: 0, nxt: 0, edge: window }
  const first = window
  let lastProbe = Number.NEGATIVE_INFINITY
  let lastNews = Number.NEGATIVE_INFINITY
  let last: SegmentRecord | undefined
  for (const frame of world.log.story()) {
    if (frame.from === 'peer') {
      checkFilled(world, at, mss, total, last)
      lastNews = frame.at
      at.una = Math.max(at.una, (frame.tcp.ack - seq) >>> 0)
      at.nxt = Math.max(at.nxt, at.una)
      at.edge = ((frame.tcp.ack - seq) >>> 0) + frame.tcp.window
      continue
    }
    const from = (frame.tcp.seq - seq) >>> 0
    const { length } = frame.tcp.payload
    if (length === 0) continue
    if (length > mss) reject(world, 'too-large', `at most ${mss} bytes in one segment`, frame)
    const shut = at.edge <= at.una
    if (shut && from === at.una) {
      if (length > 1) {
        const mistake: Mistake = frame.at === lastNews ? 'old-window' : 'probe-too-long'
        reject(world, mistake, 'at most one byte, now and then: the window is 0', frame)
      }
      if (frame.at - lastProbe < 500) reject(world, 'too-many-probes', 'one probe each second', frame)
      lastProbe = frame.at
      continue
    }
    if (from + length > at.edge) reject(world, beyond(at, from + length, first), windowText(at, seq), frame)
    if (from < at.nxt) reject(world, 'sent-twice', `seq=${(seq + at.nxt) >>> 0}`, frame)
    at.nxt = from + length
    last = frame
  }
}

function beyond({ una, nxt, edge }: Position, end: number, first: number): Mistake {
  if (una === 0) return 'ignores-window'
  const window = edge - una
  if (window < first && end <= una + first) return 'old-window'
  return end <= nxt + window ? 'from-next' : 'ignores-window'
}

/** What was sent so far and what may be sent must leave no whole segment's room, before the next news comes. */
function checkFilled(
  world: World,
  at: Position,
  mss: number,
  total: number,
  last: SegmentRecord | undefined,
): void {
  if (at.nxt === 0 || at.nxt >= total || at.edge - at.nxt < mss) return
  const mistake: Mistake = at.nxt - at.una <= mss ? 'stop-and-wait' : 'not-filled'
  world.fail(mistake, {
    what: `The window has room for ${at.edge - at.nxt} bytes more, and nothing was sent.`,
    expected: `${at.edge - at.una} bytes in flight`,
    actual: `${at.nxt - at.una} bytes in flight`,
    frame: last,
  })
}

const windowText = ({ una, edge }: Position, seq: number): string =>
  `nothing beyond ${(seq + edge) >>> 0}: acknowledged up to ${(seq + una) >>> 0}, window ${edge - una}`

function reject(world: World, mistake: Mistake, expected: string, frame: SegmentRecord): never {
  world.fail(mistake, { what: 'This segment is not right.', expected, actual: describe(frame), frame })
}

function checkArrived(world: World, app: PeerApp, data: Uint8Array, mistake: Mistake): void {
  const at = firstDifference(app.received, data)
  if (at < 0) return
  const sent = world.log.data('you').length
  world.fail(sent === 0 ? 'silent' : mistake, {
    what: 'The peer has not got what you were given.',
    expected: `${data.length} bytes`,
    actual: `${app.receivedLength} bytes, the first wrong or missing one at ${at}`,
  })
}

interface Story {
  readonly bytes: number
  /** Milliseconds for which the peer's application does not read. */
  readonly sleeps?: number
  readonly isn?: number
  readonly missing: Mistake
  readonly options?: WorldOptions
}

function transfer(learner: Learner, bench: Bench, story: Story): void {
  const { bytes, sleeps = 0, isn = 999 } = story
  const world = bench.world({ latency: LATENCY, impairment: { bandwidth: BANDWIDTH }, ...story.options })
  const { connection, app } = openConnection(world, { isn, sleeps: sleeps > 0, receiveBuffer: BUFFER })
  const data = numbered(bytes)
  learner.send(world.wire, connection, data)
  if (sleeps > 0) {
    world.run(sleeps)
    checkWindow(world, connection, bytes)
    app.wake()
  }
  world.runUntil(() => app.receivedLength >= bytes, 30_000)
  world.run(5000)
  checkWindow(world, connection, bytes)
  checkArrived(world, app, data, story.missing)
}

/** Loses the first segment that opens the window again. */
function loseUpdate(): NonNullable<WorldOptions['lose']> {
  let shut = false
  let lost = false
  return ({ tcp }, from) => {
    if (from !== 'peer' || tcp === undefined || lost) return false
    if (tcp.window === 0) shut = true
    lost = shut && tcp.window > 0
    return lost
  }
}

export const judge: Judge<Learner> = {
  exports: ['send'],
  cases: [
    {
      name: 'the window is filled, and slides',
      run: (learner, bench) => transfer(learner, bench, { bytes: 30_000, missing: 'incomplete' }),
    },
    {
      name: 'less than a window',
      run: (learner, bench) => transfer(learner, bench, { bytes: 2600, missing: 'incomplete' }),
    },
    {
      name: 'numbers that wrap around',
      run: (learner, bench) =>
        transfer(learner, bench, { bytes: 20_000, isn: 0xffff_e000, missing: 'incomplete' }),
    },
    {
      name: 'the peer is slow: its window shuts, and opens again',
      run: (learner, bench) =>
        transfer(learner, bench, { bytes: 20_000, sleeps: 700, missing: 'ignores-updates' }),
    },
    {
      name: 'and the news of it is lost',
      run: (learner, bench) =>
        transfer(learner, bench, {
          bytes: 20_000,
          sleeps: 700,
          missing: 'no-probe',
          options: { lose: loseUpdate() },
        }),
    },
  ],
}
