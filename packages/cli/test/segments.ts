import { packets } from '@tapwire/stack'
import { TcpFlows } from '../src/dump/flows.ts'
import { type Packet, readPacket } from '../src/dump/packet.ts'

const FLAGS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, '.': 16, U: 32, E: 64, W: 128 }
const ADDRESSES = { A: Uint8Array.of(10, 0, 0, 1), B: Uint8Array.of(10, 0, 0, 2) }
const ISNS = { A: 0xffff_fff0, B: 5000 }
const PORTS = { A: 40000, B: 80 }

export interface Given {
  readonly seq?: number
  readonly ack?: number
  readonly length?: number
  readonly window?: number
  readonly options?: packets.TcpOption[]
  readonly port?: number
  readonly tos?: number
  /** Of the bytes after they were summed. */
  readonly damage?: boolean
}

/** A conversation as somebody between A and B sees it: numbers relative to the ISNs, which wrap around on A's side. */
export class Conversation {
  readonly #flows: TcpFlows
  time = 1_000_000

  constructor(flows = new TcpFlows()) {
    this.#flows = flows
  }

  /** @param flags as packetdrill writes them: S F R P . @param after milliseconds since the one before */
  see(from: 'A' | 'B', flags: string, given: Given = {}, after = 1): Packet {
    this.time += after
    const bytes = segment(from, flags, given)
    if (given.damage) bytes[bytes.length - 1] ^= 1
    const raw = { time: this.time * 1000, direction: null, bytes, originalLength: bytes.length }
    return readPacket(raw, 'ip', this.#flows)
  }

  notes(from: 'A' | 'B', flags: string, given: Given = {}, after = 1): readonly string[] {
    return this.see(from, flags, given, after).notes
  }

  /** SYN, SYN-ACK, ACK: shift 7 on both sides, one round trip of 20 ms as A sees it. */
  open(): this {
    const options: packets.TcpOption[] = [{ name: 'windowScale', shift: 7 }]
    this.see('A', 'S', { options })
    this.see('B', 'S.', { ack: 1, options }, 20)
    this.see('A', '.', { seq: 1, ack: 1 }, 0)
    return this
  }
}

function segment(from: 'A' | 'B', flags: string, given: Given): Uint8Array {
  const to = from === 'A' ? 'B' : 'A'
  const acks = flags.includes('.')
  return packets.buildFrame({
    ipv4: { source: ADDRESSES[from], destination: ADDRESSES[to], tos: given.tos ?? 0 },
    tcp: {
      sourcePort: from === 'A' ? (given.port ?? PORTS.A) : PORTS.B,
      destinationPort: to === 'A' ? (given.port ?? PORTS.A) : PORTS.B,
      seq: (ISNS[from] + (given.seq ?? 0)) >>> 0,
      ack: acks ? (ISNS[to] + (given.ack ?? 0)) >>> 0 : 0,
      flags: [...flags].reduce((sum, letter) => sum | FLAGS[letter], 0),
      window: given.window ?? 500,
      options: (given.options ?? []).map((option) =>
        option.name === 'sack'
          ? { ...option, blocks: option.blocks.map(([l, r]) => [(ISNS[to] + l) >>> 0, (ISNS[to] + r) >>> 0]) }
          : option,
      ) as packets.TcpOption[],
      payload: new Uint8Array(given.length ?? 0).fill(97),
    },
  })
}
