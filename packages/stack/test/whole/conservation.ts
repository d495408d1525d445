import { type PacketDrops, type Stack, TCP_DROP_COUNTERS } from '../../src/index.ts'

/** Reasons for IP to drop what came in. */
export const PACKET_DROPS: readonly (keyof PacketDrops)[] = [
  'droppedShort',
  'droppedVersion',
  'droppedHeaderLength',
  'droppedTotalLength',
  'droppedHeaderChecksum',
  'droppedNotOurs',
  'droppedMartianSource',
  'droppedMartianDestination',
  'droppedOwnSource',
  'droppedLinkBroadcast',
  'droppedOptions',
  'droppedSourceRoute',
  'droppedExtensionHeader',
  'droppedProtocol',
  'droppedFragmentInvalid',
]

/**
 * Nothing that comes in is lost without a reason, and nothing has two: at every layer, and for every interface, what was
 * received is what was used and what was dropped, reason by reason. Holds between two bursts.
 * @throws Error that names the layer
 */
export function checkConservation(stack: Stack): void {
  const { ip, tcp, udp, icmp } = stack
  checkIp('IP', ip.counters)
  checkTcp('TCP', tcp.counters)
  for (const { name, counters } of stack.interfaces) {
    checkIp(`IP of ${name}`, counters.ip)
    checkTcp(`TCP of ${name}`, counters.tcp)
  }
  const u = udp.counters
  equal(
    'UDP',
    u.datagramsIn + u.extraCopies + u.loopedBack,
    u.delivered +
      sumOf(u, ['droppedLength', 'droppedChecksum', 'droppedNoChecksum', 'droppedNoListener']) +
      sumOf(u, ['droppedQueueFull', 'droppedNoMemory']),
  )
  const i = icmp.counters
  equal(
    'ICMP',
    i.messagesIn,
    sumOf(i, ['droppedShort', 'droppedChecksum', 'droppedType', 'echoRequestsIn', 'echoRepliesIn']) +
      sumOf(i, ['errorsIn', 'redirectsIn', 'neighbourDiscoveryIn', 'listenerDiscoveryIn']),
  )
  equal(
    'echo requests',
    i.echoRequestsIn,
    sumOf(i, ['droppedBroadcastEcho', 'echoRepliesOut', 'echoRepliesLost']),
  )
  equal(
    'what IP has delivered',
    ip.counters.delivered,
    tcp.counters.segmentsIn + u.datagramsIn + i.messagesIn + i.igmpMessagesIn,
  )
}

interface IpSums extends PacketDrops {
  readonly packetsIn: number
  readonly reassembled: number
  readonly delivered: number
  readonly fragmentsIn: number
  readonly noNextHeader: number
}

function checkIp(layer: string, c: IpSums): void {
  const used = c.delivered + c.fragmentsIn + c.noNextHeader
  equal(layer, c.packetsIn + c.reassembled, used + sumOf(c, PACKET_DROPS))
}

type SegmentSums = Stack['interfaces'][number]['counters']['tcp'] | Stack['tcp']['counters']

function checkTcp(layer: string, c: SegmentSums): void {
  equal(layer, c.segmentsIn, c.segmentsProcessed + sumOf(c, TCP_DROP_COUNTERS))
}

function sumOf<K extends string>(counters: { readonly [N in K]: number }, names: readonly K[]): number {
  return names.reduce((sum, name) => sum + counters[name], 0)
}

function equal(layer: string, received: number, accounted: number): void {
  if (received === accounted) return
  throw new Error(`${layer}: ${received} received, and ${accounted} used or dropped`)
}
