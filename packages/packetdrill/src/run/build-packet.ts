import { packets, requireAddress } from '@tapwire/stack'
import type { EcnSpec, IcmpSpec, IpSpec, PacketSpec, TcpSpec } from '../language/ast.ts'
import { ACK, RST } from '../language/flags.ts'
import type { Flow } from './flow.ts'
import { icmpCode, icmpType } from './icmp-names.ts'
import type { RunSettings } from './settings.ts'
import { optionToLive } from './tcp-options.ts'

const ECN_BITS: Readonly<Record<EcnSpec, number>> = { noecn: 0, ect1: 1, ect0: 2, ect01: 2, ce: 3 }
/** What packets come with unless the script says otherwise: as from next door. */
const TTL = 255
const TCP_HEADER = 20
const UDP_HEADER = 8

/** The addresses of a run as bytes. */
export interface Ends {
  readonly v6: boolean
  readonly local: Uint8Array
  readonly remote: Uint8Array
}

export function endsOf(settings: RunSettings): Ends {
  const local = addressBytes(settings.localAddress)
  return { v6: local.length === 16, local, remote: addressBytes(settings.remoteAddress) }
}

function addressBytes(text: string): Uint8Array {
  const address = requireAddress(text)
  const words = address.isV4 ? [address.a3] : [address.a0, address.a1, address.a2, address.a3]
  return Uint8Array.from(
    words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]),
  )
}

/** The bytes of a packet that the script sends to the stack. @throws RangeError for what cannot be built */
export function buildPacket(spec: PacketSpec, flow: Flow, ends: Ends): Uint8Array {
  const { content, ip } = spec
  if (content.protocol === 'icmp') return buildIcmp(content, ip, flow, ends)
  const outer = ipLayer(ip, ends, ends.remote, ends.local)
  const sourcePort = flow.remotePort
  const destinationPort = flow.localPort
  if (content.protocol === 'udp') {
    const payload = new Uint8Array(content.length)
    return packets.buildFrame({ ...outer, udp: { sourcePort, destinationPort, payload } })
  }
  return packets.buildFrame({
    ...outer,
    tcp: { sourcePort, destinationPort, ...tcpFields(content, flow) },
  })
}

function tcpFields(tcp: TcpSpec, flow: Flow): Omit<packets.TcpFields, 'sourcePort' | 'destinationPort'> {
  if (tcp.window === undefined && (tcp.flags & RST) === 0) {
    throw new RangeError("a packet that comes in needs a window ('win')")
  }
  if (tcp.options === null) throw new RangeError('a packet that comes in cannot have options <...>')
  const acknowledges = (tcp.flags & ACK) !== 0
  return {
    seq: flow.remoteToLive(tcp.seq),
    ack: acknowledges ? flow.localToLive(tcp.ack ?? 0) : (tcp.ack ?? 0),
    flags: tcp.flags,
    window: tcp.window ?? 0,
    urgentPointer: tcp.urgent ?? 0,
    options: tcp.options.map((option) => optionToLive(option, flow)),
    payload: new Uint8Array(tcp.length),
  }
}

function ipLayer(
  ip: IpSpec,
  ends: Ends,
  source: Uint8Array,
  destination: Uint8Array,
): Pick<packets.FrameFields, 'ipv4' | 'ipv6'> {
  const tos = ((ip.tos ?? 0) & (ip.ecn === undefined ? 0xff : 0xfc)) | ECN_BITS[ip.ecn ?? 'noecn']
  const ttl = ip.ttl ?? TTL
  if (!ends.v6) return { ipv4: { tos, ttl, dontFragment: true, source, destination } }
  const flowLabel = ip.flowLabel ?? 0
  return { ipv6: { trafficClass: tos, hopLimit: ttl, flowLabel, source, destination } }
}

/** An error from the other end about one of our packets, of which it quotes the headers. */
function buildIcmp(given: IcmpSpec, ip: IpSpec, flow: Flow, ends: Ends): Uint8Array {
  // What is a code of 'unreachable' in IPv4 is a message of its own in IPv6.
  const tooBig = ends.v6 && given.type === 'unreachable' && given.code === 'frag_needed'
  const icmp: IcmpSpec = tooBig ? { ...given, type: 'packet_too_big', code: null } : given
  const type = icmpType(ends.v6, icmp.type)
  if (type === null) throw new RangeError(`there is no ICMP type '${icmp.type}'`)
  const code = icmpCode(ends.v6, icmp.type, icmp.code)
  if (code === null) throw new RangeError(`there is no ICMP code '${icmp.code}' for ${icmp.type}`)
  const message = { type, code, rest: icmp.mtu ?? 0, body: quotedPacket(icmp, flow, ends) }
  return packets.buildFrame({
    ...ipLayer(ip, ends, ends.remote, ends.local),
    ...(ends.v6 ? { icmpv6: message } : { icmpv4: message }),
  })
}

function quotedPacket(icmp: IcmpSpec, flow: Flow, ends: Ends): Uint8Array {
  const quoted = icmp.quoted ?? { protocol: flow.protocol, seq: 0, length: 0 }
  const sourcePort = flow.localPort
  const destinationPort = flow.remotePort
  const payload = new Uint8Array(quoted.length)
  const outer = ipLayer({}, ends, ends.local, ends.remote)
  const whole =
    quoted.protocol === 'udp'
      ? packets.buildFrame({ ...outer, udp: { sourcePort, destinationPort, payload } })
      : packets.buildFrame({
          ...outer,
          tcp: { sourcePort, destinationPort, seq: flow.localToLive(quoted.seq), flags: ACK, payload },
        })
  const header = quoted.protocol === 'udp' ? UDP_HEADER : TCP_HEADER
  return whole.slice(0, (ends.v6 ? 40 : 20) + header)
}
