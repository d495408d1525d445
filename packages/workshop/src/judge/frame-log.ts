import { packets } from '@tapwire/stack'

export type Side = 'you' | 'peer'
export type Decoded = packets.DecodedFrame

/** One frame that somebody put on the wire. */
export interface FrameRecord {
  /** Milliseconds since the case began. */
  readonly at: number
  readonly from: Side
  readonly bytes: Uint8Array
  readonly decoded: Decoded
  /** It did not arrive. */
  readonly lost: boolean
}

/** A frame with TCP inside. */
export type SegmentRecord = FrameRecord & { readonly tcp: packets.TcpSegment }

export const Flag = { Fin: 1, Syn: 2, Rst: 4, Psh: 8, Ack: 16 } as const

/** The frames of one case. */
export class FrameLog {
  /** In the order in which they were sent, wherever. */
  readonly frames: FrameRecord[] = []
  /** As the learner's end of the wire sees it: the peer's frames when they arrive, lost ones not at all. */
  readonly atYourEnd: FrameRecord[] = []

  clear(): void {
    this.frames.length = 0
    this.atYourEnd.length = 0
  }

  /** All TCP segments, or those of one side. */
  segments(from?: Side): SegmentRecord[] {
    const all = segmentsOf(this.frames)
    return from === undefined ? all : all.filter((frame) => frame.from === from)
  }

  /** All TCP segments in the order of your end. */
  story(): SegmentRecord[] {
    return segmentsOf(this.atYourEnd)
  }

  /** The segments of one side that carry data. */
  data(from: Side): SegmentRecord[] {
    return this.segments(from).filter(({ tcp }) => tcp.payload.length > 0)
  }
}

function segmentsOf(frames: readonly FrameRecord[]): SegmentRecord[] {
  return frames.flatMap((frame) =>
    frame.decoded.tcp === undefined ? [] : [{ ...frame, tcp: frame.decoded.tcp }],
  )
}

export const has = ({ tcp }: SegmentRecord, flag: number): boolean => (tcp.flags & flag) !== 0

/** A frame as one readable line. Who speaks to whom is left out where the ladder shows it. */
export function describe(frame: Pick<FrameRecord, 'decoded'>): string {
  const text = packets.describeDecoded(frame.decoded)
  return frame.decoded.tcp ? text.replace(/^TCP \S+ > \S+ /, '') : text
}
