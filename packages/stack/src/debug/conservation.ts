import type { Audit } from '../core/audit.ts'
import type { Icmp } from '../icmp/icmp.ts'
import type { InterfaceTcpCounters, PacketDrops } from '../ip/counters.ts'
import type { Internet } from '../ip/internet.ts'
import { TCP_DROP_COUNTERS } from '../tcp/count.ts'
import type { TcpCounters } from '../tcp/counters.ts'
import type { Tcp } from '../tcp/tcp.ts'
import type { Udp } from '../udp/udp.ts'

/** Reasons for IP to drop what came in. */
const PACKET_DROPS: readonly (keyof PacketDrops)[] = [
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

/** The parts of a stack that count. */
export interface CountingParts {
  readonly ip: Internet
  readonly tcp: Tcp
  readonly udp: Udp
  readonly icmp: Icmp
}

/**
 * Nothing that comes in is lost without a reason, and nothing has two: at every layer, and for every interface, what was
 * received is what was used and what was dropped, reason by reason. Holds between two bursts.
 */
export function auditConservation(parts: CountingParts, audit: Audit): void {
  const { ip, tcp, udp, icmp } = parts
  auditIp('IP', ip.counters, audit)
  auditTcp('TCP', tcp.counters, audit)
  for (const { name, counters } of ip.interfaces) {
    auditIp(`IP of ${name}`, counters.ip, audit)
    auditTcp(`TCP of ${name}`, counters.tcp, audit)
  }
  auditUdp(udp, audit)
  auditIcmp(icmp, audit)
  const upwards =
    tcp.counters.segmentsIn +
    udp.counters.datagramsIn +
    icmp.counters.messagesIn +
    icmp.counters.igmpMessagesIn
  equal('what IP has delivered', ip.counters.delivered, upwards, audit)
}

interface IpSums extends PacketDrops {
  readonly packetsIn: number
  readonly reassembled: number
  readonly delivered: number
  readonly fragmentsIn: number
  readonly noNextHeader: number
}

function auditIp(layer: string, c: IpSums, audit: Audit): void {
  const used = c.delivered + c.fragmentsIn + c.noNextHeader
  equal(layer, c.packetsIn + c.reassembled, used + sumOf(c, PACKET_DROPS), audit)
}

function auditTcp(layer: string, c: InterfaceTcpCounters | TcpCounters, audit: Audit): void {
  equal(layer, c.segmentsIn, c.segmentsProcessed + sumOf(c, TCP_DROP_COUNTERS), audit)
}

function auditUdp(udp: Udp, audit: Audit): void {
  const c = udp.counters
  const used =
    c.delivered +
    sumOf(c, ['droppedLength', 'droppedChecksum', 'droppedNoChecksum', 'droppedNoListener']) +
    sumOf(c, ['droppedQueueFull', 'droppedNoMemory'])
  equal('UDP', c.datagramsIn + c.extraCopies + c.loopedBack, used, audit)
}

function auditIcmp(icmp: Icmp, audit: Audit): void {
  const c = icmp.counters
  const used =
    sumOf(c, ['droppedShort', 'droppedChecksum', 'droppedType', 'echoRequestsIn', 'echoRepliesIn']) +
    sumOf(c, ['errorsIn', 'redirectsIn', 'neighbourDiscoveryIn', 'listenerDiscoveryIn'])
  equal('ICMP', c.messagesIn, used, audit)
  const answered = sumOf(c, ['droppedBroadcastEcho', 'echoRepliesOut', 'echoRepliesLost'])
  equal('echo requests', c.echoRequestsIn, answered, audit)
}

function sumOf<K extends string>(counters: { readonly [N in K]: number }, names: readonly K[]): number {
  let sum = 0
  for (const name of names) sum += counters[name]
  return sum
}

function equal(layer: string, received: number, accounted: number, audit: Audit): void {
  audit.subject = layer
  audit.check(received === accounted, 'received, and used or dropped for one reason', received, accounted)
}
