import { packets } from '@tapwire/stack'

interface Passed {
  /** Microseconds. */
  readonly time: number
  /** Sent by the stack. */
  readonly outbound: boolean
  readonly bytes: Uint8Array
}

interface Segment extends Passed {
  readonly tcp: packets.TcpSegment
  readonly v6: boolean
}

const SYN = 0x02
const ACK = 0x10

/** The last segments of a connection that go into a script. */
const MOST = 400

/**
 * What came in for one connection, as a packetdrill script: the handshake is expected of the stack, what it said afterwards stands
 * beside as comments, for it depends on what applications did. So the script brings the same segments at the same times.
 * @param about the failure, in words; a connection that it names ("port 7 to 10.0.0.1 port 1033") is the one
 * @returns null where there is no connection that a script could begin
 */
export function packetScript(frames: readonly Passed[], about: string): string | null {
  const segments = frames.flatMap((frame) => segmentOf(frame))
  const chosen = connectionOf(segments, about)
  if (chosen === null) return null
  const [local, remote] = chosen
  const list = segments.filter(({ tcp, outbound }) => {
    const [from, to] = outbound ? [local, remote] : [remote, local]
    return tcp.sourcePort === from && tcp.destinationPort === to
  })
  const opening = list.findIndex(({ tcp, outbound }) => !outbound && (tcp.flags & (SYN | ACK)) === SYN)
  const answer = list.find(
    ({ tcp, outbound }, i) => i > opening && outbound && (tcp.flags & (SYN | ACK)) === (SYN | ACK),
  )
  if (opening < 0 || answer === undefined) return null
  const script = new Writer(list[opening], answer)
  const lines = list.slice(opening, opening + MOST).map((segment) => script.line(segment))
  return [...about.split('\n').map((line) => `// ${line}`), ...script.head(), ...lines, ''].join('\n')
}

function segmentOf(frame: Passed): Segment[] {
  const first = frame.bytes[0] >>> 4
  const decoded =
    first === 4 || first === 6 ? packets.decodePacket(frame.bytes) : packets.decodeFrame(frame.bytes)
  const { tcp, ipv4, ipv6, problems } = decoded
  const sound = problems.every((problem) => problem.includes('options'))
  if (tcp === undefined || !sound || (ipv4 ?? ipv6) === undefined) return []
  return [{ ...frame, tcp, v6: ipv6 !== undefined }]
}

/** @returns the stack's port and the other, of the connection that is named or that was heard of last */
function connectionOf(segments: readonly Segment[], about: string): readonly [number, number] | null {
  const named = /port (\d+) to \S+ port (\d+)/.exec(about)
  if (named !== null) return [Number(named[1]), Number(named[2])]
  const last = segments.findLast(({ outbound }) => outbound)
  return last === undefined ? null : [last.tcp.sourcePort, last.tcp.destinationPort]
}

class Writer {
  readonly #start: number
  readonly #irs: number
  readonly #iss: number
  readonly #v6: boolean
  readonly #ecn: boolean
  #handshake = 0

  constructor(syn: Segment, answer: Segment) {
    this.#start = syn.time
    this.#irs = syn.tcp.seq
    this.#iss = answer.tcp.seq
    this.#v6 = syn.v6
    this.#ecn = (answer.tcp.flags & 0x40) !== 0
  }

  head(): string[] {
    return [
      ...(this.#v6 ? ['--ip_version=ipv6'] : []),
      '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3',
      '+0 bind(3, ..., ...) = 0',
      '+0 listen(3, 8) = 0',
    ]
  }

  line(segment: Segment): string {
    const { tcp, outbound, time } = segment
    const at = ((time - this.#start) / 1e6 + 0.001).toFixed(6)
    const isHandshake = outbound && (tcp.flags & SYN) !== 0 && this.#handshake++ === 0
    const line = `${at} ${outbound ? '>' : '<'} ${this.#segment(tcp, outbound)}`
    if (!outbound) return line
    return isHandshake ? `* > ${flagsOf(tcp.flags)} 0:0(0) ack 1 <...>` : `// ${line}`
  }

  #segment(tcp: packets.TcpSegment, outbound: boolean): string {
    const [ours, theirs] = outbound ? [this.#iss, this.#irs] : [this.#irs, this.#iss]
    const seq = (tcp.seq - ours) >>> 0
    const length = tcp.payload.length
    // Whether the stack takes part in ECN is a setting of the scenario's.
    const flags = (tcp.flags & SYN) !== 0 && !outbound && !this.#ecn ? tcp.flags & 0x3f : tcp.flags
    const parts = [flagsOf(flags), `${seq}:${(seq + length) >>> 0}(${length})`]
    if ((tcp.flags & ACK) !== 0) parts.push(`ack ${(tcp.ack - theirs) >>> 0}`)
    parts.push(`win ${tcp.window}`)
    if ((tcp.flags & 0x20) !== 0) parts.push(`urg ${tcp.urgentPointer}`)
    const options = tcp.options.flatMap((option) => this.#option(option, outbound))
    if (options.length > 0) parts.push(`<${options.join(',')}>`)
    return parts.join(' ')
  }

  #option(option: packets.TcpOption, outbound: boolean): string[] {
    switch (option.name) {
      case 'nop':
        return ['nop']
      case 'mss':
        return [`mss ${option.value}`]
      case 'windowScale':
        return [`wscale ${option.shift}`]
      case 'sackPermitted':
        return ['sackOK']
      case 'timestamps':
        return [`TS val ${option.value} ecr ${option.echo}`]
      case 'sack': {
        const from = outbound ? this.#irs : this.#iss
        return [
          `sack ${option.blocks.map(([left, right]) => `${(left - from) >>> 0}:${(right - from) >>> 0}`).join(' ')}`,
        ]
      }
      // What has no words in the language is left out.
      default:
        return []
    }
  }
}

/** In tcpdump's letters. */
function flagsOf(flags: number): string {
  const letters = 'FSRP.UEW'
  return [...letters].filter((_, bit) => (flags & (1 << bit)) !== 0).join('') || '-'
}
