import type { SegmentRecord } from '../../model/recording.ts'
import type { Painter } from '../painter.ts'
import { CAUSE_NAMES, type Palette } from '../palette.ts'
import { type Arrow, arrowOf, isFromMiddle, type LadderScene } from './scene.ts'

const LABEL_GAP = 11
const DENSE_LABEL_GAP = 26
const HEAD_OF_LABEL = 12
/** Two labels that come towards each other do not meet. */
const LABEL_PART = 0.5
/** Width of a letter in the font of labels, as a part of its size. */
const LETTER = 0.61

/** Leaves out what says least until it fits: the window, then the acknowledgement of a segment with data. @param room letters */
export function fitLabel(label: string, room: number): string {
  let text = label
  for (const rest of [/ win \d+/, / sack [\d:, ]+/, /(?<=seq \S+) ack \d+/]) {
    if (text.length <= room) return text
    text = text.replace(rest, '')
  }
  return text.length <= room ? text : `${text.slice(0, Math.max(3, Math.floor(room) - 1))}…`
}

/** Labels run along the arrows, near the sender; where there is no room for one it is left out until the reader zooms in. */
export function drawLabels(
  painter: Painter,
  scene: LadderScene,
  palette: Palette,
  first: number,
  last: number,
): void {
  const arrow: Arrow = { x1: 0, y1: 0, x2: 0, y2: 0 }
  const lastY = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const font = `${scene.labelSize}px ${palette.mono}`
  const gap = scene.dense ? DENSE_LABEL_GAP : LABEL_GAP
  for (let number = first; number < last; number++) {
    const segment = scene.recording.segments[number]
    const side = segment.way === 'A→B' ? 0 : 1
    arrowOf(scene, number, arrow)
    const important = number === scene.selected
    const toRight = arrow.x2 > arrow.x1
    const angle = Math.atan2(arrow.y2 - arrow.y1, Math.abs(arrow.x2 - arrow.x1)) * (toRight ? 1 : -1)
    // Lines lie nearer to each other the steeper they are.
    if (!important && (arrow.y1 - lastY[side]) * Math.cos(angle) < gap) continue
    lastY[side] = arrow.y1
    const dx = Math.cos(angle) * (toRight ? 1 : -1)
    const dy = Math.abs(Math.sin(angle))
    const x = arrow.x1 + dx * HEAD_OF_LABEL + Math.sin(angle) * 7
    const y = arrow.y1 + dy * HEAD_OF_LABEL - Math.cos(angle) * 7
    const length = Math.hypot(arrow.x2 - arrow.x1, arrow.y2 - arrow.y1)
    const room = important
      ? Number.POSITIVE_INFINITY
      : (length * (isFromMiddle(segment) ? 1 : LABEL_PART)) / (scene.labelSize * LETTER)
    painter.text(x, y, fitLabel(labelText(segment, scene), room), {
      colour: segment.again === null ? palette.kinds[segment.kind] : palette.again,
      font,
      align: toRight ? 'start' : 'end',
      angle,
      halo: palette.background,
      opacity: segment.sentAt > scene.cursorTime ? 0.4 : 1,
    })
  }
}

export function labelText(segment: SegmentRecord, { horizon }: Pick<LadderScene, 'horizon'>): string {
  const again = segment.again === null ? '' : `${CAUSE_NAMES[segment.again]}: `
  const forged = segment.from === 'forger' ? 'forged: ' : ''
  const marked = segment.marked ? ' CE' : ''
  const damaged = segment.damaged ? ' damaged' : ''
  const lost =
    segment.lost === null || segment.lost.at > horizon || segment.lost.why === 'loss'
      ? ''
      : ` (${segment.lost.why})`
  return `${forged}${again}${segment.label}${marked}${damaged}${lost}`
}
