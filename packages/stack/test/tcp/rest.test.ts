import { describe, expect, it } from 'vitest'
import { brokenInvariants } from '../../src/debug/invariants.ts'
import { parseAddress, SeededRandom, Stack, type TcpConnection, VirtualClock } from '../../src/index.ts'
import { mayRest, rest } from '../../src/tcp/rest.ts'
import { takeTcb } from '../../src/tcp/spare-tcb.ts'
import { Tcb } from '../../src/tcp/tcb.ts'
import { MODERN, pattern, Script } from './script.ts'

/** The connection of a script, which must not rest. */
function tcbOf(t: Script): Tcb {
  let found: Tcb | null = null
  t.stack.tcp.context.connections.each((tcb) => {
    found = tcb
  })
  if (found === null) throw new Error('It rests')
  return found
}

const rests = (t: Script): boolean => t.stack.tcp.context.resting.table.size === 1

/** An echo, and nothing since. */
function quiet(restAbove = 0): Script {
  const t = new Script({ tcp: { restAbove } }).established(MODERN)
  const opened = tcbOf(t)
  t.send({ flags: 'A', seq: 1, ack: 1, data: 5 }).expect({ flags: 'A', seq: 1, ack: 6 })
  t.connection.read(new Uint8Array(5))
  t.connection.write(pattern(1, 5))
  t.expect({ flags: 'PA', seq: 1, ack: 6, length: 5 })
  t.send({ flags: 'A', seq: 6, ack: 6 }).silence()
  expect(tcbOf(t)).toBe(opened)
  return t
}

/** The hand goes round the whole table. */
function sweep(t: Script): void {
  for (let i = 0; i < 8; i++) t.stack.engine.run(() => {})
}

function resting(): Script {
  const t = quiet().wait(60)
  sweep(t)
  expect(rests(t)).toBe(true)
  return t
}

describe('a connection on which nothing happens', () => {
  it('rests, still counts as a connection, and wakes nobody', () => {
    const t = resting()
    expect(t.stack.tcp.sizes.connections).toBe(1)
    t.wait(600_000).silence()
    expect(t.stack.engine.timers.size).toBe(0)
    expect(brokenInvariants(t.stack)).toEqual([])
  })

  it.each([
    ['its own samples', (tcb: Tcb) => Object.assign(tcb, { srtt: 50_000 })],
    ['the echoes of its timestamps', (tcb: Tcb) => Object.assign(tcb.rcvRtt, { time: 50_000 })],
  ])('does not rest for four round trips, which it knows by %s', (_how, know) => {
    const t = quiet()
    know(tcbOf(t))
    t.wait(180)
    sweep(t)
    expect(rests(t)).toBe(false)
    t.wait(40)
    sweep(t)
    expect(rests(t)).toBe(true)
  })

  it('rests after a second, whatever round trip its peer makes it believe', () => {
    const t = quiet()
    tcbOf(t).rcvRtt.time = 600_000_000
    t.wait(980)
    sweep(t)
    expect(rests(t)).toBe(false)
    t.wait(40)
    sweep(t)
    expect(rests(t)).toBe(true)
  })

  it('goes on where it was when a segment comes in', () => {
    const t = resting()
    t.events.length = 0
    t.send({ flags: 'A', seq: 6, ack: 6, data: 5 }).expect({ flags: 'A', seq: 6, ack: 11 })
    expect(rests(t)).toBe(false)
    expect(t.events).toEqual(['readable'])
    const target = new Uint8Array(5)
    expect(t.connection.read(target)).toBe(5)
    expect(target).toEqual(pattern(6, 5))
    expect(brokenInvariants(t.stack)).toEqual([])
  })

  it('goes on where it was when the application writes, shuts it down, asks for it', () => {
    const written = resting()
    written.connection.write(pattern(6, 3))
    written.expect({ flags: 'PA', seq: 6, ack: 6, length: 3 })
    const shut = resting()
    shut.connection.shutdown()
    shut.expect({ flags: 'FA', seq: 6, ack: 6 })
    const asked = resting()
    expect(asked.connection.localPort).toBe(7)
    expect(rests(asked)).toBe(false)
  })

  it('is told of keepalive, of a reset, of the end of its stack', async () => {
    const kept = resting()
    kept.connection.setKeepAlive(true, { idle: 1000, interval: 1000, count: 1 })
    kept.wait(1000).expect({ flags: 'A', seq: 5, ack: 6 })
    const reset = resting()
    reset.events.length = 0
    reset.send({ flags: 'R', seq: 6 })
    expect(reset.events).toEqual(['close ECONNRESET'])
    const closed = resting()
    closed.events.length = 0
    await closed.stack.close()
    expect(closed.events).toEqual(['close ENETDOWN'])
  })

  it('keeps its ends: nobody else gets them', () => {
    const t = resting()
    expect(() => t.connect()).toThrow(/exists already/)
  })

  it('answers a SYN with a challenge, and what is out of its window with an ACK', () => {
    const t = resting()
    t.send({ flags: 'S', seq: 100_000 }).expect({ flags: 'A', seq: 6, ack: 6 })
    const old = resting()
    old.send({ flags: 'A', seq: 1, ack: 6, data: 5 }).expect({ flags: 'A', seq: 6, ack: 6 })
  })

  it('shows the same figures as if it had stayed awake', () => {
    const awake = quiet(1).wait(60)
    sweep(awake)
    expect(rests(awake)).toBe(false)
    const woken = resting()
    expect(woken.connection.info()).toEqual(awake.connection.info())
  })
})

