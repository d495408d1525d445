import type { Paint } from '../terminal.ts'
import type { Filter } from './filter.ts'
import { TcpFlows } from './flows.ts'
import { jsonLine, LineWriter, type TimeStyle } from './line.ts'
import { type Packet, type RawFrame, readPacket } from './packet.ts'

export interface DumpStyle {
  readonly filter: Filter
  readonly time: TimeStyle
  readonly json: boolean
  readonly paint: Paint
}

/** Frames in, lines out. */
export class Dumper {
  readonly #flows = new TcpFlows()
  readonly #style: DumpStyle
  readonly #writer: LineWriter
  /** Packets seen, and those of them that the filter let through. */
  seen = 0
  shown = 0

  constructor(style: DumpStyle) {
    this.#style = style
    this.#writer = new LineWriter(style.time, style.paint)
  }

  /** Every packet is learned from, also one that is not shown. @returns null where the filter does not want it */
  read(frame: RawFrame, medium: 'ethernet' | 'ip'): Packet | null {
    const packet = readPacket(frame, medium, this.#flows)
    this.seen++
    if (!this.#style.filter(packet)) return null
    this.shown++
    return packet
  }

  lineOf(packet: Packet): string {
    return this.#style.json ? jsonLine(packet) : this.#writer.line(packet)
  }
}
