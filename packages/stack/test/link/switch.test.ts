import { describe, expect, test } from 'vitest'
import { Memory } from '../../src/core/memory.ts'
import { VirtualClock } from '../../src/core/virtual-clock.ts'
import { Gso, RxChecksum, TransmitResult } from '../../src/link/device.ts'
import { MacTable } from '../../src/link/mac-table.ts'
import { createSwitch, type SwitchOptions, type SwitchPort } from '../../src/link/switch.ts'
import {
  BROADCAST,
  MAC_A,
  MAC_B,
  MAC_C,
  numbered,
  packet,
  Station,
  text,
  transportOffset,
} from './helpers.ts'

function network(count: number, options: SwitchOptions = {}) {
  const clock = new VirtualClock()
  const center = createSwitch({ clock, ...options })
  const ports = Array.from({ length: count }, () => center.port())
  const stations = ports.map((port) => new Station(port))
  /** The numbers that arrived at each station since the last call. */
  const arrived = (): number[][] => {
    clock.advance(0)
    return stations.map((station) =>
      station.sink.frames.splice(0).map((f) => new DataView(f.bytes.buffer).getUint32(14)),
    )
  }
  return { clock, center, ports, stations, arrived }
}

const mac = (number: number): Uint8Array => Uint8Array.of(2, 9, 0, number >>> 16, number >>> 8, number)

