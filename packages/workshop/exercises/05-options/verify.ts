import { packets } from '@tapwire/stack'
import { type Bench, hex, show } from '../../src/judge/bench.ts'
import type { Judge } from '../../src/judge/exercise.ts'
import { connectTo, PeerApp } from '../../src/judge/peer.ts'
import type { mistakes } from './hints.ts'
import type * as solution from './solution.ts'

type Learner = typeof solution
type Mistake = keyof typeof mistakes
type Options = solution.TcpOptions

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text.split(' '), (pair) => Number.parseInt(pair, 16))
}

const NONE: Options = { mss: null, windowScale: null, sackPermitted: false, timestamps: null, sack: [] }

/** In the order of the fields, whatever order an object has them in. */
function inOrder({ mss, windowScale, sackPermitted, timestamps, sack }: Options): Options {
  return { mss, windowScale, sackPermitted, timestamps, sack }
}

function check(
  { parseOptions }: Learner,
  bench: Bench,
  options: Uint8Array,
  fields: Partial<Options>,
  mistake: Mistake,
): void {
  const expected = { ...NONE, ...fields }
  const actual = bench.call(`parseOptions(${hex(options, 40)})`, () => parseOptions(options))
  const what = `parseOptions was given ${hex(options, 40)}.`
  if (typeof actual !== 'object' || actual === null)
    bench.fail('other' satisfies Mistake, what, expected, actual)
  if (show(inOrder(actual)) === show(expected)) return
  bench.fail(mistakeIn(inOrder(actual), expected) ?? mistake, what, expected, inOrder(actual))
}

/** What can be told from the numbers, whatever the case was about. */
function mistakeIn(actual: Options, expected: Options): Mistake | null {
  const numbers = [actual.mss, actual.timestamps?.value, actual.timestamps?.echo, ...actual.sack.flat()]
  if (numbers.some((value) => typeof value === 'number' && value < 0)) return 'signed'
  // The option behind the first one was not found.
  if (expected.sackPermitted && !actual.sackPermitted && actual.mss === expected.mss && actual.mss !== null) {
    return 'length-without-header'
  }
  const swapped = (value: number): number => ((value & 0xff) << 8) | (value >> 8)
  if (actual.mss !== null && expected.mss !== null && actual.mss !== expected.mss) {
    if (actual.mss === swapped(expected.mss)) return 'little-endian'
  }
  return null
}

/** The options of the SYN that a stack sends, as bytes. */
function realSyn(bench: Bench): Uint8Array {
  const world = bench.world({ tcp: { timestamps: true, sack: true, windowScaling: true } })
  connectTo(world.stack, 80, new PeerApp())
  world.run(50)
  const [syn] = world.log.segments('peer')
  return optionsOf(syn.bytes)
}

/** The options of a frame's TCP header. */
function optionsOf(frame: Uint8Array): Uint8Array {
  const tcp = 14 + (frame[14] & 15) * 4
  return frame.slice(tcp + 20, tcp + (frame[tcp + 12] >> 4) * 4)
}

export const judge: Judge<Learner> = {
  exports: ['parseOptions'],
  cases: [
    {
      name: 'the SYN of the README',
      run: (learner, bench) =>
        check(
          learner,
          bench,
          bytes('02 04 05 b4 04 02 08 0a 00 00 03 e8 00 00 00 00 01 03 03 07'),
          { mss: 1460, windowScale: 7, sackPermitted: true, timestamps: { value: 1000, echo: 0 } },
          'nop-has-length',
        ),
    },
    {
      name: 'the SYN of a real stack',
      run: (learner, bench) => {
        const options = realSyn(bench)
        const fields: Partial<Options> = {}
        for (const option of packets.parseTcpOptionList(options)) {
          if (option.name === 'mss') fields.mss = option.value
          if (option.name === 'windowScale') fields.windowScale = option.shift
          if (option.name === 'sackPermitted') fields.sackPermitted = true
          if (option.name === 'timestamps') fields.timestamps = { value: option.value, echo: option.echo }
        }
        check(learner, bench, options, fields, 'nop-has-length')
      },
    },
    {
      name: 'no options at all',
      run: (learner, bench) => check(learner, bench, new Uint8Array(0), {}, 'beyond-end'),
    },
    {
      name: 'numbers with their highest bit set',
      run: (learner, bench) =>
        check(
          learner,
          bench,
          bytes('01 01 08 0a ff ff ff fe 80 00 00 01'),
          { timestamps: { value: 0xfffffffe, echo: 0x80000001 } },
          'nop-has-length',
        ),
    },
    {
      name: 'blocks of SACK',
      run: (learner, bench) =>
        check(
          learner,
          bench,
          bytes('01 01 05 12 00 00 07 d0 00 00 0b b8 ff ff ff 00 00 00 00 10'),
          {
            sack: [
              [2000, 3000],
              [0xffffff00, 16],
            ],
          },
          'all-blocks',
        ),
    },
    {
      name: 'an option that nobody knows',
      run: (learner, bench) =>
        check(learner, bench, bytes('fd 06 01 02 03 04 02 04 05 00'), { mss: 1280 }, 'unknown-kind'),
    },
    {
      name: 'the end, with something behind it',
      run: (learner, bench) =>
        check(learner, bench, bytes('02 04 02 00 00 03 03 07'), { mss: 512 }, 'ignores-end'),
    },
    {
      name: 'an option that is longer than what is left',
      run: (learner, bench) => {
        check(learner, bench, bytes('02 04 02 00 08 0a 00 00'), { mss: 512 }, 'beyond-end')
        check(learner, bench, bytes('04 02 03'), { sackPermitted: true }, 'beyond-end')
        // As they come: in the middle of something larger, where there is more to be read by mistake.
        const larger = bytes('02 04 02 00 03 03 07 00 00 00')
        check(learner, bench, larger.subarray(0, 6), { mss: 512 }, 'beyond-end')
      },
    },
    {
      name: 'a length that an option cannot have',
      run: (learner, bench) =>
        check(
          learner,
          bench,
          bytes('02 03 05 03 04 00 07 04 02 00'),
          { sackPermitted: true },
          'wrong-length',
        ),
    },
    {
      name: 'a length of nothing',
      run: (learner, bench) => {
        check(learner, bench, bytes('04 02 fd 00 02 04 05 b4'), { sackPermitted: true }, 'zero-length')
        check(learner, bench, bytes('04 02 fd 01 02 04 05 b4'), { sackPermitted: true }, 'zero-length')
      },
    },
  ],
}
