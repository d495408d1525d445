import type { EcnSpec, IcmpSpec, IpSpec, OptionSpec, PacketSpec, TcpSpec, UdpSpec } from './ast.ts'
import { ACK, parseFlags } from './flags.ts'
import { hexBytes } from './hex.ts'
import { parseInteger } from './parse-number.ts'
import type { Scanner } from './scanner.ts'

const INTEGER = /0x[0-9a-fA-F]+|\d+/y
const FLAGS = /[SFRPEWUC.]+(?![\w])|-(?!\d)/y
const PORTS = /(\d+)\s*>\s*(\d+)(?=\s)/y
const ECN_NAMES: readonly EcnSpec[] = ['noecn', 'ect01', 'ect0', 'ect1', 'ce']

/** Everything from the direction on: `< S 0:0(0) win 1000 <mss 1460>`, `> udp (10)`, `< icmp unreachable ...`. */
export function parsePacket(scanner: Scanner): PacketSpec {
  const direction = scanner.take('<') ? 'in' : 'out'
  if (direction === 'out') scanner.expect('>')
  const ip = scanner.take('[') ? parseIp(scanner) : {}
  if (scanner.peek(/(?:ipv4|ipv6|gre|mpls)\b/y) !== null) scanner.fail('encapsulation is not supported')
  if (scanner.word('icmp') || scanner.word('icmpv6')) {
    return { kind: 'packet', direction, ip, content: parseIcmp(scanner) }
  }
  if (scanner.word('udp')) return { kind: 'packet', direction, ip, content: parseUdp(scanner) }
  const found = scanner.match(PORTS)
  const ports = found === null ? {} : { ports: { source: Number(found[1]), destination: Number(found[2]) } }
  scanner.word('tcp')
  return { kind: 'packet', direction, ip, ...ports, content: parseTcp(scanner) }
}

function integer(scanner: Scanner, what: string): number {
  const found = scanner.match(INTEGER)
  if (found === null) scanner.fail(`expected ${what}`)
  return parseInteger(found[0])
}

/** `[ect0]`, `[tos 0x10, ttl 3]`: the bracket has been taken. */
function parseIp(scanner: Scanner): IpSpec {
  let ip: IpSpec = {}
  do {
    const ecn = ECN_NAMES.find((name) => scanner.word(name))
    if (ecn !== undefined) ip = { ...ip, ecn }
    else if (scanner.word('tos') || scanner.word('tclass'))
      ip = { ...ip, tos: integer(scanner, 'a TOS byte') }
    else if (scanner.word('ttl') || scanner.word('hoplimit')) ip = { ...ip, ttl: integer(scanner, 'a TTL') }
    else if (scanner.word('flowlabel')) ip = { ...ip, flowLabel: integer(scanner, 'a flow label') }
    else scanner.fail('expected ect0, ect1, ect01, ce, noecn, tos, ttl or flowlabel')
    scanner.take('(') && scanner.match(/[^)]*\)/y)
  } while (scanner.take(','))
  scanner.expect(']')
  return ip
}

/** `1:1001(1000)` */
function parseSequence(scanner: Scanner): { seq: number; length: number } {
  const offset = scanner.skip()
  const seq = integer(scanner, 'sequence numbers like 1:1001(1000)')
  scanner.expect(':')
  const end = integer(scanner, 'the sequence number behind the data')
  scanner.expect('(')
  const length = integer(scanner, 'the length of the data')
  scanner.expect(')')
  if ((seq + length) >>> 0 !== end >>> 0) {
    scanner.at = offset
    scanner.fail(`${seq} + ${length} is not ${end}`)
  }
  return { seq, length }
}

function parseTcp(scanner: Scanner): TcpSpec {
  const letters = scanner.match(FLAGS)?.[0]
  const given = letters === undefined ? null : parseFlags(letters)
  if (given === null) scanner.fail("expected the flags of a packet (letters of 'SFRPEWU.' or '-')")
  const { seq, length } = parseSequence(scanner)
  const spec: { -readonly [K in keyof TcpSpec]: TcpSpec[K] } = {
    protocol: 'tcp',
    flags: given,
    seq,
    length,
    options: [],
  }
  if (scanner.word('ack')) spec.ack = integer(scanner, 'an acknowledgement number')
  else if ((given & ACK) !== 0) spec.ack = 0
  if (scanner.word('win')) spec.window = integer(scanner, 'a window')
  if (scanner.word('urg')) spec.urgent = integer(scanner, 'an urgent pointer')
  // The next event begins with its time: what opens here are options, on a line of their own, too.
  if (scanner.take('<')) spec.options = parseOptions(scanner)
  return spec
}

