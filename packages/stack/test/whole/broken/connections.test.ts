import { describe, expect, it } from 'vitest'
import type { Stack } from '../../../src/index.ts'
import type { Tcb } from '../../../src/tcp/tcb.ts'
import { Pair } from '../pair.ts'
import { put } from './put.ts'

/** A connection of which one half is in flight, unread, out of order, SACKed, lost or sent again. */
class Scene {
  readonly pair = new Pair({ seed: 5, tcp: { receiveBuffer: 200_000 } })
  readonly stack: Stack
  readonly peer: Stack
  readonly tcb: Tcb
  /** The receiving end. */
  readonly far: Tcb

  constructor() {
    const { pair } = this
    ;[this.stack, this.peer] = pair.stacks
    pair.listen(1, 7)
    pair.listen(0, 8)
    const end = pair.connect(0, 20_000, 7)
    pair.clock.advance(100)
    this.tcb = only(this.stack)
    this.far = only(this.peer)
    for (const other of pair.ends.values()) other.eager = false
    end.write(6000)
    pair.clock.advance(200)
    // Some of the next flight is lost: what follows is out of order, and SACKed.
    let count = 0
    pair.link.set({ latency: 5, filter: () => (++count % 3 === 1 ? 'drop' : 'pass') })
    end.write(30_000)
    pair.clock.advance(12)
    this.check()
  }

  check(): void {
    for (const stack of this.pair.stacks) stack.debugInvariants()
  }
}

function only(stack: Stack): Tcb {
  let found: Tcb | null = null
  stack.tcp.context.connections.each((tcb) => {
    found = tcb
  })
  if (found === null) throw new Error('There is no connection')
  return found
}

function share({ sendRing, receiveRing }: Tcb): void {
  sendRing.block = receiveRing.block
  sendRing.capacity = receiveRing.capacity
}

type Break = (scene: Scene) => void

