import { type LabState, runOf, type View } from '../../app/store.ts'
import type { Variable } from '../../lessons/lesson.ts'
import type { EndSample } from '../../model/recording.ts'
import type { HostName } from '../../model/scenario.ts'
import { numberText, timeText } from '../format.ts'
import { h, setText } from '../h.ts'
import { sampleAt } from './samples.ts'

/** Before the first reduction ssthresh is as large as it can be. */
const NO_THRESHOLD = 0x7fffffff

interface Row {
  readonly name: Variable
  readonly title: string
  readonly of: (sample: EndSample) => string
}

const ROWS: readonly Row[] = [
  { name: 'state', title: 'State of the connection', of: (one) => one.state },
  { name: 'snd.una', title: 'Oldest number sent and not acknowledged', of: (one) => numberText(one.sndUna) },
  { name: 'snd.nxt', title: 'Next number to be sent', of: (one) => numberText(one.sndNxt) },
  { name: 'snd.wnd', title: 'Window that the peer has offered', of: (one) => numberText(one.sndWnd) },
  { name: 'rcv.nxt', title: 'Next number expected from the peer', of: (one) => numberText(one.rcvNxt) },
  { name: 'rcv.wnd', title: 'Window offered to the peer', of: (one) => numberText(one.rcvWnd) },
  { name: 'cwnd', title: 'Congestion window, bytes', of: (one) => numberText(one.info.cwnd) },
  {
    name: 'ssthresh',
    title: 'Slow start threshold, bytes',
    of: (one) => (one.info.ssthresh >= NO_THRESHOLD ? '∞' : numberText(one.info.ssthresh)),
  },
  {
    name: 'inFlight',
    title: 'Bytes in the network, as far as is known',
    of: (one) => numberText(one.info.inFlight),
  },
  { name: 'srtt', title: 'Smoothed round-trip time', of: (one) => durationText(one.info.srtt) },
  {
    name: 'rttvar',
    title: 'How much the round-trip time varies',
    of: (one) => durationText(one.info.rttvar),
  },
  { name: 'rto', title: 'Retransmission timeout', of: (one) => durationText(one.info.rto) },
  { name: 'recovery', title: 'Loss recovery', of: (one) => recoveryText(one) },
  { name: 'backoff', title: 'Doublings of the RTO', of: (one) => String(one.info.backoff) },
  { name: 'sndMss', title: 'Largest segment to be sent, bytes', of: (one) => numberText(one.info.sndMss) },
]

const HOSTS: readonly HostName[] = ['A', 'B']

/** The variables of both ends at the cursor's time. What changes flashes. */
export class VariablesView implements View {
  readonly element: HTMLElement
  private readonly cells = new Map<string, HTMLElement>()
  private readonly rows = new Map<Variable, HTMLElement>()

  constructor() {
    const body = h('tbody')
    for (const row of ROWS) {
      const cells = HOSTS.map((host) => {
        const cell = h('td', { 'data-variable': `${host} ${row.name}` }, '–')
        this.cells.set(`${host} ${row.name}`, cell)
        return cell
      })
      const element = h('tr', {}, h('th', { scope: 'row', title: row.title }, row.name), ...cells)
      this.rows.set(row.name, element)
      body.append(element)
    }
    const table = h(
      'table',
      { class: 'variables' },
      h('caption', { class: 'visually-hidden' }, 'Variables of both ends at the cursor’s time'),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, 'Variable'),
          ...HOSTS.map((host) => h('th', { scope: 'col' }, host)),
        ),
      ),
      body,
    )
    this.element = h('section', { class: 'panel-body' }, table)
  }

  /** Rows that a lesson speaks of. */
  mark(names: readonly Variable[]): void {
    for (const [name, row] of this.rows) row.classList.toggle('marked', names.includes(name))
  }

  update(state: LabState, before: LabState | null): void {
    const { recording } = runOf(state)
    const flashes = before !== null && before.run === state.run && before.flow === state.flow
    for (const host of HOSTS) {
      const sample = sampleAt(recording, host, state.flow, state.cursor.time)
      for (const row of ROWS)
        this.fill(`${host} ${row.name}`, sample === null ? '–' : row.of(sample), flashes)
    }
  }

  private fill(key: string, text: string, flashes: boolean): void {
    const cell = this.cells.get(key)!
    if (cell.textContent === text) return
    setText(cell, text)
    if (!flashes || matchMedia('(prefers-reduced-motion: reduce)').matches) return
    const colour = getComputedStyle(cell).getPropertyValue('--flash')
    cell.animate([{ backgroundColor: colour }, { backgroundColor: 'transparent' }], 700)
  }
}

/** 0 before the first measurement. */
function durationText(milliseconds: number): string {
  return milliseconds > 0 ? timeText(milliseconds) : '–'
}

function recoveryText({ info }: EndSample): string {
  return info.congestionState === info.recovery ? info.recovery : `${info.recovery} (${info.congestionState})`
}
