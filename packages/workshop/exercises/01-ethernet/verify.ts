import { packets } from '@tapwire/stack'
import { type Bench, hex } from '../../src/judge/bench.ts'
import { firstDifference } from '../../src/judge/bytes.ts'
import type { Judge } from '../../src/judge/exercise.ts'
import type { mistakes } from './hints.ts'
import type * as solution from './solution.ts'

type Learner = typeof solution
type Mistake = keyof typeof mistakes
type Frame = solution.EthernetFrame

/** A frame that ARP really sends, and one with an address of many digits. */
const ARP = bytes('ffffffffffff020000000002080600010800060400010200000000020a0000020000000000000a000001')
const IPV4 = bytes('02000000000a0a1b2c3d4e5f08004500001c00004000400166df0a0000010a000002080000000000f7ff')

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

function expectedOf(frame: Uint8Array): Frame {
  const { destination, source, type, payload } = packets.parseEthernet(frame)!
  return { destination: packets.macText(destination), source: packets.macText(source), type, payload }
}

function mistakeIn(actual: Frame, expected: Frame, whole: boolean): Mistake {
  const { destination, source, type, payload } = actual
  if (whole) return 'whole-buffer'
  if (destination === expected.source && source === expected.destination) return 'source-first'
  const texts = [destination, source].map(String)
  const right = [expected.destination, expected.source]
  if (texts.join().toLowerCase() === right.join()) {
    if (texts.join() !== right.join()) return 'upper-case'
  } else if (texts.some((text) => text.split(':').some((part) => part.length === 1))) return 'one-digit'
  else return 'other'
  if (type === ((expected.type & 0xff) << 8) + (expected.type >> 8)) return 'little-endian'
  if (type !== expected.type) return 'other'
  return payload instanceof Uint8Array ? 'payload-offset' : 'other'
}

function check({ readEthernet }: Learner, bench: Bench, frame: Uint8Array, whole = false): void {
  const expected = expectedOf(frame)
  const actual = bench.call(`readEthernet(${hex(frame, 16)})`, () => readEthernet(frame))
  const what = `readEthernet was given ${hex(frame, 64)}.`
  if (actual === null || typeof actual !== 'object')
    bench.fail('null-for-all' satisfies Mistake, what, expected, actual)
  const same =
    actual.destination === expected.destination &&
    actual.source === expected.source &&
    actual.type === expected.type &&
    actual.payload instanceof Uint8Array &&
    firstDifference(actual.payload, expected.payload) < 0
  if (!same) bench.fail(mistakeIn(actual, expected, whole), what, expected, actual)
}

export const judge: Judge<Learner> = {
  exports: ['readEthernet'],
  cases: [
    { name: 'a question of ARP is read', run: (learner, bench) => check(learner, bench, ARP) },
    { name: 'a ping is read', run: (learner, bench) => check(learner, bench, IPV4) },
    {
      name: 'a frame in the middle of a larger buffer is read',
      run: (learner, bench) => {
        const buffer = new Uint8Array(100 + IPV4.length).fill(0x55)
        buffer.set(IPV4, 50)
        check(learner, bench, buffer.subarray(50, 50 + IPV4.length), true)
      },
    },
    {
      name: 'a header without a payload is read',
      run: (learner, bench) => check(learner, bench, IPV4.subarray(0, 14)),
    },
    {
      name: 'less than a header is nothing',
      run: ({ readEthernet }, bench) => {
        for (const length of [0, 1, 13]) {
          const frame = IPV4.slice(0, length)
          const actual = bench.call(`readEthernet(${hex(frame)})`, () => readEthernet(frame))
          const what = `readEthernet was given a frame of ${length} bytes.`
          if (actual !== null) bench.fail('short-frame' satisfies Mistake, what, null, actual)
        }
      },
    },
  ],
}