describe('a connection does not rest', () => {
  it('among few', () => {
    const t = quiet(1).wait(60)
    sweep(t)
    expect(rests(t)).toBe(false)
  })

  it.each<[string, (t: Script) => void]>([
    ['right after it was busy', (t) => t.send({ flags: 'A', seq: 6, ack: 6, data: 1 })],
    ['with data that nobody has read', (t) => t.send({ flags: 'A', seq: 6, ack: 6, data: 1 }).wait(60)],
    ['with data in flight', (t) => t.connection.write(pattern(6, 1))],
    ['with keepalive on', (t) => t.connection.setKeepAlive(true)],
    ['when the peer has closed its side', (t) => t.send({ flags: 'FA', seq: 6, ack: 6 }).wait(60)],
    ['with a hole in what has come', (t) => t.send({ flags: 'A', seq: 7, ack: 6, data: 1 }).wait(60)],
  ])('%s', (_, act) => {
    const t = quiet().wait(60)
    act(t)
    sweep(t)
    expect(rests(t)).toBe(false)
  })
})

/** Nothing can be told from these while a connection is as `mayRest` asks for. */
const MEANINGLESS = new Set([
  // Its place in a table, which it gets anew.
  'hash',
  // Set when they are needed next.
  'rcvFin',
  'reducedAt',
  'lossTimer',
  'rtoAt',
  'rtoSince',
  // Without a FIN.
  'finSent',
  'finAcked',
  'prr.delivered',
  'prr.out',
  'prr.recoverFs',
  'undo.marker',
  'undo.cwnd',
  'undo.ssthresh',
  'undo.unproven',
  'undo.stamped',
  'undo.stamp',
  'tlp.endSeq',
  'tlp.retransmission',
  'busyTime.since',
  'urgent.rcvUp',
  'urgent.sndUp',
  'mtuSearch.high',
  'mtuSearch.probeStart',
  'mtuSearch.probeEnd',
  'mtuSearch.raiseAt',
  'windowUse.limited',
  'windowUse.flight',
  'windowUse.end',
  'rate.deliveredAt',
  'rate.firstSentAt',
  // Of all that is sent from now on it was sent earlier.
  'rack.sentAt',
  'rack.endSeq',
  // Nothing but figures and counts of reordering, of which there was none; of a round that is over.
  'rack.reorderedIn',
  'rack.distance',
  'rack.persist',
  'rack.dsackRound',
  // Without ECN.
  'ecn.asked',
  'ecn.echo',
  'ecn.cwr',
  'ecn.reducedTo',
  'ecn.byEcho',
  'ecn.seen',
  // Without a rate.
  'pacer.nextAt',
  'pacer.quantumAt',
  'pacer.room',
  // Of an empty log and of empty rings.
  'sent.bytes',
  'sent.sackedBytes',
  'sent.lostBytes',
  'sent.retransmittedBytes',
  'sendRing.capacity',
  'sendRing.start',
  'receiveRing.capacity',
  'receiveRing.start',
  'timer.deadline',
  'timer.slot',
  'timer.order',
])

