import type { Bench } from '../../src/judge/bench.ts'
import { firstDifference, numbered } from '../../src/judge/bytes.ts'
import type { Judge } from '../../src/judge/exercise.ts'
import { describe, type SegmentRecord } from '../../src/judge/frame-log.ts'
import { openConnection } from '../../src/judge/opened.ts'
import type { PeerApp } from '../../src/judge/peer.ts'
import type { World } from '../../src/judge/world.ts'
import type { mistakes } from './hints.ts'
import type * as solution from './solution.ts'

type Learner = typeof solution
type Mistake = keyof typeof mistakes

const MSS = 1000
const LATENCY = 100
/** Bits a second: a segment takes half a millisecond, so that each is acknowledged for itself. */
const BANDWIDTH = 16_000_000
/** Milliseconds of silence that part one round trip's segments from the next one's. */
const PAUSE = 60

/** The segments with data, one list a round trip. */
function flights(world: World): SegmentRecord[][] {
  const rounds: SegmentRecord[][] = []
  for (const frame of world.log.data('you')) {
    const last = rounds.at(-1)?.at(-1)
    if (last === undefined || frame.at - last.at > PAUSE) rounds.push([])
    rounds.at(-1)?.push(frame)
  }
  return rounds
}

const inSegments = (count: number): string => (count === 1 ? '1 segment' : `${count} segments`)

function reject(
  world: World,
  mistake: Mistake,
  what: string,
  expected: string,
  flight: readonly SegmentRecord[],
): never {
  const sizes = flights(world).map(({ length }) => length)
  world.fail(mistake, {
    what: `${what} Segments in each round trip: ${sizes.join(', ')}.`,
    expected,
    actual: inSegments(flight.length),
    frame: flight.at(-1),
  })
}

/** What one round trip makes of a window, as far as it may. */
interface Growth {
  readonly ssthresh: number
  /** The first round trip that is looked at. */
  readonly from: number
  readonly window: number
}

/** Looks at the round trips from `from` on, each beside the one before, as long as there is enough to send. */
function checkGrowth(world: World, rounds: readonly SegmentRecord[][], growth: Growth): void {
  const { ssthresh, from, window } = growth
  for (let round = from; round < rounds.length - 1; round++) {
    const [before, now] = [rounds[round - 1].length, rounds[round].length]
    if (now > window)
      reject(
        world,
        'ignores-window',
        `The peer's window is ${window} segments.`,
        `at most ${inSegments(window)}`,
        rounds[round],
      )
    const most = Math.min(
      before < ssthresh ? Math.min(before * 2, Math.max(ssthresh, before) + 1) : before + 1,
      window,
    )
    const least = Math.min(before < ssthresh ? Math.min(before * 2, ssthresh) : before, window)
    const what = `ssthresh is ${ssthresh} segments.`
    if (now > most) {
      const slow = before * 2 > ssthresh && now <= before * 2
      reject(world, slow ? 'never-slows' : 'too-fast', what, `at most ${inSegments(most)}`, rounds[round])
    }
    if (now < least) reject(world, 'linear', what, inSegments(least), rounds[round])
  }
}

function checkFirst(world: World, rounds: readonly SegmentRecord[][]): void {
  if (rounds.length === 0) {
    world.fail('silent' satisfies Mistake, {
      what: 'Nothing was sent.',
      expected: '2 segments',
      actual: 'nothing',
    })
  }
  const what = 'This is how you begin.'
  if (rounds[0].length > 2) reject(world, 'all-at-once', what, '2 segments', rounds[0].slice(0, 3))
  if (rounds[0].length < 2) reject(world, 'too-careful', what, '2 segments', rounds[0])
}

function checkArrived(world: World, app: PeerApp, data: Uint8Array): void {
  const at = firstDifference(app.received, data)
  if (at < 0) return
  world.fail('incomplete' satisfies Mistake, {
    what: 'The peer has not got what you were given.',
    expected: `${data.length} bytes`,
    actual: `${app.receivedLength} bytes, the first wrong or missing one at ${at}`,
  })
}

interface Story {
  readonly segments: number
  /** In segments, both. */
  readonly ssthresh: number
  readonly window?: number
  /** Which segment with data is lost, counted from 0; -1 for none. */
  readonly lost?: number
}

function transfer(learner: Learner, bench: Bench, { segments, ssthresh, window, lost = -1 }: Story) {
  let count = -1
  const world = bench.world({
    latency: LATENCY,
    impairment: { bandwidth: BANDWIDTH },
    tcp: { delayedAck: 0, receiveBufferTuning: false },
    lose: ({ tcp }, from) =>
      from === 'you' && tcp !== undefined && tcp.payload.length > 0 && ++count === lost,
  })
  const { connection, app } = openConnection(
    world,
    window === undefined ? {} : { receiveBuffer: window * MSS },
  )
  const data = numbered(segments * MSS)
  learner.send(world.wire, connection, data, ssthresh * MSS)
  world.runUntil(() => app.receivedLength >= data.length, 60_000)
  world.run(3000)
  return { world, app, data }
}

