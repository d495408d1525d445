import { describe, expect, it } from 'vitest'
import { parseAddress, SeededRandom, Stack, VirtualClock } from '../../src/index.ts'
import { requirePrefix } from '../../src/ip/address-text.ts'
import { MODERN, pattern, Script } from '../tcp/script.ts'
import { DoorDevice } from './door-device.ts'
import { Pair } from './pair.ts'

/** What the whole-stack tests have found, each by itself and as short as it can be told. */
describe('found by the storms', () => {
  it('bytes that Nagle held back and a later cork took over go out after 200 ms', () => {
    const t = new Script().established(MODERN)
    t.connection.write(pattern(1, 100))
    t.expect({ length: 100 })
    t.connection.write(pattern(101, 50))
    t.silence()
    t.connection.cork = true
    t.send({ flags: 'A', seq: 1, ack: 101 })
    t.silence(190)
    t.wait(20).expect({ length: 50 })
    expect(t.connection.cork).toBe(true)
  })

  it('an address without room for its route is not there at all', () => {
    const stack = new Stack({ clock: new VirtualClock(), random: new SeededRandom(1), limits: { routes: 4 } })
    const device = new DoorDevice('ip', false)
    const iface = stack.addInterface(device, { addresses: ['10.0.0.2/24'] })
    for (const text of ['10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16'])
      stack.ip.addRoute(requirePrefix(text), { iface })
    expect(() => iface.addAddress(requirePrefix('10.9.0.2/24'))).toThrow('The routing table is full')
    expect(iface.addresses).toHaveLength(1)
    expect(stack.ip.isLocal(requirePrefix('10.9.0.2/24').address)).toBe(false)
  })

  it('a UDP socket that found the device full is told of room once, and none that did not', () => {
    const stack = new Stack({ clock: new VirtualClock(), random: new SeededRandom(1) })
    const device = new DoorDevice('ip', false)
    stack.addInterface(device, { addresses: ['10.0.0.2/24'] })
    const told: string[] = []
    const open = (name: string) =>
      stack.udp.bind({}, { onMessage: () => {}, onWritable: () => told.push(name) })
    const [waits, idle, closed] = [open('waits'), open('idle'), open('closed')]
    const target = { address: parseAddress('10.0.0.1')!, port: 9 }
    expect(idle.send(pattern(1, 10), target)).toBe(true)
    device.room = 0
    expect(waits.send(pattern(1, 10), target)).toBe(false)
    expect(waits.send(pattern(1, 10), target)).toBe(false)
    expect(closed.send(pattern(1, 10), target)).toBe(false)
    closed.close()
    device.refill(10)
    expect(told).toEqual(['waits'])
    device.room = 0
    device.refill(10)
    expect(told).toEqual(['waits'])
  })

  it('a closed stack has nothing that time could wake, and pings hear of it', async () => {
    const clock = new VirtualClock()
    const stack = new Stack({ clock, random: new SeededRandom(1) })
    stack.addInterface(new DoorDevice('ip', false), { addresses: ['10.0.0.2/24'] })
    const results: string[] = []
    stack.icmp.ping(parseAddress('10.0.0.1')!, {}, (result) => results.push(result.kind))
    const socket = stack.udp.bind({ port: 9 }, { onMessage: () => results.push('message') })
    await stack.close()
    expect(results).toEqual(['error'])
    expect(stack.udp.size).toBe(0)
    expect(() => socket.send(pattern(1, 1), { address: parseAddress('10.0.0.1')!, port: 9 })).toThrow(
      'closed',
    )
    expect(stack.nextDeadline()).toBe(Number.POSITIVE_INFINITY)
    clock.advance(600_000)
    expect(results).toEqual(['error'])
  })
})

it('frames that wait for bandwidth go on when it is lifted and limited again in one moment', () => {
  const pair = new Pair({ seed: 1 })
  pair.listen(1, 7)
  const end = pair.connect(0, 20_000, 7)
  pair.clock.advance(100)
  pair.link.set({ bandwidth: 1e6 })
  end.write(20_000)
  pair.clock.advance(20)
  expect(pair.link.onTheWay.out).toBeGreaterThan(3)
  pair.link.set({ bandwidth: Number.POSITIVE_INFINITY })
  pair.link.set({ bandwidth: 1e6 })
  const { retransmits } = end.connection.info()
  pair.clock.advance(1000)
  expect(pair.link.onTheWay).toEqual({ in: 0, out: 0 })
  expect(end.other?.received).toBe(20_000)
  expect(end.connection.info().retransmits).toBe(retransmits)
})
