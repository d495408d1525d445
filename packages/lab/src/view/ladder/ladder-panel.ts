import type { Lab } from '../../app/lab.ts'
import type { LabState, View } from '../../app/store.ts'
import { h } from '../h.ts'
import { type IconName, icon } from '../icons.ts'
import { LadderView } from './ladder-view.ts'

/** One ladder, or two beside each other, and what zooms them. */
export class LadderPanel implements View {
  readonly element: HTMLElement
  readonly first: LadderView
  readonly second: LadderView
  private readonly even: HTMLInputElement
  private readonly bar: View

  /** @param bar stands above two ladders */
  constructor(lab: Lab, bar: View) {
    this.bar = bar
    this.first = new LadderView(lab, 0)
    this.second = new LadderView(lab, 1)
    this.second.element.hidden = true
    this.even = h('input', { type: 'checkbox', on: { change: () => this.setEven(this.even.checked) } })
    this.element = h(
      'section',
      { class: 'panel panel-ladder', 'aria-label': 'Ladder' },
      h(
        'div',
        { class: 'panel-head' },
        h('h2', {}, 'Ladder'),
        h('span', { class: 'spring' }),
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
      h('div', { class: 'ladders' }, this.first.element, this.second.element),
      legend(),
    )
  }

  update(state: LabState, before: LabState | null): void {
    this.second.element.hidden = state.compared === null
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
