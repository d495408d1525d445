import { type PingResult, packets, requireAddress } from '@tapwire/stack'
import { sameBytes } from '../../src/judge/arp.ts'
import type { Bench } from '../../src/judge/bench.ts'
import { numbered } from '../../src/judge/bytes.ts'
import type { Judge } from '../../src/judge/exercise.ts'
import { type Decoded, describe, type FrameRecord } from '../../src/judge/frame-log.ts'
import { type Line, PEER, YOU } from '../../src/judge/world.ts'
import type { mistakes } from './hints.ts'
import type * as solution from './solution.ts'

type Learner = typeof solution
type Mistake = keyof typeof mistakes

const ADDRESSES = { source: PEER.ip, destination: YOU.ip }

interface Request {
  readonly ipv4?: Partial<packets.Ipv4Fields>
  readonly icmpv4?: Partial<packets.IcmpFields>
  readonly body?: Uint8Array
}

function request({ ipv4, icmpv4, body = numbered(16) }: Request = {}): Uint8Array {
  return packets.buildFrame({
    ethernet: { destination: YOU.mac, source: PEER.mac },
    ipv4: { ...ADDRESSES, identification: 77, ...ipv4 },
    icmpv4: { type: 8, rest: packets.echoWord(0x1234, 1), body, ...icmpv4 },
  })
}

const sent = (line: Line): FrameRecord[] => line.log.frames.filter(({ from }) => from === 'you')

/** The first thing that is wrong with `reply`; `special` is what this request was sent for. */
function mistakeIn({ decoded }: FrameRecord, asked: Decoded, special: Mistake | null): Mistake | null {
  const { ethernet, ipv4, icmpv4, problems } = decoded
  if (ethernet === undefined || ipv4 === undefined || icmpv4 === undefined) return special ?? 'malformed'
  if (icmpv4.type === 8) return 'still-a-request'
  if (icmpv4.type !== 0) return special ?? 'malformed'
  if (!sameBytes(ipv4.source, YOU.ip) || !sameBytes(ipv4.destination, PEER.ip)) return 'ip-not-swapped'
  if (!sameBytes(ethernet.source, YOU.mac) || !sameBytes(ethernet.destination, PEER.mac))
    return 'mac-not-swapped'
  if (problems.includes('bad icmp checksum')) return special ?? 'icmp-checksum'
  if (problems.includes('bad ip checksum')) return 'ip-checksum'
  if (problems.length > 0) return special ?? 'malformed'
  const { rest, body } = asked.icmpv4!
  return icmpv4.rest === rest && sameBytes(icmpv4.body, body) ? null : (special ?? 'other-data')
}

/** @param asked as it was sent; the last one that the peer has sent, when left out */
function checkReply(line: Line, special: Mistake | null = null): void {
  const question = line.log.frames.findLast(
    ({ decoded, from }) => from === 'peer' && decoded.icmpv4 !== undefined,
  )!
  const { rest, body } = question.decoded.icmpv4!
  const right = packets.buildFrame({
    ethernet: { destination: PEER.mac, source: YOU.mac },
    ipv4: { source: YOU.ip, destination: PEER.ip },
    icmpv4: { type: 0, rest, body },
  })
  const expected = describe({ decoded: packets.decodeFrame(right) })
  const reply = sent(line).at(-1)
  if (reply === undefined) {
    line.fail(special ?? 'silent', {
      what: 'The echo request was not answered.',
      expected,
      actual: 'nothing',
    })
  }
  const mistake = mistakeIn(reply, question.decoded, special)
  if (mistake === null) return
  const macs = mistake === 'mac-not-swapped'
  const toText = (mac: Uint8Array | undefined) =>
    macs && mac ? ` in a frame to ${packets.macText(mac)}` : ''
  line.fail(mistake, {
    what: 'The echo reply is not right.',
    expected: `${expected}${toText(PEER.mac)}`,
    actual: `${describe(reply)}${toText(reply.decoded.ethernet?.destination)}`,
    frame: reply,
  })
}

