import { describe, expect, it } from 'vitest'
import { requireAddress } from '../../src/ip/address-text.ts'
import { Gso, TransmitResult } from '../../src/link/device.ts'
import { arp, arpReply, Bench, linkOption, OTHER_MAC, only, PEER_MAC, solicitation } from './support.ts'

const host = (n: number): string => `10.0.${n >> 8}.${n & 255}`
const reply = (sender: string, from = PEER_MAC): Uint8Array => arpReply({ from, sender, target: '10.0.0.2' })
const known = (bench: Bench): number => bench.table().filter((line) => !line.includes('Incomplete')).length

describe('the neighbour table', () => {
  it('holds limits.neighbours entries; the least recently used makes room', () => {
    const bench = Bench.ready({ limits: { neighbours: 4 } })
    for (const n of [10, 11, 12, 13]) bench.receive(arp({ sender: host(n), target: '10.0.0.2' }))
    for (const n of [10, 11, 12, 13, 10]) bench.send('10.0.0.2', host(n), 1)
    bench.receive(arp({ sender: host(14), target: '10.0.0.2' }))
    expect(bench.table().map((line) => line.split(' ')[0])).toEqual([10, 12, 13, 14].map(host))
    expect(bench.counters.neighboursEvicted).toBe(1)
    // The timer of the one that went is gone too.
    expect(bench.engine.timers.size).toBe(3)
  })

  it('of those alive, the one used last stays', () => {
    const bench = Bench.ready({ limits: { neighbours: 2 } })
    for (const n of [10, 11]) {
      bench.send('10.0.0.2', host(n), 1)
      bench.receive(reply(host(n)))
    }
    bench.send('10.0.0.2', host(10), 2)
    bench.receive(arp({ sender: host(12), target: '10.0.0.2' }))
    expect(bench.table()).toEqual([`${host(10)} Reachable ${PEER_MAC}`, `${host(12)} Stale ${PEER_MAC}`])
  })

  it('one that is known to be alive is kept before a doubtful one that was used later', () => {
    const bench = Bench.ready({ limits: { neighbours: 2 } })
    bench.send('10.0.0.2', host(10), 1)
    bench.receive(reply(host(10)))
    bench.receive(arp({ sender: host(11), target: '10.0.0.2' }))
    bench.send('10.0.0.2', host(11), 1)
    bench.receive(arp({ sender: host(12), target: '10.0.0.2' }))
    expect(bench.table()).toEqual([`${host(10)} Reachable ${PEER_MAC}`, `${host(12)} Stale ${PEER_MAC}`])
  })

  it('a flood of forged senders displaces itself, not those we talk to', () => {
    const bench = Bench.ready({ limits: { neighbours: 16 } }, '10.0.0.2/16')
    for (let n = 10; n < 18; n++) {
      bench.receive(arp({ sender: host(n), target: '10.0.0.2' }))
      bench.send('10.0.0.2', host(n), 1)
    }
    for (let n = 1000; n < 9000; n++) bench.receive(arp({ sender: host(n), target: '10.0.0.2' }))
    const table = bench.table()
    expect(table).toHaveLength(16)
    for (let n = 10; n < 18; n++) expect(table).toContain(`${host(n)} Delay ${PEER_MAC}`)
  })

  it('ND-22 traffic to absent addresses takes half of it, and neither answers nor live flows suffer', () => {
    const bench = Bench.ready({ limits: { neighbours: 64 } }, '10.0.0.2/16', 'fd00::2/64')
    bench.send('10.0.0.2', host(10), 1)
    bench.receive(reply(host(10)))
    bench.take()
    const before = bench.memory.allocated
    for (let n = 256; n < 65_000; n++) expect(bench.send('10.0.0.2', host(n), 1)).toBe(TransmitResult.Sent)
    expect(bench.table().filter((line) => line.includes('Incomplete'))).toHaveLength(32)
    expect(bench.counters.neighboursRefused).toBe(65_000 - 256 - 32)
    expect(bench.counters.dropNoNeighbour).toBe(65_000 - 256 - 32)
    expect(bench.memory.allocated - before).toBe(32 * 1024)
    expect(bench.take()).toHaveLength(32)
    bench.send('10.0.0.2', host(10), 9)
    expect(only(bench.take())).toBe(`v4 10.0.0.10 #9 -> ${PEER_MAC}`)
    bench.receive(solicitation({ source: 'fd00::9', target: 'fd00::2', options: linkOption(1, OTHER_MAC) }))
    expect(only(bench.take())).toContain('na fd00::2 > fd00::9')
    bench.clock.advance(3000)
    expect(bench.unresolved).toHaveLength(32)
    expect(known(bench)).toBe(2)
    expect(bench.memory.allocated).toBe(before)
  })

  it('with room for one neighbour still works, and refuses to forget one that is being asked for', () => {
    const bench = Bench.ready({ limits: { neighbours: 1 } })
    bench.send('10.0.0.2', '10.0.0.9', 1)
    bench.receive(reply('10.0.0.9'))
    bench.take()
    bench.send('10.0.0.2', '10.0.0.8', 2)
    expect(bench.table()).toEqual(['10.0.0.8 Incomplete -'])
    bench.take()
    // No room to remember who asks, but the answer goes out.
    bench.receive(arp({ sender: '10.0.0.9', target: '10.0.0.2' }))
    expect(only(bench.take())).toContain('arp reply 10.0.0.2')
    expect(bench.counters.neighboursRefused).toBe(1)
    bench.receive(reply('10.0.0.8'))
    expect(only(bench.take())).toBe(`v4 10.0.0.8 #2 -> ${PEER_MAC}`)
  })

  it('never forgets a neighbour whose packets wait for the device', () => {
    const bench = Bench.ready({ limits: { neighbours: 3 } })
    bench.send('10.0.0.2', host(10), 1)
    bench.receive(reply(host(10)))
    bench.send('10.0.0.2', host(9), 1)
    bench.take()
    bench.device.room = 0
    bench.receive(reply(host(9)))
    // Used last, and alive: but nothing is lost by forgetting it.
    bench.send('10.0.0.2', host(10), 2)
    bench.receive(arp({ sender: host(11), target: '10.0.0.2' }))
    bench.send('10.0.0.2', host(11), 2)
    for (let n = 20; n < 40; n++) bench.receive(arp({ sender: host(n), target: '10.0.0.2' }))
    expect(bench.table().join()).toContain(`${host(9)} Reachable`)
    bench.device.room = 99
    bench.engine.run(() => bench.link.onWritable())
    expect(only(bench.take())).toContain('v4 10.0.0.9 #1')
  })

  it('refuses a newcomer when all packets of all neighbours wait for the device', () => {
    const bench = Bench.ready({ limits: { neighbours: 2 } })
    for (const n of [8, 9]) {
      bench.device.room = 1
      bench.send('10.0.0.2', host(n), n)
      bench.device.room = 0
      bench.receive(reply(host(n)))
    }
    bench.receive(arp({ sender: host(20), target: '10.0.0.2' }))
    expect(bench.table().map((line) => line.split(' ')[0])).toEqual([host(8), host(9)])
    expect(bench.counters.neighboursRefused).toBe(1)
  })

  it('finds every neighbour among many, and forgets what it removes', () => {
    const bench = Bench.ready({ limits: { neighbours: 1024 } }, '10.0.0.2/16')
    for (let n = 256; n < 256 + 1024; n++) bench.receive(arp({ sender: host(n), target: '10.0.0.2' }))
    bench.take()
    expect(bench.table()).toHaveLength(1024)
    for (let n = 256; n < 256 + 1024; n++) bench.send('10.0.0.2', host(n), n & 255)
    expect(bench.take()).toEqual(
      Array.from({ length: 1024 }, (_, i) => `v4 ${host(256 + i)} #${i & 255} -> ${PEER_MAC}`),
    )
  })
})