const RECORDS = [
  'sendRing',
  'receiveRing',
  'minRtt',
  'sent',
  'rack',
  'tlp',
  'prr',
  'undo',
  'windowUse',
  'rate',
  'pacer',
  'ecn',
  'pmtu',
  'timer',
  'rcvRtt',
  'mtuSearch',
  'urgent',
  'uto',
  'busyTime',
]

type Fields = Record<string, unknown>

/** Every number and flag of a connection by its name. */
function fieldsOf(tcb: Tcb): [name: string, record: Fields, field: string][] {
  const all: [string, Fields, string][] = []
  const add = (record: object, prefix: string): void => {
    for (const [field, value] of Object.entries(record)) {
      if (typeof value === 'number' || typeof value === 'boolean')
        all.push([prefix + field, record as Fields, field])
    }
  }
  add(tcb, '')
  for (const name of RECORDS) add((tcb as unknown as Record<string, object>)[name], `${name}.`)
  return all
}

describe('what a connection knows survives its rest', () => {
  const names = fieldsOf(tcbOf(quiet())).map(([name]) => name)

  it('all of its records are looked at', () => {
    const records = Object.entries(tcbOf(quiet())).filter(
      ([, value]) => typeof value === 'object' && value !== null,
    )
    const others = ['tcp', 'own', 'local', 'remote', 'path', 'congestion', 'handler', 'connection']
    expect(records.map(([name]) => name).sort()).toEqual([...RECORDS, ...others].sort())
    expect([...MEANINGLESS].filter((name) => !names.includes(name))).toEqual([])
  })

  it.each(names.filter((name) => !MEANINGLESS.has(name)))(
    '%s: changed, it keeps it from resting or is kept',
    (name) => {
      const t = quiet()
      t.wait(60)
      expect(mayRest(tcbOf(t))).toBe(true)
      const [, record, field] = fieldsOf(tcbOf(t)).find(([other]) => other === name)!
      const value = typeof record[field] === 'number' ? (record[field] as number) + 77 : !record[field]
      record[field] = Number.isFinite(value) || typeof value === 'boolean' ? value : 77
      const changed = record[field]
      const tcb = tcbOf(t)
      if (!mayRest(tcb)) return
      rest(tcb)
      expect(rests(t)).toBe(true)
      void t.connection.state
      const after = fieldsOf(tcbOf(t)).find(([other]) => other === name)!
      expect(after[1][field]).toBe(changed)
    },
  )

  it('nothing of one connection is left for the next', () => {
    const { context } = resting().stack.tcp
    const [spare] = context.resting.spare
    for (const [, record, field] of fieldsOf(spare)) {
      record[field] = typeof record[field] === 'number' ? 7777 : !record[field]
    }
    const { path, congestion } = spare
    const taken = takeTcb(context, path, 7, 5000, 2, congestion)
    expect(taken).toBe(spare)
    const made = new Tcb(context, path, 7, 5000, true, 2, congestion)
    const values = (tcb: Tcb) => fieldsOf(tcb).map(([name, of, field]) => [name, of[field]])
    expect(values(taken)).toEqual(values(made))
  })

  it('a number that has outgrown its place keeps the connection awake', () => {
    const t = quiet().wait(60)
    const tcb = tcbOf(t)
    tcb.segmentsIn = 2 ** 31
    rest(tcb)
    expect(rests(t)).toBe(false)
    expect(tcbOf(t)).toBe(tcb)
  })
})

/** Each look at it takes longer than a connection has to be idle for its rest. */
class SlowClock extends VirtualClock {
  #looks = 0

  override now(): number {
    return super.now() + 30_000 * this.#looks++
  }
}

describe('over a loopback, on a machine that is busy', () => {
  it('what connect returns is the connection that was opened', () => {
    const stack = new Stack({ clock: new SlowClock(), random: new SeededRandom(7), tcp: { restAbove: 0 } })
    stack.tcp.listen({ port: 7 }, { onConnection: (listener) => void listener.accept() })
    const opened: TcpConnection[] = []
    const handler = { onConnect: (connection: TcpConnection) => void opened.push(connection) }
    const address = parseAddress('127.0.0.1')!
    const returned = Array.from({ length: 40 }, () => stack.tcp.connect({ address, port: 7 }, handler))
    expect(opened.length).toBe(40)
    expect(new Set(returned)).toEqual(new Set(opened))
    expect(new Set(returned.map(({ localPort }) => localPort)).size).toBe(40)
    expect(brokenInvariants(stack)).toEqual([])
  })
})
