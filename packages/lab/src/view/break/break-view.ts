import type { Lab } from '../../app/lab.ts'
import type { LabState, View } from '../../app/store.ts'
import type { Scenario, Way } from '../../model/scenario.ts'
import { sampleAt } from '../connection/samples.ts'
import { h } from '../h.ts'
import { FlowForm } from './flow-form.ts'
import { HostForm } from './host-form.ts'
import { LinkForm } from './link-form.ts'

/** Everything that can be changed about a run, and what can be done to it. */
export class BreakView implements View {
  readonly element: HTMLElement
  private readonly lab: Lab
  private readonly link: LinkForm
  private readonly hosts: HostForm
  private readonly flows: FlowForm
  private readonly forms: HTMLElement
  private readonly notHere: HTMLElement
  private readonly seed: HTMLInputElement
  private readonly duration: HTMLInputElement
  private readonly ip: HTMLSelectElement
  private readonly router: HTMLInputElement

  constructor(lab: Lab) {
    this.lab = lab
    this.link = new LinkForm(lab)
    this.hosts = new HostForm(lab)
    this.flows = new FlowForm(lab)
    this.seed = numberInput(0, 0xffffffff, (seed) => this.change({ seed }))
    this.duration = numberInput(1, 3_600_000, (duration) => this.change({ duration }))
    this.ip = h(
      'select',
      { on: { change: () => this.change({ ip: this.ip.selectedIndex === 1 ? 6 : 4 }) } },
      h('option', {}, 'IPv4'),
      h('option', {}, 'IPv6'),
    )
    this.router = h('input', {
      type: 'checkbox',
      on: { change: () => this.change({ router: this.router.checked }) },
    })
    this.notHere = h('p', { class: 'hint' }, 'This is a live stack: it can be watched, not changed.')
    this.forms = h(
      'div',
      {},
      section('Now', true, this.nowButtons(), this.forgeForm()),
      section('Link', true, this.link.element),
      section('Hosts', false, this.hosts.element),
      section('Applications', false, this.flows.element),
      section(
        'Run',
        false,
        h(
          'div',
          { class: 'run-form' },
          h('label', {}, 'Seed', this.seed),
          h('label', {}, 'Ends after, ms', this.duration),
          h('label', {}, 'Version', this.ip),
          h('label', { class: 'check' }, this.router, 'Router between'),
        ),
      ),
    )
    this.element = h(
      'section',
      { class: 'panel-body break', 'aria-label': 'Break it' },
      this.notHere,
      this.forms,
    )
  }

  update(state: LabState): void {
    const { scenario } = state.run.recording
    this.notHere.hidden = scenario !== null
    this.forms.hidden = scenario === null
    if (scenario === null) return
    this.link.show(scenario, state.cursor.time)
    this.hosts.show(scenario)
    this.flows.show(scenario)
    fill(this.seed, scenario.seed)
    fill(this.duration, scenario.duration)
    this.ip.selectedIndex = scenario.ip === 6 ? 1 : 0
    this.router.checked = scenario.router
  }

  private change(set: Partial<Scenario>): void {
    const { scenario } = this.lab
    if (scenario !== null) this.lab.change({ ...scenario, ...set })
  }

  private nowButtons(): HTMLElement {
    const drop = (way: Way, data: boolean): HTMLElement =>
      h(
        'button',
        {
          type: 'button',
          'data-act': `drop ${way}${data ? ' data' : ''}`,
          on: { click: () => this.lab.act({ do: 'dropNext', way, ...(data && { data }) }) },
        },
        `Drop next ${way}${data ? ' with data' : ''}`,
      )
    return h(
      'div',
      { class: 'button-row' },
      drop('A→B', false),
      drop('A→B', true),
      drop('B→A', false),
      drop('B→A', true),
    )
  }

  /** Somebody in the middle: a segment with any numbers. Filled in so that it hits. */
  private forgeForm(): HTMLElement {
    const way = h('select', { 'aria-label': 'Way' }, h('option', {}, 'A→B'), h('option', {}, 'B→A'))
    const flags = h(
      'select',
      { 'aria-label': 'Flags' },
      ...['R', 'RA', 'S', 'A', 'PA', 'FA'].map((text) => h('option', {}, text)),
    )
    const seq = h('input', { type: 'number', 'aria-label': 'Sequence number', placeholder: 'rcv.nxt' })
    const bytes = h('input', { type: 'number', min: 0, max: 1400, value: 0, 'aria-label': 'Bytes' })
    const forge = (): void => {
      const chosen: Way = way.selectedIndex === 0 ? 'A→B' : 'B→A'
      const numbers = this.exactNumbers(chosen)
      this.lab.act({
        do: 'forge',
        way: chosen,
        flow: this.lab.state.flow,
        flags: flags.value,
        seq: seq.value === '' ? numbers.seq : Number(seq.value),
        ack: numbers.ack,
        bytes: Math.min(1400, Math.max(0, Number(bytes.value) || 0)),
      })
    }
    return h(
      'div',
      { class: 'forge-form', role: 'group', 'aria-label': 'Forge a segment' },
      h('label', {}, 'Way', way),
      h('label', {}, 'Flags', flags),
      h('label', { title: 'Empty: exactly the number that the receiver expects' }, 'Sequence number', seq),
      h('label', {}, 'Bytes', bytes),
      h('button', { type: 'button', 'data-act': 'forge', on: { click: forge } }, 'Forge it'),
    )
  }

  /** What the receiver of that way expects at the cursor's time. */
  private exactNumbers(way: Way): { readonly seq: number; readonly ack: number } {
    const { run, flow, cursor } = this.lab.state
    const sample = sampleAt(run.recording, way === 'A→B' ? 'B' : 'A', flow, cursor.time)
    return sample === null ? { seq: 1, ack: 1 } : { seq: sample.rcvNxt, ack: sample.sndNxt }
  }
}

function section(title: string, open: boolean, ...children: HTMLElement[]): HTMLElement {
  return h('details', { class: 'form-section', open }, h('summary', {}, title), ...children)
}

function numberInput(min: number, max: number, apply: (value: number) => void): HTMLInputElement {
  const input = h('input', {
    type: 'number',
    min,
    max,
    on: { change: () => apply(Math.min(max, Math.max(min, Math.round(Number(input.value) || 0)))) },
  })
  return input
}

function fill(input: HTMLInputElement, value: number): void {
  if (document.activeElement !== input) input.value = String(value)
}