/** The `<` has been taken. */
function parseOptions(scanner: Scanner): readonly OptionSpec[] | null {
  if (scanner.take('...')) {
    scanner.expect('>')
    return null
  }
  const options: OptionSpec[] = []
  if (scanner.take('>')) return options
  do options.push(parseOption(scanner))
  while (scanner.take(','))
  scanner.expect('>')
  return options
}

function parseOption(scanner: Scanner): OptionSpec {
  if (scanner.word('nop')) return { name: 'nop' }
  if (scanner.word('eol')) return { name: 'eol' }
  if (scanner.word('sackOK')) return { name: 'sackOK' }
  if (scanner.word('mss')) return { name: 'mss', value: orAny(scanner, 'an MSS') }
  if (scanner.word('wscale')) return { name: 'wscale', value: orAny(scanner, 'a window scale') }
  if (scanner.word('TS')) return parseTimestamps(scanner)
  if (scanner.word('sack')) return parseSack(scanner)
  if (scanner.word('FOEXP')) return { name: 'FOEXP', cookie: cookie(scanner) }
  if (scanner.word('FO')) return { name: 'FO', cookie: cookie(scanner) }
  if (scanner.word('uto')) {
    const value = integer(scanner, 'a user timeout')
    const minutes = scanner.word('min')
    if (!minutes) scanner.word('s')
    return { name: 'uto', value, minutes }
  }
  if (scanner.word('raw')) return { name: 'raw', bytes: cookie(scanner) ?? new Uint8Array() }
  if (scanner.word('kind')) {
    return {
      name: 'kind',
      kind: integer(scanner, 'the kind of an option'),
      data: cookie(scanner) ?? new Uint8Array(),
    }
  }
  scanner.fail('expected a TCP option (mss, nop, wscale, sackOK, sack, TS, eol, FO, FOEXP, uto, kind, raw)')
}

function orAny(scanner: Scanner, what: string): number | null {
  return scanner.take('...') ? null : integer(scanner, what)
}

function parseTimestamps(scanner: Scanner): OptionSpec {
  if (!scanner.word('val')) scanner.fail("expected 'val' and a timestamp")
  const value = orAny(scanner, 'a timestamp')
  if (!scanner.word('ecr')) scanner.fail("expected 'ecr' and a timestamp")
  return { name: 'TS', value, echo: orAny(scanner, 'a timestamp') }
}

/** Blocks stand beside each other, with blanks or without: `sack 1:2 5:6`. */
function parseSack(scanner: Scanner): OptionSpec {
  const blocks: [number, number][] = []
  while (scanner.peek(/\d+\s*:/y) !== null) {
    const left = integer(scanner, 'a SACK block')
    scanner.expect(':')
    blocks.push([left, integer(scanner, 'the end of a SACK block')])
  }
  if (blocks.length === 0) scanner.fail('expected a SACK block like 1001:2001')
  return { name: 'sack', blocks }
}

/** Hexadecimal digits, or a name for them; none is the empty cookie, that asks for one. */
function cookie(scanner: Scanner): Uint8Array | null {
  if (scanner.take('...')) return null
  const name = scanner.peek(/[A-Za-z_]\w*/y)
  const defined = name === null ? undefined : scanner.defines.get(name)
  if (name !== null && defined !== undefined) {
    scanner.take(name)
    return hexBytes(defined)
  }
  const digits = scanner.match(/(?:0x)?((?:[0-9a-fA-F]{2})*)(?![0-9a-zA-Z])/y)
  if (digits === null) scanner.fail('expected an even number of hexadecimal digits')
  return hexBytes(digits[1])
}

function parseUdp(scanner: Scanner): UdpSpec {
  scanner.expect('(')
  const length = integer(scanner, 'a length')
  scanner.expect(')')
  return { protocol: 'udp', length }
}

const ICMP_NAME = /(?!mtu\b)[a-z_]\w*|\d+/y

function parseIcmp(scanner: Scanner): IcmpSpec {
  const type = icmpName(scanner)
  if (type === null) scanner.fail('expected an ICMP type')
  const spec: { -readonly [K in keyof IcmpSpec]: IcmpSpec[K] } = {
    protocol: 'icmp',
    type,
    code: scanner.endOfLine ? null : icmpName(scanner),
  }
  if (scanner.word('mtu')) spec.mtu = integer(scanner, 'an MTU')
  if (!scanner.endOfLine && scanner.take('[')) {
    spec.quoted = scanner.word('udp') ? parseUdp(scanner) : { protocol: 'tcp', ...parseSequence(scanner) }
    scanner.expect(']')
  }
  return spec
}

function icmpName(scanner: Scanner): string | number | null {
  const name = scanner.match(ICMP_NAME)?.[0]
  if (name === undefined) return null
  return /^\d/.test(name) ? Number(name) : name
}
