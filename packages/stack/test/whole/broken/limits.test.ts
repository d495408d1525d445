import { describe, expect, it } from 'vitest'
import { createCable, parseAddress, SeededRandom, Stack, VirtualClock } from '../../../src/index.ts'
import { LoopbackDevice } from '../../../src/link/loopback.ts'
import { put } from './put.ts'

/** A stack that holds a few of each thing that has a limit. */
function limited(): Stack {
  const clock = new VirtualClock()
  const [near] = createCable({ clock })
  const stack = new Stack({ clock, random: new SeededRandom(1) })
  stack.addInterface(near, { addresses: ['10.0.0.1/24', '10.0.1.1/24'] })
  for (let i = 0; i < 3; i++) stack.icmp.ping(parseAddress('10.0.0.2')!, {}, () => {})
  stack.debugInvariants()
  return stack
}

const OF_LIMITS: readonly [
  what: string,
  limit: 'addressesPerInterface' | 'pings' | 'routes',
  said: RegExp,
][] = [
  ['addresses', 'addressesPerInterface', /the interface .*: more addresses than the limit \(2/],
  ['pings', 'pings', /the stack: more pings than the limit \(3/],
  ['routes', 'routes', /the stack: more routes than the limit \(\d/],
]

describe('debugInvariants on what interfaces and the whole stack may hold', () => {
  // What is there is as it should be: so the limit is what gives way.
  it.each(OF_LIMITS)('reports more %s than there may be', (_, limit, said) => {
    const stack = limited()
    put(stack.limits as { -readonly [K in keyof Stack['limits']]: number }, limit, 1)
    expect(() => stack.debugInvariants()).toThrow(said)
  })

  it('reports addresses beyond the limit, however they came there', () => {
    const stack = limited()
    const [{ addresses }] = stack.ip.interfaces.filter((one) => one.addresses.length === 2)
    const list = addresses as (typeof addresses)[number][]
    while (list.length <= stack.limits.addressesPerInterface) list.push(list[0])
    expect(() => stack.debugInvariants()).toThrow(/more addresses than the limit \(65/)
  })

  it('reports memory that has more owners than was ever allocated', () => {
    const stack = limited()
    put(stack.memory, 'allocated', 0)
    expect(() => stack.debugInvariants()).toThrow(/more memory has an owner than is allocated/)
  })

  it('reports bytes of the loopback interface that no frame has', () => {
    const stack = limited()
    const [{ device }] = stack.ip.interfaces.filter((one) => one.device instanceof LoopbackDevice)
    put(device as LoopbackDevice, 'queuedBytes', 77)
    expect(() => stack.debugInvariants()).toThrow(
      /the loopback interface: bytes counted, and bytes of frames \(77/,
    )
  })
})
