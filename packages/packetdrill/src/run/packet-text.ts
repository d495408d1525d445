import type { IcmpSpec, IpSpec, PacketSpec, TcpSpec } from '../language/ast.ts'
import { flagsText } from '../language/flags.ts'
import { optionsText } from './tcp-options.ts'

/** Seconds as scripts have them. */
export function seconds(usecs: number): string {
  return (usecs / 1e6).toFixed(6)
}

/** An event as it is written, without its time. */
export function withoutTime(text: string): string {
  return text.replace(/^(?:[+*\d.~ ]|\.\.\.)+(?=\D)/, '')
}

/** One line in the language of scripts. */
export function packetText(packet: Omit<PacketSpec, 'kind'>): string {
  const { content } = packet
  const ports = packet.ports === undefined ? '' : `${packet.ports.source} > ${packet.ports.destination} `
  const head = `${packet.direction === 'in' ? '<' : '>'} ${ipText(packet.ip)}${ports}`
  if (content.protocol === 'udp') return `${head}udp (${content.length})`
  return head + (content.protocol === 'tcp' ? tcpText(content) : icmpSpecText(content))
}

function ipText(ip: IpSpec): string {
  const parts = [
    ip.ecn,
    ip.tos === undefined ? undefined : `tos 0x${ip.tos.toString(16)}`,
    ip.ttl === undefined ? undefined : `ttl ${ip.ttl}`,
    ip.flowLabel === undefined ? undefined : `flowlabel 0x${ip.flowLabel.toString(16)}`,
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? '' : `[${parts.join(', ')}] `
}

function tcpText(tcp: TcpSpec): string {
  const ack = tcp.ack === undefined ? '' : ` ack ${tcp.ack}`
  const window = tcp.window === undefined ? '' : ` win ${tcp.window}`
  const urgent = tcp.urgent === undefined ? '' : ` urg ${tcp.urgent}`
  return `${flagsText(tcp.flags)} ${sequenceText(tcp)}${ack}${window}${urgent}${optionsText(tcp.options)}`
}

function sequenceText({ seq, length }: { seq: number; length: number }): string {
  return `${seq}:${(seq + length) >>> 0}(${length})`
}

function icmpSpecText(icmp: IcmpSpec): string {
  const code = icmp.code === null ? '' : ` ${icmp.code}`
  const mtu = icmp.mtu === undefined ? '' : ` mtu ${icmp.mtu}`
  const { quoted } = icmp
  if (quoted === undefined) return `icmp ${icmp.type}${code}${mtu}`
  const text = quoted.protocol === 'udp' ? `udp (${quoted.length})` : sequenceText(quoted)
  return `icmp ${icmp.type}${code}${mtu} [${text}]`
}
