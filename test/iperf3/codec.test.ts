import { expect, it } from 'vitest'
import { Allowance } from '../../examples/iperf3/allowance.ts'
import { encodeJson } from '../../examples/iperf3/control.ts'
import { COOKIE_LENGTH, isCookie, makeCookie } from '../../examples/iperf3/cookie.ts'
import { readOptions } from '../../examples/iperf3/options.ts'
import { DEFAULT_PARAMS, directions, paramsFromJson, paramsToJson } from '../../examples/iperf3/params.ts'
import { stateName, streamId } from '../../examples/iperf3/protocol.ts'
import { formatBytes, formatRate } from '../../examples/iperf3/report.ts'
import { type Results, resultsFromJson, resultsToJson } from '../../examples/iperf3/results.ts'
import { Counts } from '../../examples/iperf3/stream.ts'
import { UdpAccount } from '../../examples/iperf3/udp-account.ts'
import { countOf, sentAt, writeHeader } from '../../examples/iperf3/udp-packet.ts'

it('a cookie is 36 characters and a NUL', () => {
  const cookie = makeCookie()
  expect(isCookie(cookie)).toBe(true)
  expect(cookie).toHaveLength(COOKIE_LENGTH)
  expect(makeCookie().equals(cookie)).toBe(false)
  expect(isCookie(cookie.subarray(1))).toBe(false)
  expect(isCookie(Buffer.from('GET / HTTP/1.1\r\nHost: 10.77.0.2:5201\r\n'.slice(0, COOKIE_LENGTH)))).toBe(
    false,
  )
})

it('JSON goes behind its length in four bytes, counted in UTF-8', () => {
  const message = encodeJson({ title: 'é' })
  expect(message.readUInt32BE()).toBe(message.length - 4)
  expect(JSON.parse(message.subarray(4).toString())).toEqual({ title: 'é' })
})

it('states have names', () => {
  expect([stateName(9), stateName(-1), stateName(99)]).toEqual([
    'ParamExchange',
    'AccessDenied',
    'the unknown state 99',
  ])
})

it('streams are numbered 1, 3, 4, 5, as iperf3 does it', () => {
  expect([0, 1, 2, 3].map(streamId)).toEqual([1, 3, 4, 5])
})

it('parameters are read as they were written', () => {
  const params = {
    ...DEFAULT_PARAMS,
    time: 0,
    bytes: 1e9,
    omit: 2,
    parallel: 4,
    bidirectional: true,
    bandwidth: 5e6,
    noDelay: true,
    window: 65_536,
    mss: 1000,
  }
  expect(paramsFromJson(paramsToJson(params))).toEqual(params)
  const udp = { ...DEFAULT_PARAMS, protocol: 'udp', length: 1400, bandwidth: 1e6, counters64: true } as const
  expect(paramsFromJson(paramsToJson(udp))).toEqual(udp)
})

it('parameters as iperf3 3.12 sends them for -P 4 -R', () => {
  const text =
    '{"tcp":true,"omit":0,"time":10,"num":0,"blockcount":0,"parallel":4,"reverse":true,"len":131072,"pacing_timer":1000,"client_version":"3.12"}'
  expect(paramsFromJson(JSON.parse(text))).toEqual({ ...DEFAULT_PARAMS, parallel: 4, reverse: true })
})

it.each([
  [null, 'no object'],
  [[], 'neither TCP nor UDP'],
  [{ sctp: true }, 'neither TCP nor UDP'],
  [{ tcp: true, parallel: 1e9 }, 'parallel is not a number from 1 to 128'],
  [{ tcp: true, parallel: 1.5 }, 'parallel is not a whole number'],
  [{ tcp: true, len: -1 }, 'len is not a number'],
  [{ tcp: true, len: 2 ** 31 }, 'len is not a number'],
  [{ tcp: true, time: '10' }, 'time is not a number'],
  [{ udp: true, len: 8 }, 'len is not a number from 16 to 65507'],
  [{ tcp: true, omit: 601 }, 'omit is not a number'],
])('parameters like %j are refused', (value, sentence) => {
  expect(() => paramsFromJson(value)).toThrow(sentence)
})