/** What is broken, how, and what must be said of it. */
const OF_CONNECTIONS: readonly [what: string, breakIt: Break, said: RegExp][] = [
  [
    'SND.UNA beyond SND.NXT',
    ({ tcb }) => put(tcb, 'sndUna', (tcb.sndNxt + 1) | 0),
    /SND\.UNA is beyond SND\.NXT/,
  ],
  ['SND.UNA back', ({ tcb }) => put(tcb, 'sndUna', (tcb.sndUna - 1) | 0), /SND\.UNA has gone back \(-1\)/],
  ['SND.NXT back', ({ tcb }) => put(tcb, 'sndNxt', (tcb.sndNxt - 1) | 0), /SND\.NXT has gone back/],
  ['RCV.NXT back', ({ far }) => put(far, 'rcvNxt', (far.rcvNxt - 1) | 0), /RCV\.NXT has gone back/],
  [
    'the right edge back',
    ({ far }) => put(far, 'rcvAdv', (far.rcvAdv - 1) | 0),
    /right edge of the window has moved left \(-1\)/,
  ],
  ['a FIN unasked', ({ tcb }) => put(tcb, 'finSent', true), /a FIN was sent that nobody asked for/],
  ['a FIN unsent', ({ tcb }) => put(tcb, 'finAcked', true), /a FIN is acknowledged that was not sent/],
  ['an impossible window', ({ tcb }) => put(tcb, 'sndWnd', 2 ** 31), /impossible window \(2147483648\)/],
  [
    'an impossible largest window',
    ({ tcb }) => put(tcb, 'maxSndWnd', 2 ** 31),
    /the largest window is impossible/,
  ],
  ['the send scale', ({ tcb }) => put(tcb, 'sndScale', 15), /Snd\.Wind\.Shift is out of range \(15\)/],
  ['the receive scale', ({ tcb }) => put(tcb, 'rcvScale', -1), /Rcv\.Wind\.Shift is out of range/],
  ['segments of nothing', ({ tcb }) => put(tcb, 'sndMss', 0), /segments have an impossible size/],
  ['a negative SRTT', ({ tcb }) => put(tcb, 'srtt', -1), /a round-trip time is negative/],
  ['an RTO of nothing', ({ tcb }) => put(tcb, 'rto', Number.NaN), /the RTO is no span of time/],
  ['a shut congestion window', ({ tcb }) => put(tcb, 'cwnd', 0), /the congestion window is shut/],
  ['no ssthresh', ({ tcb }) => put(tcb, 'ssthresh', 0), /ssthresh is not positive/],
  [
    'a promise too large',
    ({ far }) => put(far, 'rcvBuf', 1000),
    /more is promised than the buffer has room for/,
  ],
  [
    'more taken than promised',
    ({ far }) => put(far, 'rcvAdv', (far.rcvNxt - 1) | 0),
    /more has been taken than was ever promised/,
  ],
  ['queued bytes', ({ tcb }) => put(tcb, 'sendQueued', 5), /bytes in flight are in the ring no more/],
  ['fewer than none queued', ({ tcb }) => put(tcb, 'sendQueued', -5), /fewer than no bytes are queued/],
  [
    'too much queued',
    ({ tcb }) => put(tcb, 'sendQueued', 1e6),
    /the send ring holds more than there is room for/,
  ],
  ['fewer than none readable', ({ far }) => put(far, 'readable', -5), /fewer than no bytes are readable/],
  ['too much readable', ({ far }) => put(far, 'readable', 1e6), /the receive ring holds more than/],
  [
    'a ring without a block',
    ({ far }) => put(far.receiveRing, 'block', -1),
    /the receive ring has room without a block/,
  ],
  [
    'a ring of an odd size',
    ({ far }) => put(far.receiveRing, 'capacity', far.receiveRing.capacity + 1),
    /the receive ring is no power of two/,
  ],
  [
    'a ring that starts outside',
    ({ far }) => put(far.receiveRing, 'start', 1 << 30),
    /the receive ring starts outside/,
  ],
  [
    'a ring in no block',
    ({ far }) => put(far.receiveRing, 'block', far.receiveRing.block + 1024),
    /the receive ring lies in no block that is allocated/,
  ],
  ['two rings in one block', ({ far }) => share(far), /lies in a block of connection .* as well/],
  [
    'a block of another size',
    ({ far }) => put(far.receiveRing, 'capacity', far.receiveRing.capacity * 2),
    /has a block of another size/,
  ],
  [
    'an empty range',
    ({ far }) => void far.outOfOrder!.right.set([far.outOfOrder!.left[0]]),
    /a range is empty/,
  ],
  [
    'a range that touches',
    ({ far }) => void far.outOfOrder!.left.set([far.rcvNxt]),
    /a range touches what is before it/,
  ],
  ['ranges out of order', ({ far }) => void far.outOfOrder!.left.reverse(), /a range/],
  [
    'a range beyond the window',
    ({ far }) =>
      void far.outOfOrder!.right.set([far.outOfOrder!.highest + 1_000_000], far.outOfOrder!.count - 1),
    /a range reaches beyond the window/,
  ],
  [
    'an empty list of ranges',
    ({ far }) => put(far.outOfOrder!, 'count', 0),
    /an empty list of ranges is kept/,
  ],
  [
    'a gap in the log',
    ({ tcb }) => put(tcb.sent.head!, 'end', tcb.sent.head!.end - 1),
    /the log of what was sent has a gap/,
  ],
  [
    'an empty record',
    ({ tcb }) => put(tcb.sent.head!, 'end', tcb.sent.head!.start),
    /a record of the log is empty/,
  ],
  ['a torn log', ({ tcb }) => put(tcb.sent.tail!, 'previous', null), /the log is torn/],
  [
    'a wrong tail',
    ({ tcb }) => put(tcb.sent, 'tail', tcb.sent.head),
    /the tail of the log is not its last record/,
  ],
  [
    'a log that ends early',
    ({ tcb }) => put(tcb.sent.tail!.previous!, 'next', null),
    /the log does not end at SND\.NXT/,
  ],
  [
    'bytes in flight',
    ({ tcb }) => put(tcb.sent.tail!, 'end', tcb.sent.tail!.end + 1),
    /bytes in the log, and bytes in flight/,
  ],
  ['records counted', ({ tcb }) => void tcb.sent.count++, /records counted, and records/],
  ['bytes counted', ({ tcb }) => void tcb.sent.bytes++, /bytes counted, and bytes of records/],
  [
    'SACKed bytes counted',
    ({ tcb }) => void tcb.sent.sackedBytes++,
    /SACKed bytes counted, and those of records/,
  ],
  ['lost bytes counted', ({ tcb }) => void tcb.sent.lostBytes++, /lost bytes counted, and those of records/],
  [
    'retransmitted bytes counted',
    ({ tcb }) => void tcb.sent.retransmittedBytes++,
    /retransmitted bytes counted/,
  ],
  [
    'a negative pipe',
    ({ tcb }) => put(tcb.sent, 'lostBytes', tcb.sent.lostBytes + 1e6),
    /fewer than no bytes are in the network/,
  ],
  ['SACKed and lost', ({ tcb }) => put(sacked(tcb), 'lost', true), /a record is SACKed and lost/],
  [
    'SACKed and flying',
    ({ tcb }) => put(sacked(tcb), 'flying', true),
    /stands wrongly among those in the network/,
  ],
  [
    'the list by time torn',
    ({ tcb }) => put(tcb.sent.byTime.oldest!.newer!, 'older', null),
    /the list by time of sending is torn/,
  ],
  [
    'the list by time out of order',
    ({ tcb }) => put(tcb.sent.byTime.oldest!, 'sentAt', 1e12),
    /the list by time of sending is out of order/,
  ],
  [
    'the list by time short',
    ({ tcb }) => put(tcb.sent.byTime, 'oldest', null),
    /records in the network, and records listed by time/,
  ],
  [
    'a deadline without a timer',
    ({ tcb, stack }) => stack.engine.timers.clear(tcb.timer),
    /there is a deadline and no timer for it/,
  ],
  [
    'a timer that rings late',
    ({ tcb, stack }) => stack.engine.timers.set(tcb.timer, 1e12),
    /the timer rings after the deadline/,
  ],
  [
    'nothing to wake the retransmission',
    ({ tcb }) => put(tcb, 'retransmitAt', Number.POSITIVE_INFINITY),
    /in flight without a timer for it/,
  ],
  ['over and in the table', ({ tcb }) => put(tcb, 'closeReason', null), /it is over and in the table/],
  ['a state of the dead', ({ tcb }) => put(tcb, 'state', 0), /it is in a state of the dead/],
  ['fewer than none unsent', ({ tcb }) => put(tcb, 'sendQueued', 100), /fewer than no bytes wait to be sent/],
  [
    'gone without an end',
    ({ tcb, stack }) => stack.tcp.context.connections.remove(tcb),
    /it is in no table, and it is not over/,
  ],
]

