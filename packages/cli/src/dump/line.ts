import { packets } from '@tapwire/stack'
import type { Paint } from '../terminal.ts'
import type { Packet } from './packet.ts'

/** Which time stands before a line: since the first packet, since the one before, or by the clock. */
export type TimeStyle = 'relative' | 'delta' | 'clock'

/** The lines of a row of packets. */
export class LineWriter {
  readonly #style: TimeStyle
  readonly #paint: Paint
  #first: number | null = null
  #last = 0

  constructor(style: TimeStyle, paint: Paint) {
    this.#style = style
    this.#paint = paint
  }

  /** E.g. `0.000312 out TCP 10.77.0.2:80 > 10.77.0.1:40000 SYN,ACK seq 0 ack 1 win 65535 <mss 1460>`. */
  line(packet: Packet): string {
    const way =
      packet.direction === null
        ? ''
        : ` ${packet.direction === 'in' ? this.#paint('cyan', 'in ') : this.#paint('blue', 'out')}`
    const notes = packet.notes
      .map((note) => ` ${this.#paint(isBad(note) ? 'red' : 'yellow', `[${note}]`)}`)
      .join('')
    return `${this.#paint('dim', this.#time(packet.time))}${way} ${describe(packet)}${notes}`
  }

  #time(time: number): string {
    this.#first ??= time
    const since = this.#style === 'delta' ? time - (this.#last || time) : time - this.#first
    this.#last = time
    if (this.#style === 'clock')
      return new Date(time / 1000).toISOString().slice(11, 23) + String(time % 1000).padStart(3, '0')
    return (since / 1e6).toFixed(6)
  }
}

function isBad(note: string): boolean {
  return /^(bad|malformed|short)|reset|retransmission|zero window|not seen/.test(note)
}

function describe({ frame, ip, tcp }: Packet): string {
  // Its own brackets are what the notes say.
  if (tcp === null || ip === null || frame.tcp === undefined)
    return packets.describeDecoded({ ...frame, problems: [] })
  const { sourcePort, destinationPort, flags, payload, urgentPointer } = frame.tcp
  const route = `TCP ${packets.endpointText(ip.source, sourcePort)} > ${packets.endpointText(ip.destination, destinationPort)}`
  const length = payload.length
  const seq = length > 0 ? `${tcp.seq}:${tcp.seq + length}` : tcp.seq
  const ack = tcp.ack === null ? '' : ` ack ${tcp.ack}`
  const sack =
    tcp.sack.length === 0 ? '' : ` sack ${tcp.sack.map(([left, right]) => `${left}:${right}`).join(' ')}`
  const urgent = flags & 0x20 ? ` urgent ${urgentPointer}` : ''
  return `${route} ${packets.flagsText(flags)} seq ${seq}${ack} win ${tcp.window}${length > 0 ? ` len ${length}` : ''}${urgent}${sack}${synOptions(frame.tcp)}`
}

/** What a SYN offers; the rest of a connection's options say nothing new to people. */
function synOptions({ flags, options }: packets.TcpSegment): string {
  if ((flags & 2) === 0) return ''
  const words = options.flatMap((option) => {
    if (option.name === 'mss') return `mss ${option.value}`
    if (option.name === 'windowScale') return `wscale ${option.shift}`
    if (option.name === 'sackPermitted') return 'sack'
    if (option.name === 'timestamps') return 'timestamps'
    if (option.name === 'fastOpen') return 'fast open'
    return []
  })
  return words.length === 0 ? '' : ` <${words.join(', ')}>`
}

/** The same for programs: one object a line. */
export function jsonLine(packet: Packet): string {
  const { ip, ports, frame, tcp } = packet
  return JSON.stringify({
    time: packet.time / 1e6,
    direction: packet.direction,
    length: packet.originalLength,
    protocol: packet.protocol,
    source: ip === null ? null : packets.ipText(ip.source),
    destination: ip === null ? null : packets.ipText(ip.destination),
    ...(ports === null ? {} : { sourcePort: ports[0], destinationPort: ports[1] }),
    ...(tcp === null || frame.tcp === undefined
      ? {}
      : {
          flags: packets.flagsText(frame.tcp.flags),
          seq: tcp.seq,
          ack: tcp.ack,
          window: tcp.window,
          payload: frame.tcp.payload.length,
          sack: tcp.sack,
        }),
    notes: packet.notes,
    text: describe(packet),
  })
}