function checkSilence(line: Line, mistake: Mistake, what: string): void {
  const [frame] = sent(line)
  if (frame !== undefined) line.fail(mistake, { what, expected: 'nothing', actual: describe(frame), frame })
}

function say(learner: Learner, bench: Bench, frame: Uint8Array): Line {
  const line = bench.scripted()
  learner.start(line.wire, YOU)
  line.say(frame)
  return line
}

function pingFromStack(learner: Learner, bench: Bench, payload: Uint8Array, special: Mistake | null): void {
  const world = bench.world()
  learner.start(world.wire, YOU)
  for (let count = 0; count < 2; count++) {
    let result: PingResult | null = null
    world.stack.icmp.ping(requireAddress(YOU.ip.join('.')), { payload, timeout: 500 }, (answer) => {
      result = answer
    })
    world.runUntil(() => result !== null, 1000)
    checkReply(world, special)
  }
}

const PROTOCOL_UDP = 17

export const judge: Judge<Learner> = {
  exports: ['start'],
  cases: [
    {
      name: "a ping of the peer's comes back",
      run: (learner, bench) => pingFromStack(learner, bench, numbered(56), null),
    },
    {
      name: 'an odd number of bytes comes back',
      run: (learner, bench) => pingFromStack(learner, bench, numbered(33), 'odd-length' satisfies Mistake),
    },
    {
      name: 'what Ethernet has filled up is left out',
      run: (learner, bench) => {
        const padded = new Uint8Array(60).fill(0xee)
        padded.set(request({ body: Uint8Array.of(1, 2, 3) }))
        checkReply(say(learner, bench, padded), 'padding' satisfies Mistake)
      },
    },
    {
      name: 'a header with options is no obstacle',
      run: (learner, bench) =>
        checkReply(
          say(learner, bench, request({ ipv4: { options: Uint8Array.of(1, 1, 1, 0) } })),
          'fixed-header' satisfies Mistake,
        ),
    },
    {
      name: 'an echo reply is not answered',
      run: (learner, bench) =>
        checkSilence(
          say(learner, bench, request({ icmpv4: { type: 0 } })),
          'answers-replies' satisfies Mistake,
          'An echo reply was answered.',
        ),
    },
    {
      name: 'a ping to another address is not answered',
      run: (learner, bench) =>
        checkSilence(
          say(learner, bench, request({ ipv4: { destination: Uint8Array.of(10, 0, 0, 9) } })),
          'answers-for-others' satisfies Mistake,
          'A ping to 10.0.0.9 was answered, and you are 10.0.0.1.',
        ),
    },
    {
      name: 'another protocol is not answered',
      run: (learner, bench) =>
        checkSilence(
          say(learner, bench, request({ ipv4: { protocol: PROTOCOL_UDP } })),
          'answers-anything' satisfies Mistake,
          'A packet of UDP (protocol 17) was answered.',
        ),
    },
    {
      name: 'a damaged request is not answered',
      run: (learner, bench) => {
        const frame = request()
        frame[frame.length - 1] ^= 0x40
        checkSilence(
          say(learner, bench, frame),
          'answers-damaged' satisfies Mistake,
          'A request whose checksum does not fit was answered.',
        )
      },
    },
  ],
  kernel: {
    name: "the kernel's own ping gets all of its answers",
    programs: ['ping', 'setpriv'],
    run: async (learner, bench) => {
      learner.start(bench.wire, bench.you)
      const args = ['-n', '-c', '3', '-i', '0.2', '-W', '2', bench.you.ip.join('.')]
      const { stdout, stderr } = await bench.run('ping', args, 10_000)
      const summary = /^.* packets transmitted.*$/m.exec(stdout)?.[0] ?? `${stdout}${stderr}`
      if (/ 3 received,/.test(summary)) return
      const expected = '3 packets transmitted, 3 received, 0% packet loss'
      bench.fail('kernel-silent' satisfies Mistake, `This was run: ping ${args.join(' ')}`, expected, summary)
    },
  },
}