describe('switch', () => {
  test('floods what it does not know, learns, then sends to the one port', () => {
    const { stations, ports, arrived, center } = network(3)
    const [a, b, c] = stations
    a.send(numbered(1, 64, MAC_B, MAC_A))
    expect(arrived()).toEqual([[], [1], [1]])
    b.send(numbered(2, 64, MAC_A, MAC_B))
    expect(arrived()).toEqual([[2], [], []])
    a.send(numbered(3, 64, MAC_B, MAC_A))
    c.send(numbered(4, 64, MAC_A, MAC_C))
    expect(arrived()).toEqual([[4], [3], []])
    expect(center.addresses).toBe(3)
    expect(ports[0].stats).toEqual({
      received: 2,
      delivered: 2,
      flooded: 1,
      filtered: 0,
      dropped: 0,
      refused: 0,
    })
  })

  test('broadcast and multicast go to all others, whatever was learned', () => {
    const { stations, arrived } = network(4)
    stations[0].send(numbered(1, 64, BROADCAST, MAC_A))
    stations[1].send(numbered(2, 64, Uint8Array.of(0x33, 0x33, 0, 0, 0, 1), MAC_B))
    expect(arrived()).toEqual([[2], [1], [1, 2], [1, 2]])
  })

  test('a group address as source is not learned', () => {
    const { stations, center } = network(2)
    stations[0].send(numbered(1, 64, MAC_B, BROADCAST))
    expect(center.addresses).toBe(0)
  })

  test('what is for the port it came from, or for the bridge itself, goes nowhere', () => {
    const { stations, ports, arrived } = network(3)
    stations[0].send(numbered(1, 64, BROADCAST, MAC_A))
    arrived()
    stations[0].send(numbered(2, 64, MAC_A, MAC_C))
    stations[0].send(numbered(3, 64, Uint8Array.of(0x01, 0x80, 0xc2, 0, 0, 0x0e), MAC_A))
    expect(arrived()).toEqual([[], [], []])
    expect(ports[0].stats.filtered).toBe(2)
    stations[0].send(numbered(4, 64, Uint8Array.of(0x01, 0x80, 0xc2, 0, 0, 0x10), MAC_A))
    expect(arrived()).toEqual([[], [4], [4]])
  })

  test('an address that moves is followed; one that is silent ages', () => {
    const { stations, clock, center, arrived } = network(3, { ageing: 300 })
    stations[0].send(numbered(1, 64, BROADCAST, MAC_A))
    stations[1].send(numbered(2, 64, BROADCAST, MAC_A))
    arrived()
    stations[2].send(numbered(3, 64, MAC_A, MAC_C))
    expect(arrived()).toEqual([[], [3], []])
    clock.advance(299_000)
    stations[2].send(numbered(4, 64, MAC_A, MAC_C))
    expect(arrived()).toEqual([[], [4], []])
    clock.advance(2_000)
    expect(center.addresses).toBe(1)
    stations[2].send(numbered(5, 64, MAC_A, MAC_C))
    expect(arrived()).toEqual([[5], [5], []])
  })

  test('a full port drops and counts, the others do not suffer, and the sender never stalls', () => {
    const { stations, ports, clock } = network(3, { queue: { frames: 10 } })
    for (let i = 0; i < 5; i++) stations[1].send(numbered(i, 64, mac(1), MAC_B))
    clock.advance(0)
    for (let i = 0; i < 25; i++) {
      expect(stations[0].send(numbered(i, 64, MAC_B, MAC_A))).toBe(TransmitResult.Sent)
      if (i < 10) stations[0].send(numbered(i, 64, MAC_C, MAC_A))
    }
    clock.advance(0)
    expect(ports[1].stats.dropped + ports[1].stats.delivered).toBe(35)
    expect(ports[1].stats.delivered).toBe(10)
    expect(ports[2].stats).toMatchObject({ delivered: 15, dropped: 0 })
  })

  test('the table is bounded under a flood of source addresses, and still serves', () => {
    const { stations, center, arrived, clock } = network(3, { macTable: 64 })
    for (let i = 0; i < 10_000; i++) {
      stations[0].send(numbered(i, 64, MAC_B, mac(i)))
      if (i % 500 === 0) clock.advance(1)
    }
    arrived()
    expect(center.addresses).toBe(64)
    expect(center.evictions).toBe(10_000 - 64)
    stations[1].send(numbered(1, 64, BROADCAST, MAC_B))
    arrived()
    stations[0].send(numbered(2, 64, MAC_B, MAC_A))
    expect(arrived()).toEqual([[], [2], []])
  })

  test('a closed port frees its number, its memory and its addresses', async () => {
    const { stations, ports, center, arrived } = network(3)
    stations[1].send(numbered(1, 64, BROADCAST, MAC_B))
    arrived()
    await ports[1].close()
    await ports[1].close()
    expect(stations[1].sink.closed).toEqual([null])
    expect(stations[1].memory.allocated).toBe(128 * 1024)
    expect(stations[1].send(numbered(9))).toBe(TransmitResult.Refused)
    expect(center.ports).toBe(2)
    const memory = new Memory(1 << 21)
    const station = new Station(center.port(), memory)
    expect(center.ports).toBe(3)
    stations[0].send(numbered(2, 64, MAC_B, MAC_A))
    expect(arrived()).toEqual([[], [], [2]])
    expect(station.sink.numbers).toEqual([2])
  })

  test('closing the switch tells every port after its last frames', async () => {
    const { stations, center, clock } = network(2)
    stations[0].send(numbered(1, 64, MAC_B, MAC_A))
    await center.close()
    clock.advance(0)
    expect(stations[1].sink.numbers).toEqual([1])
    for (const station of stations) {
      expect(station.sink.closed).toMatchObject([{ code: 'ENETDOWN' }])
      expect(station.send(numbered(2))).toBe(TransmitResult.Refused)
    }
    expect(() => center.port()).toThrow(/closed/)
  })

  test('refuses runts, giants and super-frames it did not offer to take', () => {
    const { stations, ports } = network(2)
    expect(stations[0].send(new Uint8Array(13))).toBe(TransmitResult.Refused)
    expect(stations[0].send(numbered(1, 1515))).toBe(TransmitResult.Refused)
    expect(stations[0].send(packet({ payload: 3000 }), { gso: Gso.TcpV4, gsoSize: 1448 })).toBe(
      TransmitResult.Refused,
    )
    expect(ports[0].stats).toMatchObject({ received: 0, refused: 3 })
    expect(stations[0].send(numbered(1, 14 + 4 + 1))).toBe(TransmitResult.Sent)
  })

  test('super-frames pass a switch with offload as they are, and reach every port when flooded', () => {
    const { stations, clock } = network(3, { offload: true })
    const superFrame = packet({ payload: 20_000, partial: true })
    const how = {
      checksumStart: transportOffset(superFrame),
      checksumOffset: 16,
      gso: Gso.TcpV4,
      gsoSize: 1448,
    }
    stations[0].send(superFrame, { ...how, pieces: [54, 9000] })
    clock.advance(0)
    for (const station of stations.slice(1)) {
      expect(station.sink.frames[0]).toMatchObject({ checksum: RxChecksum.Partial, gsoSize: 1448 })
      expect(text(station.sink.frames[0].bytes)).toBe(text(superFrame))
    }
  })

  test('options out of range are refused by name, and so is one port too many', () => {
    expect(() => createSwitch({ macTable: 3 })).toThrow(/macTable/)
    expect(() => createSwitch({ ageing: 0 })).toThrow(/ageing/)
    expect(() => createSwitch({ maxPorts: 1 })).toThrow(/maxPorts/)
    const center = createSwitch({ maxPorts: 2 })
    const port: SwitchPort = center.port({ mac: MAC_A })
    expect(port.capabilities.mac).toEqual(MAC_A)
    center.port()
    expect(() => center.port()).toThrow(expect.objectContaining({ code: 'ENOBUFS' }))
  })
})

describe('MAC table', () => {
  test('finds what it learned among as many addresses as half its size', () => {
    const table = new MacTable(1024, 1000)
    for (let i = 0; i < 300; i++) table.learn(0x0209, i, i % 7, 0)
    let known = 0
    for (let i = 0; i < 300; i++) {
      const port = table.find(0x0209, i, 10)
      expect(port === i % 7 || port === -1).toBe(true)
      if (port >= 0) known++
    }
    expect(known).toBe(300 - table.evictions)
    expect(known).toBeGreaterThan(290)
    expect(table.find(0x0208, 5, 10)).toBe(-1)
  })

  test('the least recently seen of a full bucket makes room', () => {
    const table = new MacTable(4, 1000)
    for (let i = 0; i < 4; i++) table.learn(2, i, i, i)
    table.learn(2, 0, 0, 10)
    table.learn(2, 99, 9, 11)
    expect([0, 1, 2, 3, 99].map((i) => table.find(2, i, 12))).toEqual([0, -1, 2, 3, 9])
  })
})
