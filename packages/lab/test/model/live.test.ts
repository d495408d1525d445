import {
  createCable,
  impair,
  requireAddress,
  SeededRandom,
  Stack,
  type TcpConnection,
  VirtualClock,
} from '@tapwire/stack'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { explainSegment } from '../../src/model/explain/explain.ts'
import { fromBase64, toBase64 } from '../../src/model/live/base64.ts'
import { type LiveOptions, LiveRecorder } from '../../src/model/live/live-recorder.ts'
import { type LiveRecording, RecordingReader } from '../../src/model/live/recording-reader.ts'

/** A live stack that echoes, watched; and another that speaks to it. */
class Live {
  readonly clock = new VirtualClock()
  readonly recorder: LiveRecorder
  readonly server: Stack
  readonly client: Stack
  readonly loss: { next: boolean } = { next: false }

  constructor(options: LiveOptions = {}, medium: 'ethernet' | 'ip' = 'ethernet', ip: 4 | 6 = 4) {
    const { clock } = this
    this.recorder = new LiveRecorder(options)
    const [a, b] = createCable({ clock, medium })
    const random = (seed: number) => ({ clock, random: new SeededRandom(seed), limits: { memory: 1 << 24 } })
    this.client = new Stack(random(1))
    this.server = new Stack({ ...random(2), trace: this.recorder.tracer })
    const filter = (): 'drop' | 'pass' => {
      const { next } = this.loss
      this.loss.next = false
      return next ? 'drop' : 'pass'
    }
    const addresses = (host: number): string[] => [ip === 4 ? `10.0.0.${host}/24` : `fd00::${host}/64`]
    this.client.addInterface(impair(a, { clock, latency: 10 }), { addresses: addresses(1) })
    const watched = this.recorder.watch(impair(b, { clock, direction: 'out', filter }))
    this.server.addInterface(watched, { addresses: addresses(2) })
    this.recorder.attach(this.server)
    this.#address = requireAddress(ip === 4 ? '10.0.0.2' : 'fd00::2')
    this.server.tcp.listen(
      { port: 7 },
      {
        onConnection: (listener) => {
          for (let one = listener.accept(); one !== null; one = listener.accept()) {
            one.handler = { onReadable: echo }
            echo(one)
          }
        },
      },
    )
  }

  readonly #address: ReturnType<typeof requireAddress>

