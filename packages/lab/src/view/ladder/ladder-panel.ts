import type { Lab } from '../../app/lab.ts'
import type { LabState, View } from '../../app/store.ts'
import { h, setText } from '../h.ts'
import { type IconName, icon } from '../icons.ts'
import { LadderView } from './ladder-view.ts'

/** One ladder, or two beside each other, and what zooms them. */
export class LadderPanel implements View {
  readonly element: HTMLElement
  readonly first: LadderView
  readonly second: LadderView
  private readonly even: HTMLInputElement
  private readonly bar: View
  private readonly ladders: HTMLElement
  private readonly close: HTMLElement
  /** On a phone one ladder is seen at a time. */
  private readonly chooser: HTMLElement
  private readonly runs: readonly HTMLButtonElement[]

  /** @param bar stands above two ladders */
  constructor(lab: Lab, bar: View) {
    this.bar = bar
    this.first = new LadderView(lab, 0)
    this.second = new LadderView(lab, 1)
    this.second.element.hidden = true
    this.even = h('input', { type: 'checkbox', on: { change: () => this.setEven(this.even.checked) } })
    this.close = h(
      'button',
      { type: 'button', 'data-compare-close': true, on: { click: () => lab.compareNoMore() } },
      'Only one run',
    )
    this.ladders = h('div', { class: 'ladders' }, this.first.element, this.second.element)
    this.runs = [0, 1].map((run) =>
      h('button', { type: 'button', on: { click: () => lab.select(null, run as 0 | 1) } }),
    )
    this.chooser = h(
      'div',
      { class: 'choice-list narrow-only run-chooser', role: 'group', 'aria-label': 'Run' },
      ...this.runs,
    )
    this.element = h(
      'section',
      { class: 'panel panel-ladder', 'aria-label': 'Ladder' },
      h(
        'div',
        { class: 'panel-head' },
        h('h2', {}, 'Ladder'),
        h('span', { class: 'spring' }),
        this.close,
        h(
          'label',
          {
            class: 'check',
            title: 'Every millisecond is as long as any other; labels may then lie on each other',
          },
          this.even,
          'Even time',
        ),
        zoomButton('minus', 'Zoom out', () => this.zoomBy(1 / 1.4)),
        zoomButton('plus', 'Zoom in', () => this.zoomBy(1.4)),
      ),
      bar.element,
      this.chooser,
      this.ladders,
      legend(),
    )
  }

  update(state: LabState, before: LabState | null): void {
    const { compared, cursor } = state
    this.second.element.hidden = compared === null
    this.chooser.hidden = compared === null
    this.close.hidden = compared === null
    this.ladders.dataset.run = String(cursor.run)
    for (const [run, button] of this.runs.entries()) {
      setText(button, (run === 0 ? compared?.first : compared?.second) ?? '')
      button.setAttribute('aria-pressed', String(run === cursor.run))
    }
    this.bar.update(state, before)
    this.first.update(state, before)
    if (state.compared !== null) this.second.update(state, before)
  }

  zoomBy(factor: number): void {
    this.first.zoomBy(factor)
    this.second.zoomBy(factor)
  }

  /** Highlights segments of one of the runs. */
  mark(segments: ReadonlySet<number>, run: 0 | 1): void {
    this.first.mark(run === 0 ? segments : new Set())
    this.second.mark(run === 1 ? segments : new Set())
  }

  recolour(): void {
    this.first.recolour()
    this.second.recolour()
  }

  private setEven(even: boolean): void {
    this.first.setEven(even)
    this.second.setEven(even)
  }
}

const LEGEND = [
  ['syn', 'SYN'],
  ['data', 'data'],
  ['ack', 'ACK'],
  ['again', 'sent again'],
  ['fin', 'FIN'],
  ['rst', 'RST'],
  ['probe', 'probe'],
  ['icmp', 'ICMP'],
] as const

function legend(): HTMLElement {
  return h(
    'p',
    { class: 'ladder-legend' },
    ...LEGEND.map(([kind, text]) => h('span', { class: `kind-${kind}` }, h('i'), text)),
    h('span', { class: 'kind-rst' }, '✕ lost'),
  )
}

function zoomButton(sign: IconName, name: string, act: () => void): HTMLElement {
  return h(
    'button',
    { type: 'button', class: 'icon', 'aria-label': name, title: name, on: { click: act } },
    icon(sign),
  )
}
