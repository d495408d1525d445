import { packets, requireAddress } from '@tapwire/stack'
import { sameBytes } from '../../src/judge/arp.ts'
import type { Bench } from '../../src/judge/bench.ts'
import type { Judge } from '../../src/judge/exercise.ts'
import { describe, type FrameRecord } from '../../src/judge/frame-log.ts'
import { type Line, PEER, YOU } from '../../src/judge/world.ts'
import type { Host } from '../../src/learner/wire.ts'
import type { mistakes } from './hints.ts'
import type * as solution from './solution.ts'

type Learner = typeof solution
type Mistake = keyof typeof mistakes

const OTHER: Host = { mac: Uint8Array.of(0x0a, 1, 2, 3, 4, 5), ip: Uint8Array.of(10, 0, 0, 77) }
const NOBODY = new Uint8Array(6)
const EVERYBODY = new Uint8Array(6).fill(0xff)

function arpFrame(operation: number, sender: Host, target: Host, destination: Uint8Array): Uint8Array {
  return packets.buildFrame({
    ethernet: { destination, source: sender.mac },
    arp: {
      operation,
      senderMac: sender.mac,
      senderIp: sender.ip,
      targetMac: target.mac,
      targetIp: target.ip,
    },
  })
}

const sent = (line: Line): FrameRecord[] => line.log.frames.filter(({ from }) => from === 'you')

/** The first thing that is wrong with a reply to `asker`. */
function mistakeIn({ decoded }: FrameRecord, asker: Host): Mistake | null {
  const { arp, ethernet } = decoded
  if (arp === undefined || ethernet === undefined || decoded.problems.length > 0) return 'malformed'
  if (arp.operation === 1) return 'still-a-question'
  if (arp.operation !== 2) return 'malformed'
  if (sameBytes(arp.senderIp, asker.ip)) return 'not-swapped'
  if (!sameBytes(arp.senderMac, YOU.mac) || !sameBytes(arp.senderIp, YOU.ip)) return 'wrong-sender'
  if (!sameBytes(arp.targetMac, asker.mac) || !sameBytes(arp.targetIp, asker.ip)) return 'wrong-target'
  if (sameBytes(ethernet.destination, EVERYBODY)) return 'to-everybody'
  if (!sameBytes(ethernet.destination, asker.mac)) return 'wrong-target'
  return sameBytes(ethernet.source, YOU.mac) ? null : 'ethernet-source'
}

function checkReply(line: Line, asker: Host): void {
  const expected = describe({ decoded: packets.decodeFrame(arpFrame(2, YOU, asker, asker.mac)) })
  const [reply] = sent(line)
  if (reply === undefined) {
    line.fail('silent' satisfies Mistake, { what: 'Nobody answered.', expected, actual: 'nothing' })
  }
  const mistake = mistakeIn(reply, asker)
  if (mistake === null) return
  const ethernet = (mac: Uint8Array | undefined) =>
    mac === undefined ? '' : ` in a frame to ${packets.macText(mac)}`
  line.fail(mistake, {
    what: 'The reply is not right.',
    expected: `${expected}${ethernet(asker.mac)}`,
    actual: `${describe(reply)}${ethernet(reply.decoded.ethernet?.destination)}`,
    frame: reply,
  })
}

function checkSilence(line: Line, mistake: Mistake, what: string): void {
  const [frame] = sent(line)
  if (frame !== undefined) line.fail(mistake, { what, expected: 'nothing', actual: describe(frame), frame })
}

function ask(learner: Learner, bench: Bench, address: string) {
  const world = bench.world({ arp: false })
  learner.start(world.wire, YOU)
  let answered = false
  world.stack.icmp.ping(requireAddress(address), { timeout: 100 }, () => {
    answered = true
  })
  world.runUntil(() => answered, 500)
  return world
}

export const judge: Judge<Learner> = {
  exports: ['start'],
  cases: [
    {
      name: 'who asks for your address is told',
      run: (learner, bench) => checkReply(ask(learner, bench, YOU.ip.join('.')), PEER),
    },
    {
      name: 'and can then send to you',
      run: (learner, bench) => {
        const world = ask(learner, bench, YOU.ip.join('.'))
        const arrived = world.log.frames.find(
          ({ from, decoded }) => from === 'peer' && decoded.icmpv4 !== undefined,
        )
        if (arrived === undefined) {
          world.fail('malformed' satisfies Mistake, {
            what: 'The peer wanted to send a ping, and still does not know where to.',
            expected: 'an echo request from the peer',
            actual: 'nothing',
          })
        }
      },
    },
    {
      name: 'who asks for another address is not',
      run: (learner, bench) =>
        checkSilence(
          ask(learner, bench, '10.0.0.9'),
          'answers-for-others' satisfies Mistake,
          'The peer asked for 10.0.0.9, and you are 10.0.0.1.',
        ),
    },
    {
      name: 'whoever asks is told, in a padded frame, too',
      run: (learner, bench) => {
        const line = bench.scripted({ arp: false })
        learner.start(line.wire, YOU)
        const padded = new Uint8Array(60)
        padded.set(arpFrame(1, OTHER, { mac: NOBODY, ip: YOU.ip }, EVERYBODY))
        line.say(padded)
        checkReply(line, OTHER)
      },
    },
    {
      name: 'a reply is not answered',
      run: (learner, bench) => {
        const line = bench.scripted({ arp: false })
        learner.start(line.wire, YOU)
        line.say(arpFrame(2, OTHER, YOU, YOU.mac))
        checkSilence(line, 'answers-replies', 'A reply was answered.')
      },
    },
    {
      name: 'other frames are left alone',
      run: (learner, bench) => {
        const line = bench.scripted({ arp: false })
        learner.start(line.wire, YOU)
        const request = arpFrame(1, OTHER, { mac: NOBODY, ip: YOU.ip }, EVERYBODY)
        const asIpv4 = request.slice()
        asIpv4.set([0x08, 0x00], 12)
        line.say(asIpv4)
        checkSilence(line, 'answers-anything', 'A frame of type 0800, which is IPv4, was answered.')
        line.say(request.slice(0, 30))
        checkSilence(line, 'answers-anything', 'A frame that ends in the middle was answered.')
      },
    },
  ],
}