it('results are read as they were written; what is unknown may be 2^64 - 1', () => {
  const stream = { id: 1, bytes: 9e12, retransmits: 3, jitter: 0.001, errors: 2, packets: 100, seconds: 10 }
  const results: Results = { cpu: 12.5, hasRetransmits: true, congestion: 'cubic', streams: [stream] }
  expect(resultsFromJson(resultsToJson(results))).toEqual(results)
  const json = { sender_has_retransmits: 2 ** 64 - 1, streams: [{ id: 1, retransmits: 2 ** 64 - 1 }] }
  expect(resultsFromJson(json)).toMatchObject({ hasRetransmits: false, streams: [{ retransmits: -1 }] })
  expect(() => resultsFromJson({ streams: 'many' })).toThrow('streams is no list')
  expect(() => resultsFromJson({ streams: [1] })).toThrow('no object')
  expect(() => resultsFromJson({ streams: [{ bytes: 'x' }] })).toThrow('bytes is not a number')
})

it('who sends: reversed it is the server, bidirectional first the client', () => {
  const two = { ...DEFAULT_PARAMS, parallel: 2 }
  expect(directions(two, 'client')).toEqual([true, true])
  expect(directions({ ...two, reverse: true }, 'client')).toEqual([false, false])
  expect(directions({ ...two, bidirectional: true }, 'client')).toEqual([true, true, false, false])
  expect(directions({ ...two, bidirectional: true }, 'server')).toEqual([false, false, true, true])
})

it.each([
  [false, 4_000_000_000],
  [true, 2 ** 40 + 7],
])('a datagram has its time and its number (64 bits: %s)', (wide, count) => {
  const packet = Buffer.alloc(16)
  writeHeader(packet, 1_790_000_123_456.789, count, wide)
  expect(countOf(packet, wide)).toBe(count)
  expect(sentAt(packet)).toBeCloseTo(1_790_000_123.456789, 5)
})

it('datagrams that are missing, late, twice or absurd', () => {
  const counts = new Counts()
  const account = new UdpAccount(counts)
  for (const count of [1, 2, 5, 6]) account.take(count, 0, 0)
  expect(counts).toMatchObject({ packets: 6, errors: 2, outOfOrder: 0 })
  account.take(3, 0, 0)
  expect(counts).toMatchObject({ packets: 6, errors: 1, outOfOrder: 1 })
  account.take(2 ** 33, 0, 0)
  account.take(0, 0, 0)
  expect(counts).toMatchObject({ packets: 6, errors: 0, outOfOrder: 2 })
})

it('jitter is RFC 3550: a sixteenth of each change of the time under way', () => {
  const counts = new Counts()
  const account = new UdpAccount(counts)
  account.take(1, 0, 0.1)
  account.take(2, 1, 1.116)
  expect(counts.jitter).toBeCloseTo(0.001, 9)
  account.take(3, 2, 2.116)
  expect(counts.jitter).toBeCloseTo(0.0009375, 9)
})

it('an allowance is the rate, and does not catch up what is long past', () => {
  const allowance = new Allowance(8_000_000, 0)
  expect(allowance.take(1000, 1)).toBe(0)
  expect(allowance.take(1000, 1)).toBe(1)
  expect(allowance.take(1000, 2)).toBe(0)
  let taken = 0
  while (allowance.take(1000, 60_000) === 0) taken++
  expect(taken).toBe(100)
  expect(new Allowance(0, 0).take(1e9, 0)).toBe(0)
})

it('sizes and rates as iperf3 prints them', () => {
  expect(formatBytes(1024 * 1024 * 150)).toBe('150 MBytes')
  expect(formatRate(125_000_000, 1)).toBe('1.00 Gbits/sec')
  expect(formatBytes(0)).toBe('0 Bytes')
})

it('options are those of iperf3', () => {
  expect(readOptions(['--help'])).toBeNull()
  expect(readOptions(['-c', '10.77.0.1', '-P', '4', '-R', '-l', '8K'])).toMatchObject({
    mode: 'client',
    params: { parallel: 4, reverse: true, length: 8192, time: 10 },
  })
  expect(readOptions(['-c', 'x', '-u', '-b', '10M', '-n', '1G'])).toMatchObject({
    params: { protocol: 'udp', bandwidth: 10_000_000, bytes: 2 ** 30, time: 0 },
  })
  expect(() => readOptions([])).toThrow('either -s or -c')
  expect(() => readOptions(['-s', '-P', '0'])).toThrow(
    "--parallel takes a number from 1 to 128, and this is '0'",
  )
  expect(() => readOptions(['-c', 'x', '-t', '1', '-n', '1'])).toThrow('only one can say')
  expect(() => readOptions(['-c', 'x', '-R', '--bidir'])).toThrow('exclude')
})
