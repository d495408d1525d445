import { describe, expect, it } from 'vitest'
import { packets } from '../../src/index.ts'
import { inState } from './in-state.ts'
import { MODERN, Script } from './script.ts'

const raw = (...bytes: number[]): packets.TcpOption => ({ name: 'raw', bytes: Uint8Array.from(bytes) })
const unknown = (kind: number, length: number): packets.TcpOption => ({
  name: 'unknown',
  kind,
  data: new Uint8Array(length).fill(0xaa),
})
const mss = (value: number): packets.TcpOption => ({ name: 'mss', value })
const nop: packets.TcpOption = { name: 'nop' }
const end: packets.TcpOption = { name: 'end' }

/** The payload of the first full segment the stack sends to a peer with these options in its SYN. */
function firstSegment(options: packets.TcpOption[], more = {}): number {
  const t = new Script(more).listen()
  t.send({ flags: 'S', options })
  const synAck = t.next()
  expect(synAck.flags).toBe('SA')
  t.noteTimestamps(synAck)
  t.send({ flags: 'A', seq: 1, ack: 1 })
  t.connection.write(new Uint8Array(20_000))
  return t.next().length
}

const option = (options: packets.TcpOption[], name: string) => options.find((o) => o.name === name)

describe('options of the peer', () => {
  it('MUST-4 NOP, MSS and EOL are understood', () => {
    expect(firstSegment([nop, nop, mss(1000), end])).toBe(1000)
  })

  it('MUST-4 nothing after EOL counts', () => {
    expect(firstSegment([mss(1000), end, raw(2, 4, 1, 0)])).toBe(1000)
  })

  it('MUST-5 MUST-6 data with options nobody knows is taken exactly', () => {
    const t = inState('ESTABLISHED')
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10, options: [nop, nop, unknown(200, 8)] })
    t.expect({ flags: 'A', ack: 11 })
    expect(t.readAll()).toHaveLength(10)
    t.send({ flags: 'FA', seq: 11, ack: 1, options: [unknown(201, 38)] }).expect({ ack: 12 })
  })

  it('MUST-5 a RST with options still resets', () => {
    const t = inState('ESTABLISHED')
    t.send({ flags: 'R', seq: 1, options: [unknown(201, 38)] })
    expect(t.connection.closeReason).toBe('ECONNRESET')
  })

  it('MUST-6 what follows an unknown option is read', () => {
    expect(firstSegment([unknown(253, 4), mss(600), nop, nop])).toBe(600)
  })

  it('MUST-64 at any alignment, without padding between them', () => {
    expect(firstSegment([nop, mss(700)])).toBe(700)
    expect(firstSegment([nop, nop, nop, mss(700)])).toBe(700)
    const t = new Script().listen()
    t.send({ flags: 'S', options: [mss(1000), { name: 'windowScale', shift: 5 }, { name: 'sackPermitted' }] })
    t.expect({ flags: 'SA' })
    t.send({ flags: 'A', seq: 1, ack: 1, win: 10 })
    expect(t.connection.info()).toMatchObject({ sndWscale: 5, sackPermitted: true, sndWnd: 320 })
  })

  it.each([
    ['length 0', [8, 0, 1, 1]],
    ['length 1', [8, 1, 1, 1]],
    ['length beyond the header', [8, 200, 1, 1]],
    ['a kind and no length', [1, 1, 1, 8]],
    ['MSS cut off', [1, 2, 4, 1]],
    ['SACK of a wrong length', [5, 3, 1, 1]],
    ['all ones', new Array(40).fill(0xff)],
    ['MSS of length 0', [2, 0, 0, 0]],
  ])('MUST-7 malformed: %s harms nobody', (_, bytes) => {
    const t = inState('ESTABLISHED')
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10, options: [raw(...bytes)] }).expect({
      flags: 'A',
      ack: 11,
    })
    t.send({ flags: 'PA', seq: 11, ack: 1, data: 10 }).expect({ flags: 'A', ack: 21 })
    expect(t.readAll()).toHaveLength(20)
    const syn = new Script().listen()
    syn.send({ flags: 'S', options: [raw(...bytes)] }).expect({ flags: 'SA', ack: 1 })
  })

  it('MUST-7 malformed options are counted; what came before them counts', () => {
    const t = new Script().listen()
    t.send({ flags: 'S', options: [mss(800), raw(8, 0, 0, 0)] }).expect({ flags: 'SA' })
    expect(t.stack.tcp.counters.malformedOptions).toBe(1)
    t.send({ flags: 'A', seq: 1, ack: 1 })
    expect(t.connection.info().sndMss).toBe(800)
  })

  it('MUST-15 no MSS option: 536 and 1220', () => {
    expect(firstSegment([])).toBe(536)
    expect(firstSegment([], { family: 6 })).toBe(1220)
  })

  it('MUST-15 an MSS of 0 is none; a tiny one is not taken at its word', () => {
    expect(firstSegment([mss(0)])).toBe(536)
    expect(firstSegment([mss(1)])).toBe(48)
  })

  it('MUST-14 MUST-16 both the peer’s MSS and the link bound a segment, options are subtracted', () => {
    expect(firstSegment([mss(1460)])).toBe(1460)
    expect(firstSegment(MODERN)).toBe(1448)
    expect(firstSegment([mss(900), ...MODERN.slice(1)])).toBe(888)
    expect(firstSegment([mss(9000)])).toBe(1460)
    expect(firstSegment([mss(1460)], { mtu: 1400 })).toBe(1360)
  })

  it('MUST-65 MSS on a segment without SYN is ignored', () => {
    const t = inState('ESTABLISHED')
    t.send({ flags: 'A', seq: 1, ack: 1, options: [mss(100)] })
    t.connection.write(new Uint8Array(5000))
    t.expect({ length: 1460 })
  })

  it('R5482-04 the user timeout option is ignored', () => {
    const t = inState('ESTABLISHED')
    t.send({
      flags: 'A',
      seq: 1,
      ack: 1,
      options: [{ name: 'userTimeout', minutes: true, value: 5 }],
    }).silence()
    expect(t.connection.userTimeout).toBe(0)
  })

  it('R7413-01 R7413-02 a fast-open cookie is ignored, its data comes again', () => {
    const t = new Script().listen()
    t.send({ flags: 'S', data: 10, options: [{ name: 'fastOpen', cookie: new Uint8Array(8) }] })
    const synAck = t.next()
    expect(synAck).toMatchObject({ flags: 'SA', ack: 1 })
    expect(option(synAck.options, 'fastOpen')).toBeUndefined()
  })
})

