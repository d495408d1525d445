import { MessageChannel } from 'node:worker_threads'
import { createCable, packets, parseAddress, Stack, VirtualClock } from '@tapwire/stack'
import { afterEach, describe, expect, it } from 'vitest'
import { concernsAll } from '../src/workers/placing.ts'
import { QueueDevice } from '../src/workers/queue-device.ts'
import { type FrameMessage, Siblings } from '../src/workers/siblings.ts'
import { addCounters } from '../src/workers/sum.ts'

const bytes = (text: string): Uint8Array => parseAddress(text)!.toBytes()
const ethernet = { source: Uint8Array.of(2, 0, 0, 0, 0, 1), destination: Uint8Array.of(2, 0, 0, 0, 0, 2) }
const group = { source: ethernet.source, destination: Uint8Array.of(1, 0, 0x5e, 0, 0, 1) }
const ipv4 = { source: bytes('10.0.0.1'), destination: bytes('10.0.0.2') }
const ipv6 = { source: bytes('fd00::1'), destination: bytes('fd00::2') }
const ports = { sourcePort: 1000, destinationPort: 2000 }
const arp = {
  operation: 1,
  senderMac: ethernet.source,
  senderIp: ipv4.source,
  targetMac: new Uint8Array(6),
  targetIp: ipv4.destination,
}

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

describe('which frames concern every stack of a group', () => {
  const cases: [what: string, all: boolean, fields: packets.FrameFields][] = [
    ['a question for an address', false, { ethernet, arp }],
    ['the answer', true, { ethernet, arp: { ...arp, operation: 2 } }],
    ['an announcement', true, { ethernet, arp: { ...arp, targetIp: arp.senderIp } }],
    ['a segment', false, { ethernet, ipv4, tcp: { ...ports, flags: 2 } }],
    ['a segment over IPv6', false, { ethernet, ipv6, tcp: { ...ports, flags: 2 } }],
    ['a datagram', false, { ethernet, ipv4, udp: ports }],
    ['a datagram to a group', true, { ethernet: group, ipv4, udp: ports }],
    ['a ping', false, { ethernet, ipv4, icmpv4: { type: 8 } }],
    ['its answer', true, { ethernet, ipv4, icmpv4: { type: 0 } }],
    ['an ICMP error', true, { ethernet, ipv4, icmpv4: { type: 3, code: 4 } }],
    ['a ping over IPv6', false, { ethernet, ipv6, icmpv6: { type: 128 } }],
    ['its answer over IPv6', true, { ethernet, ipv6, icmpv6: { type: 129 } }],
    ['a neighbour solicitation', false, { ethernet: group, ipv6, icmpv6: { type: 135 } }],
    ['a neighbour advertisement', true, { ethernet, ipv6, icmpv6: { type: 136 } }],
    ['a router advertisement', true, { ethernet: group, ipv6, icmpv6: { type: 134 } }],
    ['too big', true, { ethernet, ipv6, icmpv6: { type: 2, rest: 1300 } }],
  ]
  it.each(cases)('%s: %s', (_, all, fields) => {
    const frame = packets.buildFrame(fields)
    expect(concernsAll(new DataView(frame.buffer), 0, frame.length, 'ethernet')).toBe(all)
    if (fields.arp !== undefined || fields.ethernet === group) return
    const view = new DataView(frame.buffer)
    expect(concernsAll(view, 14, frame.length - 14, 'ip')).toBe(all)
  })

  it('frames that are cut short, at any byte, concern nobody else or are news; none is read beyond its end', () => {
    for (const [, , fields] of cases) {
      const frame = packets.buildFrame(fields)
      for (let length = 0; length < frame.length; length++) {
        const cut = frame.slice(0, length)
        expect(() => concernsAll(new DataView(cut.buffer), 0, length, 'ethernet')).not.toThrow()
        expect(() => concernsAll(new DataView(cut.buffer), 0, length, 'ip')).not.toThrow()
      }
    }
  })
})

/** The ports between so many threads that are one, for a test. */
function portsOf(count: number): { index: number; port: import('node:worker_threads').MessagePort }[][] {
  const all = Array.from({ length: count }, () => [] as ReturnType<typeof portsOf>[number])
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const { port1, port2 } = new MessageChannel()
      all[a].push({ index: b, port: port1 })
      all[b].push({ index: a, port: port2 })
      open.push(port1, port2)
    }
  }
  return all
}

