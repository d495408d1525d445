import { describe, expect, it } from 'vitest'
import { packets, parseAddress, type TcpSettings } from '../../src/index.ts'
import { MODERN, ORIGINS, pattern, Script, type ScriptOptions, type SentSeg } from './script.ts'

const CE = 3
const FAMILIES = ORIGINS.flatMap((origin) =>
  ([4, 6] as const).map((family) => ({ ...origin, family, name: `IPv${family}, ${origin.name}` })),
)

/** A connection whose device takes super-frames, and the payload of its segments. */
function offloaded(options: ScriptOptions, win = 65_535): { t: Script; mss: number } {
  const t = new Script({ ...options, offload: true }).established(MODERN, win)
  t.wait(10)
  return { t, mss: t.connection.info().sndMss - 12 }
}

function timestamps(t: Script): packets.TcpOption[] {
  return [{ name: 'nop' }, { name: 'nop' }, { name: 'timestamps', value: t.ts!.val, echo: t.ts!.ecr }]
}

/** T acknowledges up to `ack`, and has these ranges of the stream beyond it. */
function acknowledge(t: Script, ack: number, ...ranges: [left: number, right: number][]): void {
  const options = timestamps(t)
  const blocks = ranges.map(
    ([left, right]) => [(t.iss + left) >>> 0, (t.iss + right) >>> 0] as [number, number],
  )
  if (blocks.length > 0) options.push({ name: 'nop' }, { name: 'nop' }, { name: 'sack', blocks })
  t.send({ flags: 'A', seq: 1, ack, options })
}

/** Writes so many bytes of the pattern that starts at sequence number `seq`. */
function write(t: Script, seq: number, length: number): void {
  expect(t.connection.write(pattern(seq, length))).toBe(length)
}

/** All that the stack has sent and nobody has looked at; each with the bytes that belong there. */
function drain(t: Script): SentSeg[] {
  const segments: SentSeg[] = []
  while (t.pending > 0) segments.push(t.next())
  for (const { seq, length, payload } of segments) expect(payload).toEqual(pattern(seq, length))
  return segments
}

/** What was sent, as ranges of the stream, neighbours joined. */
function ranges(segments: readonly SentSeg[]): [number, number][] {
  const out: [number, number][] = []
  for (const { seq, length } of [...segments].sort((a, b) => a.seq - b.seq)) {
    const last = out.at(-1)
    if (last !== undefined && last[1] === seq) last[1] = seq + length
    else out.push([seq, seq + length])
  }
  return out
}