describe('options of ours', () => {
  it.each([
    { family: 4, mtu: 1500, value: 1460 },
    { family: 6, mtu: 1500, value: 1440 },
    { family: 6, mtu: 1280, value: 1220 },
    { family: 4, mtu: 1400, value: 1360 },
    { family: 4, mtu: 65_535, value: 65_495 },
  ] as const)(
    'MUST-67 SHLD-5 SHLD-6 V6-13 IPv$family on an MTU of $mtu: MSS $value on SYN and SYN-ACK',
    ({ value, ...o }) => {
      const syn = new Script(o).connect().next()
      expect(option(syn.options, 'mss')).toEqual(mss(value))
      const synAck = new Script(o).listen().send({ flags: 'S', options: MODERN }).next()
      expect(option(synAck.options, 'mss')).toEqual(mss(value))
    },
  )

  it('MAY-3 MUST-65 MUST-68 MUST-69 MSS is on SYNs only, lengths fit, padding is NOP or zero, over a whole life', () => {
    const t = new Script().established(MODERN)
    t.connection.write(new Uint8Array(5000))
    t.send({ flags: 'PA', seq: 100, ack: 1, data: 10 })
    t.send({ flags: 'PA', seq: 200, ack: 5001, data: 10 })
    t.send({ flags: 'PA', seq: 1, ack: 5001, data: 209 })
    t.readAll()
    t.connection.setKeepAlive(true, { idle: 1000, interval: 1000, count: 1 })
    t.wait(1500)
    t.connection.shutdown()
    t.wait(5000)
    t.connection.abort()
    let seen = 0
    for (const { bytes } of t.device.sent) {
      const { tcp, problems } = packets.decodePacket(bytes)
      if (tcp === undefined) continue
      seen++
      // A list that does not fit, or rubbish after EOL, would be named here.
      expect(problems).toEqual([])
      const hasSyn = (tcp.flags & 2) !== 0
      expect(tcp.options.some((o) => o.name === 'mss')).toBe(hasSyn)
      expect(tcp.options.some((o) => o.name === 'raw' || o.name === 'unknown')).toBe(false)
      expect(packets.buildTcpOptions(tcp.options)).toHaveLength(tcp.dataOffset - 20)
      expect(tcp.dataOffset).toBeLessThanOrEqual(60)
    }
    expect(seen).toBeGreaterThan(8)
  })

  it('R7413-01 SHLD-13 no fast open, no urgent data, by default', () => {
    const syn = new Script().connect().next()
    expect(option(syn.options, 'fastOpen')).toBeUndefined()
    expect(syn).toMatchObject({ flags: 'S', length: 0 })
  })
})
