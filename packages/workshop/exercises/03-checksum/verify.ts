import { packets } from '@tapwire/stack'
import { type Bench, hex } from '../../src/judge/bench.ts'
import { numbered } from '../../src/judge/bytes.ts'
import type { Judge } from '../../src/judge/exercise.ts'
import type { mistakes } from './hints.ts'
import type * as solution from './solution.ts'

type Learner = typeof solution
type Mistake = keyof typeof mistakes

interface Variant {
  readonly little?: boolean
  readonly oddLow?: boolean
  readonly oddLost?: boolean
}

/** The sum, in 16 bits and what is carried beyond. */
function rawSum(bytes: Uint8Array, { little, oddLow, oddLost }: Variant = {}): number {
  let sum = 0
  const even = bytes.length & ~1
  for (let at = 0; at < even; at += 2) {
    sum += little ? bytes[at] + bytes[at + 1] * 256 : bytes[at] * 256 + bytes[at + 1]
  }
  if (even === bytes.length || oddLost) return sum
  return sum + (oddLow || little ? bytes[even] : bytes[even] * 256)
}

function fold(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000)
  return folded
}

const checksumOf = (bytes: Uint8Array, variant?: Variant): number => 0xffff - fold(rawSum(bytes, variant))

/** What somebody gets who makes one mistake. */
const WRONG: readonly (readonly [Mistake, (bytes: Uint8Array) => number])[] = [
  ['negative', (bytes) => ~fold(rawSum(bytes))],
  ['no-complement', (bytes) => fold(rawSum(bytes))],
  ['carried-once', (bytes) => 0xffff ^ (onceCarried(bytes) % 0x10000)],
  ['carried-once', (bytes) => ~onceCarried(bytes)],
  ['carried-once', (bytes) => 0xffff - onceCarried(bytes)],
  ['carry-dropped', (bytes) => 0xffff - (rawSum(bytes) % 0x10000)],
  ['carry-dropped', (bytes) => rawSum(bytes) % 0x10000],
  ['odd-byte-low', (bytes) => checksumOf(bytes, { oddLow: true })],
  ['odd-byte-lost', (bytes) => checksumOf(bytes, { oddLost: true })],
  ['little-endian', (bytes) => checksumOf(bytes, { little: true })],
  ['sum-of-bytes', (bytes) => 0xffff - fold(bytes.reduce((sum, byte) => sum + byte, 0))],
  ['sum-of-bytes', (bytes) => fold(bytes.reduce((sum, byte) => sum + byte, 0))],
]

function onceCarried(bytes: Uint8Array): number {
  const sum = rawSum(bytes)
  return (sum % 0x10000) + Math.floor(sum / 0x10000)
}

const word = (value: unknown): string =>
  typeof value === 'number' && value >= 0 ? `0x${value.toString(16).padStart(4, '0')}` : String(value)

function check({ checksum }: Learner, bench: Bench, bytes: Uint8Array, expected = checksumOf(bytes)): void {
  const actual = bench.call(`checksum(${hex(bytes)})`, () => checksum(bytes))
  if (actual === expected) return
  const known = WRONG.find(([, wrong]) => wrong(bytes) === actual)
  const odd = bytes.length % 2 === 1 && Number.isNaN(actual)
  const mistake: Mistake = known?.[0] ?? (odd ? 'odd-byte-lost' : 'other')
  bench.fail(mistake, `checksum was given ${hex(bytes, 48)}.`, word(expected), word(actual))
}

/** A header whose checksum is in place. */
const HEADER = packets
  .buildIpv4({
    protocol: 6,
    source: Uint8Array.of(10, 0, 0, 1),
    destination: Uint8Array.of(10, 0, 0, 2),
    ttl: 64,
  })
  .subarray(0, 20)

export const judge: Judge<Learner> = {
  exports: ['checksum'],
  cases: [
    {
      name: 'the example of RFC 1071',
      run: (learner, bench) =>
        check(learner, bench, Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7), 0x220d),
    },
    {
      name: 'an odd number of bytes',
      run: (learner, bench) => check(learner, bench, Uint8Array.of(1, 2, 3)),
    },
    {
      name: 'a carry that carries',
      run: (learner, bench) => check(learner, bench, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x00, 0x01)),
    },
    {
      name: 'an IPv4 header whose checksum is right gives 0',
      run: (learner, bench) => check(learner, bench, HEADER, 0),
    },
    {
      name: 'nothing, and nothing but zeros',
      run: (learner, bench) => {
        check(learner, bench, new Uint8Array(0))
        check(learner, bench, new Uint8Array(8))
      },
    },
    {
      name: 'the largest packet there is',
      run: (learner, bench) => {
        check(learner, bench, new Uint8Array(65_535).fill(0xff))
        check(learner, bench, numbered(65_535))
      },
    },
  ],
}
