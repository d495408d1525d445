import { packets, SeededRandom } from '@tapwire/stack'
import type { Action, HostName } from '../scenario.ts'
import { other, serverPort } from './addresses.ts'
import { flagBits } from './headers.ts'
import { bytesOf } from './neighbours.ts'
import { senderOf } from './segment.ts'
import { textAt } from './text.ts'
import type { World } from './world.ts'

const HOPS = 64
const SYN = 2
const WINDOW = 131_072
/** So that none of them is A's port. */
const FLOOD_PORTS = 1024

/** A SYN of a flood: from an address that does not exist. */
export function floodSyn(world: World, flow: number, i: number): Uint8Array {
  const { scenario, places } = world
  const random = new SeededRandom(scenario.seed + i)
  const host = 1 + (i % 254)
  const source = scenario.ip === 4 ? `198.51.100.${host}` : `2001:db8::${host.toString(16)}`
  const tcp = {
    sourcePort: FLOOD_PORTS + (i % 30_000),
    destinationPort: serverPort(flow),
    seq: random.uint32(),
    flags: SYN,
    window: 64_240,
    options: [{ name: 'mss' as const, value: 1460 }],
  }
  // It comes from outside, as all that is not of the network does.
  return frame(world, 'B', places.B.gatewayMac, bytesOf(source), bytesOf(places.B.address), tcp)
}

/** A segment that somebody who knows (or guesses) the numbers sends in the name of one of the hosts. */
export function forgedSegment(world: World, action: Action & { do: 'forge' }, portA: number): Uint8Array {
  const { places, recorder } = world
  const from = senderOf(action.way)
  const to = other(from)
  const portB = serverPort(action.flow ?? 0)
  const [sourcePort, destinationPort] = from === 'A' ? [portA, portB] : [portB, portA]
  const { seq, scale, scaled } = recorder.conversations.of(from, sourcePort, destinationPort).numbers
  const flags = flagBits(action.flags)
  const tcp = {
    sourcePort,
    destinationPort,
    seq: seq[from].absolute(action.seq),
    ack: action.flags.includes('A') ? seq[to].absolute(action.ack) : 0,
    flags,
    // As much as an honest one would say.
    window: scaled ? WINDOW >>> scale[from] : 0xffff,
    payload: textAt(Math.max(0, action.seq - 1), action.bytes).slice(),
  }
  const mac = world.scenario.router ? places[to].gatewayMac : places[from].mac
  return frame(world, to, mac, bytesOf(places[from].address), bytesOf(places[to].address), tcp)
}

function frame(
  world: World,
  to: HostName,
  mac: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
  tcp: packets.TcpFields,
): Uint8Array {
  const ethernet = { destination: world.places[to].mac, source: mac }
  const ip = { source, destination }
  return world.scenario.ip === 4
    ? packets.buildFrame({ ethernet, ipv4: { ...ip, ttl: HOPS, dontFragment: true }, tcp })
    : packets.buildFrame({ ethernet, ipv6: { ...ip, hopLimit: HOPS }, tcp })
}
