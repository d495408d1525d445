import type { Lab } from '../../app/lab.ts'
import { type LabState, runOf, selectedSegment, type View } from '../../app/store.ts'
import type { Recording, SegmentRecord } from '../../model/recording.ts'
import { numberText, timeText } from '../format.ts'
import { h, refill, setText } from '../h.ts'
import { CAUSE_NAMES } from '../palette.ts'
import { BytesView } from './bytes-view.ts'
import { explanationOf } from './explanation.ts'
import { ActionBar } from './segment-actions.ts'

/** The selected segment: what it is, why it was sent, what became of it, its fields and bytes. */
export class InspectorView implements View {
  readonly element: HTMLElement
  private readonly empty: HTMLElement
  private readonly content: HTMLElement
  private readonly title: HTMLElement
  private readonly facts: HTMLElement
  private readonly explanation: HTMLElement
  private readonly bytes: BytesView
  private readonly actions: ActionBar
  private shown = ''
  private recording: Recording | null = null

  constructor(lab: Lab) {
    this.title = h('h3', { class: 'segment-title' })
    this.facts = h('p', { class: 'segment-facts' })
    this.explanation = h('div', { class: 'explanation' })
    this.bytes = new BytesView((range) => lab.light(range))
    this.actions = new ActionBar(lab)
    this.empty = h(
      'p',
      { class: 'hint' },
      'Choose a segment: click an arrow of the ladder, or use the arrow keys ↑ and ↓.',
    )
    this.content = h(
      'div',
      { hidden: true },
      this.title,
      this.facts,
      this.explanation,
      this.actions.element,
      this.bytes.element,
    )
    this.element = h(
      'section',
      { class: 'panel-body inspector', 'aria-label': 'Segment' },
      this.empty,
      this.content,
    )
  }

  update(state: LabState, before: LabState | null): void {
    const segment = selectedSegment(state)
    this.empty.hidden = segment !== null
    this.content.hidden = segment === null
    if (segment === null) return
    const { recording } = runOf(state)
    const { arrivedAt, lost } = segment
    const ended = (arrivedAt ?? lost?.at ?? Number.POSITIVE_INFINITY) <= state.horizon
    const key = `${state.cursor.run} ${segment.number} ${ended}`
    if (key !== this.shown || recording !== this.recording || before === null) {
      this.shown = key
      this.recording = recording
      this.fill(recording, segment, state)
    }
    this.bytes.light(state.lit)
  }

  private fill(recording: Recording, segment: SegmentRecord, state: LabState): void {
    setText(this.title, `${segment.number} · ${segment.label}`)
    this.title.className = `segment-title kind-${segment.again === null ? segment.kind : 'again'}`
    setText(this.facts, fateText(segment, state.horizon))
    this.bytes.show(segment)
    this.actions.show(recording, segment, state)
    refill(this.explanation, ...explanationOf(recording, segment, state.horizon))
  }
}

/** In one line what it is and what became of it: for the panel, and for those who hear the page. */
export function fateText(segment: SegmentRecord, horizon: number): string {
  const from = segment.from === 'A' || segment.from === 'B' ? segment.from : `the ${segment.from}`
  const to = segment.way === 'A→B' ? 'B' : 'A'
  const parts = [`From ${from} to ${to}, sent at ${timeText(segment.sentAt)}`]
  if (segment.again !== null) parts.push(`again, because of ${CAUSE_NAMES[segment.again]}`)
  const { lost, arrivedAt } = segment
  if (lost !== null && lost.at <= horizon)
    parts.push(`lost at ${timeText(lost.at)} (${LOSS_TEXTS[lost.why]})`)
  else if (arrivedAt !== null && arrivedAt <= horizon) {
    parts.push(`there at ${timeText(arrivedAt)}, after ${timeText(arrivedAt - segment.sentAt)}`)
  } else parts.push('still on its way')
  if (segment.length > 0) parts.push(`${numberText(segment.length)} bytes of data`)
  if (segment.marked) parts.push('marked CE on its way')
  if (segment.damaged) parts.push('a bit of it was flipped on its way')
  return `${parts.join(', ')}.`
}

const LOSS_TEXTS = {
  loss: 'the link lost it',
  queue: 'the queue was full',
  codel: 'CoDel dropped it',
  mtu: 'too large for the path',
  damaged: 'damaged',
  dropped: 'dropped on purpose',
  policer: 'the policer dropped it',
  gone: 'its receiver is gone',
} as const
