import { packets } from '@tapwire/stack'
import { expect, it } from 'vitest'
import { Bench } from '../src/judge/bench.ts'
import { Misuse } from '../src/judge/failure.ts'
import { PATH } from '../src/judge/opened.ts'
import { connectTo, PeerApp } from '../src/judge/peer.ts'
import { placeInStack } from '../src/judge/place.ts'
import { World } from '../src/judge/world.ts'
import { ACK, buildSegment, PSH, readSegment, reversed, SYN } from '../src/learner/segments.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

it('what learners build is what the stack reads, and the other way round', () => {
  const fields = {
    seq: 0xffff_fffe,
    ack: 0x8000_0001,
    flags: ACK | PSH,
    window: 4711,
    payload: bytes(1, 2, 3),
  }
  const frame = buildSegment(PATH, { ...fields, options: bytes(2, 4, 5, 180, 1) })
  const decoded = packets.decodeFrame(frame)
  expect(decoded.problems).toEqual([])
  expect(decoded.tcp).toMatchObject({ ...fields, sourcePort: 4000, destinationPort: 80 })
  expect(decoded.tcp?.options).toMatchObject([{ name: 'mss', value: 1460 }, { name: 'nop' }, { name: 'end' }])
  expect(readSegment(frame)).toEqual({ ...fields, path: PATH, options: bytes(2, 4, 5, 180, 1, 0, 0, 0) })
  expect(reversed(reversed(PATH))).toEqual(PATH)
})

it('what is damaged, cut off or something else is no segment', () => {
  const frame = buildSegment(PATH, { seq: 1, ack: 2, flags: ACK, payload: bytes(7, 7, 7) })
  for (let at = 12; at < frame.length; at++) {
    const damaged = frame.slice()
    damaged[at] ^= 0x10
    expect(readSegment(damaged), `byte ${at}`).toBeNull()
    expect(readSegment(frame.slice(0, at))).toBeNull()
  }
  const padded = new Uint8Array(60)
  padded.set(frame)
  expect(readSegment(padded)?.payload).toEqual(bytes(7, 7, 7))
  expect(() => buildSegment(PATH, { options: new Uint8Array(41) })).toThrow(RangeError)
})

it('the wire says what is wrong with what it is asked', async () => {
  const { wire, close } = (() => {
    const world = new World()
    return { wire: world.wire, close: () => world.close() }
  })()
  const asked = (fn: () => unknown): string => {
    try {
      fn()
    } catch (error) {
      expect(error).toBeInstanceOf(Misuse)
      return (error as Error).message
    }
    return ''
  }
  // biome-ignore lint/suspicious/noExplicitAny: what TypeScript would not let through, and a program without it does
  const loose = wire as any
  expect(asked(() => loose.send('SYN'))).toBe('wire.send takes a Uint8Array, not a string')
  expect(asked(() => loose.send(undefined))).toBe('wire.send takes a Uint8Array, not undefined')
  expect(asked(() => wire.send(new Uint8Array(13)))).toMatch(/14 to 1514 bytes.*not of 13/)
  expect(asked(() => wire.send(new Uint8Array(1515)))).toMatch(/not of 1515/)
  expect(asked(() => wire.after(Number.NaN, () => {}))).toMatch(/not NaN/)
  expect(asked(() => loose.after(() => {}, 5))).toMatch(/a function, not a number/)
  expect(
    asked(() => {
      for (;;) wire.send(new Uint8Array(14))
    }),
  ).not.toBe('')
  await close()
})

it('timers run in virtual time, and can be called off', async () => {
  const world = new World()
  const fired: number[] = []
  const start = world.wire.now
  world.wire.after(60_000, () => fired.push(world.wire.now - start))
  const stop = world.wire.after(30_000, () => fired.push(-1))
  stop()
  stop()
  world.run(100_000)
  expect(fired).toEqual([60_000])
  await world.close()
})

it('what the learner throws in a frame comes out of the judge, and nothing reaches the learner afterwards', async () => {
  const bench = new Bench()
  const world = bench.world()
  let calls = 0
  world.wire.onFrame = () => {
    calls++
    throw new Error('mine')
  }
  connectTo(world.stack, 80, new PeerApp())
  expect(() => world.run(10_000)).toThrow('mine')
  expect(calls).toBe(1)
  await bench.close()
})

it('a peer begins with the number that a case wants', async () => {
  const bench = new Bench()
  const world = bench.worldWithIsn(0xffff_ff00, (one) => connectTo(one.stack, 80, new PeerApp()))
  world.run(50)
  const [syn] = world.log.segments('peer')
  expect(syn.tcp.flags).toBe(SYN)
  expect(Math.abs((syn.tcp.seq - 0xffff_ff00) | 0)).toBeLessThan(4)
  await bench.close()
})

it('the innermost place in the learner’s own file is found in a stack', () => {
  const stack =
    'Error: x\n    at a (/work/judge.ts:1:2)\n    at b (file:///home/me/my.ts:7:9)\n    at c (/home/me/my.ts:3:4)'
  expect(placeInStack(stack, '/home/me/my.ts')).toBe('/home/me/my.ts:7:9')
  expect(placeInStack(stack, '/home/me/other.ts')).toBeNull()
})
