import { describe, type FrameRecord } from './frame-log.ts'

/** Of the wire, so that all of it fits into 80 columns. */
const WIDTH = 66

/** What stands below the last frame: the one that should have come. */
export interface LadderEnd {
  readonly expected: string
  readonly actual: string
}

/**
 * The frames between the two sides, drawn with time downwards. Lost ones break off.
 * @param marked the frame that was wrong @param most how many of the last frames are shown
 */
export function drawLadder(
  frames: readonly FrameRecord[],
  { marked, most = 16, end }: { marked?: FrameRecord | undefined; most?: number; end?: LadderEnd } = {},
): string[] {
  const last = marked === undefined ? frames.length : frames.findIndex((f) => f.bytes === marked.bytes) + 1
  const upTo = last > 0 ? frames.slice(0, last) : frames
  const shown = upTo.slice(-most)
  const lines = [`${' '.repeat(12)}you${' '.repeat(WIDTH - 5)}peer`]
  if (shown.length < upTo.length)
    lines.push(`${' '.repeat(12)}(${upTo.length - shown.length} earlier frames)`)
  for (const frame of shown) {
    const mark = frame.bytes === marked?.bytes ? '=>' : '  '
    lines.push(`${mark}${time(frame.at)} |${arrow(frame)}|`)
  }
  if (frames.length === 0) lines.push(`${' '.repeat(12)}(nothing was sent)`)
  if (end !== undefined) {
    lines.push(`${' '.repeat(12)}expected: ${end.expected}`, `${' '.repeat(12)}actual:   ${end.actual}`)
  }
  return lines
}

function time(at: number): string {
  return `${at.toFixed(1)} ms`.padStart(9)
}

function arrow(frame: FrameRecord): string {
  const text = ` ${describe(frame)} `
  // Longer lines than the ladder are rare (three SACK blocks): they push its right side out.
  const room = Math.max(WIDTH - 4 - text.length, 1)
  if (frame.from === 'you')
    return frame.lost ? `--${text}--X${' '.repeat(room - 1)}` : `--${text}${'-'.repeat(room)}->`
  return frame.lost ? `${' '.repeat(room - 1)}X--${text}--` : `<-${'-'.repeat(room)}${text}--`
}
