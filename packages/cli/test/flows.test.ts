import { createCable, impair, type LinkDevice, parseAddress, Stack, VirtualClock } from '@tapwire/stack'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TcpFlows } from '../src/dump/flows.ts'
import { readPacket } from '../src/dump/packet.ts'
import { WatchedDevice } from '../src/world/watched-device.ts'
import { Conversation } from './segments.ts'

describe('relative numbers', () => {
  it('count from the ISNs, which may wrap around, and windows are scaled once both sides have agreed', () => {
    const talk = new Conversation().open()
    const data = talk.see('A', 'P.', { seq: 1, ack: 1, length: 100, window: 10 })
    expect(data.tcp).toMatchObject({ seq: 1, ack: 1, window: 1280, notes: [] })
    expect(talk.see('B', '.', { seq: 1, ack: 101 }).tcp).toMatchObject({ seq: 1, ack: 101, window: 64000 })
  })

  it('begin at 1 where the handshake was not seen', () => {
    const packet = new Conversation().see('A', 'P.', { seq: 77, ack: 99, length: 10 })
    expect(packet.tcp).toMatchObject({ seq: 1, ack: 1, window: 500, notes: ['begins in the middle'] })
  })

  it('a scale that only one side has offered is none', () => {
    const talk = new Conversation()
    talk.see('A', 'S', { options: [{ name: 'windowScale', shift: 7 }] })
    talk.see('B', 'S.', { ack: 1 })
    expect(talk.see('A', '.', { seq: 1, ack: 1 }).tcp?.window).toBe(500)
  })
})

describe('what is odd', () => {
  it('nothing in an ordinary conversation', () => {
    const talk = new Conversation()
    const notes = [
      talk.notes('A', 'S'),
      talk.notes('B', 'S.', { ack: 1 }),
      talk.notes('A', '.', { seq: 1, ack: 1 }),
      talk.notes('A', 'P.', { seq: 1, ack: 1, length: 100 }),
      talk.notes('B', '.', { seq: 1, ack: 101 }),
      talk.notes('B', 'P.', { seq: 1, ack: 101, length: 50 }),
      talk.notes('A', 'F.', { seq: 101, ack: 51 }),
      talk.notes('B', 'F.', { seq: 51, ack: 102 }),
      talk.notes('A', '.', { seq: 102, ack: 52 }),
    ]
    expect(notes.flat()).toEqual([])
  })

  it('a SYN that is sent again', () => {
    const talk = new Conversation()
    talk.see('A', 'S')
    expect(talk.notes('A', 'S', {}, 1000)).toEqual(['retransmission after 1000 ms'])
  })

  it('a retransmission, and one of what had arrived', () => {
    const talk = new Conversation().open()
    talk.see('A', '.', { seq: 1, ack: 1, length: 100 })
    expect(talk.notes('A', '.', { seq: 1, ack: 1, length: 100 }, 200)).toEqual([
      'retransmission after 200 ms',
    ])
    talk.see('B', '.', { seq: 1, ack: 101 })
    expect(talk.notes('A', '.', { seq: 1, ack: 1, length: 100 })).toEqual([
      'retransmission of what had arrived',
    ])
  })

  it('duplicate ACKs, and the fast retransmission that follows', () => {
    const talk = new Conversation().open()
    for (const seq of [1, 101, 201, 301, 401]) talk.see('A', '.', { seq, ack: 1, length: 100 })
    talk.see('B', '.', { seq: 1, ack: 101 })
    const sack = (right: number) => ({
      seq: 1,
      ack: 101,
      options: [{ name: 'sack' as const, blocks: [[201, right] as [number, number]] }],
    })
    expect(talk.notes('B', '.', sack(301))).toEqual(['duplicate ACK 1'])
    expect(talk.notes('B', '.', sack(401))).toEqual(['duplicate ACK 2'])
    const third = talk.see('B', '.', sack(501))
    expect([third.notes, third.tcp?.sack]).toEqual([['duplicate ACK 3'], [[201, 501]]])
    expect(talk.notes('A', '.', { seq: 101, ack: 1, length: 100 }, 20)).toEqual([
      'fast retransmission after 27 ms',
    ])
  })

  it('what was lost before it came here, and what was only overtaken', () => {
    const talk = new Conversation().open()
    expect(talk.notes('A', '.', { seq: 101, ack: 1, length: 100 })).toEqual(['100 bytes before it not seen'])
    expect(talk.notes('A', '.', { seq: 1, ack: 1, length: 100 })).toEqual(['out of order'])
    expect(talk.notes('A', '.', { seq: 301, ack: 1, length: 100 })).toEqual(['100 bytes before it not seen'])
    expect(talk.notes('A', '.', { seq: 201, ack: 1, length: 100 }, 40)).toEqual(['retransmission'])
  })

  it('a window that shuts, probes, and opens', () => {
    const talk = new Conversation().open()
    talk.see('A', '.', { seq: 1, ack: 1, length: 100 })
    expect(talk.notes('B', '.', { seq: 1, ack: 101, window: 0 })).toEqual(['zero window'])
    expect(talk.notes('A', '.', { seq: 100, ack: 1 })).toEqual(['window probe'])
    expect(talk.notes('B', '.', { seq: 1, ack: 101, window: 0 })).toEqual([
      'answer to a window probe',
      'zero window',
    ])
    expect(talk.notes('A', '.', { seq: 101, ack: 1, length: 1 }, 300)).toEqual(['window probe'])
    expect(talk.notes('B', '.', { seq: 1, ack: 101, window: 500 })).toEqual(['answer to a window probe'])
    const other = new Conversation().open()
    other.see('A', '.', { seq: 1, ack: 1, length: 100 })
    other.see('B', '.', { seq: 1, ack: 101, window: 0 })
    expect(other.notes('B', '.', { seq: 1, ack: 101 })).toEqual(['window open again'])
    expect(other.notes('B', '.', { seq: 1, ack: 101, window: 501 })).toEqual(['window update'])
  })

  it('a full window', () => {
    const talk = new Conversation().open()
    talk.see('B', '.', { seq: 1, ack: 1, window: 1 })
    expect(talk.notes('A', '.', { seq: 1, ack: 1, length: 128 })).toEqual(['window full'])
  })

  it('keepalive', () => {
    const talk = new Conversation().open()
    talk.see('B', '.', { seq: 1, ack: 1 })
    expect(talk.notes('A', '.', { seq: 0, ack: 1 }, 7000)).toEqual(['keepalive'])
    expect(talk.notes('B', '.', { seq: 1, ack: 1 })).toEqual(['answer to a keepalive'])
  })

  it('resets, D-SACK, marks, ports used again, and ACKs of what nobody saw', () => {
    const talk = new Conversation().open()
    expect(talk.notes('B', '.', { seq: 1, ack: 101 })).toEqual(['acknowledges what was not seen'])
    const dsack = [{ name: 'sack' as const, blocks: [[1, 51] as [number, number]] }]
    talk.see('A', '.', { seq: 101, ack: 1, length: 10 })
    expect(talk.notes('B', '.', { seq: 1, ack: 111, options: dsack })).toEqual(['D-SACK'])
    expect(talk.notes('A', '.', { seq: 111, ack: 1, length: 10, tos: 3 })).toEqual(['congestion experienced'])
    expect(talk.notes('B', 'R', { seq: 1 })).toEqual(['reset'])
    expect(talk.notes('A', 'S', { seq: 9999 })).toEqual(['ports used again'])
  })

  it('a damaged segment, which says nothing about the connection', () => {
    const talk = new Conversation().open()
    const packet = talk.see('A', '.', { seq: 1, ack: 1, length: 10, damage: true })
    expect([packet.tcp, packet.notes]).toEqual([null, ['bad tcp checksum']])
    expect(talk.notes('A', '.', { seq: 1, ack: 1, length: 10 })).toEqual([])
  })
})