  connect(bytes: number): TcpConnection {
    const connection: TcpConnection = this.client.tcp.connect(
      { address: this.#address, port: 7 },
      {
        onConnect: (one) => one.write(new Uint8Array(bytes).fill(65)),
        onReadable: (one) => one.consume(one.readable),
      },
    )
    return connection
  }
}

function echo(connection: TcpConnection): void {
  const bytes = new Uint8Array(connection.readable)
  connection.read(bytes)
  if (bytes.length > 0) connection.write(bytes)
  if (connection.ended) connection.shutdown()
}

/** Flushes every 50 ms for so long. */
function play(live: Live, time: number, each: (message: string) => void): void {
  for (let t = 0; t < time; t += 50) {
    live.clock.advance(50)
    const message = live.recorder.flush()
    if (message !== null) each(message)
  }
}

const labels = ({ segments }: LiveRecording): string[] =>
  segments.map(({ from, sentAt, label }) => `${from} ${sentAt} ${label}`)

describe('a live stack', () => {
  test('is recorded from its own side: what comes, what leaves, when, and how its variables stand', () => {
    const live = new Live()
    const reader = new RecordingReader()
    const connection = live.connect(100)
    play(live, 200, (message) => reader.apply(message))
    connection.shutdown()
    play(live, 200, (message) => reader.apply(message))
    const { recording } = reader
    expect(labels(recording)).toEqual(
      [
        'A 0 SYN',
        'B 0 SYN ACK',
        'A 20 seq 1:101 ack 1 win 131072',
        'B 20 seq 1:101 ack 101 win 131072',
        'A 40 ack 101 win 131072',
        'A 200 FIN seq 101 ack 101',
        'B 200 FIN seq 101 ack 102',
        'A 220 ack 102 win 131072',
      ].map((line) => expect.stringMatching(line.replace(/^(.) (\d+) /, '$1 [\\d.]+ '))),
    )
    const times = recording.segments.map(({ sentAt }) => sentAt)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(recording.segments.every(({ sentAt, arrivedAt }) => arrivedAt === sentAt)).toBe(true)
    const [end, ...others] = recording.ends
    expect(others).toEqual([])
    expect([end.host, end.address]).toEqual(['B', '10.0.0.2:7'])
    const states = end.samples.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1])
    expect(states).toEqual(['SYN-RECEIVED', 'ESTABLISHED', 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED'])
    expect(end.samples.at(-1)).toMatchObject({ rcvNxt: 102, sndUna: 102, state: 'CLOSED' })
    expect(recording.events.every(({ host, flow }) => host === 'B' && flow === 0)).toBe(true)
  })

  test('says why it sent something again, in the same words as a simulation', () => {
    const live = new Live()
    const reader = new RecordingReader()
    const connection = live.connect(20_000)
    play(live, 500, (message) => reader.apply(message))
    live.loss.next = true
    connection.write(new Uint8Array(100))
    play(live, 1000, (message) => reader.apply(message))
    const again = reader.recording.segments.filter((segment) => segment.again !== null)
    expect(again).toHaveLength(1)
    expect(explainSegment(reader.recording, again[0].number).sent[0].where).toMatch(/^RFC/)
    const data = reader.recording.segments.find(({ from, length }) => from === 'A' && length > 0)
    const { received } = explainSegment(reader.recording, data?.number ?? -1)
    expect(received.map(({ text }) => text).join()).toMatch(/B puts the [\d,]+ bytes behind what it has/)
  })

  test.each([
    ['ethernet', 6],
    ['ip', 4],
    ['ip', 6],
  ] as const)('over %s and IPv%i as well', (medium, ip) => {
    const live = new Live({}, medium, ip)
    const reader = new RecordingReader()
    live.connect(3000)
    // Whether its address is nobody else's takes a host of IPv6 a second.
    play(live, 3000, (message) => reader.apply(message))
    expect(reader.recording.ends[0].address).toBe(ip === 4 ? '10.0.0.2:7' : '[fd00::2]:7')
    expect(reader.recording.ends[0].samples.at(-1)).toMatchObject({ state: 'ESTABLISHED', rcvNxt: 3001 })
    for (const { frame, length, frameLength } of reader.recording.segments) {
      expect(frame.length).toBeLessThanOrEqual(192 + 14)
      expect(frameLength).toBeGreaterThanOrEqual(length + 54)
    }
  })

  test('connections it opens itself are told from the first SYN on', () => {
    const live = new Live()
    const reader = new RecordingReader()
    live.client.tcp.listen({ port: 9 }, { onConnection: (listener) => listener.accept() })
    live.server.tcp.connect({ address: requireAddress('10.0.0.1'), port: 9 }, {})
    play(live, 200, (message) => reader.apply(message))
    expect(
      reader.recording.segments.slice(0, 3).map(({ from, label }) => `${from} ${label.slice(0, 7)}`),
    ).toEqual(['B SYN', 'A SYN ACK', 'B ack 1 w'].map((line) => line.slice(0, 9)))
    const [end] = reader.recording.ends
    expect(new Set(end.samples.map(({ state }) => state))).toEqual(new Set(['SYN-SENT', 'ESTABLISHED']))
    expect(reader.recording.events[0].event).toMatchObject({ kind: 'state', to: 'SYN-SENT' })
    expect(new Set(reader.recording.events.map(({ flow }) => flow))).toEqual(new Set([0]))
  })
})

describe('pages that watch', () => {
  test('one that comes later gets all that is kept, and goes on with the others', () => {
    const live = new Live()
    const first = new RecordingReader()
    const second = new RecordingReader()
    live.connect(30_000)
    play(live, 100, (message) => first.apply(message))
    second.apply(live.recorder.snapshot())
    live.connect(5000)
    play(live, 300, (message) => {
      first.apply(message)
      second.apply(message)
    })
    expect(second.recording.segments.length).toBeGreaterThan(40)
    expect(second.recording).toEqual(first.recording)
  })

  test('what is told twice is taken once, and after a gap all begins anew', () => {
    const live = new Live()
    const messages: string[] = []
    live.connect(10_000)
    play(live, 100, (message) => messages.push(message))
    live.connect(10_000)
    play(live, 200, (message) => messages.push(message))
    expect(messages.length).toBeGreaterThan(2)
    const once = new RecordingReader()
    const twice = new RecordingReader()
    for (const message of messages) {
      once.apply(message)
      twice.apply(message)
      twice.apply(message)
    }
    expect(twice.recording).toEqual(once.recording)
    const gap = new RecordingReader()
    gap.apply(messages[0])
    for (const message of messages.slice(2)) gap.apply(message)
    const { segments, skipped } = gap.recording
    expect(skipped).toBeGreaterThan(0)
    expect(segments.map(({ number }) => number)).toEqual([...segments.keys()])
    expect(segments.map(({ label }) => label)).toEqual(
      once.recording.segments.slice(skipped).map(({ label }) => label),
    )
  })

  test('memory is bounded on both sides, and what is left still fits together', () => {
    const live = new Live({ segments: 200, flows: 4 })
    const reader = new RecordingReader({ segments: 100, flows: 3 })
    for (let i = 0; i < 10; i++) {
      live.connect(60_000)
      play(live, 300, (message) => reader.apply(message))
    }
    const { recording } = reader
    expect(recording.skipped).toBeGreaterThan(500)
    expect(recording.segments.length).toBeLessThanOrEqual(125)
    expect(recording.ends.length).toBeLessThanOrEqual(3)
    expect(recording.segments.map(({ number }) => number)).toEqual([...recording.segments.keys()])
    const count = recording.segments.length
    for (const { segment, event } of recording.events) {
      if (segment === null || (event.kind !== 'segmentOut' && event.kind !== 'segmentIn')) continue
      expect(segment).toBeLessThan(count)
      expect(recording.segments[segment].length).toBe(event.length)
    }
    for (const { prompt } of recording.segments) {
      if (prompt?.by === 'segment') expect(prompt.segment).toBeLessThan(count)
    }
    const kept = JSON.parse(live.recorder.snapshot())
    expect(kept.segments.length).toBeLessThanOrEqual(400)
    expect(kept.ends.length).toBeLessThanOrEqual(4)
  })

  test('nothing is told where nothing has happened, and nobody needs to flush', () => {
    const live = new Live({ segments: 100 })
    expect(live.recorder.flush()).toBeNull()
    for (let i = 0; i < 5; i++) {
      live.connect(100_000)
      live.clock.advance(500)
    }
    expect(JSON.parse(live.recorder.snapshot()).segments.length).toBeLessThanOrEqual(200 + 64)
  })

  test('what is no message is refused', () => {
    const reader = new RecordingReader()
    expect(() => reader.apply('{')).toThrow(SyntaxError)
    for (const text of ['null', '[]', '{}', '{"version":2}'])
      expect(() => reader.apply(text)).toThrow(RangeError)
    expect(() => new LiveRecorder({ segments: 5 })).toThrow(/segments/)
  })
})

test('base64 there and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(fromBase64(toBase64(bytes))).toEqual(bytes)
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64').replace(/=+$/, ''))
    }),
  )
})