describe('packets that wait', () => {
  it('limits.neighbourQueue: a further packet replaces the newest, never the first', () => {
    const bench = Bench.ready({ limits: { neighbourQueue: 3 } })
    for (let i = 1; i <= 6; i++) expect(bench.send('10.0.0.2', '10.0.0.9', i)).toBe(TransmitResult.Sent)
    bench.take()
    bench.receive(reply('10.0.0.9'))
    expect(bench.take().map((line) => line.split(' ')[2])).toEqual(['#1', '#2', '#6'])
    expect(bench.counters.dropQueueFull).toBe(3)
  })

  it('limits.neighbourQueue of 1 keeps the first', () => {
    const bench = Bench.ready({ limits: { neighbourQueue: 1 } })
    for (let i = 1; i <= 3; i++) bench.send('10.0.0.2', '10.0.0.9', i)
    bench.take()
    bench.receive(reply('10.0.0.9'))
    expect(bench.take().map((line) => line.split(' ')[2])).toEqual(['#1'])
    expect(bench.counters.dropQueueFull).toBe(2)
  })

  it("limits.neighbourQueueBytes: another neighbour's first packet takes the place of later ones", () => {
    const bench = Bench.ready({ limits: { neighbourQueueBytes: 4096 } })
    for (let i = 1; i <= 6; i++) bench.send('10.0.0.2', '10.0.0.9', i, 500)
    expect(bench.link.waitingBytes).toBe(4096)
    expect(bench.counters.dropQueueBytes).toBe(2)
    bench.send('10.0.0.2', '10.0.0.8', 21, 500)
    bench.send('10.0.0.2', '10.0.0.8', 22, 500)
    bench.send('10.0.0.2', '10.0.0.7', 31, 1500)
    expect(bench.link.waitingBytes).toBe(4096)
    bench.take()
    bench.receive(reply('10.0.0.9'))
    bench.receive(reply('10.0.0.8'))
    bench.receive(reply('10.0.0.7'))
    expect(bench.take().map((line) => line.split(' ').slice(1, 3).join(' '))).toEqual([
      '10.0.0.9 #1',
      '10.0.0.8 #21',
      '10.0.0.7 #31',
    ])
    expect(bench.link.waitingBytes).toBe(0)
    // #5, #6, then #4 for 21, #22 for want of room, and #3, #2 for 31.
    expect(bench.counters.dropQueueBytes).toBe(6)
  })

  it('limits.neighbourQueueBytes: when only first packets are left, the new one is dropped, and still asked for', () => {
    const bench = Bench.ready({ limits: { neighbourQueueBytes: 2048 } })
    for (const n of [9, 8, 7]) bench.send('10.0.0.2', host(n), n)
    expect(bench.link.waitingBytes).toBe(2048)
    expect(bench.counters.dropQueueBytes).toBe(1)
    expect(bench.take()).toHaveLength(3)
    for (const n of [7, 8, 9]) bench.receive(reply(host(n)))
    expect(known(bench)).toBe(3)
    expect(bench.take().map((line) => line.split(' ')[2])).toEqual(['#8', '#9'])
  })

  it('limits.neighbourQueueBytes: a later packet displaces nobody', () => {
    const bench = Bench.ready({ limits: { neighbourQueueBytes: 4096 } })
    for (const mark of [1, 2]) bench.send('10.0.0.2', host(9), mark)
    for (const mark of [3, 4, 5]) bench.send('10.0.0.2', host(8), mark)
    bench.take()
    bench.receive(reply(host(9)))
    bench.receive(reply(host(8)))
    expect(bench.take().map((line) => line.split(' ')[2])).toEqual(['#1', '#2', '#3', '#4'])
  })

  it('out of memory: the packet is dropped and counted, and the link goes on', () => {
    const bench = Bench.ready({ memory: 1 << 18 })
    const blocks: number[] = []
    for (let b = bench.memory.allocate(1024); b >= 0; b = bench.memory.allocate(1024)) blocks.push(b)
    expect(bench.send('10.0.0.2', '10.0.0.9', 1)).toBe(TransmitResult.Sent)
    expect(bench.counters.dropQueueBytes).toBe(1)
    for (const block of blocks) bench.memory.free(block)
    bench.send('10.0.0.2', '10.0.0.9', 2)
    bench.take()
    bench.receive(reply('10.0.0.9'))
    expect(bench.take().map((line) => line.split(' ')[2])).toEqual(['#2'])
  })

  it('a super-frame stays one, with its checksum and segmentation fields', () => {
    const bench = Bench.ready()
    bench.fill('10.0.0.2', '10.0.0.9', 77, 60_000)
    const d = bench.descriptor
    d.checksumStart = 20
    d.checksumOffset = 16
    d.gso = Gso.TcpV4
    d.gsoSize = 1460
    bench.engine.run(() => bench.link.send(d, requireAddress('10.0.0.9')))
    bench.take()
    bench.receive(reply('10.0.0.9'))
    const { headLength, checksumStart, checksumOffset, gso, gsoSize, bytes } = bench.device.frames[0]
    expect({ headLength, checksumStart, checksumOffset, gso, gsoSize }).toEqual({
      headLength: 34,
      checksumStart: 34,
      checksumOffset: 16,
      gso: Gso.TcpV4,
      gsoSize: 1460,
    })
    expect(bytes).toHaveLength(14 + 20 + 60_000)
    expect(only(bench.take())).toBe(`v4 10.0.0.9 #77 -> ${PEER_MAC}`)
  })

  it('what the device has no room for waits on, in order, and later packets are Full until it went', () => {
    const bench = Bench.ready()
    for (let i = 1; i <= 4; i++) bench.send('10.0.0.2', '10.0.0.9', i)
    bench.take()
    bench.device.room = 2
    bench.receive(reply('10.0.0.9'))
    expect(bench.take().map((line) => line.split(' ')[2])).toEqual(['#1', '#2'])
    expect(bench.send('10.0.0.2', '10.0.0.9', 5)).toBe(TransmitResult.Full)
    bench.device.room = 1
    bench.engine.run(() => bench.link.onWritable())
    expect(bench.take().map((line) => line.split(' ')[2])).toEqual(['#3'])
    bench.device.room = 9
    bench.engine.run(() => bench.link.onWritable())
    expect(bench.send('10.0.0.2', '10.0.0.9', 5)).toBe(TransmitResult.Sent)
    expect(bench.take().map((line) => line.split(' ')[2])).toEqual(['#4', '#5'])
    expect(bench.link.waitingBytes).toBe(0)
  })

  it('a short packet does not overtake a long one that the device has no room for', () => {
    const bench = Bench.ready()
    bench.send('10.0.0.2', '10.0.0.9', 1, 1400)
    bench.take()
    bench.device.longest = 1000
    bench.receive(reply('10.0.0.9'))
    expect(bench.send('10.0.0.2', '10.0.0.9', 2, 10)).toBe(TransmitResult.Full)
    expect(bench.take()).toEqual([])
  })

  it('several neighbours waiting for the device all go on', () => {
    const bench = Bench.ready()
    for (const n of [7, 8, 9]) bench.send('10.0.0.2', host(n), n)
    bench.take()
    bench.device.room = 0
    for (const n of [7, 8, 9]) bench.receive(reply(host(n)))
    for (let turn = 0; turn < 3; turn++) {
      bench.device.room = 1
      bench.engine.run(() => bench.link.onWritable())
    }
    expect(
      bench
        .take()
        .sort()
        .map((line) => line.split(' ')[2]),
    ).toEqual(['#7', '#8', '#9'])
    expect(bench.link.waitingBytes).toBe(0)
  })

  it('what the device refuses is dropped and counted', () => {
    const bench = Bench.ready()
    bench.send('10.0.0.2', '10.0.0.9', 1)
    bench.device.refuse = true
    bench.receive(reply('10.0.0.9'))
    expect(bench.counters.dropQueueRefused).toBe(1)
    expect(bench.link.waitingBytes).toBe(0)
  })

  it('a full device loses questions, and the next one is asked by timer', () => {
    const bench = Bench.ready()
    bench.device.room = 0
    bench.send('10.0.0.2', '10.0.0.9', 1)
    expect(bench.counters.controlNotSent).toBe(1)
    bench.device.room = 9
    bench.clock.advance(1000)
    expect(only(bench.take())).toContain('arp request')
  })
})