describe('bounds', () => {
  it('of connections: the one that was quiet for longest is forgotten', () => {
    const flows = new TcpFlows()
    const talk = new Conversation(flows)
    talk.see('A', 'S', { port: 1 })
    for (let i = 0; i < 10_000; i++) talk.see('A', 'S', { port: 2 + i })
    expect(flows.size).toBe(10_000)
    expect(talk.notes('A', '.', { port: 1, seq: 1, ack: 1 })).toEqual(['begins in the middle'])
  })

  it('no bytes make it throw', () => {
    const flows = new TcpFlows()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom('ethernet', 'ip'), (bytes, medium) => {
        readPacket({ time: 0, direction: null, bytes, originalLength: bytes.length }, medium, flows)
      }),
    )
  })
})

it('what a lossy transfer sends again is told, and nothing else', () => {
  const clock = new VirtualClock()
  const [left, right] = createCable({ clock, latency: 10 })
  const [a, b] = [new Stack({ clock }), new Stack({ clock })]
  const link: LinkDevice = impair(left, { loss: 0.05, seed: 4, clock, direction: 'out' })
  const watched = new WatchedDevice(link)
  a.addInterface(watched, { addresses: ['10.0.0.1/24'] })
  b.addInterface(right, { addresses: ['10.0.0.2/24'] })
  const flows = new TcpFlows()
  const told: string[] = []
  watched.watch((frame) => {
    // By the clock of the world.
    const packet = readPacket({ ...frame, time: clock.now() }, 'ethernet', flows)
    if (packet.direction === 'out' && packet.tcp !== null) told.push(...packet.notes)
  })
  const listener = b.tcp.listen(
    { port: 80 },
    {
      onConnection: (door) => {
        const connection = door.accept()!
        const sink = new Uint8Array(1 << 16)
        connection.handler = {
          onReadable: () => {
            while (connection.read(sink) > 0);
          },
        }
      },
    },
  )
  const connection = a.tcp.connect({ address: parseAddress('10.0.0.2')!, port: 80 }, {})
  const bytes = new Uint8Array(400_000)
  let unwritten = bytes.length - connection.write(bytes)
  connection.handler = {
    onWritable: () => {
      unwritten -= connection.write(bytes.subarray(0, unwritten))
    },
  }
  clock.runUntil(() => unwritten === 0 && connection.unacknowledged === 0)
  listener.close()
  const again = told.filter((note) => note.includes('retransmission'))
  expect(a.tcp.counters.retransmitted).toBeGreaterThan(3)
  expect(again).toHaveLength(a.tcp.counters.retransmitted)
  expect(told.filter((note) => !note.includes('retransmission') && note !== 'window full')).toEqual([])
})