describe.each(FAMILIES)('super-frames out, $name', (origin) => {
  it('leave whole, in segments of the size agreed on; what is left over follows them in the same frame', () => {
    const { t, mss } = offloaded(origin)
    write(t, 1, 5 * mss + 100)
    t.expect({ flags: 'PA', seq: 1, length: 5 * mss + 100, gsoSize: mss }).silence()
    expect(t.connection.info()).toMatchObject({ segmentsOut: 6, dataSegmentsOut: 6 })
    expect(t.stack.tcp.counters.segmentsOut).toBe(1 + 6)
  })

  it('R6675-04 R6675-10 SACK cuts through: the holes are sent again, nothing else, in segments of the same size', () => {
    const { t, mss } = offloaded(origin)
    const at = (segment: number): number => 1 + segment * mss
    write(t, 1, 10 * mss)
    t.expect({ seq: 1, length: 10 * mss, gsoSize: mss }).silence()
    t.wait(10)
    // Missing: 0 to 2, and 6.
    acknowledge(t, 1, [at(7), at(10)], [at(3), at(6)])
    const again: SentSeg[] = drain(t)
    expect(t.connection.info()).toMatchObject({ sacked: 6 * mss, recovery: 'recovery' })
    for (
      let round = 0;
      round < 10 && t.connection.info().lost > t.connection.info().retransmitting;
      round++
    ) {
      // A segment of 0 to 2 arrives: PRR lets more of what is lost go.
      t.wait(1)
      acknowledge(t, at(round + 1), [at(7), at(10)], [at(3), at(6)])
      again.push(...drain(t))
    }
    expect(ranges(again)).toEqual([
      [at(0), at(3)],
      [at(6), at(7)],
    ])
    expect(again.reduce((sum, { length }) => sum + length, 0)).toBe(4 * mss)
    for (const { length, gsoSize } of again) expect(gsoSize).toBe(length > mss ? mss : 0)
    expect(t.connection.info().bytesRetransmitted).toBe(4 * mss)
    acknowledge(t, at(10))
    expect(t.connection.info()).toMatchObject({ inFlight: 0, sacked: 0, lost: 0, recovery: 'open' })
    t.silence(5000)
  })

  it('R6675-10 blocks that begin and end inside of segments: the bytes between them are sent again', () => {
    const { t, mss } = offloaded(origin)
    write(t, 1, 10 * mss)
    t.skip().wait(10)
    const left = 1 + mss + 7
    acknowledge(t, 1 + mss, [left, 1 + 5 * mss - 3], [1 + 5 * mss, 1 + 10 * mss])
    expect(ranges(drain(t))).toEqual([
      [1 + mss, left],
      [1 + 5 * mss - 3, 1 + 5 * mss],
    ])
    acknowledge(t, 1 + 10 * mss)
    expect(t.connection.info()).toMatchObject({ inFlight: 0, bytesRetransmitted: 10 })
    t.silence(5000)
  })

  it('R8985-18 R8985-20 the tail loss probe is the last segment of one; a D-SACK says that it was not needed', () => {
    const { t, mss } = offloaded(origin)
    write(t, 1, 2 * mss)
    t.skip().wait(10)
    acknowledge(t, 1 + 2 * mss)
    write(t, 1 + 2 * mss, 8 * mss)
    t.expect({ length: 8 * mss, gsoSize: mss }).silence()
    const { cwnd } = t.connection.info()
    t.wait(60)
    expect(drain(t).map(({ seq, length, gsoSize }) => [seq, length, gsoSize])).toEqual([
      [1 + 9 * mss, mss, 0],
    ])
    expect(t.stack.tcp.counters).toMatchObject({ tailProbes: 1, timeouts: 0 })
    acknowledge(t, 1 + 10 * mss)
    acknowledge(t, 1 + 10 * mss, [1 + 9 * mss, 1 + 10 * mss])
    expect(t.stack.tcp.counters).toMatchObject({ dsacksIn: 1, tailProbeRecoveries: 0 })
    expect(t.connection.info().cwnd).toBeGreaterThanOrEqual(cwnd)
    expect(t.connection.info()).toMatchObject({ inFlight: 0, bytesRetransmitted: mss })
    t.silence(5000)
  })

  it('an ACK inside of one: its rest stays in flight, and only that is sent again at the timeout', () => {
    const { t, mss } = offloaded({ ...origin, tcp: { sack: false } })
    write(t, 1, 6 * mss)
    t.skip().wait(10)
    acknowledge(t, 1 + 2 * mss + 11)
    expect(t.connection.info().inFlight).toBe(4 * mss - 11)
    t.wait(300)
    const [first] = drain(t)
    expect(first).toMatchObject({ seq: 1 + 2 * mss + 11 })
    expect(t.stack.tcp.counters.timeouts).toBe(1)
  })

  it('each byte that is acknowledged opens the window in slow start, however the frames were cut', () => {
    const { t, mss } = offloaded(origin)
    const before = t.connection.info().cwnd
    write(t, 1, 40 * mss)
    t.expect({ seq: 1, length: 10 * mss, gsoSize: mss }).silence()
    t.wait(10)
    acknowledge(t, 1 + 10 * mss)
    expect(t.connection.info().cwnd).toBe(before + 10 * mss)
    expect(drain(t).reduce((sum, { length }) => sum + length, 0)).toBe(20 * mss)
  })

  it('R6298-07 a round trip is timed from when the frame left, by the ACK of any part of it', () => {
    const { t, mss } = offloaded(origin)
    write(t, 1, 10 * mss)
    t.skip().wait(50)
    acknowledge(t, 1 + 3 * mss)
    expect(t.connection.info()).toMatchObject({ minRtt: 50, srtt: 50 })
    t.wait(10)
    acknowledge(t, 1 + 10 * mss)
    expect(t.connection.info().srtt).toBeCloseTo(50 + 10 / 8, 5)
  })

  it('are never longer than the window, and whole segments where more would follow', () => {
    const { t, mss } = offloaded(origin, 5 * 1448 + 300)
    // The window of a SYN is not scaled; the next ACK's is.
    const win = Math.floor((5 * mss + 300) / 128)
    t.send({ flags: 'A', seq: 1, ack: 1, win })
    write(t, 1, 20 * mss)
    t.expect({ seq: 1, length: 5 * mss, gsoSize: mss }).silence()
  })

  it('MUST-34 a window that shrinks below what is in flight: nothing new, until it opens again', () => {
    const { t, mss } = offloaded(origin)
    const scaled = (bytes: number): number => Math.ceil(bytes / 128)
    write(t, 1, 30 * mss)
    t.expect({ seq: 1, length: 10 * mss }).silence()
    t.wait(10)
    // All but the first two segments taken back.
    t.send({ flags: 'A', seq: 1, ack: 1 + mss, win: scaled(mss) })
    t.silence()
    t.send({ flags: 'A', seq: 1, ack: 1 + 10 * mss, win: 0 })
    t.silence()
    expect(t.connection.info()).toMatchObject({ inFlight: 0, sndWnd: 0 })
    t.wait(300)
    const [probe] = drain(t)
    // A probe takes what is there, and no more than a segment.
    expect(probe.length).toBeLessThanOrEqual(mss)
    t.send({ flags: 'A', seq: 1, ack: 1 + 10 * mss, win: scaled(3 * mss) })
    t.expect({ seq: 1 + 10 * mss, length: 3 * mss, gsoSize: mss }).silence()
  })

  it('R7323-10 what was lost is sent again inside of a window that has shrunk meanwhile, and just the first byte’s segment beyond', () => {
    const { t, mss } = offloaded(origin)
    const at = (segment: number): number => 1 + segment * mss
    write(t, 1, 10 * mss)
    t.skip().wait(10)
    const options: packets.TcpOption[] = [
      ...timestamps(t),
      { name: 'nop' },
      { name: 'nop' },
      { name: 'sack', blocks: [[(t.iss + at(4)) >>> 0, (t.iss + at(10)) >>> 0]] },
    ]
    t.send({ flags: 'A', seq: 1, ack: 1, win: Math.ceil((2 * mss) / 128), options })
    for (let round = 1; round <= 4; round++) {
      t.wait(1)
      acknowledge(t, at(round), ...(round < 4 ? ([[at(4), at(10)]] as [number, number][]) : []))
    }
    const again = drain(t)
    expect(ranges(again)).toEqual([[1, at(4)]])
    expect(again.reduce((sum, { length }) => sum + length, 0)).toBe(4 * mss)
  })

  it('a device that is full: nothing has happened, and the same super-frame leaves later', () => {
    const { t, mss } = offloaded(origin)
    t.device.full = true
    write(t, 1, 6 * mss)
    t.silence()
    expect(t.connection.info()).toMatchObject({ inFlight: 0, dataSegmentsOut: 0, bytesSent: 0 })
    t.device.writable()
    t.expect({ seq: 1, length: 6 * mss, gsoSize: mss, flags: 'PA' }).silence()
  })

  it('PSH and FIN stand on the last one; urgent data goes in ordinary segments', () => {
    const { t, mss } = offloaded(origin)
    write(t, 1, 3 * mss)
    t.connection.shutdown()
    t.expect({ flags: 'PA', length: 3 * mss }, { flags: 'FA', length: 0 }).silence()
    const { t: u } = offloaded(origin)
    u.connection.writeUrgent(pattern(1, 3 * mss))
    expect(drain(u).map(({ flags, length, gsoSize }) => [flags, length, gsoSize])).toEqual([
      ['AU', mss, 0],
      ['AU', mss, 0],
      ['PAU', mss, 0],
    ])
  })
})