/** After the loss: nothing new until the timeout, then one segment, that one, and half of the window as ssthresh. */
function checkRecovery(world: World, lost: number): void {
  const sent = world.log.data('you')
  const { tcp, at } = sent[lost]
  const again = sent.findIndex((frame, index) => index > lost && frame.tcp.seq === tcp.seq)
  const expected = `seq=${tcp.seq} once more, about 1 s later`
  const what = `The segment with seq=${tcp.seq} was lost.`
  checkDuplicates(world)
  const first = sent.find((frame) => frame.at > at + 900)
  if (first !== undefined && first.tcp.seq !== tcp.seq) {
    world.fail('wrong-segment' satisfies Mistake, { what, expected, actual: describe(first), frame: first })
  }
  if (again < 0) {
    world.fail('no-retransmission' satisfies Mistake, {
      what,
      expected,
      actual: 'nothing',
      frame: sent.at(-1),
    })
  }
  const inFlight = flightOf(world, lost)
  const rounds = flights(world)
  const at1 = rounds.findIndex((round) => round.some((frame) => frame.at === sent[again].at))
  if (rounds[at1].length > 1) {
    reject(world, 'keeps-window', 'This is what you sent after the timeout.', '1 segment', rounds[at1])
  }
  const half = Math.max(Math.floor(inFlight / 2), 2)
  const after = rounds.slice(at1)
  for (let round = 1; round < after.length - 1; round++) {
    const [before, now] = [after[round - 1].length, after[round].length]
    const most = before < half ? Math.min(before * 2, half + 1) : before + 1
    const text = `Half of what was in flight at the timeout is ${half} segments.`
    if (now > most) reject(world, 'forgets-half', text, `at most ${inSegments(most)}`, after[round])
  }
}

/** Nothing may be sent because of an ACK that acknowledges nothing new. */
function checkDuplicates(world: World): void {
  let una = 0
  let duplicateAt = -1
  for (const frame of world.log.story()) {
    if (frame.from === 'peer') {
      duplicateAt = frame.tcp.ack === una ? frame.at : -1
      una = frame.tcp.ack
    } else if (frame.at === duplicateAt && frame.tcp.payload.length > 0) {
      const expected = 'nothing: an ACK that acknowledges nothing new lets nothing out'
      const what = `ACKs came again and again that acknowledge up to ${una}.`
      world.fail('grows-on-duplicates' satisfies Mistake, { what, expected, actual: describe(frame), frame })
    }
  }
}

/** How many segments were in flight when the timer fired: those from the lost one on. */
function flightOf(world: World, lost: number): number {
  const sent = world.log.data('you')
  const again = sent.findIndex((frame, index) => index > lost && frame.tcp.seq === sent[lost].tcp.seq)
  return again - lost
}

export const judge: Judge<Learner> = {
  exports: ['send'],
  cases: [
    {
      name: 'every round trip doubles the window',
      run: (learner, bench) => {
        const { world, app, data } = transfer(learner, bench, { segments: 40, ssthresh: 64 })
        const rounds = flights(world)
        checkFirst(world, rounds)
        checkGrowth(world, rounds, { ssthresh: 64, from: 1, window: 64 })
        checkArrived(world, app, data)
      },
    },
    {
      name: 'from ssthresh on it grows slowly',
      run: (learner, bench) => {
        const { world, app, data } = transfer(learner, bench, { segments: 70, ssthresh: 8 })
        const rounds = flights(world)
        checkFirst(world, rounds)
        checkGrowth(world, rounds, { ssthresh: 8, from: 1, window: 64 })
        checkArrived(world, app, data)
      },
    },
    {
      name: "the peer's window holds, too",
      run: (learner, bench) => {
        const { world, app, data } = transfer(learner, bench, { segments: 40, ssthresh: 64, window: 6 })
        const rounds = flights(world)
        checkFirst(world, rounds)
        checkGrowth(world, rounds, { ssthresh: 64, from: 1, window: 6 })
        checkArrived(world, app, data)
      },
    },
    {
      name: 'a segment is lost: once more from the beginning, and slower',
      run: (learner, bench) => {
        const lost = 7
        const { world, app, data } = transfer(learner, bench, { segments: 50, ssthresh: 64, lost })
        checkFirst(world, flights(world))
        checkRecovery(world, lost)
        checkArrived(world, app, data)
      },
    },
  ],
}
