import type { Lab } from '../../app/lab.ts'
import { shownPart } from '../../app/shown-part.ts'
import type { LabState, View } from '../../app/store.ts'
import type { PlotName } from '../../lessons/lesson.ts'
import type { Recording } from '../../model/recording.ts'
import type { HostName } from '../../model/scenario.ts'
import { endOf } from '../connection/samples.ts'
import { h, refill } from '../h.ts'
import { readPalette } from '../palette.ts'
import { Plot, valueText } from './plot.ts'
import { type Line, PLOTS, type PlotData, plotData, senderOf } from './plot-data.ts'
import { plotSvg } from './plot-picture.ts'

/** While it plays, the lines are drawn anew this often; the cursor moves with every frame. Milliseconds. */
const REDRAW = 120

/** The plots, of which one is seen at a time. */
export class PlotsView implements View {
  readonly element: HTMLElement
  private readonly lab: Lab
  private readonly plot: Plot
  private readonly buttons: readonly HTMLButtonElement[]
  private readonly legend: HTMLElement
  private readonly hosts: HTMLSelectElement
  private name: PlotName = 'window'
  /** Chosen by the reader or a lesson; null: whoever sends more. */
  host: HostName | null = null
  private data: PlotData | null = null
  private drawnFor = ''
  private drawnAt = 0

  constructor(lab: Lab) {
    this.lab = lab
    this.plot = new Plot(readPalette(), (time) => {
      lab.pause()
      lab.seek(Math.min(time, lab.state.horizon))
    })
    this.buttons = PLOTS.map(({ name, title, about }) =>
      h(
        'button',
        { type: 'button', title: about, 'data-plot': name, on: { click: () => this.choose(name) } },
        title,
      ),
    )
    this.hosts = h(
      'select',
      { 'aria-label': 'Whose plots', on: { change: () => this.chooseHost() } },
      h('option', {}, 'Sender'),
      h('option', {}, 'A'),
      h('option', {}, 'B'),
    )
    this.legend = h('p', { class: 'legend plot-legend' })
    this.element = h(
      'section',
      { class: 'panel panel-plots', 'aria-label': 'Plots' },
      h(
        'div',
        { class: 'panel-head' },
        h('div', { class: 'choice-list', role: 'group', 'aria-label': 'Plot' }, ...this.buttons),
      ),
      h('div', { class: 'plot-head' }, this.legend, this.hosts),
      this.plot.element,
    )
    this.markButtons()
  }

  get current(): PlotName {
    return this.name
  }

  choose(name: PlotName): void {
    this.name = name
    this.markButtons()
    this.drawnFor = ''
    this.update(this.lab.state)
  }

  /** @param host null for whoever sends more */
  show(host: HostName | null): void {
    this.host = host
    this.hosts.selectedIndex = host === null ? 0 : host === 'A' ? 1 : 2
    this.drawnFor = ''
    this.update(this.lab.state)
  }

  recolour(): void {
    this.plot.recolour(readPalette())
    this.drawnFor = ''
    this.update(this.lab.state)
  }

  toSvg(): string {
    const { state } = this.lab
    return plotSvg(this.collect(state), state.horizon, readPalette())
  }

  update(state: LabState): void {
    if (this.element.offsetParent === null) return
    const key = `${state.revision} ${state.horizon} ${state.flow} ${state.compared?.second} ${state.run.recording.segments.length}`
    const now = performance.now()
    if (key !== this.drawnFor && (!state.playing || now - this.drawnAt > REDRAW)) {
      this.drawnFor = key
      this.drawnAt = now
      this.data = this.collect(state)
      this.plot.show(this.data, state.horizon)
    }
    this.plot.moveCursor(Math.min(state.cursor.time, state.horizon))
    this.fillLegend(state)
  }

  /** A live stack tells of its own end only. */
  private hostIn(recording: Recording, flow: number): HostName {
    const wanted = this.host ?? senderOf(recording, flow)
    const isThere = (host: HostName): boolean => (endOf(recording, host, flow)?.samples.length ?? 0) > 0
    const other = wanted === 'A' ? 'B' : 'A'
    return !isThere(wanted) && isThere(other) ? other : wanted
  }

  private collect(state: LabState): PlotData {
    const { run, compared, flow, horizon } = state
    const host = this.hostIn(run.recording, flow)
    const query = { recording: shownPart(run.recording, horizon), host, flow, dashed: false }
    const first = plotData(this.name, query)
    if (compared === null) return first
    const second = plotData(this.name, {
      ...query,
      recording: shownPart(compared.run.recording, horizon),
      dashed: true,
    })
    // What is compared is the congestion window; four more lines would bury it.
    const others = this.name === 'window' ? second.lines.slice(0, 1) : second.lines
    const most = Math.max(first.most ?? Number.POSITIVE_INFINITY, second.most ?? 0)
    return { ...first, lines: [...first.lines, ...others], most }
  }

  private fillLegend({ cursor, compared }: LabState): void {
    const { data } = this
    if (data === null) return
    const second = data.lines.findIndex(({ dashed }) => dashed)
    refill(
      this.legend,
      ...data.lines.map((line, index) =>
        h(
          'span',
          {},
          compared !== null && index === 0 && h('em', {}, compared.first),
          compared !== null && index === second && h('em', {}, compared.second),
          h('i', { class: `line-swatch line-${(line.colour % 4) + 1}${line.dashed ? ' dashed' : ''}` }),
          `${line.label} `,
          h('b', {}, lineValue(line, cursor.time, data.unit)),
        ),
      ),
    )
  }

  private chooseHost(): void {
    this.show(([null, 'A', 'B'] as const)[this.hosts.selectedIndex])
  }

  private markButtons(): void {
    for (const button of this.buttons) {
      button.setAttribute('aria-pressed', String(button.dataset.plot === this.name))
    }
  }
}

function lineValue({ x, y }: Line, time: number, unit: PlotData['unit']): string {
  let low = 0
  let high = x.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (x[middle] <= time) low = middle + 1
    else high = middle
  }
  const value = low === 0 ? Number.NaN : y[low - 1]
  return Number.isNaN(value) ? '–' : valueText(value, unit)
}