const ROUTER = { 4: 'fd00::fe', 6: 'fd00::fe' } as const

/** A router says of the frame that was sent first that the next link takes less. */
function tooBig(t: Script, quoted: Uint8Array, mtu: number): void {
  const v6 = quoted[0] >>> 4 === 6
  const source = parseAddress(v6 ? ROUTER[6] : '10.0.0.254')!.toBytes()
  const destination = parseAddress(t.local)!.toBytes()
  const body = quoted.slice(0, v6 ? 1232 : 548)
  t.device.receive(
    v6
      ? packets.buildFrame({ ipv6: { source, destination }, icmpv6: { type: 2, rest: mtu, body } })
      : packets.buildFrame({ ipv4: { source, destination }, icmpv4: { type: 3, code: 4, rest: mtu, body } }),
  )
}

describe.each(FAMILIES)('super-frames and the path MTU, $name', (origin) => {
  it('R1191-04 R8201-03 too big: what is in flight is sent again in smaller segments at once, and the window stays', () => {
    const { t, mss } = offloaded(origin)
    write(t, 1, 10 * mss)
    t.expect({ seq: 1, length: 10 * mss, gsoSize: mss })
    const before = t.connection.info().cwnd
    tooBig(t, t.device.sent.at(-1)!.bytes, 1400)
    const small = mss - 100
    const again = drain(t)
    // R5681-27: the initial window is ten segments, whatever their size.
    expect(ranges(again)).toEqual([[1, 1 + 10 * small]])
    for (const { length, gsoSize } of again) expect(length > small ? gsoSize : small).toBe(small)
    expect(t.connection.info()).toMatchObject({
      cwnd: Math.floor((before * (small + 12)) / (mss + 12)),
      pathMtu: 1400,
      recovery: 'open',
    })
    // A second report, about the same frame, is about what is known.
    tooBig(t, t.device.sent[t.device.sent.length - again.length - 1].bytes, 1400)
    t.silence()
    acknowledge(t, 1 + 10 * small)
    acknowledge(t, 1 + 10 * mss)
    write(t, 1 + 10 * mss, 10 * mss)
    for (const { length, gsoSize } of drain(t)) expect(length > small ? gsoSize : small).toBe(small)
  })

  it('R1191-04 R8201-03 in the middle of a transfer: what has arrived is not sent again', () => {
    const { t, mss } = offloaded(origin)
    write(t, 1, 10 * mss)
    t.skip().wait(10)
    acknowledge(t, 1 + 10 * mss)
    write(t, 1 + 10 * mss, 20 * mss)
    const [second] = drain(t)
    expect(second).toMatchObject({ seq: 1 + 10 * mss, gsoSize: mss })
    t.wait(5)
    // SACKed meanwhile: the segments 14 to 16.
    acknowledge(t, 1 + 11 * mss, [1 + 14 * mss, 1 + 17 * mss])
    t.skip()
    const told = t.connection.info().pathMtu - 200
    const quoted = t.device.sent.findLast(({ gsoSize }) => gsoSize > 0)!.bytes.slice()
    // R5927-01: of a frame that was cut on the way the router has seen a segment that is still in flight.
    new DataView(quoted.buffer).setUint32(origin.family === 6 ? 44 : 24, (t.iss + 1 + 11 * mss) >>> 0)
    tooBig(t, quoted, told)
    // Full segments have arrived under the old MTU (R5927-04): believed only when progress stops.
    expect(t.connection.info().pathMtu).toBe(1500)
    t.wait(1500)
    expect(t.connection.info().pathMtu).toBe(told)
    for (const { seq, length, gsoSize } of drain(t)) {
      expect(length > mss - 200 ? gsoSize : mss - 200).toBeLessThanOrEqual(mss)
      expect(seq + length <= 1 + 14 * mss || seq >= 1 + 17 * mss).toBe(true)
    }
  })
})

