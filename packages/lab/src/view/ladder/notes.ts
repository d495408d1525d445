import type { EventRecord } from '../../model/recording.ts'
import type { Painter } from '../painter.ts'
import type { Palette } from '../palette.ts'
import { BAR, HEAD, type LadderScene, lifelines, WIDE_GUTTER } from './scene.ts'

/** Times at the left edge, what the stacks decided beside their lifelines. */
export function drawGutters(painter: Painter, scene: LadderScene, palette: Palette): void {
  const { left, right } = lifelines(scene.width)
  const font = `10.5px ${palette.sans}`
  const lastY = { A: Number.NEGATIVE_INFINITY, B: Number.NEGATIVE_INFINITY }
  for (const note of notesIn(scene)) {
    const y = note.y - scene.top + HEAD
    if (y < BAR + 4 || y > scene.height + 20) continue
    if (y - lastY[note.host] < 12) continue
    lastY[note.host] = y
    const atLeft = note.host === 'A'
    painter.rect(atLeft ? left - 4 : right, y - 1, 4, 2, note.warn ? palette.warn : palette.accent)
    painter.text(atLeft ? left - 8 : right + 8, y, note.text, {
      colour: note.warn ? palette.warn : palette.text,
      font,
      align: atLeft ? 'end' : 'start',
      halo: palette.background,
      opacity: note.time > scene.cursorTime ? 0.4 : 1,
    })
  }
}

interface Note {
  readonly time: number
  readonly y: number
  readonly host: 'A' | 'B'
  readonly text: string
  readonly warn: boolean
}

function notesIn(scene: LadderScene): Note[] {
  const { recording, layout, top, height, horizon } = scene
  const from = layout.timeOf(Math.max(0, top - HEAD - 20))
  const to = Math.min(horizon, layout.timeOf(top + height))
  const notes: Note[] = []
  const narrow = lifelines(scene.width).left < WIDE_GUTTER
  const { events } = recording
  for (let at = firstEventFrom(events, from); at < events.length && events[at].time <= to; at++) {
    const text = eventNote(events[at], narrow)
    if (text === null) continue
    notes.push({
      time: events[at].time,
      y: placeOf(events[at], scene),
      host: events[at].host,
      text: text.text,
      warn: text.warn,
    })
  }
  return notes
}

/** Beside the segment that it is about, where there is one; else at its time. */
function placeOf({ time, segment }: EventRecord, { recording, layout }: LadderScene): number {
  if (segment !== null && segment < layout.count) {
    const { sentAt, arrivedAt } = recording.segments[segment]
    if (sentAt === time) return layout.startY[segment]
    if (arrivedAt === time) return layout.endY[segment]
  }
  return layout.firstYOf(time)
}

function firstEventFrom(events: readonly EventRecord[], time: number): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (events[middle].time < time) low = middle + 1
    else high = middle
  }
  return low
}

function eventNote(
  { event }: EventRecord,
  narrow: boolean,
): { readonly text: string; readonly warn: boolean } | null {
  switch (event.kind) {
    case 'state':
      return { text: narrow ? (SHORT_STATES[event.to] ?? event.to) : event.to, warn: false }
    case 'timeout':
      return { text: 'RTO', warn: true }
    case 'tailProbe':
      return { text: 'TLP', warn: true }
    case 'recoveryEnter':
      return event.algorithm === 'timeout' ? null : { text: 'recovery', warn: true }
    case 'recoveryExit':
      return { text: 'recovered', warn: false }
    case 'undo':
      return { text: 'undo', warn: false }
    case 'zeroWindow':
      return event.whose === 'own' ? { text: 'window 0', warn: true } : null
    case 'keepaliveProbe':
      return { text: 'keepalive', warn: false }
    default:
      return null
  }
}

/** Names that fit into a narrow gutter. */
const SHORT_STATES: Readonly<Record<string, string>> = {
  'SYN-RECEIVED': 'SYN-RCVD',
  ESTABLISHED: 'ESTAB.',
  'FIN-WAIT-1': 'FIN-W-1',
  'FIN-WAIT-2': 'FIN-W-2',
  'CLOSE-WAIT': 'CLOSE-W',
  'TIME-WAIT': 'TIME-W',
}
