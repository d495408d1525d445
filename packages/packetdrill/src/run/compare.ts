import type { IcmpSpec, IpSpec, OptionSpec, PacketSpec, TcpSpec } from '../language/ast.ts'
import { PSH } from '../language/flags.ts'
import { icmpCode, icmpType } from './icmp-names.ts'
import type { RunSettings } from './settings.ts'
import { optionText } from './tcp-options.ts'

type Packet = Omit<PacketSpec, 'kind'>

/** What a packet that was sent has different from what the script says: the names of the fields. */
export function differences(
  expected: Packet,
  actual: Packet & { ip: Required<IpSpec> },
  settings: RunSettings,
): string[] {
  const a = expected.content
  const b = actual.content
  if (a.protocol !== b.protocol) return ['protocol']
  const found = ipDifferences(expected.ip, actual.ip)
  if (expected.ports !== undefined) {
    const { source, destination } = expected.ports
    if (source !== actual.ports?.source || destination !== actual.ports.destination) found.push('ports')
  }
  if (a.protocol === 'tcp') found.push(...tcpDifferences(a, b as TcpSpec, settings))
  else if (a.protocol === 'icmp') found.push(...icmpDifferences(a, b as IcmpSpec, settings))
  else if (a.length !== (b as { length: number }).length) found.push('length')
  return found
}

function ipDifferences(expected: IpSpec, actual: Required<IpSpec>): string[] {
  const found: string[] = []
  const { ecn, tos, ttl, flowLabel } = expected
  const capable = actual.ecn === 'ect0' || actual.ecn === 'ect1'
  if (ecn !== undefined && !(ecn === 'ect01' ? capable : ecn === actual.ecn)) found.push('ECN')
  const mask = ecn === undefined ? 0xff : 0xfc
  if (tos !== undefined && (tos & mask) !== (actual.tos & mask)) found.push('tos')
  if (ttl !== undefined && ttl !== actual.ttl) found.push('ttl')
  if (flowLabel !== undefined && flowLabel !== actual.flowLabel) found.push('flow label')
  return found
}

function tcpDifferences(expected: TcpSpec, actual: TcpSpec, settings: RunSettings): string[] {
  const found: string[] = []
  const { lenient } = settings
  const checked = lenient.psh ? ~PSH : ~0
  if ((expected.flags & checked) !== (actual.flags & checked)) found.push('flags')
  if (expected.seq !== actual.seq) found.push('seq')
  if (expected.length !== actual.length) found.push('length')
  if (expected.ack !== undefined && expected.ack !== actual.ack) found.push('ack')
  if (expected.window !== undefined && !lenient.window && expected.window !== actual.window) found.push('win')
  if (expected.urgent !== undefined && expected.urgent !== actual.urgent) found.push('urg')
  if (expected.options !== null) {
    found.push(...optionDifferences(expected.options, actual.options ?? [], settings))
  }
  return found
}

function optionDifferences(
  expected: readonly OptionSpec[],
  actual: readonly OptionSpec[],
  settings: RunSettings,
): string[] {
  const [a, b] = settings.lenient.optionOrder ? [unordered(expected), unordered(actual)] : [expected, actual]
  const same = a.length === b.length && a.every((option, i) => option.name === b[i].name)
  if (!same) return ['options']
  const different = a.filter((option, i) => !sameOption(option, b[i], settings))
  return different.map((option) => `option ${option.name}`)
}

function unordered(options: readonly OptionSpec[]): OptionSpec[] {
  return options
    .filter(({ name }) => name !== 'nop' && name !== 'eol')
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function sameOption(expected: OptionSpec, actual: OptionSpec, settings: RunSettings): boolean {
  if (expected.name === 'TS' && actual.name === 'TS') {
    // The value was compared with the clock, where the script sets its tick.
    return expected.echo === null || expected.echo === actual.echo
  }
  if ((expected.name === 'mss' || expected.name === 'wscale') && expected.name === actual.name) {
    if (expected.name === 'wscale' && settings.lenient.windowScale) return true
    return expected.value === null || expected.value === actual.value
  }
  if ((expected.name === 'FO' || expected.name === 'FOEXP') && expected.cookie === null) return true
  return optionText(expected) === optionText(actual)
}

function icmpDifferences(expected: IcmpSpec, actual: IcmpSpec, settings: RunSettings): string[] {
  const v6 = settings.ipVersion === 'ipv6'
  const found: string[] = []
  if (icmpType(v6, expected.type) !== icmpType(v6, actual.type)) found.push('type')
  else if (icmpCode(v6, expected.type, expected.code) !== icmpCode(v6, actual.type, actual.code))
    found.push('code')
  if (expected.mtu !== undefined && expected.mtu !== actual.mtu) found.push('mtu')
  const { quoted } = expected
  if (quoted === undefined) return found
  const other = actual.quoted
  const same =
    other !== undefined &&
    quoted.protocol === other.protocol &&
    quoted.length === other.length &&
    (quoted.protocol === 'udp' || other.protocol === 'udp' || quoted.seq === other.seq)
  if (!same) found.push('quoted packet')
  return found
}