/** Long enough for messages between ports of this thread to arrive and be answered. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise(setImmediate)
}

const FRAME = { bytes: new Uint8Array(60), checksum: 0, gsoSize: 0 } as const

describe('frames between the stacks of a group', () => {
  it('a search asks each once and comes back to its origin', async () => {
    const ports = portsOf(3)
    const asked: [number, FrameMessage['search']][] = []
    const members: Siblings[] = [0, 1, 2].map(
      (own) =>
        new Siblings(own, ports[own], ({ search, ...frame }) => {
          asked.push([own, search])
          expect(members[own].passOn(frame, search)).toBe(own !== 1 || search?.origin !== 1)
        }),
    )
    expect(members[1].passOn(FRAME, null)).toBe(true)
    await settle()
    expect(asked.map(([own]) => own)).toEqual([0, 2, 1])
    expect(members[1].counters).toMatchObject({ passedOn: 1, cameBack: 1 })
  })

  it('who is gone is not asked; with nobody left the frame is ours', async () => {
    const ports = portsOf(3)
    const seen: number[] = []
    const members = [0, 1, 2].map((own) => new Siblings(own, ports[own], () => seen.push(own)))
    members[1].close()
    await settle()
    expect(members[0].passOn(FRAME, null)).toBe(true)
    await settle()
    expect(seen).toEqual([2])
    members[2].close()
    await settle()
    expect(members[0].passOn(FRAME, null)).toBe(false)
    // It was the origin's, and that is gone, too.
    expect(members[0].passOn(FRAME, { origin: 2, left: [1] })).toBe(false)
  })

  it('512 frames may be on the way to one; what is more is refused and counted, until they have arrived', async () => {
    const ports = portsOf(2)
    const members = [0, 1].map((own) => new Siblings(own, ports[own], () => {}))
    for (let i = 0; i < 600; i++) members[0].share(FRAME.bytes, 0, 0)
    expect(members[0].counters).toMatchObject({ shared: 512, refused: 88 })
    expect(members[0].passOn(FRAME, null)).toBe(false)
    await settle()
    expect(members[1].counters.sharedIn).toBe(512)
    expect(members[0].passOn(FRAME, null)).toBe(true)
  })

  it('a connection whose frames come in at the wrong queue works all the same, and what is nobody’s is refused', async () => {
    const clock = new VirtualClock()
    const [wire, kernelEnd] = createCable({ clock, medium: 'ip' })
    const ports = portsOf(2)
    const peer = new Stack({ clock })
    peer.addInterface(kernelEnd, { addresses: ['10.0.0.1/24'] })
    // Queue 0 receives everything; queue 1, which listens, can send only.
    const stacks = [new Stack({ clock }), new Stack({ clock })]
    const silent = { ...deviceOf(wire), attach: () => {} }
    const devices = [new QueueDevice(wire, 0, ports[0]), new QueueDevice(silent, 1, ports[1])]
    for (const [i, stack] of stacks.entries()) {
      stack.addInterface(devices[i], { addresses: ['10.0.0.2/24'] })
      stack.tcp.onStray = devices[i].takeStray
      stack.udp.onStray = devices[i].takeStray
    }
    const listener = stacks[1].tcp.listen(
      { port: 7 },
      {
        onConnection: () => {
          const connection = listener.accept()!
          connection.handler = {
            onReadable: () => {
              const buffer = new Uint8Array(connection.readable)
              connection.read(buffer)
              connection.write(buffer)
            },
          }
        },
      },
    )
    let got = ''
    let refused: unknown = null
    const remote = parseAddress('10.0.0.2')!
    const connection = peer.tcp.connect(
      { address: remote, port: 7 },
      {
        onConnect: (c) => c.write(new TextEncoder().encode('through the other')),
        onReadable: (c) => {
          const buffer = new Uint8Array(c.readable)
          c.read(buffer)
          got += new TextDecoder().decode(buffer)
        },
      },
    )
    peer.tcp.connect({ address: remote, port: 8 }, { onClose: (_, reason) => (refused = reason) })
    for (let i = 0; i < 40; i++) {
      clock.advance(1)
      await settle()
    }
    expect(got).toBe('through the other')
    expect(refused).toBe('ECONNREFUSED')
    expect(stacks[0].tcp.counters.resetsOut).toBe(1)
    expect(stacks[1].tcp.counters.resetsOut).toBe(0)
    expect(devices[0].siblings.counters).toMatchObject({ cameBack: 1, refused: 0 })
    expect(connection.info().state).toBe('ESTABLISHED')
    for (const stack of stacks) await stack.close()
    await peer.close()
  })
})

/** A device's own members, so that some can be replaced. */
function deviceOf(wire: ReturnType<typeof createCable>[0]) {
  return {
    medium: wire.medium,
    mtu: wire.mtu,
    capabilities: wire.capabilities,
    transmit: wire.transmit.bind(wire),
    flush: () => wire.flush(),
    close: async () => {},
  }
}

describe('the counters of a group', () => {
  it('are sums, however deep', () => {
    const one = { tcp: { in: 1, out: 2 }, connections: 3 }
    expect(addCounters(one, { tcp: { in: 10, out: 20 }, connections: 30 })).toEqual({
      tcp: { in: 11, out: 22 },
      connections: 33,
    })
    expect(one.connections).toBe(3)
  })
})