function sacked(tcb: Tcb): NonNullable<Tcb['sent']['head']> {
  for (let record = tcb.sent.head; record !== null; record = record.next) if (record.sacked) return record
  throw new Error('Nothing is SACKed')
}

/** What is over is broken after its end. */
const OF_ENDED: readonly [what: string, breakIt: (tcb: Tcb) => void, said: RegExp][] = [
  ['its state', (tcb) => put(tcb, 'state', 4), /it is over and not CLOSED/],
  ['its timer', (tcb) => tcb.tcp.engine.timers.set(tcb.timer, 1e12), /it is over and a timer runs/],
  ['a deadline', (tcb) => put(tcb, 'persistAt', 5), /it is over and a timer runs/],
  ['its log', (tcb) => void tcb.sent.append(1, 2, 3), /it is over and has something in flight/],
  ['its ring', (tcb) => void tcb.sendRing.ensure(1, 0), /it is over and has a send ring/],
  [
    'its ranges',
    (tcb) => put(tcb, 'outOfOrder', tcb.tcp.ranges.take()),
    /it is over and keeps data out of order/,
  ],
  ['its hold on the process', (tcb) => put(tcb, 'holding', true), /it is over and keeps the process running/],
]

describe('debugInvariants on connections', () => {
  it.each(OF_CONNECTIONS)('reports %s', (_, breakIt, said) => {
    const scene = new Scene()
    breakIt(scene)
    // Once: what went backwards is where it is from then on.
    expect(() => scene.check()).toThrow(
      expect.objectContaining({ code: 'ERR_INTERNAL_ASSERTION', message: expect.stringMatching(said) }),
    )
  })

  it.each(OF_ENDED)('reports of one that is over %s', (_, breakIt, said) => {
    const scene = new Scene()
    for (const end of scene.pair.ends.values()) end.abort()
    breakIt(scene.tcb)
    expect(() => scene.check()).toThrow(said)
  })

  it('reports bytes that nothing will send', () => {
    const pair = new Pair({ seed: 5 })
    pair.listen(1, 7)
    const end = pair.connect(0, 20_000, 7)
    pair.clock.advance(100)
    const tcb = only(pair.stacks[0])
    tcb.corked = true
    end.write(10)
    tcb.corkAt = Number.POSITIVE_INFINITY
    expect(() => pair.stacks[0].debugInvariants()).toThrow(
      /bytes wait to be sent and nothing will send them \(10/,
    )
  })
})