describe.each(FAMILIES)('super-frames in, $name', (origin) => {
  const SIZE = 1000
  function receiving(tcp: TcpSettings = {}): Script {
    const t = new Script({ ...origin, tcp }).established(MODERN)
    return t.wait(10).skip()
  }

  it('SHLD-19 R5681-22 count as what they were merged from, and get one ACK', () => {
    const t = receiving()
    const before = t.connection.info()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 40 * SIZE + 1, gsoSize: SIZE })
    t.expect({ flags: 'A', ack: 1 + 40 * SIZE + 1 }).silence(1000)
    const { segmentsIn, dataSegmentsIn, rcvMss, bytesReceived } = t.connection.info()
    expect(segmentsIn - before.segmentsIn).toBe(41)
    expect(dataSegmentsIn).toBe(41)
    expect(rcvMss).toBe(SIZE)
    expect(bytesReceived).toBe(40 * SIZE + 1)
    expect(t.readAll()).toEqual(pattern(1, 40 * SIZE + 1))
  })

  it('R2018-05 behind a gap they are one block, and the gap is told once per burst', () => {
    const t = receiving()
    t.send({ flags: 'A', seq: 1 + 2 * SIZE, ack: 1, data: 20 * SIZE, gsoSize: SIZE })
    const told = t.next()
    expect(told.ack).toBe(1)
    expect(t.connection.info().outOfOrderIn).toBe(20)
    const sack = told.options.find(({ name }) => name === 'sack') as { blocks: number[][] }
    expect(sack.blocks.map((block) => block.map((seq) => (seq - t.isn) | 0))).toEqual([
      [1 + 2 * SIZE, 1 + 22 * SIZE],
    ])
    t.send({ flags: 'A', seq: 1, ack: 1, data: 2 * SIZE, gsoSize: SIZE })
    t.expect({ ack: 1 + 22 * SIZE }).silence(1000)
    expect(t.readAll()).toEqual(pattern(1, 22 * SIZE))
  })

  it('R2883-01 R2883-02 what of one was here already is reported, and the rest is taken', () => {
    const t = receiving()
    t.send({ flags: 'A', seq: 1, ack: 1, data: 4 * SIZE, gsoSize: SIZE }).skip()
    t.send({ flags: 'A', seq: 1 + SIZE, ack: 1, data: 8 * SIZE, gsoSize: SIZE })
    const told = t.next()
    expect(told.ack).toBe(1 + 9 * SIZE)
    const sack = told.options.find(({ name }) => name === 'sack') as { blocks: number[][] }
    expect(sack.blocks[0].map((seq) => (seq - t.isn) | 0)).toEqual([1 + SIZE, 1 + 4 * SIZE])
    t.send({ flags: 'A', seq: 1 + 3 * SIZE, ack: 1, data: 6 * SIZE, gsoSize: SIZE })
    const whole = t.next().options.find(({ name }) => name === 'sack') as { blocks: number[][] }
    expect(whole.blocks[0].map((seq) => (seq - t.isn) | 0)).toEqual([1 + 3 * SIZE, 1 + 9 * SIZE])
    expect(t.readAll()).toEqual(pattern(1, 9 * SIZE))
  })

  it('SEG-14 one that is longer than the window: what fits is taken, and the ACK says how far', () => {
    const t = receiving({ receiveBuffer: 20_000, receiveBufferMax: 20_000 })
    const window = t.connection.info().rcvWnd
    t.send({ flags: 'A', seq: 1, ack: 1, data: 50 * SIZE, gsoSize: SIZE })
    const { ack, win } = t.next()
    expect(ack).toBe(1 + window)
    expect(win).toBe(0)
    expect(t.readAll()).toEqual(pattern(1, window))
  })

  it('R3168-06 CE on one: each of its segments was marked; the echo lasts until CWR', () => {
    const t = new Script({ ...origin }).listen()
    t.send({ flags: 'SEW', seq: 0, options: MODERN })
    t.noteTimestamps(t.next())
    t.send({ flags: 'A', seq: 1, ack: 1 })
    t.wait(10).skip()
    t.send({ flags: 'A', seq: 1, ack: 1, data: 10 * SIZE, gsoSize: SIZE, tos: CE })
    t.expect({ flags: 'AE', ack: 1 + 10 * SIZE }).silence(1000)
    expect(t.connection.info()).toMatchObject({ congestionMarksIn: 10, ecnSeen: true })
    expect(t.stack.tcp.counters.congestionMarksIn).toBe(10)
    t.send({ flags: 'AW', seq: 1 + 10 * SIZE, ack: 1, data: 4 * SIZE, gsoSize: SIZE, tos: 2 })
    t.expect({ flags: 'A', ack: 1 + 14 * SIZE }).silence(1000)
  })

  it('R7323-20 its timestamp is the one that is echoed', () => {
    const t = receiving()
    t.ts!.val += 77
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 * SIZE, gsoSize: SIZE })
    const echo = t.next().options.find(({ name }) => name === 'timestamps')
    expect(echo).toMatchObject({ echo: t.ts!.val })
  })

  it('a checksum that the device has not looked at is looked at, over all of it', () => {
    const t = receiving()
    const bytes = t.build({ flags: 'PA', seq: 1, ack: 1, data: 10 * SIZE })
    bytes[bytes.length - 1] ^= 1
    t.device.gsoSizes = [SIZE]
    t.device.receive(bytes)
    t.silence(1000)
    expect(t.stack.interfaces[1].counters.tcp.droppedBadChecksum).toBe(1)
    expect(t.connection.info().bytesReceived).toBe(0)
  })
})
